"""The leaf lists of warrants in the log: whole now and then, else as the difference from an earlier one.

A warrant covers every object of its environment, so two in a row differ in what
the change moved. A difference is not believed: what it leads to is compared with
the digest that the warrant itself names, which is signed.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from sys import intern
from threading import Lock
from typing import Any

from gitwarrant.audit.recorder import Recorder, RecordError, Selection
from gitwarrant.model.canonical import Digest, plain
from gitwarrant.model.manifest import Json
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.record import Record, RecordKind

LONGEST_CHAIN = 16
"""Records that are read at most before the one with the whole list."""
WHOLE_FROM = 8
"""A whole list is written again once this part of it (an eighth) differs from the last whole one."""
FEW = 200
"""Leaves that a warrant's record holds itself."""
KEPT = 4  # lists in memory: what stands, what comes, of two environments
MEMBERS = tuple(field.name for field in fields(Leaf))


@dataclass(frozen=True, slots=True)
class Difference:
    """What to take out of the list of an earlier record, and what to add."""

    since: int
    """The number of that record: of the warrant before, or of one with a whole list."""
    depth: int
    """How many differences lie between this list and the whole one, this one included."""
    gone: frozenset[Leaf]
    come: frozenset[Leaf]

    def after(self, earlier: "Difference") -> "Difference":
        """Both in one, `earlier` first."""
        return Difference(
            earlier.since,
            earlier.depth,
            (earlier.gone - self.come) | (self.gone - earlier.come),
            (earlier.come - self.gone) | (self.come - earlier.gone),
        )


class _Recent:
    """The lists that were read or written last, by their digest: it names exactly one list."""

    def __init__(self) -> None:
        self._lists: OrderedDict[Digest, LeafList] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: Digest) -> LeafList | None:
        with self._lock:
            if digest in self._lists:
                self._lists.move_to_end(digest)
            return self._lists.get(digest)

    def keep(self, leaves: LeafList) -> LeafList:
        with self._lock:
            found = self._lists.setdefault(leaves.digest, leaves.shared())
            self._lists.move_to_end(leaves.digest)
            while len(self._lists) > KEPT:
                self._lists.popitem(last=False)
        return found


_RECENT = _Recent()


def kept_difference(
    recorder: Recorder, environment: str, last: int | None, leaves: LeafList
) -> Difference | None:
    """Keep the leaves of a warrant that is about to be recorded, whole where that has to be.

    Args:
        last: the record of the environment's last warrant; None before the first.

    Returns:
        What the warrant's record holds in their place; None: it holds them itself, being few.

    Raises:
        RecordError: the earlier ones cannot be read.
    """
    if len(leaves) <= FEW:
        return None
    _RECENT.keep(leaves)
    found = _continued(recorder, last, leaves) if last else None
    if found is None:
        body = {"digest": leaves.digest, "leaves": [plain(leaf) for leaf in leaves.leaves]}
        whole = recorder.append(RecordKind.LEAVES, environment, body)
        found = Difference(whole.number, 1, frozenset(), frozenset())
    return found


def _continued(recorder: Recorder, last: int, leaves: LeafList) -> Difference | None:
    """The difference from the last warrant's list, or from what that one continues; None: it is too large."""
    before = _record(recorder, last)
    known = read_difference(before)
    if known is None:
        return None
    gone, come = read_leaves(before, recorder).apart(leaves)
    found = Difference(last, known.depth + 1, frozenset(gone), frozenset(come))
    whole = found.after(known)
    while known.depth > 1:
        known = _difference(_record(recorder, known.since))
        whole = whole.after(known)
    if (len(whole.gone) + len(whole.come)) * WHOLE_FROM > len(leaves):
        return None
    return found if found.depth <= LONGEST_CHAIN else Difference(whole.since, 1, whole.gone, whole.come)


