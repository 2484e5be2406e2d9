"""Plain YAML and JSON files: every document is a manifest, or a List of them."""

import re
from collections.abc import Iterator
from typing import Any

from gitwarrant.model.change import File
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Pointer
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.locate import locate
from gitwarrant.yaml.reader import Document, read

SUFFIXES = (".yaml", ".yml", ".json")
MAX_NAME = 253  # RFC 1123 subdomain, the longest that the API server takes for any kind
NAME = re.compile(r"[a-z0-9]([-a-z0-9.:]*[a-z0-9])?")  # colons: RBAC names such as system:reader
GROUP = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-z0-9]+")
SERVER_SETS = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink")


class PlainRenderer:
    """The files as they stand."""

    name = "plain"

    def claims(self, files: tuple[File, ...]) -> bool:  # noqa: ARG002 - the Protocol's signature
        """Every tree: it is asked last."""
        return True

    def render(self, files: tuple[File, ...]) -> tuple[Manifest, ...]:
        """Read all manifest files, in the order of their paths.

        Raises:
            Refused: a file cannot be read, or holds something that is no manifest.
        """
        return tuple(
            manifest for file in files if is_manifest_file(file.path) for manifest in read_manifests(file)
        )


def is_manifest_file(path: str) -> bool:
    """Whether a file is read: YAML or JSON, and not in a hidden folder such as `.github`."""
    hidden = any(part.startswith(".") for part in path.split("/"))
    return path.endswith(SUFFIXES) and not hidden


def read_manifests(file: File) -> Iterator[Manifest]:
    """The manifests of one file, namespaces as they are written.

    Raises:
        Refused: by render, at the place of what is wrong.
    """
    try:
        documents = read(file.data, file.path)
    except YamlError as error:
        raise Refused(error.what, stage="render", remedy=error.remedy, place=error.place) from error
    for document in documents:
        yield from _objects(document.value, (), document, file)


def _objects(value: Json, pointer: Pointer, document: Document, file: File) -> Iterator[Manifest]:
    if not isinstance(value, dict):
        remedy = "write one Kubernetes object per document"
        raise _refused("a manifest is a mapping", remedy, pointer, document, file)
    kind = value.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
        for index, item in enumerate(value["items"]):
            yield from _objects(item, (*pointer, "items", index), document, file)
        return
    yield _manifest(value, pointer, document, file)


def _manifest(value: dict[str, Any], pointer: Pointer, document: Document, file: File) -> Manifest:
    def text(*names: str) -> str:
        found: Json = value
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        if not isinstance(found, str) or not found:
            field = ".".join(names)
            raise _refused(
                f"a manifest without {field}", f"write {field} as text", (*pointer, *names), document, file
            )
        return found

    kind, version = text("kind"), text("apiVersion")
    if not GROUP.fullmatch(version):
        where = (*pointer, "apiVersion")
        raise _refused(f"{version!r} is no apiVersion", "write v1 or group/version", where, document, file)
    name = text("metadata", "name")
    if len(name) > MAX_NAME or not NAME.fullmatch(name):
        where = (*pointer, "metadata", "name")
        remedy = "use lower-case letters, digits, '-' and '.'"
        raise _refused(f"{name[:80]!r} is no object name", remedy, where, document, file)
    _refuse_server_fields(value, pointer, document, file)
    namespace = text("metadata", "namespace") if "namespace" in value["metadata"] else ""
    group, _, version = version.rpartition("/")
    place = _place(pointer, document, file)
    return Manifest(ObjectKey(group, kind, namespace, name), version, value, place, document.index, pointer)


def _refuse_server_fields(value: dict[str, Any], pointer: Pointer, document: Document, file: File) -> None:
    """What only the server may say: in a manifest it is a leftover of `kubectl get`, or an attempt."""
    for name in SERVER_SETS:
        if name in value["metadata"]:
            where = (*pointer, "metadata", name)
            raise _refused(f"metadata.{name} is set by the API server", "remove it", where, document, file)
    if value.get("status"):
        where = (*pointer, "status")
        raise _refused("status is written by controllers", "remove it", where, document, file)


def _place(pointer: Pointer, document: Document, file: File) -> Place:
    return locate(file.data, file.path, document.index, pointer) if pointer else document.place


def _refused(what: str, remedy: str, pointer: Pointer, document: Document, file: File) -> Refused:
    place = locate(file.data, file.path, document.index, pointer)
    return Refused(what, stage="render", remedy=remedy, place=place)
