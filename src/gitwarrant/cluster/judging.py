"""What one object of an environment is judged by, found out as far as its differences need it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitwarrant.audit.recorder import Recorder
from gitwarrant.cluster.allocation import allocates, with_allocated
from gitwarrant.cluster.autoscalers import Autoscalers
from gitwarrant.cluster.baseline import Baselines
from gitwarrant.cluster.drift import Judged, Terms, judge, remaining, scaled
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.ledger import picked
from gitwarrant.cluster.refusal import ClusterError, ServerTrouble
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.live import Drift, DriftKind, InventoryEntry
from gitwarrant.model.manifest import Manifest

CHANGED_ADMISSION = (
    "a clean create of the same manifest gives these values too: a webhook, an admission policy or defaults "
    "changed after it was deployed"
)

ASK_AGAIN_SECONDS = 600.0  # a drift that stays is looked at every round, and a dry run is dear
MAX_ASKED = 10_000


@dataclass(frozen=True, slots=True)
class Judging:
    """Judges the objects of one environment, whoever brings their live state."""

    environment: str
    recorder: Recorder
    baselines: Baselines
    autoscalers: Autoscalers
    ignoring: Ignoring
    _asked: dict[Digest, tuple[float, bool]] = field(default_factory=dict)
    """When the server was asked whether a difference is its own doing, and whether it is."""

    def anew(self) -> "Judging":
        """The same for a later look: what earlier ones asked the server may have changed since."""
        return replace(self, baselines=self.baselines.anew(), autoscalers=self.autoscalers.anew())

    def plainly(self, entry: InventoryEntry, live: Mapping[str, Any]) -> bool:
        """Whether it takes no call to see that a live object is as warranted.

        Where this is false nothing is said: the baseline may not be kept, or a difference be exempt.
        """
        fresh = self.baselines.at_hand(entry.key, entry.digest)
        if fresh is None:
            return False
        terms = Terms(entry.key, entry.uid, fresh, fresh, ignoring=self.ignoring)
        return judge(self._with_values(terms), live).drift is None

    async def judged(
        self, manifest: Manifest, entry: InventoryEntry, live: Mapping[str, Any] | None
    ) -> tuple[Judged, Terms]:
        """Judge one object; what it was judged by serves to put it back.

        An object as it should be costs no call once its baseline is kept.

        Raises:
            ClusterError: its baseline cannot be had, so it cannot be judged.
            Unreachable: the server does not answer.
        """
        terms = await self._terms(manifest, entry)
        judged = judge(terms, live)
        if live is None or not judged.differences:
            return judged, terms
        earlier = await self.baselines.first(manifest)
        autoscaled = scaled(judged.differences) and await self.autoscalers.explain(manifest.key, live)
        terms = replace(terms, earlier=earlier, autoscaled=autoscaled)
        judged = judge(terms, live)
        if judged.drift and judged.drift.kind is DriftKind.CHANGED:
            judged = replace(judged, drift=await self._whose(judged.drift, manifest, terms, live))
        return judged, terms

    async def _terms(self, manifest: Manifest, entry: InventoryEntry) -> Terms:
        fresh = await self.baselines.of(manifest)
        return self._with_values(Terms(entry.key, entry.uid, fresh, fresh, ignoring=self.ignoring))

    def _with_values(self, terms: Terms) -> Terms:
        """With the values that the server picked for that very object."""
        kind = terms.key.typed
        if not allocates(kind):
            return terms
        values = picked(self.recorder, self.environment, terms.key)
        return replace(terms, truth=with_allocated(kind, terms.fresh, values))

    async def _whose(self, drift: Drift, manifest: Manifest, terms: Terms, live: Mapping[str, Any]) -> Drift:
        """Tell an edit from what the server does to every such object by now: that cannot be put back."""
        about = digest((drift, manifest.digest))
        asked, servers = self._asked.get(about, (-math.inf, False))
        if time.monotonic() - asked > ASK_AGAIN_SECONDS:
            servers = await self._is_servers(manifest, terms, live)
            if len(self._asked) >= MAX_ASKED:
                self._asked.clear()
            self._asked[about] = (time.monotonic(), servers)
        return replace(drift, kind=DriftKind.ADMISSION, note=CHANGED_ADMISSION) if servers else drift

    async def _is_servers(self, manifest: Manifest, terms: Terms, live: Mapping[str, Any]) -> bool:
        try:
            now = await self.baselines.probed(manifest)
        except (ClusterError, ServerTrouble):  # then nothing speaks for the server
            return False
        return not remaining(self._with_values(replace(terms, truth=now, fresh=now)), live)
