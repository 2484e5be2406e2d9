"""Ask the server what a plan would really do, by dry run. Live state narrows a plan, it never widens it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gitwarrant.cluster.adoption import declarers, earlier, given_up, ours_already, takes_over
from gitwarrant.cluster.applyset import PART_OF, applyset_id, as_member, labelled, parent_key
from gitwarrant.cluster.baseline import Baselines, MemoryBaselines
from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import Conflict, Invalid, NotFound, WebhookTrouble
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Plan, PlannedObject
from gitwarrant.objects.annotations import PROTECT, RECREATE, protected
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
IN_PLACE = "the API server changes it in place"

LABEL = ("metadata", "labels", PART_OF)
LABELS = ("metadata", "labels")
NO_NAMESPACE = re.compile(r'namespaces? "[^"]+" not found')


async def refine(
    plan: Plan,
    cluster: Cluster,
    inventory: Sequence[InventoryEntry],
    *,
    namespace: str,
    adopt: Collection[Adoptable] = (),
    attempted: Collection[ObjectKey] = frozenset(),
) -> Plan:
    """Replace what the manifests say would happen by what the server says.

    One read and one dry run for each object that would be created or updated,
    one read for each that would be deleted, nothing for the rest. The leaves
    stay as they are: a warrant is made of manifests, never of live state.

    Args:
        plan: made without a cluster.
        inventory: what the log says the environment owns.
        namespace: the environment's own, where the ApplySet's parent lies.
        adopt: the tools whose objects may be taken over.
        attempted: objects that we once meant to write: a killed apply may have left them half taken over.

    Raises:
        Refused: the server would refuse an object (stage `plan`), at the object's place.
        ClusterError: we may not ask.
        Unreachable: the server does not answer.
    """
    identifier = applyset_id(parent_key(plan.environment, namespace))
    question = _Question(
        cluster,
        {entry.key: entry for entry in inventory},
        {manifest.key: manifest for manifest in plan.manifests},
        Baselines(identifier, cluster, MemoryBaselines()),
        frozenset(_defined(plan.manifests)),
        frozenset(
            item.key.name for item in plan.manifests if (item.key.group, item.key.kind) == ("", "Namespace")
        ),
        earlier(adopt),
        attempted,
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
    baselines: Baselines
    kinds: frozenset[tuple[str, str]]
    namespaces: frozenset[str]
    adopt: frozenset[str]
    attempted: Collection[ObjectKey]

    async def ask(self, planned: PlannedObject) -> PlannedObject:
        """What would happen to one object."""
        match planned.action:
            case Action.DELETE:
                return await self._deletion(planned)
            case Action.UNCHANGED:
                return self._unchanged(planned)
        manifest = self.manifests[planned.key]
        try:
            return await self._writing(planned, manifest)
        except KindUnknown as error:
            if (manifest.key.group, manifest.key.kind) in self.kinds:
                return replace(planned, note=KIND_ARRIVES)
            raise _refused(error, manifest) from error
        except NotFound as error:
            if manifest.key.namespace in self.namespaces and NO_NAMESPACE.search(error.what):
                return replace(planned, note=NAMESPACE_ARRIVES)
            raise _refused(error, manifest) from error
        except (Conflict, Invalid, WebhookTrouble) as error:
            raise _refused(error, manifest) from error

    async def _writing(self, planned: PlannedObject, manifest: Manifest) -> PlannedObject:
        live = await self.cluster.get(manifest.key, manifest.version)
        if planned.action is Action.RUN:
            return await self._run(planned, manifest, live)
        try:
            changed = await self._change(planned, manifest, live)
        except Invalid as error:
            if live is None or planned.key not in self.owned:
                raise
            await self._asked_as_new(manifest, error)
            if planned.action is not Action.RECREATE:
                raise Refused(
                    error.what, stage="plan", remedy=_other_way(manifest), place=manifest.place
                ) from error
            _refuse_protected(planned, live)
            return planned
        narrower = planned.action is Action.RECREATE and changed.action is Action.UPDATE
        return replace(changed, note=IN_PLACE) if narrower else changed

    async def _asked_as_new(self, manifest: Manifest, error: Invalid) -> None:
        """Whether the server would take the object as a new one, so that only the change is refused."""
        try:
            await self.baselines.probed(manifest)
        except (Conflict, Invalid, NotFound):
            raise error from None

    async def _run(self, planned: PlannedObject, manifest: Manifest, live: Content | None) -> PlannedObject:
        """A hook is asked about as if it were new: what is there of its last run goes before."""
        entry = self.owned.get(planned.key)
        ours = live is None or labelled(live, self.baselines.identifier)
        if live is not None and not ours and (entry is None or entry.uid != live["metadata"]["uid"]):
            raise Refused(
                f"{planned.key} is a hook, and something that gitwarrant did not create has its name",
                stage="plan",
                remedy="give the hook another name, or delete what is there",
                place=manifest.place,
            )
        await self.baselines.probed(manifest)
        return planned

    async def _change(
        self, planned: PlannedObject, manifest: Manifest, live: Content | None
    ) -> PlannedObject:
        key, version = manifest.key, manifest.version
        owned = key in self.owned
        label = self.baselines.identifier
        stranger = live is not None and not owned and not labelled(live, label)
        adopts = live is not None and stranger and self._may_adopt(live, manifest)
        content = as_member(manifest.content, label)
        result = await self.cluster.apply(key, version, content, force=owned or adopts, dry_run=True)
        if live is not None and stranger and not adopts:
            raise _somebodys(live, manifest)
        if live is None or result.created:
            note = RECREATES if owned else planned.note
            return replace(planned, action=Action.CREATE, note=note)
        found = {item.pointer: item for item in compare(bare(live), bare(result.content))}
        if adopts:
            found |= {item.pointer: item for item in given_up(live, content, self.adopt)}
        shown = hide_secrets([item for item in found.values() if not _our_label(item)], key.kind)
        if adopts:
            return replace(planned, action=Action.UPDATE, differences=shown, note=ADOPTS)
        if not shown:
            return replace(planned, action=Action.UNCHANGED, differences=(), note=ALREADY_SO)
        return replace(planned, action=Action.UPDATE, differences=shown)

    def _may_adopt(self, live: Content, manifest: Manifest) -> bool:
        """Whether what is not ours may be taken over, or an apply was killed in the middle of that."""
        if takes_over(live, self.adopt):
            return True
        return manifest.key in self.attempted and ours_already(live)

    async def _deletion(self, planned: PlannedObject) -> PlannedObject:
        try:
            live = await self.cluster.get(planned.key, planned.version)
        except KindUnknown:
            live = None
        if live is None:
            return replace(planned, action=Action.UNCHANGED, differences=(), note=GONE)
        _refuse_protected(planned, live)
        entry = self.owned.get(planned.key)
        if entry is None:
            return replace(planned, note=NOT_OURS)
        return planned if live["metadata"]["uid"] == entry.uid else replace(planned, note=MADE_AGAIN)

    def _unchanged(self, planned: PlannedObject) -> PlannedObject:
        entry, manifest = self.owned.get(planned.key), self.manifests.get(planned.key)
        if manifest is not None and (entry is None or entry.digest != manifest.digest):
            return replace(planned, note=NOT_YET)
        return planned


def _refuse_protected(planned: PlannedObject, live: Content) -> None:
    """What it was warranted as may no longer be at hand for plan: the live object says it, too."""
    if protected(live):
        raise Refused(
            f"{planned.key} would be deleted, and is protected by '{PROTECT}' in the cluster",
            stage="plan",
            remedy="keep it, or first land a change that removes the annotation",
            place=planned.place,
        )


def _other_way(manifest: Manifest) -> str:
    return (
        f"leave these fields as they are, give the object another name, or let the environment "
        f"'recreate: [{manifest.kind}]', and where that does not do, annotate it with '{RECREATE}: allow'"
    )


def _our_label(item: FieldDifference) -> bool:
    """Our own bookkeeping is not a change that anybody has to read."""
    return item.pointer == LABEL or (
        item.pointer == LABELS and not item.before and set(item.after[0]) == {PART_OF}
    )


def _somebodys(live: Content, manifest: Manifest) -> Refused:
    """That an object is there which nobody asked to take over; conflicts would have been said before."""
    declared_by = ", ".join(tool.value for tool in declarers(live)) or "none of the tools we know"
    return Refused(
        f"{manifest.key} exists, and this environment did not create it (declared by {declared_by})",
        stage="plan",
        remedy="let the environment take it over: 'adopt' in .gitwarrant/environments.yaml; or delete it",
        place=manifest.place,
    )


def _refused(error: GitwarrantError, manifest: Manifest) -> Refused:
    return Refused(error.what, stage="plan", remedy=error.remedy, place=manifest.place)
