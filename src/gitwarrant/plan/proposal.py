"""What the repository would say if a drift were wanted: a patch to read, to commit and to have reviewed."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gitwarrant.model.canonical import dumps
from gitwarrant.model.live import Drift, DriftKind
from gitwarrant.model.manifest import Json, Manifest, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import path
from gitwarrant.yaml.editing import GONE, edited
from gitwarrant.yaml.reader import read

NOT_WRITTEN = "no file of the repository has it as it is: it was rendered from something else"
NO_NEWLINE = "\\ No newline at end of file\n"
LINE = re.compile(r"[^\n]*\n|[^\n]+")
PART_OF = ("metadata", "labels", "applyset.kubernetes.io/part-of")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A patch that `git apply` takes, and what it leaves out: each object, field and reason in words."""

    patch: str
    left: tuple[str, ...]


def propose(drifts: Iterable[Drift], manifests: Sequence[Manifest], sources: Mapping[str, bytes]) -> Proposal:
    """Write live values into the files that the manifests came from.

    Args:
        sources: the files' bytes, by path from the repository's top.
    """
    by_key = {manifest.key: manifest for manifest in manifests}
    files, left = dict(sources), list[str]()
    for drift in drifts:
        manifest = by_key.get(drift.key)
        reason = _unfit(drift) or ("" if manifest and _is_written(manifest, sources) else NOT_WRITTEN)
        if reason or manifest is None:
            left.append(f"{drift.key}: {reason}")
            continue
        for difference in _in_order(drift.differences):
            why = _write(files, manifest, difference, drift.differences)
            left += [f"{drift.key} {path(difference.pointer)}: {why}"] if why else []
    patches = [_patch(name, data, files[name]) for name, data in sorted(sources.items())]
    return Proposal("".join(patches), tuple(left))


def _unfit(drift: Drift) -> str:
    if drift.kind is DriftKind.UNDECLARED:
        return "nobody declared it: write its manifest yourself, if it is wanted"
    if drift.kind not in (DriftKind.CHANGED, DriftKind.ADMISSION):
        return f"{drift.kind.value}: there is no value to take over"
    if drift.key.kind == "Secret":
        return "the values of a Secret are never taken out of the cluster"
    return ""


def _is_written(manifest: Manifest, sources: Mapping[str, bytes]) -> bool:
    """Whether a file has the object as it is, so that a change of the file is a change of the object."""
    name = manifest.place.path
    if name not in sources:
        return False
    documents = [item.value for item in read(sources[name], name) if item.number == manifest.document]
    try:
        [found] = documents
        for step in manifest.pointer:
            found = found[step]
    except (LookupError, TypeError, ValueError):
        return False
    return dumps(_placeless(found)) == dumps(_placeless(manifest.content))


def _placeless(content: Json) -> Json:
    """Without the namespace, which is filled in where the file names none."""
    metadata = content.get("metadata") if isinstance(content, dict) else None
    if not isinstance(metadata, dict):
        return content
    return {**content, "metadata": {name: metadata[name] for name in metadata if name != "namespace"}}


def _in_order(differences: Iterable[FieldDifference]) -> list[FieldDifference]:
    """Items that were added to a list in the order in which they come behind each other."""
    return sorted(differences, key=lambda item: [(isinstance(step, int), step) for step in item.pointer])


def _write(
    files: dict[str, bytes],
    manifest: Manifest,
    difference: FieldDifference,
    beside: Sequence[FieldDifference],
) -> str:
    """Change one field of one file; why not, where that is not done."""
    pointer, name = difference.pointer, manifest.place.path
    if pointer == PART_OF:
        return "that is gitwarrant's own label"
    if _moved(pointer, beside):
        return f"items of that list moved; by hand: {_snippet(difference)}"
    value: Json = difference.after[0] if difference.after else GONE
    after = edited(files[name], name, manifest.document, (*manifest.pointer, *pointer), value)
    if after is None:
        return f"{name} cannot be changed in place; by hand: {_snippet(difference)}"
    files[name] = after
    return ""


def _moved(pointer: Pointer, beside: Sequence[FieldDifference]) -> bool:
    """Whether an index may mean another item in the file: items were removed, or added in front of it."""
    return any(_shifts(difference, pointer) for difference in beside)


def _shifts(difference: FieldDifference, pointer: Pointer) -> bool:
    *way, last = difference.pointer
    if not isinstance(last, int) or len(difference.before) == len(difference.after):
        return False
    at = pointer[len(way)] if pointer[: len(way)] == tuple(way) and len(pointer) > len(way) else ""
    return isinstance(at, int) and (not difference.after or at > last)


def _snippet(difference: FieldDifference) -> str:
    if not difference.after:
        return f"remove {path(difference.pointer)}"
    return f"set {path(difference.pointer)} to {difference.after[0]!r}"


def _patch(name: str, before: bytes, after: bytes) -> str:
    if before == after:
        return ""
    old, new = (LINE.findall(data.decode()) for data in (before, after))
    lines = difflib.unified_diff(old, new, f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}" for line in lines)
