"""image-without-digest."""

from collections.abc import Iterator

from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Pointer
from gitwarrant.objects.fields import mapping, text
from gitwarrant.objects.images import digest_of, without_tag
from gitwarrant.objects.pods import Pod
from gitwarrant.policy.subject import Subject, Violation


class ImageWithoutDigest:
    """An image named by tag can change after it was reviewed."""

    id = "image-without-digest"
    severity = Severity.MEDIUM
    title = "An image named by tag can change after it was reviewed"
    why = (
        "A tag is a label that whoever may push to the registry can move, 'v1.2.3' as easily as 'latest'. "
        "What was reviewed and what runs tomorrow are then two programs. A digest names the bytes "
        "themselves. Images mounted as volumes are judged as well."
    )
    remedy = "write the image as name:tag@sha256:...; 'crane digest NAME:TAG' tells the digest"
    before = """\
containers:
  - name: web
    image: registry.example/web:1.4
"""
    after = """\
containers:
  - name: web
    image: registry.example/web:1.4@sha256:0f3a9e5d1c7b2846a0d94e1f6b853c72d0e8a4f19b6c3d57e2a1f08c4b9d6e35
"""
    maps_to: tuple[str, ...] = ()

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod."""
        return bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per image."""
        for pod in subject.pods:
            for container in pod.containers:
                if "image" in container.content or pod.whole:
                    image = text(container.content, "image", container.pointer)
                    yield from _judge(container.title, image, (*container.pointer, "image"))
            yield from _mounted(pod)


def _mounted(pod: Pod) -> Iterator[Violation]:
    for way, volume in pod.volumes if pod.whole else ():
        if volume.get("image") is not None:
            source = mapping(volume, "image", way)
            image = text(source, "reference", (*way, "image"))
            name = text(volume, "name", way)
            yield from _judge(f"volume {name!r}", image, (*way, "image", "reference"))


def _judge(who: str, image: str, pointer: Pointer) -> Iterator[Violation]:
    if digest_of(image):
        return
    if not image:
        yield Violation(pointer, f"{who} names no image", "name one, with its digest")
        return
    fault = "a digest that is not whole" if "@" in image else "no digest"
    remedy = f"write it as {without_tag(image)}@sha256:..."
    yield Violation(pointer, f"{who} uses {image!r}, which has {fault}", remedy)
