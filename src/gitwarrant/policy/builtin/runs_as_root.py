"""runs-as-root."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import flag, number
from gitwarrant.objects.pods import Container, Pod
from gitwarrant.policy.subject import Subject, Violation


class RunsAsRoot:
    """Pod Security Standards, restricted: "Running as Non-root" and "Running as Non-root user".

    Milder in one point: a container whose user is a number other than 0 cannot
    start as root, so `runAsNonRoot` may be left out there.
    """

    id = "runs-as-root"
    severity = Severity.MEDIUM
    title = "A container must not run as root"
    why = (
        "Root in a container is root for the kernel: one fault in the runtime, one volume too many, and it "
        "is root on the node. Images run as root unless somebody says otherwise, so it has to be said. The "
        "container's own setting wins over the Pod's; 'runAsUser: 0' is refused wherever it stands, because "
        "containers added later inherit it."
    )
    remedy = "set 'securityContext.runAsNonRoot: true' on the Pod or on each container"
    before = """\
spec:
  containers:
    - name: web
"""
    after = """\
spec:
  securityContext:
    runAsNonRoot: true
    runAsUser: 10001
  containers:
    - name: web
"""
    maps_to: tuple[str, ...] = (
        "PSS restricted: Running as Non-root",
        "PSS restricted: Running as Non-root user",
        "CIS 5.2.7",
    )

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod."""
        return bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per field that asks for root, and per container that nothing keeps from it."""
        for pod in subject.pods:
            of_pod = tuple(_asks_for_root("the Pod", pod.security, pod.pointer))
            yield from of_pod
            for container in pod.containers:
                found = tuple(_asks_for_root(container.title, container.security, container.pointer))
                yield from found
                # What mends the Pod's own field mends a container that says nothing, too.
                if pod.whole and not (of_pod or found or _is_kept(pod, container)):
                    yield _unsaid(container)


def _asks_for_root(who: str, security: Content, at: Pointer) -> Iterator[Violation]:
    way = (*at, "securityContext")
    if number(security, "runAsUser", way) == 0:
        pointer = (*way, "runAsUser")
        fix = Fix("remove 'runAsUser: 0'", pointer, None, safe=False)
        remedy = "give the number of a user other than 0"
        yield Violation(pointer, f"{who} runs as user 0, which is root", remedy, fix)
    if flag(security, "runAsNonRoot", way) is False:
        pointer = (*way, "runAsNonRoot")
        fix = Fix("set 'runAsNonRoot: true'", pointer, True, safe=False)
        yield Violation(pointer, f"{who} says that it may run as root", "set 'runAsNonRoot: true'", fix)


def _is_kept(pod: Pod, container: Container) -> bool:
    """Whether something keeps a container from root. Its own fields win over those of the Pod."""
    ours, theirs = (*container.pointer, "securityContext"), (*pod.pointer, "securityContext")
    if flag(container.security, "runAsNonRoot", ours) or flag(pod.security, "runAsNonRoot", theirs):
        return True
    user = number(container.security, "runAsUser", ours)
    if user is None:
        user = number(pod.security, "runAsUser", theirs)
    return bool(user)


def _unsaid(container: Container) -> Violation:
    way = (*container.pointer, "securityContext")
    fix = Fix("set 'runAsNonRoot: true'", (*way, "runAsNonRoot"), True, safe=False)
    pointer = way if "securityContext" in container.content else container.pointer
    return Violation(pointer, f"{container.title} may run as root: nothing says otherwise", fix=fix)
