"""What a check looks at: one manifest, seen as Kubernetes would see it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Manifest, Pointer
from gitwarrant.objects.embedded import objects_within
from gitwarrant.objects.pods import Container, Pod, pods_of


class Subject:
    """One manifest with what several checks want to know of it, worked out once, when first asked."""

    __slots__ = ("_objects", "_pods", "manifest", "source")

    def __init__(self, manifest: Manifest, source: bytes = b"") -> None:
        self.manifest = manifest
        self.source = source
        """The bytes of the file it came from, comments included; empty where it came from none."""
        self._pods: tuple[Pod, ...] | None = None
        self._objects: tuple[tuple[Pointer, Content], ...] | None = None

    @property
    def pods(self) -> tuple[Pod, ...]:
        """The Pods that it is or would create.

        Raises:
            WrongShape: it should hold a Pod but it cannot be read.
        """
        if self._pods is None:
            self._pods = pods_of(self.manifest)
        return self._pods

    @property
    def containers(self) -> Iterator[tuple[Pod, Container]]:
        """Every container of every Pod, of all kinds, with its Pod."""
        return ((pod, container) for pod in self.pods for container in pod.containers)

    @property
    def objects(self) -> tuple[tuple[Pointer, Content], ...]:
        """The object itself and those wrapped in it, each with the way to it."""
        if self._objects is None:
            self._objects = tuple(objects_within(self.manifest))
        return self._objects


@dataclass(frozen=True, slots=True)
class Violation:
    """What a check found: the field (from the object's top), the fault, and how to mend it here.

    Without a remedy or a severity of its own, the check's are taken.
    """

    pointer: Pointer
    message: str
    remedy: str = ""
    fix: Fix | None = None
    severity: Severity | None = None


class Check(Protocol):
    """One rule about objects. It decides; it reads no files, prints nothing, knows of no waivers.

    The texts teach: `gitwarrant explain ID` and the page in `docs/checks/` are
    made of them. `before` and `after` are YAML, `maps_to` names the paragraphs
    of the standards that it answers.
    """

    id: str
    severity: Severity
    title: str
    why: str
    remedy: str
    before: str
    after: str
    maps_to: tuple[str, ...]

    def applies(self, subject: Subject) -> bool:
        """Whether there is anything to judge; if not, the outcome is "not applicable"."""
        ...

    def run(self, subject: Subject) -> Iterator[Violation]:
        """Give every violation; none means passed. Called only where it applies.

        Raises:
            WrongShape: a field cannot be read. That, and any other exception, is
                the outcome "could not be judged".
        """
        ...
