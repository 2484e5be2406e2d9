"""Ask the server what a plan would really do, by dry run. Live state narrows a plan, it never widens it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gitwarrant.cluster.applyset import PART_OF, applyset_id, as_member, parent_key
from gitwarrant.cluster.baseline import Baselines, BaselineStore, moved_on
from gitwarrant.cluster.client import Cluster, KindUnknown, Written
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import ClusterError, Conflict, Invalid, NotFound
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.errors import GitwarrantError, Place, Refused
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Plan, PlannedObject
from gitwarrant.objects.difference import bare, compare, hide_secrets
from gitwarrant.objects.turns import hook

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


@dataclass(frozen=True, slots=True)
class Met:
    """What a dry run met: the object as it was then, and what the apply would change of it.

    An empty uid: there was none, it would be created.
    """

    uid: str
    resource_version: str
    change: Digest

    @property
    def preconditions(self) -> dict[str, str]:
        """What makes the server refuse a write that was planned for another object, or an earlier state."""
        return {"uid": self.uid, "resourceVersion": self.resource_version} if self.uid else {}

    def same(self, other: "Met") -> bool:
        """Whether the same object would be changed in the same way, whatever else became of it."""
        return (self.uid, self.change) == (other.uid, other.change)


@dataclass(frozen=True, slots=True)
class Refined:
    """A plan as the server sees it, and by object what it met."""

    plan: Plan
    met: Mapping[ObjectKey, Met]
    question: "Question"

    async def again(self, key: ObjectKey) -> Met | None:
        """Ask again about one object that moved on since.

        Raises:
            Refused, ClusterError, Unreachable: as `refine`.
        """
        [planned] = (item for item in self.plan.objects if item.key == key)
        return (await self.question.ask(planned)).met


async def refine(
    plan: Plan,
    cluster: Cluster,
    inventory: Sequence[InventoryEntry],
    *,
    namespace: str,
    baselines: BaselineStore,
) -> Refined:
    """Replace what the manifests say would happen by what the server says.

    One dry run for each object that would be written or deleted, nothing for
    the rest. What an object would be changed from is known from its baseline;
    it is read only where that does not explain the server's answer. The leaves
    stay as they are: a warrant is made of manifests, never of live state.

    Args:
        plan: made without a cluster.
        inventory: what the log says the environment owns.
        namespace: the environment's own, where the ApplySet's parent lies.
        baselines: of what was applied last.

    Raises:
        Refused: the server would refuse an object (stage `plan`), at the object's place.
        ClusterError: we may not ask.
        Unreachable: the server does not answer.
    """
    identifier = applyset_id(parent_key(plan.environment, namespace))
    question = Question(
        cluster,
        {entry.key: entry for entry in inventory},
        {manifest.key: manifest for manifest in plan.manifests},
        Baselines(identifier, cluster, baselines),
        frozenset(_defined(plan.manifests)),
        frozenset(
            item.key.name for item in plan.manifests if (item.key.group, item.key.kind) == ("", "Namespace")
        ),
    )
    asked = {
        index: partial(question.ask, planned)
        for index, planned in enumerate(plan.objects)
        if question.moves(planned)
    }
    answers = dict(zip(asked, await bounded(cluster.concurrency, list(asked.values())), strict=True))
    objects = tuple(
        answers[index].planned if index in answers else item for index, item in enumerate(plan.objects)
    )
    met = {answer.planned.key: answer.met for answer in answers.values() if answer.met}
    return Refined(replace(plan, objects=objects), met, question)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says of one object; `met` is None where nothing could be tried under its own name."""

    planned: PlannedObject
    met: Met | None = None


