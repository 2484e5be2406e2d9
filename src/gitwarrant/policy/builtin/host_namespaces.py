"""host-namespaces."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Pointer
from gitwarrant.objects.fields import flag, number
from gitwarrant.objects.pods import Container, Pod
from gitwarrant.policy.subject import Subject, Violation

NAMESPACES = {
    "hostNetwork": "the node's network: it can listen to every connection and reach what only the node may",
    "hostPID": "the node's processes: it can read their memory and environment, and stop them",
    "hostIPC": "the node's shared memory: it can read and change what other programs keep there",
}


class HostNamespaces:
    """Pod Security Standards, baseline: "Host Namespaces" and "Host Ports"."""

    id = "host-namespaces"
    severity = Severity.HIGH
    title = "A Pod that shares the node's namespaces is not contained"
    why = (
        "Namespaces of the kernel are what separates a Pod from its node. With 'hostNetwork', 'hostPID' or "
        "'hostIPC' that wall is gone: network policies no longer hold, and other Pods' traffic, processes "
        "and memory are in reach. A 'hostPort' opens a port of the node's network for one container."
    )
    remedy = "remove the field; reach the Pod through a Service instead"
    before = """\
spec:
  hostNetwork: true
  containers:
    - name: web
      ports:
        - containerPort: 8080
          hostPort: 8080
"""
    after = """\
spec:
  containers:
    - name: web
      ports:
        - containerPort: 8080
"""
    maps_to: tuple[str, ...] = (
        "PSS baseline: Host Namespaces",
        "PSS baseline: Host Ports",
        "CIS 5.2.3",
        "CIS 5.2.4",
        "CIS 5.2.5",
        "CIS 5.2.13",
    )

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod."""
        return bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per namespace shared and per port of the node opened."""
        for pod in subject.pods:
            yield from _shared(pod)
        for _, container in subject.containers:
            yield from _ports(container)


def _shared(pod: Pod) -> Iterator[Violation]:
    for name, what in NAMESPACES.items():
        if flag(pod.spec, name, pod.pointer):
            yield _violation((*pod.pointer, name), f"the Pod shares {what}", name)


def _ports(container: Container) -> Iterator[Violation]:
    for way, port in container.ports:
        opened = number(port, "hostPort", way)
        if opened:
            message = f"{container.title} opens port {opened} of the node"
            yield _violation((*way, "hostPort"), message, "hostPort")


def _violation(pointer: Pointer, message: str, name: str) -> Violation:
    fix = Fix(f"remove '{name}'", pointer, None, safe=False)
    return Violation(
        pointer, message, remedy=f"remove '{name}'; reach the Pod through a Service instead", fix=fix
    )
