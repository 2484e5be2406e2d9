"""Which deletes a change may make: none that was not announced, none that is protected, not too many."""

from collections.abc import Iterable, Mapping, Sequence

from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf
from gitwarrant.objects.annotations import DELETE, PROTECT, annotations, protected
from gitwarrant.objects.removal import HOLDS_DATA


def check_removals(
    environment: Environment,
    gone: Sequence[Leaf],
    recreated: Iterable[Leaf],
    before: Mapping[ObjectKey, Manifest],
    *,
    owed: frozenset[ObjectKey],
) -> None:
    """Judge what a change deletes, for good or to make it again.

    Args:
        gone: leaves as last warranted.
        recreated: the same.
        before: the manifests of the last warrant, as far as they can be shown.
        owed: what an earlier warrant allowed already, and was not done.

    Raises:
        Refused: by plan.
    """
    removed = [*gone, *recreated]
    for leaf in removed:
        if leaf.key not in owed:
            _announced(leaf, _as_warranted(leaf, before), environment)
    _not_too_many(removed, environment)


def _as_warranted(leaf: Leaf, before: Mapping[ObjectKey, Manifest]) -> Manifest | None:
    earlier = before.get(leaf.key)
    return earlier if earlier is not None and earlier.digest == leaf.digest else None


def _announced(leaf: Leaf, earlier: Manifest | None, environment: Environment) -> None:
    if earlier is not None and protected(earlier.content):
        raise Refused(
            f"{leaf.key} would be deleted, and is protected by '{PROTECT}'",
            stage="plan",
            remedy="keep it, or first land a change that removes the annotation",
            place=earlier.place,
        )
    said = annotations(earlier.content) if earlier else {}
    kind = leaf.key.typed
    loss = HOLDS_DATA.get(kind) or ("which holds data" if kind in environment.data_kinds else "")
    if loss and said.get(DELETE) != "allow":
        raise Refused(
            f"{leaf.key} would be deleted, {loss}",
            stage="plan",
            remedy=f"keep it, or first land a change that annotates it with '{DELETE}: allow'",
            place=environment.place,
        )


def _not_too_many(removed: Sequence[Leaf], environment: Environment) -> None:
    allowed = environment.bounds.max_deletes
    if len(removed) <= allowed:
        return
    named = ", ".join([*(str(leaf.key) for leaf in removed[:3]), *(["..."] if len(removed) > 3 else [])])
    raise Refused(
        f"{len(removed)} objects would be deleted ({named}); one change may delete {allowed}",
        stage="plan",
        remedy="delete in smaller steps, or raise 'bounds.max_deletes' in .gitwarrant/environments.yaml",
        place=environment.place,
    )
