"""The plan stage: creates, updates and deletes, within the tenant's grant and the environment's bounds."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from gitwarrant.model.canonical import digest
from gitwarrant.model.environment import Environment, Grant, Tenant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action, Leaf, LeafList, Operation, Plan, PlannedObject
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.objects.difference import compare, hide_secrets
from gitwarrant.objects.scope import Scope, scope

OWN_NAMESPACE = "gitwarrant-system"
"""Where gitwarrant itself runs: out of reach of every environment."""

ANY_KIND = "*"

TAKES_OTHERS_ALONG = frozenset({"Namespace", "CustomResourceDefinition.apiextensions.k8s.io"})
"""Kinds whose deletion deletes objects that no plan shows and no bound counts."""

DELETE_ANNOTATION = "gitwarrant.dev/delete"
"""`allow` on an object as it was warranted lets a later change delete it: two reviews, not one slip."""

NOTHING = LeafList(())


def plan(
    environment: Environment,
    tenant: Tenant,
    rendered: Rendered,
    previous: Rendered | None,
    previous_leaves: LeafList | None,
) -> Plan:
    """Compare what should be with what was last warranted.

    Args:
        previous: what those leaves were rendered from, to show fields; None where it cannot be shown.
        previous_leaves: what the last warrant allowed; None before the first.

    Raises:
        Refused: by plan: no grant, or an object, a kind, a namespace or a count out of bounds.
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
    standing = previous_leaves.standing if previous_leaves else NOTHING
    new, old = rendered.leaves.apart(standing)
    gone = [leaf for leaf in old if leaf.key not in rendered.leaves.by_key]
    for leaf in gone:
        _within(grant, leaf.key, environment.place)
    # 3. No delete takes along what nobody reviewed.
    fresh, vanished = rendered.apart(previous) if previous else ((), ())
    before = previous.find((leaf.key for leaf in old), vanished) if previous else {}
    for leaf in gone:
        _alone(leaf, before.get(leaf.key), environment)
    # 4. The change is not larger than the environment allows.
    _within_bounds(environment, len(rendered), gone)
    # Whether another environment owns an object is judged by authorise, whether the
    # server would take it by cluster.refine.
    written = rendered.find((leaf.key for leaf in new), fresh)
    was = {leaf.key: leaf for leaf in old}
    planned = [_planned(manifest, was.get(key), before) for key, manifest in written.items()]
    planned += [_deleted(leaf, before, environment) for leaf in gone]
    return Plan(
        environment.name,
        rendered.commit,
        tuple(sorted(planned, key=lambda item: item.key)),
        rendered.leaves.spliced((), map(_delete_leaf, gone)),
        tuple(written[key] for key in sorted(written)),
        len(rendered) - len(written),
    )


def _delete_leaf(leaf: Leaf) -> Leaf:
    return replace(leaf, operation=Operation.DELETE.value)


def _planned(manifest: Manifest, leaf: Leaf | None, before: Mapping[ObjectKey, Manifest]) -> PlannedObject:
    made = partial(PlannedObject, key=manifest.key, version=manifest.version, place=manifest.place)
    if leaf is None:
        return made(Action.CREATE, differences=())
    earlier = before.get(manifest.key)
    if earlier is None or earlier.digest != leaf.digest:
        return made(Action.UPDATE, differences=(), note="what it was can no longer be shown")
    found = tuple(compare(earlier.content, manifest.content))
    return made(Action.UPDATE, differences=hide_secrets(found, manifest.key.kind))


def _deleted(leaf: Leaf, before: Mapping[ObjectKey, Manifest], environment: Environment) -> PlannedObject:
    earlier = before.get(leaf.key)
    place = earlier.place if earlier else environment.place
    return PlannedObject(Action.DELETE, leaf.key, leaf.version, place, ())


def _unit_within(grant: Grant, unit: Unit) -> None:
    for manifest in unit.manifests:
        _within(grant, manifest.key, manifest.place)


def _within(grant: Grant, key: ObjectKey, place: Place) -> None:
    """Refuse an object that the tenant may not touch."""
    kind = f"{key.kind}.{key.group}" if key.group else key.kind
    remedy = "ask the operator to widen the tenant's grant, or take the object out of this environment"

    def refused(what: str) -> Refused:
        return Refused(f"{key}: {what}", stage="plan", remedy=remedy, place=place)

    if OWN_NAMESPACE in (key.namespace, key.name if kind == "Namespace" else ""):
        raise refused(f"gitwarrant's own namespace {OWN_NAMESPACE} is out of reach of every environment")
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


def _alone(leaf: Leaf, earlier: Manifest | None, environment: Environment) -> None:
    """Refuse to delete a namespace or a definition, which take others along, unless that was announced."""
    kind = f"{leaf.kind}.{leaf.group}" if leaf.group else leaf.kind
    if kind not in TAKES_OTHERS_ALONG:
        return
    if earlier is not None and earlier.digest == leaf.digest:
        annotations = earlier.content["metadata"].get("annotations")
        if isinstance(annotations, dict) and annotations.get(DELETE_ANNOTATION) == "allow":
            return
    raise Refused(
        f"{leaf.key} would be deleted, and everything in it",
        stage="plan",
        remedy=f"keep it, or first land a change that annotates it with '{DELETE_ANNOTATION}: allow'",
        place=environment.place,
    )


def _within_bounds(environment: Environment, objects: int, gone: list[Leaf]) -> None:
    bounds = environment.bounds
    if objects > bounds.max_objects:
        raise Refused(
            f"{objects} objects; environment {environment.name!r} may have {bounds.max_objects}",
            stage="plan",
            remedy="raise 'bounds.max_objects' in .gitwarrant/environments.yaml, or split the environment",
            place=environment.place,
        )
    if len(gone) > bounds.max_deletes:
        named = ", ".join([*(str(leaf.key) for leaf in gone[:3]), *(["..."] if len(gone) > 3 else [])])
        allowed = f"one change may delete {bounds.max_deletes}"
        raise Refused(
            f"{len(gone)} objects would be deleted ({named}); {allowed}",
            stage="plan",
            remedy="delete in smaller steps, or raise 'bounds.max_deletes' in .gitwarrant/environments.yaml",
            place=environment.place,
        )


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
