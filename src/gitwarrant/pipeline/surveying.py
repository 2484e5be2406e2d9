"""Look now and then for what nobody declared: it costs a list of every kind, so not at every round."""

from datetime import datetime, timedelta

from gitwarrant.audit.queries import inventory
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.observe import drift_body
from gitwarrant.cluster.undeclared import undeclared
from gitwarrant.model.live import Drift
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.estate import estate_of, namesakes
from gitwarrant.pipeline.warranted import Manifests

EVERY = timedelta(minutes=10)


class Surveying:
    """What nobody declared in the namespaces that one environment has to itself, as it was seen last."""

    def __init__(self, work: Delivery, environment: str) -> None:
        self._work, self._name = work, environment
        self._next: datetime | None = None
        self.strangers: tuple[Drift, ...] = ()

    async def look(self, standing: Standing, cluster: Cluster) -> tuple[Drift, ...]:
        """What is new since the last look; nothing where it is not time yet, or no namespace is its own.

        Raises:
            Unreachable: the API server does not answer.
        """
        work, now = self._work, self._work.now()
        if self._next is not None and now < self._next:
            return ()
        owned = inventory(work.recorder, self._name)
        manifests = Manifests(work, standing)
        expecting = [manifests.of(leaf) for leaf in namesakes(standing.warrant.leaves)]
        estate = estate_of(work, standing.environment, expecting, owned, now).alone
        found = tuple((await undeclared(cluster, estate))[0]) if estate.whole else ()
        new = tuple(drift for drift in found if drift not in self.strangers)
        for drift in new:
            work.recorder.append(RecordKind.DRIFT_FOUND, self._name, drift_body(drift))
        self.strangers, self._next = found, now + EVERY
        return new
