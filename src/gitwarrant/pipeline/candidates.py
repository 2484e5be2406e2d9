"""One deployer at work: fetch, judge, and write down what was found.

Here the pure stages meet the network and the log. What was learned is recorded
before the next step is tried, so a process killed anywhere starts again and
comes to the same end. The cluster comes in `deploy`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gitwarrant.audit.queries import (
    TRUST,
    LastWarrant,
    accepted_revision,
    apply_completed,
    ever_completed,
    last_warrant,
    remembered_roots,
    trusted_revision,
)
from gitwarrant.audit.recorder import Recorder, object_body
from gitwarrant.config.repository import RepositoryConfig
from gitwarrant.git.reading import Repository
from gitwarrant.model.alarm import Alarm
from gitwarrant.model.canonical import Digest, digest, plain
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused, Unreachable
from gitwarrant.model.identity import TrustPolicy, TrustRoot
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.plan import TO_ITS_END, Action, Operation, PlannedObject, Progress
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import Order
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.bootstrap import bootstrap
from gitwarrant.pipeline.delivery import Delivery, fetch_ref, fetch_refs, record_refusal, refusals_recorded
from gitwarrant.pipeline.doors import announce, asked_of_glass
from gitwarrant.pipeline.holding import held, take_up_orders, to_carry_out
from gitwarrant.pipeline.judge import judge
from gitwarrant.pipeline.pulses import check_fresh
from gitwarrant.pipeline.question import Judgement, Previous, Question
from gitwarrant.pipeline.returning import going_back
from gitwarrant.pipeline.starting import start_by_log
from gitwarrant.pipeline.trusting import Trusted, environment_of, rules_at, touches_rules, trust
from gitwarrant.pipeline.witnessing import names_witness, testimonies
from gitwarrant.trust.freshness import check_apart
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import judge_orders, suspension
from gitwarrant.trust.roots import configured, governed, last_known


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an environment's ref holds now, and what would have to be judged about it."""

    repository: Repository
    question: Question

    @property
    def fingerprint(self) -> Digest:
        """The same fingerprint, the same answer; only times may make it stricter."""
        asked = self.question
        parts = (
            *(asked.change, asked.policy, asked.environment, asked.tenant),
            asked.previous.fingerprint if asked.previous else None,
            *(asked.waived, asked.unheard, asked.witnessed.reviews, asked.hold, asked.returns),
        )
        return digest(parts)


@dataclass(frozen=True, slots=True)
class Standing:
    """An environment as it stands, by the rules that were last trusted: what is watched.

    Needs no network and no new judgement, so that healing goes on while the
    Git server is gone or serves what is refused.
    """

    repository: Repository
    environment: Environment
    warrant: LastWarrant
    suspended: Order | None
    """The order that suspends it now; meanwhile drift is reported, not put back."""


def candidate(work: Delivery, name: str) -> Candidate:
    """Fetch the trust ref and the environment's ref, and put the question.

    Where the log says that the environment goes back, that comes first, and needs no Git server.

    Raises:
        Refused: by fetch, or by verify for the trust ref: nothing can be judged then.
        Unreachable: the Git server does not answer.
    """
    try:
        newest = _newest(work, name)
    except (Refused, Unreachable):
        back = _way_back(work, name)
        if back is None:
            raise
        return back
    return _way_back(work, name) or newest


def _newest(work: Delivery, name: str) -> Candidate:
    repository, trusted = advance_trust(work)
    environment = trusted.environment(name)
    with refusals_recorded(work, name):
        take_up_orders(work, repository, trusted.root, trusted.config.policy, environment)
        head = _head(work, trusted, environment.ref)
        _check_fresh(work, repository, {environment.ref: head})
        question = _question(work, repository, trusted, environment, head)
        announce(question, work.alarms)
        question = asked_of_glass(question, work.alarms)
        question = replace(question, hold=held(work, environment, question.change))
        return Candidate(repository, question)


def _way_back(work: Delivery, name: str) -> Candidate | None:
    """The way back that is still to go, by the rules that were last trusted; None: there is none."""
    hold, last = to_carry_out(work, name), last_warrant(work.recorder, name)
    if hold is None or last is None:
        return None
    repository, rules = _last_trusted(work)
    statements = repository.statements()
    environment, root = environment_of(rules, name), root_in_force(work)
    question = Question(
        root=root,
        tenant=work.agent.tenant,
        policy=rules.policy,
        environment=environment,
        change=going_back(root.repository, environment, hold.commit, statements),
        previous=_previous(work, last),
        witnessed=work.memory.of_statements(root.trust_ref, statements),
        now=work.now(),
        hold=hold,
        returns=hold.earlier,
    )
    return Candidate(repository, question)


