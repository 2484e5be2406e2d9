"""The steps of one apply: what is written in one turn, and what is deleted in one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from gitwarrant.cluster.admission import Admitted
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf
from gitwarrant.model.turn import USUAL, Hook, Phase, Turn
from gitwarrant.objects.turns import WrongOrder, hook, turn


@dataclass(frozen=True, slots=True)
class Step:
    """Leaves whose turn comes at once: all are written, or all are deleted."""

    turn: Turn
    deletes: bool
    leaves: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """All steps in their order, the turn of each object that is written, and the hooks among them."""

    steps: tuple[Step, ...]
    turns: Mapping[ObjectKey, Turn]
    hooks: Mapping[ObjectKey, Hook]


def schedule(admitted: Admitted, owned: Mapping[ObjectKey, InventoryEntry]) -> Schedule:
    """Put a warrant's leaves in order.

    Deletes come after everything that stands is written, and before the hooks
    that run last; among themselves in the reverse order of their writing.

    Raises:
        Refused: by apply: an annotation about order cannot be followed.
    """
    turns = {leaf.key: _turn(manifest) for leaf, manifest in admitted.applies.items()}
    hooks = {
        leaf.key: found for leaf, manifest in admitted.applies.items() if (found := hook(manifest.content))
    }
    written = _steps(admitted.applies, turns, deletes=False)
    earlier = {leaf.key: owned[leaf.key].turn for leaf in admitted.deletes if leaf.key in owned}
    deleted = _steps(admitted.deletes, earlier, deletes=True)[::-1]
    before = [step for step in written if step.turn.phase < Phase.AFTER]
    after = [step for step in written if step.turn.phase == Phase.AFTER]
    return Schedule((*before, *deleted, *after), turns, hooks)


def _turn(manifest: Manifest) -> Turn:
    try:
        return turn(manifest.content)
    except WrongOrder as error:
        raise Refused(
            f"{manifest.key}: {error.what}", stage="apply", remedy=error.remedy, place=manifest.place
        ) from error


def _steps(leaves: Iterable[Leaf], turns: Mapping[ObjectKey, Turn], *, deletes: bool) -> list[Step]:
    def when(leaf: Leaf) -> Turn:
        return turns.get(leaf.key, USUAL)

    ordered = sorted(leaves, key=when)
    return [Step(at, deletes, tuple(together)) for at, together in groupby(ordered, key=when)]
