"""Take up orders to go back and to let go, keep what is held in the log, and go back where objects fail.

What is taken up is recorded first; the log alone says what is held, whatever
the Git server shows later. Source: docs/trust-protocol.md, section 7.4 to 7.8.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from gitwarrant.audit.holds import Past, current_hold, held_body, past, spent_orders
from gitwarrant.audit.queries import LastWarrant, apply_completed, healthy_sequence, last_warrant
from gitwarrant.git.reading import Repository
from gitwarrant.model.alarm import Alarm
from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.change import Change, CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.hold import Hold
from gitwarrant.model.identity import Hardware, TrustPolicy, TrustRoot
from gitwarrant.model.live import Health, ObjectHealth, Observation
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.returning import earlier_of, standing_digest
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.orders import Given, judge_orders
from gitwarrant.trust.returning import agreed, alone, enough, last_release, needed_for, people, returns

WITH: Mapping[Hardware, str] = {
    Hardware.NONE: "",
    Hardware.TOUCH: " with security keys",
    Hardware.PIN: " with the PIN of security keys",
}
WELL = frozenset({Health.HEALTHY, Health.SUSPENDED})
"""What is suspended was declared so."""
NAMED = 3  # objects that a reason names


def take_up_orders(
    work: Delivery, repository: Repository, root: TrustRoot, policy: TrustPolicy, environment: Environment
) -> None:
    """Record the hold that is ordered now, or its end. What does not count yet is alarmed, and stays."""
    name, statements = environment.name, repository.statements()
    given = judge_orders(
        statements,
        root.repository,
        environment,
        Registry(policy, root.keys),
        witnessed=work.memory.of_statements(root.trust_ref, statements),
        now=work.now(),
    )
    hold = current_hold(work.recorder, name)
    release = last_release(given, after=hold.made) if hold else None
    if hold and release:
        _release(work, name, hold, reason=release.order.reason, given=release)
    for group in reversed(returns(given, spent_orders(work.recorder, name))):
        found = _ordered(work, repository, policy, environment, group)
        if found is not None:
            begin(work, environment, found, group[-1].digest)
            return


def _ordered(
    work: Delivery,
    repository: Repository,
    policy: TrustPolicy,
    environment: Environment,
    group: Sequence[Given],
) -> Hold | None:
    """The hold that orders who agree ask for; None, and an alarm why, where they cannot have it (7.4)."""
    commit, reason = agreed(group)
    by = tuple(sorted({item.order.identity for item in group}))
    doubt = ""
    target = next((item for item in past(work.recorder, environment.name) if _stood(item, commit)), None)
    last = last_warrant(work.recorder, environment.name)
    if target is None or last is None:  # 7.4.1
        doubt = "this revision was never applied here to its end"
    else:
        changes = repository.difference(last.warrant.commit, commit)
        needed = needed_for(changes, policy.rules, environment)
        if not enough(group, needed):  # 7.4.2
            doubt = f"it takes {needed.people} people{WITH[needed.hardware]} to order it"
        elif len(people(group, needed)) < needed.people:
            doubt = _unheard(work, environment, group)
    if doubt or target is None or last is None:
        what = f"{' and '.join(by)} ordered {environment.name} back to {commit[:12]} ({reason}), but {doubt}"
        about = digest(("rollback waits", *(item.digest for item in group), doubt))
        work.alarms.raise_(Alarm(about, "rollback-waits", environment.name, what, work.now()))
        return None
    made = max(item.order.made for item in group)
    orders = tuple(sorted(item.digest for item in group))
    return hold_of(target, last, orders=orders, by=by, reason=reason, made=made)


def _stood(item: Past, commit: CommitId) -> bool:
    return item.commit == commit and item.completed is not None


def _unheard(work: Delivery, environment: Environment, group: Sequence[Given]) -> str:
    """Why nobody heard that one person goes back alone, with a security key; empty: a sink did."""
    given = alone(group)
    if given is None:
        raise ValueError("fewer people than needed are enough only with a security key")
    order = given.order
    what = (
        f"{order.identity} alone orders {environment.name} back to {order.commit[:12]}, "
        f"with a security key: {order.reason}"
    )
    about = digest(("rollback alone", given.digest))
    unheard = work.alarms.raise_(Alarm(about, "rollback-alone", environment.name, what, work.now()))
    return f"nobody acknowledged the alarm that it is ordered by one person: {unheard}" if unheard else ""


def begin(work: Delivery, environment: Environment, hold: Hold, about: Digest) -> None:
    """Record a hold, and alarm that it begins."""
    work.recorder.append(RecordKind.HELD, environment.name, held_body(hold))
    who = " and ".join(hold.by) or "the agent itself"
    what = f"{environment.name} goes back to {hold.commit[:12]} and is held there, by {who}: {hold.reason}"
    work.alarms.raise_(Alarm(about, "rolled-back", environment.name, what, work.now()))


def _release(work: Delivery, environment: str, hold: Hold, *, reason: str, given: Given | None) -> None:
    body = {
        "held": hold.number,
        "orders": [given.digest] if given else [],
        "by": [given.order.identity] if given else [],
        "reason": reason,
    }
    work.recorder.append(RecordKind.RELEASED, environment, body)


def held(work: Delivery, environment: Environment, change: Change) -> Hold | None:
    """Where a candidate finds its environment held.

    What the agent began by itself ends when something new lands in the environment's folder (7.8).
    """
    hold = current_hold(work.recorder, environment.name)
    if hold is None or not hold.automatic:
        return hold
    known = {landing.commit: place for place, landing in enumerate(change.landings, start=1)}
    new = change.landings[known.get(hold.left, 0) :]
    landed = [item for item in new if any(environment.covers(one.path) for one in item.changes)]
    if not landed:
        return hold
    _release(work, environment.name, hold, reason=f"{landed[-1].commit[:12]} landed since", given=None)
    return None


def to_carry_out(work: Delivery, environment: str) -> Hold | None:
    """The hold whose revision does not stand yet; None: nothing is left to be done."""
    hold, last = current_hold(work.recorder, environment), last_warrant(work.recorder, environment)
    if hold is None or last is None:
        return None
    stands = last.warrant.commit == hold.commit and standing_digest(last.leaves) == hold.earlier.leaves
    if stands and apply_completed(work.recorder, environment, last.warrant.sequence):
        return None
    return hold


def notice(work: Delivery, environment: Environment, seen: Observation) -> None:
    """Begin to go back where an object failed in time."""
    failed = [item for item in seen.health if item.health is Health.FAILED]
    if failed and environment.rollback_within and not current_hold(work.recorder, environment.name):
        _go_back(work, environment, failed)


def note_healthy(work: Delivery, environment: str, seen: Observation) -> None:
    """Record once that all that the last warrant names was seen healthy, after it was applied to its end."""
    last = last_warrant(work.recorder, environment)
    if last is None:
        return
    found = {item.key: item.health for item in seen.health}
    if not (found.keys() >= last.leaves.standing.by_key.keys() and set(found.values()) <= WELL):
        return
    sequence = last.warrant.sequence
    known = healthy_sequence(work.recorder, environment) == sequence
    if not known and apply_completed(work.recorder, environment, sequence):
        body = {"sequence": sequence, "commit": last.warrant.commit}
        work.recorder.append(RecordKind.HEALTHY, environment, body)


def _go_back(work: Delivery, environment: Environment, failed: Sequence[ObjectHealth]) -> None:
    """Hold the environment at the newest earlier warrant that was healthy, if it is still time (7.8)."""
    found = past(work.recorder, environment.name)
    newest = next(found)
    if newest.completed is None:
        return
    if work.now() - newest.completed > timedelta(seconds=environment.rollback_within):
        return
    reason = _reason(failed)
    about = digest((environment.name, newest.sequence, newest.last.digest))
    target = next(_worth(found, newest), None)
    if target is None:
        what = f"{environment.name}: {reason}; no earlier warrant was healthy, so there is no way back"
        work.alarms.raise_(Alarm(about, "no-way-back", environment.name, what, work.now()))
        return
    begin(
        work,
        environment,
        hold_of(target, newest.last, orders=(), by=(), reason=reason, made=work.now()),
        about,
    )


def hold_of(
    target: Past,
    left: LastWarrant,
    *,
    orders: tuple[Digest, ...],
    by: tuple[str, ...],
    reason: str,
    made: datetime,
) -> Hold:
    """A hold that no record bears yet."""
    return Hold(
        0,
        earlier_of(target.last),
        left.warrant.sequence,
        left.warrant.commit,
        orders,
        by,
        reason,
        made,
    )


def last_good(found: Iterator[Past]) -> Past | None:
    """From all warrants, newest first: the newest one before that was healthy and held other objects."""
    newest = next(found, None)
    return next(_worth(found, newest), None) if newest else None


def _worth(earlier: Iterator[Past], newest: Past) -> Iterator[Past]:
    """Those worth going back to: healthy, never left by the agent itself, and not the same objects."""
    now = standing_digest(newest.last.leaves)
    for item in earlier:
        if item.completed and item.healthy and not item.failed and standing_digest(item.last.leaves) != now:
            yield item


def _reason(failed: Sequence[ObjectHealth]) -> str:
    named = "; ".join(f"{item.key} failed: {item.reason}" for item in failed[:NAMED])
    return named + (f"; and {len(failed) - NAMED} more" if len(failed) > NAMED else "")
