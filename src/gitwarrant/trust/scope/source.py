"""Judge a bot's change of a file: of all its characters, only those of permitted values may differ.

    1. The file is there before and after, a plain file of the same mode.
    2. A permission is about files of this path.
    3. Both sides are what our strict reader takes, with as many documents.
    4. Each document that differs is the same object on both sides, not a list of objects.
    5. Each field that differs is a value on both sides that a permission covers.
    6. No anchor, alias, merge or tag stands in a document that differs: there one
       value's characters would decide about other fields.
    7. All other characters are equal: comments (some tools obey them), blanks,
       line ends, quotes, order.

Not checked here: what the file renders to (`rendered`); whether the image is
what it should be (the image gate); whether the bot may write the path at all
(step 4 of verify).
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

from gitwarrant.model.change import NO_MODE, BlobId, PathChange
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.manifest import Json
from gitwarrant.model.permission import Permission
from gitwarrant.trust.blobs import bytes_of
from gitwarrant.trust.paths import compile_pattern
from gitwarrant.trust.scope.fields import Difference, OutOfScope, States, check, differences
from gitwarrant.yaml.locate import Span, locate
from gitwarrant.yaml.reader import Document, read
from gitwarrant.yaml.written import Field, Written, written

MAX_BYTES = 4 * 1024 * 1024  # of one side; a bundle of a hundred objects has a tenth of it
PLAIN_FILES = (0o100644, 0o100755)
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
KUSTOMIZATION = "Kustomization.kustomize.config.k8s.io"
BY_A_PERSON = "let a person make this change"


def check_change(change: PathChange, blobs: Mapping[BlobId, bytes], may: Sequence[Permission]) -> None:
    """Judge one changed path by the bytes of both sides, which are looked up by their ids.

    Raises:
        OutOfScope: as `check_file` has it; or bytes are not at hand.
    """
    before, after = (bytes_of(blob, blobs) for blob in (change.old_blob, change.new_blob))
    if before is None or after is None:
        raise OutOfScope(
            "the bytes of the file are not at hand, so its fields cannot be judged",
            remedy=BY_A_PERSON + "; a submodule or a very large file cannot be judged",
            place=Place(change.path),
        )
    check_file(change, before, after, may)


def check_file(change: PathChange, before: bytes, after: bytes, may: Sequence[Permission]) -> None:
    """Judge one changed path by the bytes of both sides.

    Raises:
        OutOfScope: with the file and line, the field, and what would be allowed.
    """
    try:
        _check_file(change, before, after, may)
    except OutOfScope:
        raise
    except GitwarrantError as error:  # the reader, a pattern or an expression of the permissions
        raise OutOfScope(error.what, remedy=error.remedy, place=error.place) from error


def _check_file(change: PathChange, before: bytes, after: bytes, may: Sequence[Permission]) -> None:
    path = change.path
    _check_sides(change, before, after)  # 1
    here = [item for item in may if compile_pattern(item.files, item.place).match(path)]  # 2
    if not here:
        where = ", ".join(f"{item.files} ({item.place})" for item in may[:3])
        raise OutOfScope(
            f"the file is changed; only these may be: {where}", remedy=BY_A_PERSON, place=Place(path)
        )
    old, new = read(before, path), read(after, path)  # 3
    if [document.number for document in old] != [document.number for document in new]:
        raise OutOfScope("documents are added or removed", remedy=BY_A_PERSON, place=Place(path))
    changed: set[Field] = set()
    for one, other in zip(old, new, strict=True):
        changed |= _check_document(one, other, after, here)  # 4, 5
    _check_text(path, before, after, changed)  # 6, 7


def _check_sides(change: PathChange, before: bytes, after: bytes) -> None:
    what = ""
    if NO_MODE in (change.old_mode, change.new_mode):
        what = "the file is new" if change.old_mode == NO_MODE else "the file is removed"
    elif change.old_mode != change.new_mode or change.new_mode not in PLAIN_FILES:
        what = (
            f"the file's mode changes from {change.old_mode:o} to {change.new_mode:o}, or it is no plain file"
        )
    elif max(len(before), len(after)) > MAX_BYTES:
        what = f"the file has more than {MAX_BYTES} bytes"
    if what:
        raise OutOfScope(what, remedy=BY_A_PERSON, place=Place(change.path))


def _check_document(old: Document, new: Document, data: bytes, may: Sequence[Permission]) -> set[Field]:
    """Steps 4 and 5 for one document; the fields that differ."""
    found = list(differences(old.value, new.value))
    if not found:
        return set()
    kind = _kind(old)
    if kind != _kind(new) or _name(old.value) != _name(new.value):
        raise OutOfScope("the document becomes another object", remedy=BY_A_PERSON, place=new.place)
    if not kind or _is_list(new):
        what = f"a {kind} holds objects of any kind" if kind else "the document is no object of Kubernetes"
        raise OutOfScope(f"{what}, so its fields cannot be judged", remedy=BY_A_PERSON, place=new.place)
    states = States(kind, old.value, new.value)
    for difference in found:
        check(states, difference, may, partial(_place, new, data, difference))
    return {(new.number, difference.pointer) for difference in found}


def _kind(document: Document) -> str:
    """`Deployment.apps`; empty where it has no kind. A kustomization may leave its own out."""
    value = document.value
    if not isinstance(value, dict):
        return ""
    kind, version = value.get("kind"), value.get("apiVersion")
    if kind is None and version is None and PurePosixPath(document.path).name in KUSTOMIZATIONS:
        return KUSTOMIZATION
    if not isinstance(kind, str) or not isinstance(version, str):
        return ""
    group, slash, _ = version.rpartition("/")
    return f"{kind}.{group}" if slash else kind


def _is_list(document: Document) -> bool:
    """Whether the document holds objects of its own, as `kind: List` does."""
    return str(document.value.get("kind")).endswith("List") and isinstance(document.value.get("items"), list)


def _name(value: Json) -> tuple[Json, ...]:
    """What makes it the same object, its version included."""
    if not isinstance(value, dict):
        return ()
    metadata = value.get("metadata")
    inside = metadata if isinstance(metadata, dict) else {}
    return (value.get("apiVersion"), inside.get("namespace"), inside.get("name"), inside.get("generateName"))


def _place(document: Document, data: bytes, difference: Difference) -> Place:
    return locate(data, document.path, document.number, difference.pointer)


def _check_text(path: str, before: bytes, after: bytes, changed: set[Field]) -> None:
    """Steps 6 and 7."""
    texts = before.decode(), after.decode()
    spans = [_spans(path, data, changed) for data in (before, after)]
    order = [sorted(side, key=lambda field: side[field].start) for side in spans]
    kept = [
        _kept(text, [side[field] for field in fields])
        for text, side, fields in zip(texts, spans, order, strict=True)
    ]
    if order[0] == order[1] and kept[0] == kept[1]:
        return
    raise OutOfScope(
        "more than permitted values differs: a comment, a blank, a line end, a quote or the order",
        remedy="change the values in place, and nothing else of the file; " + BY_A_PERSON,
        place=_first_difference(path, texts[1], [spans[1][field] for field in order[1]], kept),
    )


def _spans(path: str, data: bytes, changed: set[Field]) -> dict[Field, Span]:
    how: Written = written(data, path, changed)
    for document in {document for document, _ in changed}:
        if document in how.shared:
            raise OutOfScope(
                "the changed document has an anchor, an alias, a merge or a tag: "
                "one value's characters may decide about other fields",
                remedy="write the values out first; " + BY_A_PERSON,
                place=how.shared[document],
            )
    text = data.decode()
    for field in changed:
        span = how.scalars.get(field)
        if span is None or set("\r\n\x85\u2028\u2029") & set(text[span.start : span.end]):
            raise OutOfScope(
                "a changed value is not written on one line",
                remedy="write it on one line, plain or in quotes; " + BY_A_PERSON,
                place=span.place if span else Place(path),
            )
    return dict(how.scalars)


def _kept(text: str, spans: Sequence[Span]) -> list[str]:
    """The text around the spans."""
    ends = [0, *(span.end for span in spans)]
    starts = [*(span.start for span in spans), len(text)]
    return [text[end:start] for end, start in zip(ends, starts, strict=True)]


def _first_difference(path: str, text: str, spans: Sequence[Span], kept: Sequence[Sequence[str]]) -> Place:
    begins = [0, *(span.end for span in spans)]
    for begin, old, new in zip(begins, *kept, strict=True):
        if old != new:
            same = next(
                (at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other),
                min(len(old), len(new)),
            )
            return Place(path, text.count("\n", 0, begin + same) + 1)
    return Place(path)