def standing(work: Delivery, name: str, *, last: LastWarrant | None = None) -> Standing | None:
    """What was last warranted for an environment; None where nothing was.

    Args:
        last: its newest warrant, where the caller has it; else it is read from the log.

    Raises:
        Refused: the rules that were trusted can no longer be read.
        GitwarrantError: they have no such environment any more.
    """
    last = last or last_warrant(work.recorder, name)
    if last is None:
        return None
    repository, rules = _last_trusted(work)
    environment = environment_of(rules, name)
    return Standing(repository, environment, last, _suspension(work, repository, rules.policy, environment))


def _last_trusted(work: Delivery) -> tuple[Repository, RepositoryConfig]:
    """What was fetched, and the rules that were last trusted."""
    repository = Repository(work.quarantine)
    revision = trusted_revision(work.recorder) or work.agent.root.trusted_at
    if revision is None:
        raise ValueError("a warrant was issued, but no trusted revision recorded before it")
    return repository, rules_at(repository, revision)


def _suspension(
    work: Delivery, repository: Repository, policy: TrustPolicy, environment: Environment
) -> Order | None:
    """The order that suspends an environment, as far as it was fetched or is remembered."""
    root, statements = root_in_force(work), repository.statements()
    given = judge_orders(
        statements,
        root.repository,
        environment,
        Registry(policy, root.keys),
        witnessed=work.memory.recalled(statements),
        now=work.now(),
    )
    return suspension(given)


def root_in_force(work: Delivery) -> TrustRoot:
    """The root of trust with the keys that were last taken up, without asking anybody."""
    given = work.agent.root
    return governed(given, last_known(configured(given), remembered_roots(work.recorder)))


def examine(work: Delivery, candidate: Candidate) -> Judgement:
    """Judge a candidate, and record what every gate said."""
    judgement = judge(
        candidate.repository, candidate.question, verdicts=work.verdicts, renderings=work.renderings
    )
    work.verdicts.save()
    question = judgement.question
    moves = judgement.plan is not None and judgement.plan.moves
    # That nothing new still passes is no news, and would hide who wrote what stands.
    if question.change.landings or question.previous is None or moves:
        _record_passes(work, judgement)
    for refusal in judgement.refusals:
        record_refusal(work, question.environment.name, refusal, question.change.head)
    return judgement


def _record_passes(work: Delivery, judgement: Judgement) -> None:
    """Append what each gate that did not refuse has found."""
    environment, append = judgement.question.environment.name, work.recorder.append
    if judgement.authorship:
        append(RecordKind.VERIFIED, environment, {"authorship": plain(judgement.authorship)})
    if report := judgement.report:
        body = {
            "digest": digest(report),
            "findings": plain(report.findings),
            "refused": report.refused,
            "tallies": plain(report.tallies),
        }
        append(RecordKind.CHECKED, environment, body)
    if plan := judgement.plan:
        counts = {action.value: plan.count(action) for action in Action}
        moved = [_moved(item) for item in plan.objects if item.action is not Action.UNCHANGED]
        append(RecordKind.PLANNED, environment, {"counts": counts, "digest": plan.digest, "objects": moved})


def _moved(item: PlannedObject) -> dict[str, Json]:
    """A planned object as records name it, with the file that declares it."""
    return {
        "object": object_body(item.key, item.version),
        "action": item.action.value,
        "path": item.place.path,
    }


def advance_trust(work: Delivery) -> tuple[Repository, Trusted]:
    """Fetch the trust ref and follow it to its tip.

    What proves itself on the way is recorded, even if what follows does not.

    Raises:
        Refused: by fetch or verify: while the rules are in doubt, nothing new is judged.
        Unreachable: the Git server does not answer.
    """
    given = work.agent.root
    if work.agent.trusted_log:
        bootstrap(work.recorder, work.agent.trusted_log, given, work.now)
    with refusals_recorded(work, TRUST):
        tip = fetch_ref(work, given.trust_ref)
        repository = Repository(work.quarantine)
        root, since = start_by_log(work.recorder, work.memory, given, repository, tip, now=work.now())
        _check_fresh(work, repository, {root.trust_ref: tip})
        change = repository.change(root.repository, root.trust_ref, since, tip)
        # Rules that a landing brings may name the forge for those behind it.
        brings = any(touches_rules(landing) for landing in change.landings)
        policy = None if brings else rules_at(repository, since).policy
        trusted = trust(
            repository,
            root,
            change,
            witnessed=_witnessed(work, change, TRUST, policy),
            now=work.now(),
            verdicts=work.verdicts,
        )
        work.verdicts.save()
        check_apart(work.agent.freshness.hearts, Registry(trusted.config.policy, root.keys))
    registry = Registry(trusted.config.policy, root.keys)
    work.memory.confirm(root.repository, registry, change.statements)
    if trusted.revision != (trusted_revision(work.recorder) or given.trusted_at):
        body = {
            "ref": root.trust_ref,
            "commit": trusted.revision,
            "policy": digest(trusted.config.policy),
            "statements": sorted(trusted.authorship.statements),
        }
        work.recorder.append(RecordKind.TRUST_ADVANCED, TRUST, body)
    with refusals_recorded(work, TRUST):
        trusted.raise_doubt()
    return repository, trusted


