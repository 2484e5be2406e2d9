"""What every part of one apply needs to know."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from gitwarrant.cluster.applyset import labelled
from gitwarrant.cluster.baseline import Baselines
from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.health import health
from gitwarrant.cluster.health.rules import NO_RULES, Rules
from gitwarrant.cluster.ledger import Ledger, unsettled
from gitwarrant.cluster.refine import Refined
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.live import AppliedObject, InventoryEntry, ObjectHealth, Result
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Leaf, Operation


@dataclass(frozen=True, slots=True)
class Work:
    """One apply under one warrant."""

    cluster: Cluster
    ledger: Ledger
    baselines: Baselines
    owned: Mapping[ObjectKey, InventoryEntry]
    attempted: Container[ObjectKey]
    """Intended once. What is not in the inventory is ours only if it carries our label besides."""
    changed: frozenset[ObjectKey] | None
    """Objects to be written though the inventory has them with this digest; None: all."""
    planned: Refined | None
    """What the plan's dry runs met, where there was a plan."""
    patience: float
    """Seconds to wait for health, for the end of a hook, for an object to be gone."""
    adopt: frozenset[str] = frozenset()
    """The field managers of the tools whose objects may be taken over."""
    rules: Rules = NO_RULES
    """How the configuration wants the health of kinds judged."""
    verdicts: dict[ObjectKey, ObjectHealth] = field(default_factory=dict)
    """What the answer to our own write says about health: often all that is to be known."""

    @property
    def identifier(self) -> str:
        """The label of the ApplySet's members."""
        return self.baselines.identifier

    def is_as_wanted(self, leaf: Leaf) -> bool:
        """Whether the inventory has it with the leaf's digest, and nobody asks to write it all the same."""
        entry = self.owned.get(leaf.key)
        asked = self.changed is None or leaf.key in self.changed
        return entry is not None and entry.digest == leaf.digest and not asked

    def health(self, key: ObjectKey, live: Mapping[str, Any] | None) -> ObjectHealth:
        """The health of an object as it is."""
        return health(key, live, (), self.rules)

    async def live(self, leaf: Leaf) -> dict[str, Any] | None:
        """The object as it is; None where it is not there, or its kind is not."""
        try:
            return await self.cluster.get(leaf.key, leaf.version)
        except KindUnknown:
            return None

    async def left_behind(self, leaf: Leaf) -> bool:
        """Whether an apply that was killed wrote this object: its intent is logged, our label is on it."""
        if leaf.key not in self.attempted:
            return False
        live = await self.live(leaf)
        return live is not None and labelled(live, self.identifier)

    async def handed_over(self, leaf: Leaf) -> bool:
        """Whether an administrator made this namespace for us, so that our Roles can lie in it."""
        if leaf.key.typed != "Namespace":
            return False
        live = await self.live(leaf)
        return live is not None and labelled(live, self.identifier)

    def is_ours(self, leaf: Leaf, live: Mapping[str, Any]) -> bool:
        """Whether a live object is the one of the inventory, or one that a killed apply wrote."""
        entry = self.owned.get(leaf.key)
        if entry is not None and live["metadata"]["uid"] == entry.uid:
            return True
        return labelled(live, self.identifier) and (
            (entry is None and leaf.key in self.attempted) or unsettled(self.ledger, leaf.key)
        )


def unchanged(leaf: Leaf, uid: str) -> AppliedObject:
    """A leaf that needs no write."""
    operation = Operation(leaf.operation)
    return AppliedObject(leaf.key, leaf.version, operation, leaf.digest, Result.UNCHANGED, uid, "")


def held(leaf: Leaf, reason: str) -> AppliedObject:
    """A leaf that is not tried, because something before it failed: the log has no record of it."""
    operation, message = Operation(leaf.operation), f"not tried: {reason}"
    return AppliedObject(leaf.key, leaf.version, operation, leaf.digest, Result.HELD, "", "", message)


def why(error: GitwarrantError) -> str:
    """An error in one line."""
    return f"{error.what}; remedy: {error.remedy}"
