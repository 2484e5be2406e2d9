"""missing-limits."""

from collections.abc import Iterator

from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import mapping
from gitwarrant.objects.pods import Container, Pod
from gitwarrant.objects.quantities import amount
from gitwarrant.policy.subject import Subject, Violation


class MissingLimits:
    """A memory limit and a request for processor and memory; a processor limit is not asked for.

    Kubernetes takes a limit as the request where none is written, so a memory
    limit alone says both.
    """

    id = "missing-limits"
    severity = Severity.MEDIUM
    title = "A container without bounds takes from its neighbours"
    why = (
        "Without a memory limit one leak kills other Pods of the node. Without requests the scheduler knows "
        "nothing and fills nodes until they break, and an autoscaler has nothing to measure against. A "
        "processor limit is not asked for: it slows a program down even while the node is idle, and the "
        "request already guarantees each container its share. A memory limit is the memory request too where "
        "none is written. An amount of zero is as good as none."
    )
    remedy = "set 'resources.limits.memory', 'resources.requests.memory' and 'resources.requests.cpu'"
    before = """\
containers:
  - name: web
"""
    after = """\
containers:
  - name: web
    resources:
      requests:
        cpu: 100m
        memory: 128Mi
      limits:
        memory: 128Mi
"""
    maps_to: tuple[str, ...] = ()

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a whole Pod; of a part nobody knows what will be filled in."""
        return any(pod.whole for pod in subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per container. Ephemeral containers cannot have resources."""
        for pod, container in subject.containers:
            if pod.whole and container.role != "ephemeral container":
                missing = tuple(_missing(pod, container))
                if missing:
                    yield _violation(container, missing)


def _missing(pod: Pod, container: Container) -> Iterator[str]:
    """The fields to write. What the Pod says for all of its containers together (1.34) counts."""
    ours = mapping(container.content, "resources", container.pointer), (*container.pointer, "resources")
    whole = mapping(pod.spec, "resources", pod.pointer), (*pod.pointer, "resources")
    if not (_says("limits", "memory", *ours) or _says("limits", "memory", *whole)):
        yield "resources.limits.memory"
        if not (_says("requests", "memory", *ours) or _says("requests", "memory", *whole)):
            yield "resources.requests.memory"
    if not any(_says(side, "cpu", *which) for which in (ours, whole) for side in ("requests", "limits")):
        yield "resources.requests.cpu"


def _says(side: str, name: str, resources: Content, at: Pointer) -> bool:
    return amount(mapping(resources, side, at), name, (*at, side))


def _violation(container: Container, missing: tuple[str, ...]) -> Violation:
    pointer = (*container.pointer, "resources")
    fields = ", ".join(missing)
    return Violation(pointer, f"{container.title} has no {fields}", f"set {fields}")