def _check_fresh(work: Delivery, repository: Repository, tips: Mapping[str, CommitId]) -> None:
    """Ask the hearts; that they do not vouch for the server is alarmed, once for each reason.

    Raises:
        Refused: by fetch: not enough of them do.
    """
    now = work.now()
    try:
        check_fresh(work.agent, work.memory, work.pulses, repository, tips, now=now)
    except Refused as refusal:
        work.alarms.raise_(Alarm(digest(("stale", refusal.what)), "stale", TRUST, refusal.what, now))
        raise


def _witnessed(work: Delivery, change: Change, environment: str, policy: TrustPolicy | None) -> Witnessed:
    """What log and forge know of a change; the forge is asked where a rule counts it (no policy: one may)."""
    remembered = work.memory.witnessed(change, environment)
    if work.forge is None or (policy is not None and not names_witness(policy, work.forge.name)):
        return remembered

    def bring(refs: Sequence[str]) -> tuple[Repository, Mapping[str, CommitId]]:
        heads = fetch_refs(work, refs)
        return Repository(work.quarantine), heads  # opened anew, to see what was just fetched

    return replace(remembered, reviews=testimonies(work.forge, change, bring))


def _head(work: Delivery, trusted: Trusted, ref: str) -> CommitId:
    """The candidate of a ref. Of the trust ref, the very tip whose rules were just read.

    Fetched again, it could hold newer rules already, and behind them what they
    forbid, which would be judged by the rules before.
    """
    return trusted.authorship.head if ref == work.agent.root.trust_ref else fetch_ref(work, ref)


def _question(
    work: Delivery, repository: Repository, trusted: Trusted, environment: Environment, head: CommitId
) -> Question:
    root, last = trusted.root, last_warrant(work.recorder, environment.name)
    base = accepted_revision(work.recorder, environment.name) or _first_base(work, trusted, environment)
    change = repository.change(root.repository, environment.ref, base, head)
    return Question(
        root=root,
        tenant=work.agent.tenant,
        policy=trusted.config.policy,
        environment=environment,
        change=change,
        previous=_previous(work, last) if last else None,
        witnessed=_witnessed(work, change, environment.name, trusted.config.policy),
        now=work.now(),
    )


def _first_base(work: Delivery, trusted: Trusted, environment: Environment) -> CommitId:
    """Where an environment begins that nothing was deployed to.

    A checkpoint speaks about the trust ref only.

    Raises:
        Refused: by fetch: nothing says where another ref begins.
    """
    same = environment.ref == trusted.root.trust_ref
    base = trusted.root.trusted_at if same else work.agent.root.trusted_at
    if base is None:
        raise Refused(
            f"nothing says where trust in {environment.ref} begins: checkpoints are about "
            f"{trusted.root.trust_ref}",
            stage="fetch",
            remedy=f"write a revision of {environment.ref} as 'root.trusted_at' in the agent's configuration",
        )
    return base


def _previous(work: Delivery, last: LastWarrant) -> Previous:
    """What the last warrant left standing, what the inventory still has besides, and what is still to do.

    A delete that failed is in no later warrant's standing leaves; the inventory
    remembers the object, so that the next warrant names its delete again.
    """
    owned, standing = work.tracking.inventory(last.warrant.environment), last.leaves.wanted
    besides = [leaf for leaf in owned.leaves.apart(standing)[0] if leaf.key not in standing.by_key]
    progress = _progress(work.recorder, last, owned.by_key)
    return Previous(last.warrant.commit, standing.spliced((), besides), progress)


def _progress(recorder: Recorder, last: LastWarrant, owned: Mapping[ObjectKey, InventoryEntry]) -> Progress:
    """How far the last warrant came: what it allowed to delete is allowed until it is done."""
    name, sequence = last.warrant.environment, last.warrant.sequence
    if apply_completed(recorder, name, sequence):
        return TO_ITS_END
    owed = {
        leaf.key
        for leaf in last.leaves.special
        if leaf.key in owned
        and (
            leaf.operation == Operation.DELETE.value
            or (leaf.operation == Operation.RECREATE.value and owned[leaf.key].digest != leaf.digest)
        )
    }
    return Progress(False, ever_completed(recorder, name), frozenset(owed))
