"""What people must hear although no gate refuses: rules that run out, statements that do not arrive.

Asks only the log, the quarantine and the witness: it is heard while the Git
server is gone, or serves what is refused. Each is an alarm: recorded once, told
once, and sent to the sinks until somebody acknowledged it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from gitwarrant.audit.log import Log
from gitwarrant.audit.queries import TRUST, trusted_revision
from gitwarrant.audit.recorder import Selection
from gitwarrant.audit.witness import FolderWitness, Posted, Witness
from gitwarrant.config.agent import Agent
from gitwarrant.git.reading import Repository
from gitwarrant.model.alarm import Alarm
from gitwarrant.model.canonical import digest
from gitwarrant.model.change import CommitId
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.delivery import QUARANTINE, Delivery
from gitwarrant.pipeline.trusting import rules_at

DELIVERY = timedelta(minutes=10)
"""How long a statement may take from the witness to us: a push, and a fetch of ours."""

WARNINGS = (1, 7, 30)
"""Days before the rules expire at which people are told."""

RENEWAL = "raise 'version' and 'expires' in .gitwarrant/trust.yaml; root holders sign the landing"
LOST = "ask who pushed it: it was lost on the way, or the server hides it"


def notices(work: Delivery) -> Iterator[Alarm]:
    """Raise what is to be heard; give what was not told before.

    Raises:
        Unreachable: the witness does not answer; all else was raised before.
        GitwarrantError: the witness cannot be read.
    """
    for alarm in _all(work):
        new = work.memory.alarmed(alarm.about) is None
        work.alarms.raise_(alarm)  # again, until somebody acknowledged it
        if new:
            yield alarm


def witness(agent: Agent) -> Witness | None:
    """The witness of a configuration; None: it names none."""
    return FolderWitness(agent.witness) if agent.witness else None


def days_left(expires: datetime, now: datetime) -> int | None:
    """The warning that is due before an expiry: 30, 7 or 1 (days), 0 once it passed; None: none yet."""
    left = expires - now
    if left <= timedelta():
        return 0
    return next((days for days in WARNINGS if left <= timedelta(days=days)), None)


def rules_expire(agent: Agent) -> datetime | None:
    """When the rules that an agent trusts expire, from its state folder alone; None: it trusts none yet.

    Raises:
        GitwarrantError: log or quarantine cannot be read.
    """
    if not agent.log.exists():
        return None
    with Log(agent.log, lambda: datetime.now(UTC), read_only=True) as log:
        return _expiry(agent, trusted_revision(log))


def _expiry(agent: Agent, trusted: CommitId | None) -> datetime | None:
    revision, quarantine = trusted or agent.root.trusted_at, agent.state / QUARANTINE
    if revision is None or not (quarantine / "objects").is_dir():  # nothing was fetched yet
        return None
    repository = Repository(quarantine)
    if not repository.objects.has(revision):
        return None
    return rules_at(repository, revision).policy.expires


def _all(work: Delivery) -> Iterator[Alarm]:
    yield from _expiring(work)
    yield from _equivocations(work)
    yield from _undelivered(work)


def _expiring(work: Delivery) -> Iterator[Alarm]:
    expires = _expiry(work.agent, trusted_revision(work.recorder))
    if expires is None:
        return
    days = days_left(expires, work.now())
    if days is None:
        return
    verb = "expire" if days else "expired"
    what = f"the rules in .gitwarrant/ {verb} {expires:%Y-%m-%d %H:%M}; after that only their renewal passes"
    about = digest(("expiring", expires, days))
    yield Alarm(about, "expiring", TRUST, f"{what}: {RENEWAL}", work.now())


def _equivocations(work: Delivery) -> Iterator[Alarm]:
    for record in work.recorder.read(0, Selection(frozenset({RecordKind.EQUIVOCATION}), TRUST)):
        body = dict(record.body)
        what = (
            f"{body.get('heart')} signed two different heartbeats with sequence {body.get('sequence')}: "
            "its key is in other hands, or somebody is shown another repository. Give it a new key"
        )
        yield Alarm(digest(("equivocation", body)), "equivocation", TRUST, what, work.now())


def _undelivered(work: Delivery) -> Iterator[Alarm]:
    """Only of what was posted since the log began: older ones may have come, expired and been deleted."""
    posts, began = witness(work.agent), work.memory.began()
    if posts is None or began is None:
        return
    for item in posts.posted(work.agent.root.repository):
        late = began <= item.at < work.now() - DELIVERY
        if late and not work.memory.knows(item.digest):
            yield _missing(work, item)


def _missing(work: Delivery, item: Posted) -> Alarm:
    what = f"statement {item.digest[7:19]} was posted {item.at:%Y-%m-%d %H:%M}, but did not arrive: {LOST}"
    return Alarm(digest(("undelivered", item.digest)), "undelivered", TRUST, what, work.now())
