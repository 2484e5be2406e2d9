"""What people must hear although no gate refuses: rules that run out, statements that do not arrive.

Asks only the log, the quarantine and the witness: it is heard while the Git
server is gone, or serves what is refused. Each alarm is recorded before it is
told, and told once, by whichever process comes first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.audit.queries import TRUST, trusted_revision
from gitwarrant.audit.recorder import Selection
from gitwarrant.audit.witness import FolderWitness, Posted, Witness
from gitwarrant.config.agent import Agent
from gitwarrant.git.reading import Repository
from gitwarrant.model.canonical import plain
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.trusting import rules_at

DELIVERY = timedelta(minutes=10)
"""How long a statement may take from the witness to us: a push, and a fetch of ours."""

WARNINGS = (1, 7, 30)
"""Days before the rules expire at which people are told."""

RENEWAL = "raise 'version' and 'expires' in .gitwarrant/trust.yaml, and let root holders sign the landing"


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that people must hear, in words."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.what}\n  remedy: {self.remedy}"


def alarms(work: Delivery) -> Iterator[Alarm]:
    """What was not told yet.

    Raises:
        Unreachable: the witness does not answer; rules that run out were told before.
        GitwarrantError: the witness cannot be read.
    """
    yield from _expiring(work)
    yield from _undelivered(work)


def witness(agent: Agent) -> Witness | None:
    """The witness of a configuration; None: it names none."""
    return FolderWitness(agent.witness) if agent.witness else None


def days_left(expires: datetime, now: datetime) -> int | None:
    """The warning that is due before an expiry: 30, 7 or 1 (days), 0 once it passed; None: none yet."""
    left = expires - now
    if left <= timedelta():
        return 0
    return next((days for days in WARNINGS if left <= timedelta(days=days)), None)


def _expiring(work: Delivery) -> Iterator[Alarm]:
    revision = trusted_revision(work.recorder) or work.agent.root.trusted_at
    if revision is None or not work.quarantine.exists():
        return
    repository = Repository(work.quarantine)
    if not repository.objects.has(revision):
        return
    expires = rules_at(repository, revision).policy.expires
    days = days_left(expires, work.now())
    if days is None:
        return
    body = {"expires": plain(expires), "days": days}
    if any(dict(record.body) == body for record in _told(work, RecordKind.EXPIRING)):
        return
    work.recorder.append(RecordKind.EXPIRING, TRUST, body)
    verb = "expire" if days else "expired"
    yield Alarm(
        f"the rules in .gitwarrant/ {verb} {expires:%Y-%m-%d %H:%M}; after that only their renewal passes",
        RENEWAL,
    )


def _undelivered(work: Delivery) -> Iterator[Alarm]:
    """Only of what was posted since the log began: older ones may have come, expired and been deleted."""
    posts = witness(work.agent)
    first = next(iter(work.recorder.read()), None)
    if posts is None or first is None:
        return
    told = {record.body.get("statement") for record in _told(work, RecordKind.UNDELIVERED)}
    for item in posts.posted(work.agent.root.repository):
        late = first.time <= item.at < work.now() - DELIVERY
        if late and item.digest not in told and not work.memory.knows(item.digest):
            yield _missing(work, item)


def _missing(work: Delivery, item: Posted) -> Alarm:
    body = {"statement": item.digest, "posted": plain(item.at)}
    work.recorder.append(RecordKind.UNDELIVERED, TRUST, body)
    return Alarm(
        f"statement {item.digest[7:19]} was posted {item.at:%Y-%m-%d %H:%M}, but did not arrive",
        "ask who pushed it: it was lost on the way, or the server hides it",
    )


def _told(work: Delivery, kind: RecordKind) -> Iterator[Record]:
    return work.recorder.read(0, Selection(frozenset({kind}), TRUST))
