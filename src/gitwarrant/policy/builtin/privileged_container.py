"""privileged-container."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import flag, mapping
from gitwarrant.policy.subject import Subject, Violation


class PrivilegedContainer:
    """Pod Security Standards, baseline: "Privileged Containers" and "HostProcess"."""

    id = "privileged-container"
    severity = Severity.CRITICAL
    title = "A privileged container is root on the node"
    why = (
        "A privileged container sees every device of its node and is held by almost no limit of the kernel. "
        "Whoever gets into it, or only may write its manifest, owns the node and every Pod on it. A Windows "
        "HostProcess container is the same thing under another name."
    )
    remedy = "remove 'privileged: true'; if one capability is really needed, add that one alone"
    before = """\
containers:
  - name: web
    securityContext:
      privileged: true
"""
    after = """\
containers:
  - name: web
    securityContext:
      privileged: false
      allowPrivilegeEscalation: false
"""
    maps_to: tuple[str, ...] = (
        "PSS baseline: Privileged Containers",
        "PSS baseline: HostProcess",
        "CIS 5.2.2",
        "CIS 5.2.11",
    )

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod."""
        return bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per container, and one for a Pod that makes all of its containers HostProcess."""
        for pod in subject.pods:
            if _host_process(pod.security, way := (*pod.pointer, "securityContext")):
                yield _host_process_violation("every container of the Pod", way)
        for _, container in subject.containers:
            way = (*container.pointer, "securityContext")
            if flag(container.security, "privileged", way):
                pointer = (*way, "privileged")
                fix = Fix("remove 'privileged'", pointer, None, safe=False)
                yield Violation(pointer, f"{container.title} is privileged", fix=fix)
            if _host_process(container.security, way):
                yield _host_process_violation(container.title, way)


def _host_process(security: Content, way: Pointer) -> bool:
    options = mapping(security, "windowsOptions", way)
    return bool(flag(options, "hostProcess", (*way, "windowsOptions")))


def _host_process_violation(who: str, way: Pointer) -> Violation:
    pointer = (*way, "windowsOptions", "hostProcess")
    return Violation(
        pointer,
        f"{who} runs as a Windows HostProcess, with the node's own rights",
        remedy="remove 'hostProcess: true'",
        fix=Fix("remove 'hostProcess'", pointer, None, safe=False),
    )
