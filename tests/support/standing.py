"""What stands in an environment without any cluster: warranted, and said to be applied and healthy."""

from gitwarrant.audit.queries import last_warrant
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import Delivery, open_delivery
from gitwarrant.pipeline.warranting import passed_plan, warrant_for
from tests.support.deployers import Deployer
from tests.support.one_approval import CLUSTER, now


def stand(shop: Deployer, *, complete: bool = True, healthy: bool = True) -> str:
    """Let the candidate stand, as a deploy would leave the log; its commit."""
    with open_delivery(shop.agent(), now) as work:
        judgement = examine(work, candidate(work, "production"))
        warrant_for(work, judgement, passed_plan(judgement), CLUSTER)
        note(work, complete=complete, healthy=healthy)
        return str(judgement.question.change.head)


def note(work: Delivery, *, complete: bool = True, healthy: bool = True) -> None:
    """What apply and observe write into the log about the last warrant."""
    last = last_warrant(work.recorder, "production")
    assert last is not None
    body = {"sequence": last.warrant.sequence}
    work.recorder.append(RecordKind.APPLY_COMPLETED, "production", {**body, "complete": complete})
    if healthy:
        work.recorder.append(RecordKind.HEALTHY, "production", {**body, "commit": last.warrant.commit})
