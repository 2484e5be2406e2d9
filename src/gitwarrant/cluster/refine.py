"""Ask the server what a plan would really do, by dry run. Live state narrows a plan, it never widens it."""

import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from gitwarrant.cluster.adoption import declarers, earlier, given_up, ours_already, takes_over
from gitwarrant.cluster.applyset import PART_OF, applyset_id, as_member, labelled, parent_key
from gitwarrant.cluster.baseline import Baselines, BaselineStore, moved_on
from gitwarrant.cluster.client import Cluster, KindUnknown, Written
from gitwarrant.cluster.order import bounded
from gitwarrant.cluster.refusal import ClusterError, Conflict, Invalid, NotFound, WebhookTrouble
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Plan, PlannedObject
from gitwarrant.objects.annotations import PROTECT, RECREATE, protected
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
IN_PLACE = "the API server changes it in place"

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


NEW = Met("", "", digest(()))
"""What is met where there is no object."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says of one object; `met` is None where nothing could be tried under its own name."""

    planned: PlannedObject
    met: Met | None = None


@dataclass(frozen=True, slots=True)
class Refined:
    """A plan as the server sees it, and what it met, by object."""

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
    inventory: Iterable[InventoryEntry],
    *,
    namespace: str,
    baselines: BaselineStore,
    adopt: Collection[Adoptable] = (),
    attempted: Container[ObjectKey] = frozenset(),
) -> Refined:
    """Replace what the manifests say would happen by what the server says.

    One dry run for each object that would be written, one read for each that
    would be deleted, nothing for the rest. What an object is changed from is
    known from its baseline; it is read only where that does not explain the
    server's answer. The leaves stay as they are: a warrant is made of
    manifests, never of live state.

    Args:
        plan: made without a cluster.
        inventory: what the log says the environment owns.
        namespace: the environment's own, where the ApplySet's parent lies.
        baselines: of what was applied last.
        adopt: the tools whose objects may be taken over.
        attempted: objects that we once meant to write: a killed apply may have left them half taken over.

    Raises:
        Refused: the server would refuse an object (stage `plan`), at the object's place.
        ClusterError: we may not ask.
        Unreachable: the server does not answer.
    """
    identifier = applyset_id(parent_key(plan.environment, namespace))
    question = Question(
        cluster,
        Inventory.of(inventory).by_key,
        {manifest.key: manifest for manifest in plan.manifests},
        Baselines(identifier, cluster, baselines),
        frozenset(_defined(plan.manifests)),
        frozenset(
            item.key.name for item in plan.manifests if (item.key.group, item.key.kind) == ("", "Namespace")
        ),
        earlier(adopt),
        attempted,
    )
    moving = [planned for planned in plan.objects if question.moves(planned)]
    answers = await bounded(cluster.concurrency, [partial(question.ask, planned) for planned in moving])
    asked = {answer.planned.key: answer for answer in answers}
    objects = tuple(asked[item.key].planned if item.key in asked else item for item in plan.objects)
    met = {key: answer.met for key, answer in asked.items() if answer.met}
    return Refined(replace(plan, objects=objects), met, question)


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
    adopt: frozenset[str]
    attempted: Container[ObjectKey]
    missing: set[str] = field(default_factory=set)
    """Namespaces that the change brings and the server does not have: nothing in them need be asked."""

    def moves(self, planned: PlannedObject) -> bool:
        """Whether it is written: what stays as it was warranted may still be owed by an earlier warrant."""
        if planned.action is not Action.UNCHANGED:
            return True
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
        if manifest.key.namespace in self.missing:
            return Answer(replace(planned, note=NAMESPACE_ARRIVES))
        try:
            return await self._writing(planned, manifest)
        except KindUnknown as error:
            if (manifest.key.group, manifest.key.kind) in self.kinds:
                return Answer(replace(planned, note=KIND_ARRIVES))
            raise _refused(error, manifest) from error
        except NotFound as error:
            if manifest.key.namespace in self.namespaces and NO_NAMESPACE.search(error.what):
                self.missing.add(manifest.key.namespace)
                return Answer(replace(planned, note=NAMESPACE_ARRIVES))
            raise _refused(error, manifest) from error
        except (Conflict, Invalid, WebhookTrouble) as error:
            raise _refused(error, manifest) from error

    async def _writing(self, planned: PlannedObject, manifest: Manifest) -> Answer:
        if planned.action is Action.RUN:
            return Answer(await self._run(planned, manifest))
        if planned.key not in self.owned:
            return await self._addition(planned, manifest)
        try:
            answer = await self._change(planned, manifest)
        except Invalid as error:
            live = await self.cluster.get(manifest.key, manifest.version)
            if live is None:
                raise
            await self._asked_as_new(manifest, error)
            if planned.action is not Action.RECREATE:
                raise Refused(
                    error.what, stage="plan", remedy=_other_way(manifest), place=manifest.place
                ) from error
            _refuse_protected(planned, live)
            return Answer(planned)
        if planned.action is Action.RECREATE and answer.planned.action is Action.UPDATE:
            return replace(answer, planned=replace(answer.planned, note=IN_PLACE))
        return answer

    async def _asked_as_new(self, manifest: Manifest, error: Invalid) -> None:
        """Whether the server would take the object as a new one, so that only the change is refused."""
        try:
            await self.baselines.probed(manifest)
        except (Conflict, Invalid, NotFound):
            raise error from None

    async def _run(self, planned: PlannedObject, manifest: Manifest) -> PlannedObject:
        """A hook is asked about as if it were new: what is there of its last run goes before."""
        live, entry = await self.cluster.get(manifest.key, manifest.version), self.owned.get(planned.key)
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

    async def _tried(self, manifest: Manifest, *, force: bool) -> Written:
        content = as_member(manifest.content, self.baselines.identifier)
        return await self.cluster.apply(manifest.key, manifest.version, content, force=force, dry_run=True)

    async def _change(self, planned: PlannedObject, manifest: Manifest) -> Answer:
        """What becomes of an object that is ours."""
        result = await self._tried(manifest, force=True)
        if result.created:
            return Answer(replace(planned, action=Action.CREATE, note=RECREATES), NEW)
        found = await self._explained(manifest, result)
        if found is None:
            live = await self.cluster.get(manifest.key, manifest.version)
            found = tuple(compare(bare(live or {}), bare(result.content)))
        return _update(planned, result, found)

    async def _explained(self, manifest: Manifest, result: Written) -> tuple[FieldDifference, ...] | None:
        """What the manifest changes in the baseline, if that is all that the object is beside it then."""
        entry = self.owned[manifest.key]
        if entry.uid != result.uid:
            return None
        try:
            before = await self.baselines.known(manifest.key, entry.version, entry.digest)
        except ClusterError:
            return None
        truth = moved_on(before, manifest) if before else None
        if before is None or truth is None or self.baselines.beside(manifest, truth, result.content):
            return None
        return tuple(compare(before.content, truth))

    async def _addition(self, planned: PlannedObject, manifest: Manifest) -> Answer:
        """What becomes of an object that is not ours yet: it may be there, and another tool's."""
        try:
            result = await self._tried(manifest, force=False)
            if result.created:
                return Answer(replace(planned, action=Action.CREATE), NEW)
        except Conflict:
            live = await self.cluster.get(manifest.key, manifest.version)
            if (
                live is None
                or labelled(live, self.baselines.identifier)
                or not self._may_adopt(live, manifest)
            ):
                raise
            return await self._adoption(planned, manifest, live)
        live = await self.cluster.get(manifest.key, manifest.version)
        if live is None:  # it went while we looked
            return Answer(replace(planned, action=Action.CREATE), NEW)
        if labelled(live, self.baselines.identifier):
            return _update(planned, result, tuple(compare(bare(live), bare(result.content))))
        if not self._may_adopt(live, manifest):
            raise _somebodys(live, manifest)
        return await self._adoption(planned, manifest, live)

    async def _adoption(self, planned: PlannedObject, manifest: Manifest, live: Content) -> Answer:
        """Before it is written its fields are moved to us, so it will not be the one that is met here."""
        result = await self._tried(manifest, force=True)
        content = as_member(manifest.content, self.baselines.identifier)
        found = {item.pointer: item for item in compare(bare(live), bare(result.content))}
        found |= {item.pointer: item for item in given_up(live, content, self.adopt)}
        shown = hide_secrets(_shown(found.values()), manifest.key.kind)
        return Answer(replace(planned, action=Action.UPDATE, differences=shown, note=ADOPTS))

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


def _update(planned: PlannedObject, result: Written, found: Iterable[FieldDifference]) -> Answer:
    """An object that is there and would be changed so, or is so already."""
    moved = _shown(found)
    met = Met(result.uid, result.resource_version, digest(moved))
    if not moved:
        return Answer(replace(planned, action=Action.UNCHANGED, differences=(), note=ALREADY_SO), met)
    shown = hide_secrets(moved, planned.key.kind)
    return Answer(replace(planned, action=Action.UPDATE, differences=shown), met)


def _shown(found: Iterable[FieldDifference]) -> tuple[FieldDifference, ...]:
    return tuple(item for item in found if not _our_label(item))


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
