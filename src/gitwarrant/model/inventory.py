"""The objects that an environment owns, as a value that moves on by what was applied."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from gitwarrant.model.layered import changed
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import ORDER, Leaf, LeafList, Operation
from gitwarrant.model.turn import USUAL


@dataclass(frozen=True, slots=True)
class Inventory:
    """All entries of an environment, by their object."""

    by_key: Mapping[ObjectKey, InventoryEntry]
    leaves: LeafList
    """What a warrant says that would apply just this: with the digests that were applied last."""
    unusual: Mapping[ObjectKey, InventoryEntry]
    """The entries that had a turn of their own."""

    @classmethod
    def of(cls, entries: Iterable[InventoryEntry]) -> Self:
        """The inventory of these entries."""
        if isinstance(entries, cls):
            return entries
        by_key = {entry.key: entry for entry in entries}
        leaves = LeafList(tuple(sorted(map(_leaf, by_key.values()), key=ORDER))).shared()
        unusual = {key: entry for key, entry in by_key.items() if entry.turn != USUAL}
        return cls(by_key, leaves, unusual)

    def after(self, changes: Mapping[ObjectKey, InventoryEntry | None]) -> "Inventory":
        """The inventory once these objects were applied, or (None) deleted."""
        before = {key: self.by_key[key] for key in changes if key in self.by_key}
        now = {key: entry for key, entry in changes.items() if entry is not None}
        unusual = {key: entry for key, entry in now.items() if entry.turn != USUAL}
        gone, come = set(map(_leaf, before.values())), set(map(_leaf, now.values()))
        return Inventory(
            changed(self.by_key, before, now),
            self.leaves.spliced(gone - come, come - gone),
            changed(self.unusual, before, unusual),
        )

    def __iter__(self) -> Iterator[InventoryEntry]:
        return iter(self.by_key.values())

    def __len__(self) -> int:
        return len(self.by_key)

    def lacks(self, leaves: LeafList) -> tuple[ObjectKey, ...]:
        """The objects of a warrant that are not here as it wants them to stand."""
        return tuple(leaf.key for leaf in leaves.wanted.apart(self.leaves)[0])


def _leaf(entry: InventoryEntry) -> Leaf:
    key, operation = entry.key, Operation.APPLY.value
    return Leaf(key.group, entry.version, key.kind, key.namespace, key.name, operation, entry.digest)