def difference_body(difference: Difference) -> dict[str, Json]:
    """A difference as a record has it."""
    return {
        "since": difference.since,
        "depth": difference.depth,
        "gone": [plain(leaf) for leaf in sorted(difference.gone)],
        "come": [plain(leaf) for leaf in sorted(difference.come)],
    }


def read_difference(record: Record) -> Difference | None:
    """The difference that a `warranted` record has; None: it has its leaves whole.

    Raises:
        RecordError: it is damaged.
    """
    body = record.body.get("difference")
    if body is None:
        return None
    try:
        since, depth = int(body["since"]), int(body["depth"])
        return Difference(since, depth, frozenset(_leaves(body["gone"])), frozenset(_leaves(body["come"])))
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(record) from error


def read_leaves(record: Record, recorder: Recorder | None) -> LeafList:
    """The leaves of a `warranted` record, as its warrant names them.

    Args:
        recorder: where earlier records are; None: there are none but this.

    Raises:
        RecordError: they are not there, or not those that the warrant names.
    """
    digest = _named(record)
    found = _RECENT.get(digest)
    if found is not None:
        return found
    try:
        difference = read_difference(record)
        if difference is None:
            leaves = LeafList(tuple(_leaves(_whole(record))))
        elif recorder is None:
            raise ValueError("the record that it continues is not here")
        else:
            leaves = _rebuilt(recorder, difference)
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(record) from error
    if leaves.digest != digest:
        raise _damaged(record)
    return _RECENT.keep(leaves)


def _rebuilt(recorder: Recorder, difference: Difference) -> LeafList:
    """The list that a difference leads to, by the nearest one that is known or whole."""
    for _ in range(LONGEST_CHAIN):
        before = _record(recorder, difference.since)
        known = _RECENT.get(_named(before))
        if known is None and before.kind is RecordKind.LEAVES:
            known = LeafList(tuple(_leaves(_whole(before))))
        if known is not None:
            return known.spliced(difference.gone, difference.come)
        difference = difference.after(_difference(before))
    raise ValueError("too many differences in a row")


def _whole(record: Record) -> Sequence[Mapping[str, Any]]:
    body: Any = record.body if record.kind is RecordKind.LEAVES else record.body["bundle"]["leaves"]
    found: Sequence[Mapping[str, Any]] = body["leaves"]
    return found


def _difference(record: Record) -> Difference:
    found = read_difference(record)
    if found is None:
        raise _damaged(record)
    return found


def _record(recorder: Recorder, number: int) -> Record:
    chosen = Selection(frozenset({RecordKind.LEAVES, RecordKind.WARRANTED}))
    record = next(recorder.read(number - 1, chosen), None)
    if record is None or record.number != number:
        raise RecordError(
            f"record {number}, which a later warrant continues, is not there",
            remedy="stop, keep a copy as evidence, and restore the log from a backup",
        )
    return record


def _named(record: Record) -> Digest:
    """The digest of the leaves that a record's warrant names, or that a record holds."""
    if record.kind is RecordKind.LEAVES:
        named = record.body.get("digest")
    else:
        warrant = record.body.get("warrant")
        named = warrant.get("leaves") if isinstance(warrant, Mapping) else None
    if not isinstance(named, str):
        raise _damaged(record)
    return Digest(named)


def _leaves(items: Iterable[Mapping[str, Any]]) -> list[Leaf]:
    """Leaves by their members; whether they are the right ones, a digest decides."""
    return [_leaf(**{name: item[name] for name in MEMBERS}) for item in items]


def _leaf(*, name: str, digest: Digest, **common: str) -> Leaf:
    """A leaf; what it has in common with most others is in memory once."""
    return Leaf(name=name, digest=digest, **{member: intern(value) for member, value in common.items()})


def _damaged(record: Record) -> RecordError:
    return RecordError(
        f"record {record.number} ({record.kind.value}) does not give the leaves that its warrant names",
        remedy="stop, keep a copy as evidence, and restore the log from a backup",
    )
