"""dangerous-capabilities."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.objects.fields import mapping, texts
from gitwarrant.policy.subject import Subject, Violation

BASELINE = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
"""What the baseline of the Pod Security Standards lets a container add, letter for letter."""


class DangerousCapabilities:
    """Pod Security Standards, baseline: "Capabilities".

    Names are compared as written, as the standard does: `net_raw` and
    `CAP_NET_RAW` are not on the list either. That nothing was *dropped* is the
    restricted profile's question, not this one's.
    """

    id = "dangerous-capabilities"
    severity = Severity.HIGH
    title = "A container asks for powers of root beyond the usual"
    why = (
        "Capabilities are root's powers in pieces. Beyond the usual ones lie those that load kernel modules "
        "(SYS_MODULE), trace other processes (SYS_PTRACE), forge packets (NET_RAW) or do almost everything "
        "(SYS_ADMIN, ALL). A container that has one of them is a step away from its node."
    )
    remedy = "remove the capability from 'capabilities.add'"
    before = """\
securityContext:
  capabilities:
    add: [SYS_ADMIN]
"""
    after = """\
securityContext:
  capabilities:
    drop: [ALL]
    add: [NET_BIND_SERVICE]
"""
    maps_to: tuple[str, ...] = ("PSS baseline: Capabilities", "CIS 5.2.8", "CIS 5.2.9")

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod."""
        return bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per capability added."""
        for _, container in subject.containers:
            way = (*container.pointer, "securityContext")
            capabilities = mapping(container.security, "capabilities", way)
            way = (*way, "capabilities")
            for index, name in enumerate(texts(capabilities, "add", way)):
                if name not in BASELINE:
                    pointer = (*way, "add", index)
                    yield Violation(
                        pointer,
                        f"{container.title} adds the capability {name!r}",
                        remedy=f"remove {name!r} from 'capabilities.add'",
                        fix=Fix(f"remove {name!r}", pointer, None, safe=False),
                    )
