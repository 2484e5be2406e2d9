"""What has to hold before an object's turn comes: what is before it is written, and healthy."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from gitwarrant.audit.queries import last_health
from gitwarrant.cluster.applying.gone import FIRST_WAIT, LONGEST_WAIT, until_gone
from gitwarrant.cluster.applying.schedule import Step
from gitwarrant.cluster.applying.work import Work
from gitwarrant.cluster.client import KindUnknown
from gitwarrant.cluster.health.judge import asked_for
from gitwarrant.cluster.order import bounded
from gitwarrant.model.live import AppliedObject, Health, ObjectHealth, Result
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf
from gitwarrant.model.turn import Phase, Turn

READY = frozenset({Health.HEALTHY, Health.SUSPENDED})
"""What lets the next wave begin: what somebody stopped on purpose would be waited for in vain."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An object that stands and that others may have to wait for."""

    key: ObjectKey
    version: str
    turn: Turn


@dataclass(slots=True)
class Gate:
    """Decides, step by step, what may go on.

    Args:
        home: the environment's own namespace, without which nothing is written.
        standing: the objects that are there afterwards, without hooks: those were waited for when they ran.
        manifests: of what is written, to know which kinds definitions bring.
    """

    work: Work
    home: str
    standing: tuple[Standing, ...]
    manifests: Mapping[ObjectKey, Manifest]
    _undone: str = ""
    _missing: dict[str, str] = field(default_factory=dict)
    """Namespaces and kinds that were to be there, and why they are not."""
    _deleted: list[tuple[Leaf, str]] = field(default_factory=list)
    _healthy: set[ObjectKey] | None = None

    @property
    def homeless(self) -> bool:
        """Whether the environment's own namespace was to be there, and is not."""
        return self.home in self._missing

    async def closed(self, step: Step) -> str:
        """Why a step cannot begin; empty: it can."""
        if step.deletes:
            # What stood stays until all that is to stand was written.
            return self._undone or next(iter(self._missing.values()), "") or await self._still_there()
        if step.turn.phase is Phase.FOUNDATION:
            return ""
        return self._undone or await self._unhealthy(step.turn)

    def needs(self, leaf: Leaf) -> str:
        """Why one object cannot be written: its namespace or its kind is not there; empty: it can."""
        needed = (self.home, leaf.namespace, f"{leaf.kind}.{leaf.group}")
        return next((self._missing[name] for name in needed if name in self._missing), "")

    def note(self, step: Step, results: Sequence[AppliedObject]) -> None:
        """Learn what became of a step."""
        for item in results:
            if item.undone:
                what = f"{item.key} {'failed' if item.result is Result.FAILED else 'was not tried either'}"
                if step.turn.phase is Phase.FOUNDATION and not step.deletes:
                    self._missing[self._brings(item.key)] = what
                else:
                    self._undone = self._undone or what
        if step.deletes:
            uids = {item.key: item.uid for item in results if item.uid}
            self._deleted = [(leaf, uids[leaf.key]) for leaf in step.leaves if leaf.key in uids]

    def _brings(self, key: ObjectKey) -> str:
        """What others need of it: a namespace's name, or the kind that a definition defines."""
        if key.kind == "Namespace":
            return key.name
        spec = self.manifests[key].content.get("spec") or {}
        return f"{(spec.get('names') or {}).get('kind')}.{spec.get('group')}"

    async def _still_there(self) -> str:
        """Wait until what was deleted before is gone."""
        calls = [partial(until_gone, self.work, leaf, uid) for leaf, uid in self._deleted]
        stuck = await bounded(self.work.cluster.concurrency, calls)
        for (leaf, _), why in zip(self._deleted, stuck, strict=True):
            if why:
                return f"{leaf.key}: {why}"
        return ""

    async def _unhealthy(self, coming: Turn) -> str:
        """Wait until everything of earlier turns is healthy; which one is not, after all that it may take."""
        begun, wait = time.monotonic(), FIRST_WAIT
        waiting = [
            item for item in self.standing if item.turn.phase > Phase.FOUNDATION and item.turn < coming
        ]
        while waiting := [item for item in waiting if item.key not in self._known()]:
            calls = [partial(self._look, item) for item in waiting]
            looks = await bounded(self.work.cluster.concurrency, calls)
            late = [(seen, patience) for seen, patience in looks if seen.health not in READY]
            self._known().update({item.key for item in waiting} - {seen.key for seen, _ in late})
            for seen, patience in late:
                if seen.health is Health.FAILED or time.monotonic() - begun >= patience:
                    return f"{seen.key} is {seen.health.value}: {seen.reason}"
            await asyncio.sleep(wait if late else 0)
            wait = min(2 * wait, LONGEST_WAIT)
        return ""

    async def _look(self, item: Standing) -> tuple[ObjectHealth, float]:
        """How an object is, and how many seconds it may take to become healthy."""
        try:
            live = await self.work.cluster.get(item.key, item.version)
        except KindUnknown:
            live = None
        asked = asked_for(live) if live else None
        patience = asked.total_seconds() if asked else self.work.patience
        return self.work.health(item.key, live), patience

    def _known(self) -> set[ObjectKey]:
        """What needs no look: the answer to our write said it is healthy, or the log last did."""
        if self._healthy is None:
            seen = last_health(self.work.ledger.recorder, self.work.ledger.environment)
            self._healthy = {key for key, item in seen.items() if item.health is Health.HEALTHY}
        for key, verdict in self.work.verdicts.items():
            if verdict.health is Health.HEALTHY:
                self._healthy.add(key)
            else:
                self._healthy.discard(key)
        self.work.verdicts.clear()
        return self._healthy
