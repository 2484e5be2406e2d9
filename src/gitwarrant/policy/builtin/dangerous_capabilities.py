"""dangerous-capabilities."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import mapping, texts
from gitwarrant.objects.pods import Container
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


RESTRICTED = "NET_BIND_SERVICE"
"""The one that may be added under the restricted profile."""

EVERYTHING = "ALL"


class DangerousCapabilities:
    """Pod Security Standards: "Capabilities" of the baseline (high) and of the restricted profile (medium).

    Names are compared as written, as the standard does: `net_raw` and
    `CAP_NET_RAW` are not on the list either. Windows knows no capabilities, so
    the restricted profile asks nothing of a Pod that says it runs there.
    """

    id = "dangerous-capabilities"
    severity = Severity.HIGH
    title = "A container holds powers of root that it does not need"
    why = (
        "Capabilities are root's powers in pieces. Beyond the usual ones lie those that load kernel modules "
        "(SYS_MODULE), trace other processes (SYS_PTRACE), forge packets (NET_RAW) or do almost everything "
        "(SYS_ADMIN, ALL): with one of them a container is one step from its node. The usual ones are given "
        "unasked, and hardly a program needs them; so all are dropped, and what is needed is added by name."
    )
    remedy = "set 'securityContext.capabilities.drop: [ALL]' and add only what is needed"
    before = """\
containers:
  - name: web
    securityContext:
      capabilities:
        add: [SYS_ADMIN]
"""
    after = """\
containers:
  - name: web
    securityContext:
      capabilities:
        drop: [ALL]
        add: [NET_BIND_SERVICE]
"""
    maps_to: tuple[str, ...] = (
        "PSS baseline: Capabilities",
        "PSS restricted: Capabilities",
        "CIS 5.2.8",
        "CIS 5.2.9",
        "CIS 5.2.10",
    )

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod."""
        return bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per capability added, and one per container that keeps the usual ones."""
        for pod, container in subject.containers:
            way = (*container.pointer, "securityContext")
            capabilities = mapping(container.security, "capabilities", way)
            way = (*way, "capabilities")
            yield from _added(container, capabilities, way, restricted=not pod.is_windows)
            if pod.whole and not pod.is_windows and EVERYTHING not in texts(capabilities, "drop", way):
                yield _kept(container, (*way, "drop"))


def _added(
    container: Container, capabilities: Content, way: Pointer, *, restricted: bool
) -> Iterator[Violation]:
    for index, name in enumerate(texts(capabilities, "add", way)):
        if name == RESTRICTED or (name in BASELINE and not restricted):
            continue
        pointer = (*way, "add", index)
        yield Violation(
            pointer,
            f"{container.title} adds the capability {name!r}",
            remedy=f"remove {name!r} from 'securityContext.capabilities.add'",
            fix=Fix(f"remove {name!r}", pointer, None, safe=False),
            severity=Severity.MEDIUM if name in BASELINE else None,
        )


def _kept(container: Container, way: Pointer) -> Violation:
    return Violation(
        way,
        f"{container.title} does not drop all capabilities, so it keeps those that every container is given",
        remedy="set 'securityContext.capabilities.drop: [ALL]'",
        fix=Fix("drop all capabilities", way, [EVERYTHING], safe=False),
        severity=Severity.MEDIUM,
    )
