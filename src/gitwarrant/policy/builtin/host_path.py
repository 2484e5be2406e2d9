"""host-path."""

from collections.abc import Iterator

from gitwarrant.model.finding import Fix, Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import mapping, text
from gitwarrant.objects.pods import Pod
from gitwarrant.policy.subject import Subject, Violation


class HostPath:
    """Pod Security Standards, baseline: "HostPath Volumes"; and volumes that bring a host path along."""

    id = "host-path"
    severity = Severity.HIGH
    title = "A host path puts the node's own files into a Pod"
    why = (
        "Through a host path a Pod reads and writes files of its node: the credentials of the kubelet, "
        "the sockets of the container runtime, the logs and volumes of other Pods. Most escapes begin "
        "here, and 'readOnly' stops only some of them. A PersistentVolume of type 'hostPath' or 'local' "
        "does the same by a detour."
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
    maps_to = ("PSS baseline: HostPath Volumes", "CIS 5.2.12")

    def applies(self, subject: Subject) -> bool:
        """Everything that is or makes a Pod, and PersistentVolumes."""
        return _is_volume(subject) or bool(subject.pods)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per volume."""
        if _is_volume(subject):
            yield from _persistent(subject.manifest.content)
        for pod in subject.pods:
            yield from _mounted(pod)


def _is_volume(subject: Subject) -> bool:
    key = subject.manifest.key
    return (key.group, key.kind) == ("", "PersistentVolume")


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


def _persistent(content: Content) -> Iterator[Violation]:
    spec = mapping(content, "spec", ())
    for source in ("hostPath", "local"):
        if spec.get(source) is not None:
            path = _path(spec, source, ("spec",))
            yield Violation(
                ("spec", source),
                f"the volume ({source}) is {path} of the node",
                remedy="take storage from a StorageClass instead of the node's files",
            )


def _path(parent: Content, source: str, way: Pointer) -> str:
    path = text(mapping(parent, source, way), "path", (*way, source))
    return f"the path {path!r}" if path else "a path"
