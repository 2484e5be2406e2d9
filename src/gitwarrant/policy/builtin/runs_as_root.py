"""runs-as-root."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import flag, number
from gitwarrant.objects.pods import Container, Pod
from gitwarrant.policy.subject import Subject, Violation


class RunsAsRoot:
    """Pod Security Standards, restricted: "Running as Non-root" and "Running as Non-root user".

    A container's own field wins over the Pod's. A user other than 0 alone is
    not enough, as the standard has it: it says who runs, not who never may.
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
            yield from _asks_for_root("the Pod", pod.security, pod.pointer)
            for container in pod.containers:
                found = tuple(_asks_for_root(container.title, container.security, container.pointer))
                yield from found
                if not found and pod.whole and not _is_kept(pod, container):
                    yield _unsaid(pod, container)


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
    """Whether something keeps a container from root; it inherits what it does not say itself."""
    own = flag(container.security, "runAsNonRoot", (*container.pointer, "securityContext"))
    inherited = flag(pod.security, "runAsNonRoot", (*pod.pointer, "securityContext"))
    return bool(inherited if own is None else own)


def _unsaid(pod: Pod, container: Container) -> Violation:
    way = (*container.pointer, "securityContext")
    user = number(container.security, "runAsUser", way)
    if user is None:
        user = number(pod.security, "runAsUser", (*pod.pointer, "securityContext"))
    message = f"{container.title} may run as root: nothing says otherwise"
    if user:
        message = f"{container.title} runs as user {user} now, but nothing says that it never may be root"
    # Where the user is a number other than 0, saying so changes nothing at run time.
    fix = Fix("set 'runAsNonRoot: true'", (*way, "runAsNonRoot"), True, safe=bool(user))
    return Violation((*way, "runAsNonRoot"), message, fix=fix)
