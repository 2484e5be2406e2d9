"""What one revision of an environment says should exist, part by part."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.derived import Derived
from gitwarrant.model.manifest import Manifest, ObjectKey, Source
from gitwarrant.model.plan import ORDER, Leaf, LeafList, Operation


@dataclass(frozen=True, slots=True)
class Unit(Derived):
    """What is rendered by itself: of plain files, those of one folder without the folders in it.

    Stages that judge object by object keep their answer with the unit, so that
    a unit which two revisions share is judged once.
    """

    folder: str
    manifests: tuple[Manifest, ...]
    sources: tuple[Source, ...]

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """What a warrant would say of each manifest, in their order."""
        return self.derived("leaves", lambda: tuple(map(apply_leaf, self.manifests)))

    @property
    def by_key(self) -> Mapping[ObjectKey, Manifest]:
        """Its manifests by the object they are about."""
        return self.derived("by_key", lambda: {manifest.key: manifest for manifest in self.manifests})


@dataclass(frozen=True, slots=True)
class Rendered(Derived):
    """What one folder of one revision says should exist: its units, in the order of their folders."""

    commit: CommitId
    tree: TreeId
    folder: str
    units: tuple[Unit, ...]

    def __len__(self) -> int:
        """How many manifests there are."""
        return self.derived("length", lambda: sum(len(unit.manifests) for unit in self.units))

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """All of them, in the order they were read. Costs a pass over everything."""
        return tuple(chain.from_iterable(unit.manifests for unit in self.units))

    @property
    def sources(self) -> tuple[Source, ...]:
        """The files that manifests came from. Costs a pass over everything."""
        return tuple(chain.from_iterable(unit.sources for unit in self.units))

    @property
    def leaves(self) -> LeafList:
        """The leaves of a rendering that nothing went before; fewer than manifests where two are alike."""
        return self.derived("leaves", self._leaves)

    def _leaves(self) -> LeafList:
        found = {leaf for unit in self.units for leaf in unit.leaves}
        return LeafList(tuple(sorted(found, key=ORDER))).shared()

    def follow(self, earlier: "Rendered") -> bool:
        """Work the leaves out from those of an earlier rendering, if it shares most of its units."""
        come, gone = self.apart(earlier)
        before = {leaf for unit in gone for leaf in unit.leaves}
        after = {leaf for unit in come for leaf in unit.leaves}
        vanished = {leaf.key for leaf in before}
        twice = any(leaf.key in earlier.leaves.by_key and leaf.key not in vanished for leaf in after)
        if twice or len(come) + len(gone) >= len(self.units):
            return False
        self.seeded("leaves", earlier.leaves.spliced(before - after, after - before))
        return True

    def apart(self, earlier: "Rendered") -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
        """The units that only this rendering has, and those that only the earlier one has."""
        mine, theirs = set(map(id, self.units)), set(map(id, earlier.units))
        return (
            tuple(unit for unit in self.units if id(unit) not in theirs),
            tuple(unit for unit in earlier.units if id(unit) not in mine),
        )

    def find(self, keys: Iterable[ObjectKey], likely: Iterable[Unit] = ()) -> dict[ObjectKey, Manifest]:
        """The manifests of these objects, as far as there are any.

        Args:
            likely: units to look into first; the others cost a pass over all of them.
        """
        wanted = set(keys)
        found: dict[ObjectKey, Manifest] = {}
        for unit in chain(likely, self.units):
            if len(found) == len(wanted):
                break
            found |= {key: unit.by_key[key] for key in wanted & unit.by_key.keys()}
        return found


def apply_leaf(manifest: Manifest) -> Leaf:
    """The leaf that lets a manifest be applied."""
    key, operation = manifest.key, Operation.APPLY.value
    return Leaf(key.group, manifest.version, key.kind, key.namespace, key.name, operation, manifest.digest)
