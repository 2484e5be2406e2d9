"""Look at everything an environment owns: is it healthy, is it as warranted, and put it back where asked."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Self

from gitwarrant.audit.group import Gathering
from gitwarrant.audit.queries import key_of
from gitwarrant.audit.recorder import Clock, Recorder, Selection, object_body
from gitwarrant.cluster.applyset import applyset_id, parent_key
from gitwarrant.cluster.autoscalers import Autoscalers
from gitwarrant.cluster.baseline import Baselines, BaselineStore
from gitwarrant.cluster.client import Cluster, KindUnknown
from gitwarrant.cluster.drift import NO_RULES, Judged, unjudged
from gitwarrant.cluster.health.judge import DEADLINE, HealthJudge
from gitwarrant.cluster.health.rules import rules_of
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.judging import Judging
from gitwarrant.cluster.ledger import RevertLedger
from gitwarrant.cluster.order import bounded, rank
from gitwarrant.cluster.refusal import ClusterError, ServerTrouble
from gitwarrant.cluster.restraint import restraint
from gitwarrant.cluster.revert import Reverter
from gitwarrant.cluster.undeclared import Estate, undeclared
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.environment import DriftMode, HealthRule
from gitwarrant.model.live import (
    Drift,
    DriftKind,
    Explained,
    Health,
    InventoryEntry,
    ObjectHealth,
    Observation,
    Seen,
)
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import Leaf
from gitwarrant.model.record import RecordKind
from gitwarrant.objects.difference import path
from gitwarrant.objects.turns import is_hook

Live = Mapping[str, Any]
Proposer = Callable[[Manifest, Drift], str]


async def observe(
    viewer: "Viewer",
    manifests: Sequence[Manifest],
    inventory: Iterable[InventoryEntry],
    *,
    explain: bool = False,
    estate: Estate | None = None,
) -> Observation:
    """Compare every object with its baseline, and put it back where the mode is revert.

    Only what the log says was applied is ever written back: a manifest whose
    digest is not the inventory's is reported, not applied.

    Args:
        viewer: who looks, and by which terms.
        manifests: of the last warrant.
        inventory: what the log says the environment owns.
        explain: give exempt and ignored differences as well.
        estate: where to look for what nobody declared; without one, nobody looks.

    Raises:
        Unreachable: the server does not answer; nothing is said about any object then.
    """
    owned, cluster = {entry.key: entry for entry in inventory}, viewer.cluster
    ordered = sorted(manifests, key=lambda item: (rank(item.key.group, item.key.kind), item.key))
    calls = [partial(viewer.look, manifest, owned.get(manifest.key)) for manifest in ordered]
    seen = await bounded(cluster.concurrency, calls)
    strangers, wanted = await undeclared(cluster, estate) if estate else ([], [])
    for stranger in strangers:
        viewer.record_drift(stranger)
    viewer.gathering.write()
    drifts = [item.drift for item in seen if item.drift] + strangers
    explained = [item.explained for item in seen if item.explained] + wanted
    return Observation(
        viewer.environment,
        tuple(sorted((item.health for item in seen), key=lambda item: item.key)),
        tuple(sorted(drifts, key=lambda item: item.key)),
        tuple(sorted(item.health.key for item in seen if item.reverted)),
        tuple(sorted(explained, key=lambda item: item.key)) if explain else (),
    )


@dataclass(frozen=True, slots=True)
class Viewer:
    """Looks at objects one by one, records what is new of them, and puts them back where the mode is revert.

    `known` are the verdicts that need not be recorded again.
    """

    environment: str
    cluster: Cluster
    recorder: Recorder
    judging: Judging
    mode: DriftMode
    now: Clock
    restrained: bool
    healthy: HealthJudge
    gathering: Gathering
    known: Collection[Digest]
    proposer: Proposer | None = None

    @classmethod
    def of(
        cls,
        environment: str,
        inventory: Iterable[InventoryEntry],
        cluster: Cluster,
        recorder: Recorder,
        *,
        mode: DriftMode,
        baselines: BaselineStore,
        namespace: str,
        now: Clock,
        rules: tuple[HealthRule, ...] = (),
        deadline: timedelta = DEADLINE,
        ignoring: Ignoring = NO_RULES,
        known: Collection[Digest] = frozenset(),
        restrained: bool = True,
        proposer: Proposer | None = None,
    ) -> Self:
        """Who looks at this environment.

        Args:
            inventory: what the log says the environment owns.
            namespace: the environment's own, where the ApplySet's parent lies.
            now: tells when something may be put back again.
            rules: how the configuration wants the health of kinds judged.
            deadline: how long an object may be progressing before it has failed.
            ignoring: the differences that the configuration lets be.
            restrained: whether to wait between tries, and to give a fight up; a person need not.
            proposer: what makes a patch of the repository out of a drift, for the log.
        """
        kept = Baselines(applyset_id(parent_key(environment, namespace)), cluster, baselines)
        autoscalers = Autoscalers(cluster, frozenset(entry.uid for entry in inventory))
        judging = Judging(environment, recorder, kept, autoscalers, ignoring)
        healthy = HealthJudge(environment, rules_of(rules), deadline, recorder, now)
        gathering = Gathering(recorder)
        return cls(
            environment,
            cluster,
            recorder,
            judging,
            mode,
            now,
            restrained,
            healthy,
            gathering,
            known,
            proposer,
        )

    def anew(self, known: Collection[Digest]) -> Self:
        """The same for a later look: nothing that was read for earlier ones is believed."""
        return replace(self, judging=self.judging.anew(), known=known)

    def plainly(self, leaf: Leaf, entry: InventoryEntry, live: Live) -> Seen | None:
        """See without a call that an object is healthy and as warranted; None: it takes a proper look."""
        if entry.digest != leaf.digest or not self.judging.plainly(entry, live):
            return None
        verdict = self.healthy.judge(entry.key, live)
        return self._seen(verdict, None) if verdict.health is Health.HEALTHY else None

    async def look(self, manifest: Manifest, entry: InventoryEntry | None) -> Seen:
        """Look at one object."""
        key = manifest.key
        try:
            live = await self.cluster.get(key, manifest.version)
        except KindUnknown:
            live = None
        except (ClusterError, ServerTrouble) as error:
            return self._seen(ObjectHealth(key, Health.UNKNOWN, error.what), unjudged(key, error.what))
        applied = entry is not None and entry.digest == manifest.digest
        if is_hook(manifest.content) and (live is None or (entry is not None and not applied)):
            return self._seen(ObjectHealth(key, Health.HEALTHY, ""), None)  # it ran, or has not to run yet
        if entry is None or not applied:
            return self._seen(await self._health(key, live), _not_applied(key, entry, live))
        try:
            return await self._compared(manifest, entry, live)
        except (ClusterError, ServerTrouble) as error:
            return self._seen(await self._health(key, live), unjudged(key, error.what))

    async def _compared(self, manifest: Manifest, entry: InventoryEntry, live: Live | None) -> Seen:
        judged, terms = await self.judging.judged(manifest, entry, live)
        explained = Explained(manifest.key, judged.fields) if judged.fields else None
        if judged.drift is None or not self._acts_on(judged.drift):
            return self._seen(await self._health(manifest.key, live), judged.drift, explained, manifest)
        fields = tuple(path(item.pointer) for item in judged.differences) or ("",)
        held = restraint(self.recorder, self.environment, manifest.key, fields, self.now())
        if held is not None and self.restrained:
            drift = replace(judged.drift, note=f"not put back: {held.why}", fought=held.fought)
            return self._seen(await self._health(manifest.key, live), drift, explained)
        self.record_drift(judged.drift)
        ledger = RevertLedger(self.recorder, self.environment, manifest, fields)
        reverter = Reverter(self.cluster, ledger, manifest, self.judging.baselines.identifier, terms)
        return replace(await self._put_back(reverter, judged, live), explained=explained)

    def _acts_on(self, drift: Drift) -> bool:
        """Whether it is put back. What the server itself does now, and what is going away, cannot be."""
        return self.mode is DriftMode.REVERT and drift.kind not in (DriftKind.ADMISSION, DriftKind.DELETING)

    async def _put_back(self, reverter: Reverter, judged: Judged, live: Live | None) -> Seen:
        key, drift = reverter.terms.key, judged.drift
        try:
            current = await reverter.revert(judged, live)
        except (ClusterError, ServerTrouble) as error:
            noted = replace(drift, note=f"it could not be put back: {error.what}") if drift else None
            return self._seen(await self._health(key, live), noted)
        return Seen(self._record_health(await self._health(key, current)), drift, reverted=True)

    async def _health(self, key: ObjectKey, live: Live | None) -> ObjectHealth:
        verdict = self.healthy.judge(key, live)
        if live is None or verdict.health is Health.HEALTHY:
            return verdict
        return self.healthy.judge(key, live, await self._pods(key, live))

    async def _pods(self, key: ObjectKey, live: Live) -> list[Content]:
        """The Pods that a workload selects: they know why it waits."""
        selector = (live.get("spec") or {}).get("selector")
        labels = selector.get("matchLabels") if isinstance(selector, dict) else None
        if key.group not in ("apps", "batch") or not labels:
            return []
        wanted = ",".join(f"{name}={value}" for name, value in sorted(labels.items()))
        try:
            return [pod async for pod in self.cluster.list("", "v1", "Pod", key.namespace, labels=wanted)]
        except (ClusterError, ServerTrouble):  # a reason less; the verdict stands without it
            return []

    def _seen(
        self,
        verdict: ObjectHealth,
        drift: Drift | None,
        explained: Explained | None = None,
        manifest: Manifest | None = None,
    ) -> Seen:
        if drift is not None:
            self.record_drift(drift, manifest)
        return Seen(self._record_health(verdict), drift, explained=explained)

    def _record_health(self, verdict: ObjectHealth) -> ObjectHealth:
        if not self.known or digest(verdict) not in self.known:
            body = {
                "object": object_body(verdict.key, ""),
                "health": verdict.health.value,
                "reason": verdict.reason,
            }
            self.gathering.append(RecordKind.HEALTH, self.environment, body)
        return verdict

    def record_drift(self, drift: Drift, manifest: Manifest | None = None) -> None:
        """Write a drift into the log, unless it was seen before; with a proposal where somebody makes one."""
        if digest(drift) not in self.known:
            proposal = self.proposer(manifest, drift) if self.proposer and manifest else ""
            self.recorder.append(RecordKind.DRIFT_FOUND, self.environment, drift_body(drift, proposal))


def told(recorder: Recorder, environment: str, previous: Observation | None = None) -> frozenset[Digest]:
    """What need not be recorded again: what was seen last, or the health that the log last told."""
    if previous:
        return frozenset(map(digest, (*previous.drifts, *previous.health)))
    newest = recorder.read(0, Selection(frozenset({RecordKind.HEALTH}), environment, latest=True))
    return frozenset(
        digest(ObjectHealth(key_of(record), Health(record.body["health"]), str(record.body["reason"])))
        for record in newest
    )


def drift_body(drift: Drift, proposal: str = "") -> dict[str, Any]:
    """The body of a `drift-found` record."""
    return {
        "object": object_body(drift.key, ""),
        "drift": drift.kind.value,
        "differences": [
            {"field": path(item.pointer), "before": list(item.before), "after": list(item.after)}
            for item in drift.differences
        ],
        "managers": list(drift.managers),
        "note": drift.note,
        **({"proposal": proposal} if proposal else {}),
    }


def _not_applied(key: ObjectKey, entry: InventoryEntry | None, live: Live | None) -> Drift:
    if entry is not None:
        return unjudged(key, "another content than the warrant's was applied last: apply again")
    if live is not None:
        return unjudged(key, "it exists, but was not applied yet: apply again")
    return Drift(key, DriftKind.MISSING, (), (), "it was never applied")
