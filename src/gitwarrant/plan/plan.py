"""The plan stage: creates, updates and deletes, within the tenant's grant and the environment's bounds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from gitwarrant.model.canonical import digest
from gitwarrant.model.environment import Environment, Grant, Tenant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import TO_ITS_END, Action, Leaf, LeafList, Operation, Plan, PlannedObject, Progress
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.objects.annotations import RECREATE, annotations
from gitwarrant.objects.difference import compare, hide_secrets
from gitwarrant.objects.rbac import GROUP, OWN_PREFIX
from gitwarrant.objects.removal import holds_data
from gitwarrant.objects.scope import Scope, scope
from gitwarrant.objects.turns import turn
from gitwarrant.plan.immutable import unchangeable
from gitwarrant.plan.order import Order, order
from gitwarrant.plan.removal import check_removals

OWN_NAMESPACE = "gitwarrant-system"
"""Where gitwarrant itself runs: out of reach of every environment."""

ANY_KIND = "*"

ANEW = frozenset({Action.RECREATE, Action.RUN})
NOTHING = LeafList(())


def plan(
    environment: Environment,
    tenant: Tenant,
    rendered: Rendered,
    previous: Rendered | None,
    previous_leaves: LeafList | None,
    *,
    progress: Progress = TO_ITS_END,
) -> Plan:
    """Compare what should be with what was last warranted.

    Args:
        previous: what those leaves were rendered from, to show fields; None where it cannot be shown.
        previous_leaves: what the last warrant allowed; None before the first.
        progress: how far that warrant came.

    Raises:
        Refused: by plan: no grant, or an object, a kind, a namespace or a count out of bounds; an
            order that cannot be followed; a delete that is protected or was not announced.
    """
    # 1. The tenant may deploy this environment at all.
    grant = tenant.grant(environment.name)
    if grant is None:
        raise Refused(
            f"tenant {tenant.name!r} has no grant for environment {environment.name!r}",
            stage="plan",
            remedy="add it to 'grants' in the agent's own configuration",
            place=environment.place,
        )
    # 2. Every object, written or deleted, is within the grant.
    known = digest(grant)
    for unit in rendered.units:
        unit.derived(("within", known), partial(_unit_within, grant, unit))
    standing = previous_leaves.wanted if previous_leaves else NOTHING
    new, old = rendered.leaves.apart(standing)
    gone = [leaf for leaf in old if leaf.key not in rendered.leaves.by_key]
    for leaf in gone:
        _within(grant, leaf.key, environment.place)
    # 3. Everything has its turn, and is written as it can be.
    fresh, vanished = rendered.apart(previous) if previous else ((), ())
    before = previous.find((leaf.key for leaf in old), vanished) if previous else {}
    first = previous_leaves is None or not progress.ever
    change = _Change(environment, standing.by_key, before, order(rendered), progress, first)
    asked = rendered.find({leaf.key for leaf in new} | progress.owed | change.order.hooks.keys(), fresh)
    planned = change.written(asked.values(), gone=bool(gone))
    # 4. No delete takes along what nobody reviewed, and the change is not larger than it may be.
    stood = standing.by_key
    recreated = [stood[item.key] for item in planned if item.key in stood and change.goes(item)]
    check_removals(environment, gone, recreated, {**asked, **before}, owed=progress.owed)
    _not_too_large(environment, len(rendered))
    # Whether another environment owns an object is judged by authorise, whether the
    # server would take it by cluster.refine.
    anew = [rendered.leaves.by_key[item.key] for item in planned if item.action in ANEW]
    special = [_as(Operation.RECREATE, leaf) for leaf in anew] + [
        _as(Operation.DELETE, leaf) for leaf in gone
    ]
    planned += [change.deleted(leaf) for leaf in gone]
    return Plan(
        environment.name,
        rendered.commit,
        tuple(sorted(planned, key=lambda item: item.key)),
        rendered.leaves.spliced(anew, special),
        tuple(asked[key] for key in sorted(asked)),
        len(rendered) - len(asked),
    )


@dataclass(frozen=True, slots=True)
class _Change:
    """What is compared with what."""

    environment: Environment
    standing: Mapping[ObjectKey, Leaf]
    before: Mapping[ObjectKey, Manifest]
    order: Order
    progress: Progress
    first: bool

    def written(self, manifests: Iterable[Manifest], *, gone: bool) -> list[PlannedObject]:
        """What becomes of objects that are declared and may move; `gone`: others are deleted."""
        found = [self._planned(manifest) for manifest in manifests]
        moves = (
            gone or not self.progress.complete or any(item.action is not Action.UNCHANGED for item in found)
        )
        return [self._run(item, moves=moves) if item.key in self.order.hooks else item for item in found]

    def goes(self, item: PlannedObject) -> bool:
        """Whether what stands is deleted to be made again; of hooks, that counts where they hold data."""
        if item.action is Action.RUN:
            return holds_data(item.key.typed, self.environment.data_kinds)
        return item.action is Action.RECREATE

    def deleted(self, leaf: Leaf) -> PlannedObject:
        """What goes."""
        earlier = self.before.get(leaf.key)
        place = earlier.place if earlier else self.environment.place
        return PlannedObject(Action.DELETE, leaf.key, leaf.version, place, ())

    def _planned(self, manifest: Manifest) -> PlannedObject:
        key, leaf = manifest.key, self.standing.get(manifest.key)
        made = partial(
            PlannedObject,
            key=key,
            version=manifest.version,
            place=manifest.place,
            turn=turn(manifest.content),
        )
        if leaf is None:
            return made(Action.CREATE, differences=())
        if leaf.digest == manifest.digest:
            if key in self.progress.owed:
                return made(Action.RECREATE, differences=(), note="an earlier warrant has still to do it")
            return made(Action.UNCHANGED, differences=())
        earlier = self.before.get(key)
        if earlier is None or earlier.digest != leaf.digest:
            return made(Action.UPDATE, differences=(), note="what it was can no longer be shown")
        shown = hide_secrets(tuple(compare(earlier.content, manifest.content)), key.kind)
        action, note = self._way(earlier, manifest)
        return made(action, differences=shown, note=note)

    def _way(self, earlier: Manifest, manifest: Manifest) -> tuple[Action, str]:
        """How an object is changed: in place, or by making it again where that is allowed."""
        fields = ", ".join(unchangeable(earlier, manifest))
        what = f"{fields} cannot be changed in place" if fields else ""
        if manifest.kind not in self.environment.recreate:
            return Action.UPDATE, what
        if fields or annotations(manifest.content).get(RECREATE) == "allow":
            return Action.RECREATE, what or f"'{RECREATE}' allows it"
        return Action.UPDATE, ""

    def _run(self, item: PlannedObject, *, moves: bool) -> PlannedObject:
        """What becomes of a hook: it runs where anything in the environment moves."""
        if moves and self.order.hooks[item.key].runs(first=self.first):
            return replace(item, action=Action.RUN, note="")
        return replace(item, action=Action.UNCHANGED, differences=(), note="a hook that does not run now")


def _as(operation: Operation, leaf: Leaf) -> Leaf:
    return replace(leaf, operation=operation.value)


def _unit_within(grant: Grant, unit: Unit) -> None:
    for manifest in unit.manifests:
        _within(grant, manifest.key, manifest.place)


def _within(grant: Grant, key: ObjectKey, place: Place) -> None:
    """Refuse an object that the tenant may not touch."""
    kind = key.typed
    remedy = "ask the operator to widen the tenant's grant, or take the object out of this environment"

    def refused(what: str) -> Refused:
        return Refused(f"{key}: {what}", stage="plan", remedy=remedy, place=place)

    if OWN_NAMESPACE in (key.namespace, key.name if kind == "Namespace" else ""):
        raise refused(f"gitwarrant's own namespace {OWN_NAMESPACE} is out of reach of every environment")
    if key.group == GROUP and key.name.startswith(OWN_PREFIX):
        raise refused(f"names that begin with {OWN_PREFIX!r} are those of gitwarrant's own rights")
    if not key.namespace:
        if kind not in grant.cluster_kinds:
            raise refused(f"{kind} is not among the granted cluster kinds: {_names(grant.cluster_kinds)}")
        if kind == "Namespace" and key.name not in grant.namespaces:
            raise refused(f"this namespace is not granted; granted: {_names(grant.namespaces)}")
        return
    if key.namespace not in grant.namespaces:
        raise refused(f"this namespace is not granted; granted: {_names(grant.namespaces)}")
    builtin = scope(key.group, key.kind) is Scope.NAMESPACE
    if kind not in grant.kinds and not (ANY_KIND in grant.kinds and builtin):
        raise refused(f"the kind {kind} is not granted; granted: {_names(grant.kinds)}")


def _not_too_large(environment: Environment, objects: int) -> None:
    bounds = environment.bounds
    if objects > bounds.max_objects:
        raise Refused(
            f"{objects} objects; environment {environment.name!r} may have {bounds.max_objects}",
            stage="plan",
            remedy="raise 'bounds.max_objects' in .gitwarrant/environments.yaml, or split the environment",
            place=environment.place,
        )


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
