"""host-path."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.embedded import is_a
from gitwarrant.objects.fields import mapping, text
from gitwarrant.objects.pods import Pod
from gitwarrant.policy.subject import Subject, Violation


class HostPath:
    """Pod Security Standards, baseline: "HostPath Volumes"; and volumes that bring a host path along."""

    id = "host-path"
    severity = Severity.HIGH
    title = "A host path puts the node's own files into a Pod"
    why = (
        "Through a host path a Pod reads and writes files of its node: the credentials of the kubelet, the "
        "sockets of the container runtime, the logs and volumes of other Pods. Most escapes begin here, and "
        "'readOnly' stops only some of them. A PersistentVolume of type 'hostPath' or 'local' does the same "
        "by a detour."
    )
    remedy = "use a PersistentVolumeClaim, a ConfigMap, or an emptyDir instead of the node's files"
    before = """\
volumes:
  - name: data
    hostPath:
      path: /var/lib/data
"""
    after = """\
volumes:
  - name: data
    persistentVolumeClaim:
      claimName: data
"""
    maps_to: tuple[str, ...] = ("PSS baseline: HostPath Volumes", "CIS 5.2.12")

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod, and PersistentVolumes."""
        return any(_volumes(subject)) or bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per volume."""
        for way, volume in _volumes(subject):
            yield from _persistent(volume, way)
        for pod in subject.pods:
            yield from _mounted(pod)


def _volumes(subject: Subject) -> Iterator[tuple[Pointer, Content]]:
    return ((way, content) for way, content in subject.objects if is_a(content, "", "PersistentVolume"))


def _mounted(pod: Pod) -> Iterator[Violation]:
    for way, volume in pod.volumes:
        # An empty `hostPath: {}` counts too: it is there, and the API server takes it as one.
        if volume.get("hostPath") is None:
            continue
        name = text(volume, "name", way)
        pointer = (*way, "hostPath")
        path = _path(volume, "hostPath", way)
        instead = {"name": name, "emptyDir": {}}
        fix = Fix("use an empty directory that lives as long as the Pod", way, instead, safe=False)
        yield Violation(pointer, f"volume {name!r} is {path} of the node", fix=fix)


def _persistent(content: Content, way: Pointer) -> Iterator[Violation]:
    spec = mapping(content, "spec", way)
    for source in ("hostPath", "local"):
        if spec.get(source) is not None:
            path = _path(spec, source, (*way, "spec"))
            yield Violation(
                (*way, "spec", source),
                f"the volume ({source}) is {path} of the node",
                remedy="take storage from a StorageClass instead of the node's files",
            )


def _path(parent: Content, source: str, way: Pointer) -> str:
    path = text(mapping(parent, source, way), "path", (*way, source))
    return f"the path {path!r}" if path else "a path"