def _defined(manifests: Sequence[Manifest]) -> set[tuple[str, str]]:
    """The (group, kind) that CustomResourceDefinitions of the plan bring."""
    specs = [
        manifest.content.get("spec") or {}
        for manifest in manifests
        if manifest.kind == "CustomResourceDefinition.apiextensions.k8s.io"
    ]
    return {(str(spec.get("group")), str((spec.get("names") or {}).get("kind"))) for spec in specs}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the server about the objects of one plan."""

    cluster: Cluster
    owned: Mapping[ObjectKey, InventoryEntry]
    manifests: Mapping[ObjectKey, Manifest]
    baselines: Baselines
    kinds: frozenset[tuple[str, str]]
    namespaces: frozenset[str]

    def moves(self, planned: PlannedObject) -> bool:
        """Whether something would be written: an object that stays as it was warranted may still be owed."""
        return planned.action is not Action.UNCHANGED or self._owes(planned)

    def _owes(self, planned: PlannedObject) -> bool:
        entry, manifest = self.owned.get(planned.key), self.manifests.get(planned.key)
        if manifest is None or hook(manifest.content):
            return False
        return entry is None or entry.digest != manifest.digest

    async def ask(self, planned: PlannedObject) -> Answer:
        """What would happen to one object."""
        if planned.action is Action.DELETE:
            return Answer(await self._deletion(planned))
        if planned.action is Action.UNCHANGED:
            planned = replace(planned, note=NOT_YET)
        manifest = self.manifests[planned.key]
        try:
            return await self._change(planned, manifest)
        except KindUnknown as error:
            if (manifest.key.group, manifest.key.kind) in self.kinds:
                return Answer(replace(planned, note=KIND_ARRIVES))
            raise _refused(error, manifest.place) from error
        except NotFound as error:
            if manifest.key.namespace in self.namespaces and NO_NAMESPACE.search(error.what):
                return Answer(replace(planned, note=NAMESPACE_ARRIVES))
            raise _refused(error, manifest.place) from error
        except (Conflict, Invalid) as error:
            raise _refused(error, manifest.place) from error

    async def _change(self, planned: PlannedObject, manifest: Manifest) -> Answer:
        key, owned = manifest.key, manifest.key in self.owned
        if planned.action is Action.RUN:  # what is there of it is deleted before
            await self.baselines.probed(manifest)
            return Answer(planned)
        content = as_member(manifest.content, self.baselines.identifier)
        try:
            result = await self.cluster.apply(key, manifest.version, content, force=owned, dry_run=True)
        except Invalid:
            if planned.action is not Action.RECREATE:
                raise
            await self.baselines.probed(manifest)
            return Answer(planned)
        if result.created:
            note = RECREATES if owned else planned.note
            return Answer(replace(planned, action=Action.CREATE, note=note), Met("", "", digest(())))
        found = await self._differences(manifest, result)
        met = Met(result.uid, result.resource_version, digest(found))
        shown = hide_secrets(found, key.kind)
        if not shown:
            return Answer(replace(planned, action=Action.UNCHANGED, differences=(), note=ALREADY_SO), met)
        note = planned.note if owned else ADOPTS
        return Answer(replace(planned, action=Action.UPDATE, differences=shown, note=note), met)

    async def _differences(self, manifest: Manifest, result: Written) -> tuple[FieldDifference, ...]:
        """What the apply would change, by what is known of the object; read only where that is not enough."""
        known = await self._explained(manifest, result)
        if known is not None:
            return known
        live = await self.cluster.get(manifest.key, manifest.version)
        found = compare(bare(live or {}), bare(result.content))
        return tuple(item for item in found if not _our_label(item))

    async def _explained(self, manifest: Manifest, result: Written) -> tuple[FieldDifference, ...] | None:
        """What the manifest changes in its baseline, if the server makes the same of the object."""
        entry = self.owned.get(manifest.key)
        if entry is None or entry.uid != result.uid:
            return None
        try:
            before = await self.baselines.known(manifest.key, entry.version, entry.digest)
        except ClusterError:
            return None
        truth = moved_on(before, manifest) if before else None
        if before is None or truth is None or self.baselines.beside(manifest, truth, result.content):
            return None
        return tuple(compare(before.content, truth))

    async def _deletion(self, planned: PlannedObject) -> PlannedObject:
        entry = self.owned.get(planned.key)
        try:
            if entry is not None and await self.cluster.delete(
                planned.key, planned.version, uid=entry.uid, dry_run=True
            ):
                return planned
            live = await self.cluster.get(planned.key, planned.version) if entry is None else None
        except KindUnknown:
            live = None
        except Conflict:  # another uid, or a namespace that is being emptied
            live = await self.cluster.get(planned.key, planned.version)
        except Invalid as error:
            raise _refused(error, planned.place) from error
        if live is None:
            return replace(planned, action=Action.UNCHANGED, differences=(), note=GONE)
        if entry is None:
            return replace(planned, note=NOT_OURS)
        return planned if live["metadata"]["uid"] == entry.uid else replace(planned, note=MADE_AGAIN)


def _our_label(item: FieldDifference) -> bool:
    """Our own bookkeeping is not a change that anybody has to read."""
    return item.pointer == LABEL or (
        item.pointer == LABELS and not item.before and set(item.after[0]) == {PART_OF}
    )


def _refused(error: GitwarrantError, place: Place) -> Refused:
    return Refused(error.what, stage="plan", remedy=error.remedy, place=place)
