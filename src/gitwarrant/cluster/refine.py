"""Ask the server what a plan would really do, by dry run. Live state narrows a plan, it never widens it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gitwarrant.cluster.applyset import PART_OF, applyset_id, as_member, parent_key
from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import Conflict, Invalid, NotFound
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Plan, PlannedObject
from gitwarrant.objects.difference import bare, compare, hide_secrets

KIND_ARRIVES = "its kind arrives with this change, so the server cannot be asked yet"
NAMESPACE_ARRIVES = "its namespace arrives with this change, so the server cannot be asked yet"
ALREADY_SO = "already so in the cluster"
ADOPTS = "adopts an object that exists"
NOT_YET = "not applied yet, though an earlier warrant names it"
GONE = "gone from the cluster already"
NOT_OURS = "gitwarrant did not create it: it will not be deleted"
MADE_AGAIN = "somebody else made it again: it will not be deleted"
RECREATES = "it is missing in the cluster and will be created"

LABEL = ("metadata", "labels", PART_OF)
LABELS = ("metadata", "labels")
NO_NAMESPACE = re.compile(r'namespaces? "[^"]+" not found')


async def refine(
    plan: Plan, cluster: Cluster, inventory: Iterable[InventoryEntry], *, namespace: str
) -> Plan:
    """Replace what the manifests say would happen by what the server says.

    One read and one dry run for each object that would be created or updated,
    one read for each that would be deleted, nothing for the rest. The leaves
    stay as they are: a warrant is made of manifests, never of live state.

    Args:
        plan: made without a cluster.
        inventory: what the log says the environment owns.
        namespace: the environment's own, where the ApplySet's parent lies.

    Raises:
        Refused: the server would refuse an object (stage `plan`), at the object's place.
        ClusterError: we may not ask.
        Unreachable: the server does not answer.
    """
    question = _Question(
        cluster,
        Inventory.of(inventory).by_key,
        {manifest.key: manifest for manifest in plan.manifests},
        applyset_id(parent_key(plan.environment, namespace)),
        frozenset(_defined(plan.manifests)),
        frozenset(
            item.key.name for item in plan.manifests if (item.key.group, item.key.kind) == ("", "Namespace")
        ),
    )
    calls = [partial(question.ask, planned) for planned in plan.objects]
    return replace(plan, objects=tuple(await bounded(cluster.concurrency, calls)))


def _defined(manifests: Sequence[Manifest]) -> set[tuple[str, str]]:
    """The (group, kind) that CustomResourceDefinitions of the plan bring."""
    specs = [
        manifest.content.get("spec") or {}
        for manifest in manifests
        if manifest.kind == "CustomResourceDefinition.apiextensions.k8s.io"
    ]
    return {(str(spec.get("group")), str((spec.get("names") or {}).get("kind"))) for spec in specs}


@dataclass(frozen=True, slots=True)
class _Question:
    cluster: Cluster
    owned: Mapping[ObjectKey, InventoryEntry]
    manifests: Mapping[ObjectKey, Manifest]
    identifier: str
    kinds: frozenset[tuple[str, str]]
    namespaces: frozenset[str]

    async def ask(self, planned: PlannedObject) -> PlannedObject:
        """What would happen to one object."""
        match planned.action:
            case Action.DELETE:
                return await self._deletion(planned)
            case Action.UNCHANGED:
                return self._unchanged(planned)
        manifest = self.manifests[planned.key]
        try:
            return await self._change(planned, manifest)
        except KindUnknown as error:
            if (manifest.key.group, manifest.key.kind) in self.kinds:
                return replace(planned, note=KIND_ARRIVES)
            raise _refused(error, manifest) from error
        except NotFound as error:
            if manifest.key.namespace in self.namespaces and NO_NAMESPACE.search(error.what):
                return replace(planned, note=NAMESPACE_ARRIVES)
            raise _refused(error, manifest) from error
        except (Conflict, Invalid) as error:
            raise _refused(error, manifest) from error

    async def _change(self, planned: PlannedObject, manifest: Manifest) -> PlannedObject:
        key, version = manifest.key, manifest.version
        live = await self.cluster.get(key, version)
        owned = key in self.owned
        content = as_member(manifest.content, self.identifier)
        result = await self.cluster.apply(key, version, content, force=owned, dry_run=True)
        if live is None or result.created:
            note = RECREATES if owned else planned.note
            return replace(planned, action=Action.CREATE, note=note)
        found = tuple(item for item in compare(bare(live), bare(result.content)) if not _our_label(item))
        shown = hide_secrets(found, key.kind)
        if not shown:
            return replace(planned, action=Action.UNCHANGED, differences=(), note=ALREADY_SO)
        note = planned.note if owned else ADOPTS
        return replace(planned, action=Action.UPDATE, differences=shown, note=note)

    async def _deletion(self, planned: PlannedObject) -> PlannedObject:
        try:
            live = await self.cluster.get(planned.key, planned.version)
        except KindUnknown:
            live = None
        if live is None:
            return replace(planned, action=Action.UNCHANGED, differences=(), note=GONE)
        entry = self.owned.get(planned.key)
        if entry is None:
            return replace(planned, note=NOT_OURS)
        return planned if live["metadata"]["uid"] == entry.uid else replace(planned, note=MADE_AGAIN)

    def _unchanged(self, planned: PlannedObject) -> PlannedObject:
        entry, manifest = self.owned.get(planned.key), self.manifests.get(planned.key)
        if manifest is not None and (entry is None or entry.digest != manifest.digest):
            return replace(planned, note=NOT_YET)
        return planned


def _our_label(item: FieldDifference) -> bool:
    """Our own bookkeeping is not a change that anybody has to read."""
    return item.pointer == LABEL or (
        item.pointer == LABELS and not item.before and set(item.after[0]) == {PART_OF}
    )


def _refused(error: GitwarrantError, manifest: Manifest) -> Refused:
    return Refused(error.what, stage="plan", remedy=error.remedy, place=manifest.place)
