"""A mapping that differs little from another, without a copy of it."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")

FLATTENED_PART = (
    64  # beyond a sixty-fourth in a layer of its own, one copy costs less than asking twice each time
)


def changed(known: Mapping[K, V], gone: Iterable[K], come: Mapping[K, V]) -> Mapping[K, V]:
    """A mapping without some keys and with others; `known` is what it was.

    Time: that of the change, and now and then a copy of the whole.
    """
    under, over, without = known, dict[K, V](), set[K]()
    if isinstance(known, Layered):
        under, over, without = known.under, dict(known.over), set(known.without)
    for key in gone:
        over.pop(key, None)
        without.add(key)
    over.update(come)
    without = {key for key in without.union(come) if key in under}
    found = Layered(under, over, frozenset(without))
    return found if (len(over) + len(without)) * FLATTENED_PART <= len(under) else dict(found.items())


class Layered(Mapping[K, V]):
    """A few entries over many. Only `changed` makes one; neither layer is written to again."""

    __slots__ = ("over", "under", "without")

    def __init__(self, under: Mapping[K, V], over: Mapping[K, V], without: frozenset[K]) -> None:
        self.under, self.over, self.without = under, over, without
        """`without`: the keys of the lower layer that do not shine through."""

    def __getitem__(self, key: K) -> V:
        if key in self.over:
            return self.over[key]
        if key in self.without:
            raise KeyError(key)
        return self.under[key]

    def __contains__(self, key: object) -> bool:
        return key in self.over or (key in self.under and key not in self.without)

    def __len__(self) -> int:
        return len(self.under) - len(self.without) + len(self.over)

    def __iter__(self) -> Iterator[K]:
        return chain((key for key in self.under if key not in self.without), self.over)
