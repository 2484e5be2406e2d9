"""Bring an environment into an empty cluster as it was last warranted, by the same gates as ever.

In the log that looked after it, the number and the chain of its warrants go on:
an old cluster that comes back is refused from then on. In a new log, the
earlier agent's (`trusted_log`) says what was warranted last.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gitwarrant.audit.log import Log
from gitwarrant.audit.queries import LastWarrant, healthy_sequence, last_warrant, moved_to
from gitwarrant.audit.recorder import Recorder
from gitwarrant.cluster.applyset import parent_key
from gitwarrant.cluster.client import Cluster
from gitwarrant.model.environment import DriftMode, Environment
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import Candidate, advance_trust, examine, standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.deploy import Deployment, cluster_uid, deploy, watch
from gitwarrant.pipeline.question import Judgement, Question
from gitwarrant.pipeline.returning import earlier_of, going_back

PACE = 1.0
"""Seconds between two looks at what was rebuilt."""


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """What comes into the empty cluster, judged, and the warrant that it comes from."""

    judgement: Judgement
    last: LastWarrant


def rebuilding(work: Delivery, name: str) -> Rebuilding:
    """Judge what was last warranted for an environment, as if nothing stood anywhere.

    Raises:
        GitwarrantError: nothing was, or nobody here knows it.
        Refused, Unreachable: by fetch, as for any candidate.
    """
    repository, trusted = advance_trust(work)
    environment, root = trusted.environment(name), trusted.root
    last = _last(work, name)
    statements = repository.statements()
    question = Question(
        root=root,
        tenant=work.agent.tenant,
        policy=trusted.config.policy,
        environment=environment,
        change=going_back(root.repository, environment, last.warrant.commit, statements),
        previous=None,
        witnessed=work.memory.of_statements(root.trust_ref, statements),
        now=work.now(),
        returns=earlier_of(last, accepted=last.accepted),
    )
    return Rebuilding(examine(work, Candidate(repository, question)), last)


async def rebuild(work: Delivery, found: Rebuilding, cluster: Cluster) -> Deployment | None:
    """Write down that the environment is in this cluster from now on, and deploy it there.

    Returns:
        None where it is in this cluster already: whatever is missing there is for `apply`.

    Raises:
        Refused: a gate refused; the cluster has the environment already; or by plan, authorise or apply.
        Unreachable: the API server does not answer; what was done is recorded.
    """
    environment = found.judgement.question.environment
    if found.judgement.refusals:
        raise found.judgement.refusals[0]
    uid = await cluster_uid(work, environment.name, cluster)
    here = last_warrant(work.recorder, environment.name)
    if here is not None and here.warrant.cluster == uid:
        return None
    if here is None or moved_to(work.recorder, here) != uid:  # else an earlier try got this far
        await _check_empty(environment, cluster)
        body = {
            "cluster": uid,
            "from": found.last.warrant.cluster,
            "commit": found.last.warrant.commit,
            "sequence": found.last.warrant.sequence,
        }
        work.recorder.append(RecordKind.REBUILT, environment.name, body)
    return await deploy(work, found.judgement, cluster)


async def until_healthy(work: Delivery, name: str, cluster: Cluster, *, limit: float) -> bool:
    """Look at an environment until all of it was healthy at once, so that others may follow it.

    Args:
        limit: seconds.

    Raises:
        Unreachable: the API server does not answer.
    """
    ends = asyncio.get_running_loop().time() + limit
    while True:
        stands = standing(work, name)
        if stands is None:
            raise ValueError("nothing was warranted for an environment that was rebuilt")
        await watch(work, stands, cluster, mode=DriftMode.REPORT)
        if healthy_sequence(work.recorder, name) == stands.warrant.warrant.sequence:
            return True
        if asyncio.get_running_loop().time() > ends:
            return False
        await asyncio.sleep(PACE)


async def _check_empty(environment: Environment, cluster: Cluster) -> None:
    """Whether nobody deploys this environment here already."""
    parent = parent_key(environment.name, environment.namespace)
    if await cluster.get(parent, "v1") is not None:
        raise Refused(
            f"{parent} says that somebody deploys {environment.name!r} to this cluster already",
            stage="apply",
            remedy="rebuild into an empty cluster; if its agent's log was lost, see docs/how-to/recover.md",
        )


def _last(work: Delivery, name: str) -> LastWarrant:
    """The last warrant: of this log, or of the one that it began with."""
    last = last_warrant(work.recorder, name)
    with _earlier_log(work) as earlier:
        before = last_warrant(earlier, name) if earlier and last is None else None
        last = before.whole() if before else last
    if last is None:
        raise GitwarrantError(
            f"nothing was warranted for {name!r}, so there is nothing to rebuild",
            remedy="deploy it: gitwarrant apply; or name the log of the agent that did as 'trusted_log'",
        )
    return last


@contextmanager
def _earlier_log(work: Delivery) -> Iterator[Recorder | None]:
    if work.agent.trusted_log is None:
        yield None
        return
    with Log(work.agent.trusted_log, work.now, read_only=True) as log:
        yield log


def in_order(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Environments, each behind those that it waits for; else by name. Configuration refuses circles."""
    named: Mapping[str, Environment] = {item.name: item for item in environments}
    done: dict[str, Environment] = {}

    def take(item: Environment) -> None:
        for before in sorted({*item.depends_on, item.promotion_source}):
            if before in named and before not in done:
                take(named[before])
        done.setdefault(item.name, item)

    for name in sorted(named):
        take(named[name])
    return tuple(done.values())
