"""Plain YAML and JSON files: every document is a manifest, or a List of them."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gitwarrant.model.change import File
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Pointer
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.locate import locate
from gitwarrant.yaml.reader import Document, read

SUFFIXES = (".yaml", ".yml", ".json")
MAX_NAME = 253  # RFC 1123 subdomain, the longest that the API server takes for any kind
NAME = re.compile(r"[a-z0-9]([-a-z0-9.:]*[a-z0-9])?")  # colons: RBAC names such as system:reader
RBAC_NAME = re.compile(r"(?!\.{1,2}$)[\x21-\x24\x26-\x2e\x30-\x7e]+")  # RBAC takes all but `/` and `%`
RBAC = "rbac.authorization.k8s.io"
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")  # RFC 1123 label
KIND = re.compile(r"[A-Za-z][-A-Za-z0-9]{0,62}")
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
        yield from _objects(_Found(document.value, (), document, file))


@dataclass(frozen=True, slots=True)
class _Found:
    """A value that should be an object: where it is inside its document and file."""

    value: Json
    pointer: Pointer
    document: Document
    file: File

    def text(self, *names: str) -> str:
        """The text of a field that every manifest has."""
        found: Json = self.value
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        field = ".".join(names)
        if isinstance(found, bool | int | float):
            written = json.dumps(found)
            raise self.refused(f"{field} is read as {written}, not as text", "put it in quotes", *names)
        if not isinstance(found, str) or not found:
            raise self.refused(f"a manifest without {field}", f"write {field} as text", *names)
        return found

    def matched(self, pattern: re.Pattern[str], what: str, remedy: str, *names: str) -> str:
        """The text of a field that becomes part of an address, so only certain characters may be in it."""
        found = self.text(*names)
        if len(found) > MAX_NAME or not pattern.fullmatch(found):
            raise self.refused(f"{found[:80]!r} is no {what}", remedy, *names)
        return found

    def place(self, *names: str | int) -> Place:
        """Where a field is written."""
        return locate(self.file.data, self.file.path, self.document.number, (*self.pointer, *names))

    def refused(self, what: str, remedy: str, *names: str) -> Refused:
        """What is wrong with a field."""
        return Refused(what, stage="render", remedy=remedy, place=self.place(*names))


def _objects(found: _Found) -> Iterator[Manifest]:
    value = found.value
    if not isinstance(value, dict):
        raise found.refused("a manifest is a mapping", "write one Kubernetes object per document")
    kind = value.get("kind")
    if not (isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list)):
        yield _manifest(found)
        return
    for index, item in enumerate(value["items"]):
        yield from _objects(replace(found, value=item, pointer=(*found.pointer, "items", index)))


def _manifest(found: _Found) -> Manifest:
    kind = found.matched(KIND, "kind", "write the kind as its API does, such as Deployment", "kind")
    version = found.matched(GROUP, "apiVersion", "write v1 or group/version", "apiVersion")
    group, _, version = version.rpartition("/")
    _refuse_generated_name(found)
    pattern, others = (RBAC_NAME, "others except '/' and '%'") if group == RBAC else (NAME, "'-' and '.'")
    name = found.matched(
        pattern, "object name", f"use lower-case letters, digits, {others}", "metadata", "name"
    )
    _refuse_server_fields(found)
    key = ObjectKey(group, kind, _namespace(found), name)
    place = found.place() if found.pointer else found.document.place
    return Manifest(key, version, found.value, place, found.document.number, found.pointer)


def _refuse_generated_name(found: _Found) -> None:
    metadata = found.value.get("metadata")
    if isinstance(metadata, dict) and metadata.get("generateName") and not metadata.get("name"):
        raise found.refused(
            "generateName makes another object each time, and no warrant can name it beforehand",
            "write metadata.name instead; a hook is deleted and made again under its name",
            "metadata",
            "generateName",
        )


def _namespace(found: _Found) -> str:
    if found.value["metadata"].get("namespace") is None:
        return ""
    remedy = "use lower-case letters, digits and '-', at most 63"
    return found.matched(NAMESPACE, "namespace name", remedy, "metadata", "namespace")


def _refuse_server_fields(found: _Found) -> None:
    """What only the server may say: in a manifest it is a leftover of `kubectl get`, or an attempt."""
    for name in SERVER_SETS:
        if found.value["metadata"].get(name) is not None:  # generators write `creationTimestamp: null`
            raise found.refused(f"metadata.{name} is set by the API server", "remove it", "metadata", name)
    if not _says_nothing(found.value.get("status")):
        raise found.refused("status is written by controllers", "remove it", "status")


def _says_nothing(value: Json) -> bool:
    """Generators of CustomResourceDefinitions write a status that is all empty."""
    if isinstance(value, dict):
        return all(map(_says_nothing, value.values()))
    return value in (None, "", [])
