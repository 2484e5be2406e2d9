"""What is remembered of heartbeats, in the process and in the log.

One record for every beat would be most of a log. So an accepted beat is
recorded when its refs or negatives differ from those last recorded, or when it
was made `max_age` or more after that record's. A process that starts again may
therefore have forgotten the beats of the last `max_age`: an old one shown to it
then is still in sequence to what was recorded, and not older than `max_age`,
which is all that any heartbeat promises. Two different beats of one sequence
are told apart as long as the process lives, and afterwards where the first was recorded.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gitwarrant.audit.queries import TRUST, member
from gitwarrant.audit.recorder import Recorder, Selection
from gitwarrant.config.agent import Agent
from gitwarrant.git.reading import Repository
from gitwarrant.model.canonical import Digest, digest, plain, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.identity import Heart
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.statement import Heartbeat
from gitwarrant.pipeline.memory import Memory, moment_of
from gitwarrant.trust.freshness import Asked, Beat, Doubt, Pulse, judge, require


class Pulses:
    """The last accepted beat of each heart, by its public key."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder, self._read = recorder, 0
        self._last: dict[str, Pulse] = {}
        self._recorded: dict[str, Pulse] = {}
        self._content: dict[str, str] = {}

    @property
    def last(self) -> dict[str, Pulse]:
        """By public key; read from the log what another process wrote."""
        for record in self._recorder.read(self._read, Selection(frozenset({RecordKind.HEARTBEAT}))):
            self._read = record.number
            self._take(record)
        return dict(self._last)

    def accept(self, beat: Beat, max_age: timedelta) -> None:
        """Remember a beat; record it where the log would know too little otherwise."""
        heartbeat, key = beat.heartbeat, beat.heart.public
        pulse = Pulse(heartbeat.sequence, beat.digest, heartbeat.made)
        before = self._recorded.get(key)
        if before is None or self._content[key] != content(heartbeat) or pulse.made >= before.made + max_age:
            record(self._recorder, beat)
        self._last[key] = pulse

    def doubt(self, doubt: Doubt) -> None:
        """Record, once, that a heart signed two beats of one sequence: its key is in other hands."""
        if doubt.beat is None or not doubt.equivocal:
            return
        pulse = self._last[doubt.heart.public]
        body = {
            **_named(doubt.heart),
            "sequence": pulse.sequence,
            "digests": sorted([pulse.digest, doubt.beat.digest]),
        }
        told = self._recorder.read(0, Selection(frozenset({RecordKind.EQUIVOCATION}), TRUST))
        if not any(dict(record.body) == body for record in told):
            self._recorder.append(RecordKind.EQUIVOCATION, TRUST, body)

    def _take(self, record: Record) -> None:
        key = member(record, "public", str)
        pulse = Pulse(
            member(record, "sequence", int),
            Digest(member(record, "digest", str)),
            moment_of(record, record.body.get("made")),
        )
        self._recorded[key], self._content[key] = pulse, member(record, "content", str)
        if key not in self._last or pulse.sequence >= self._last[key].sequence:
            self._last[key] = pulse


def check_fresh(
    agent: Agent,
    memory: Memory,
    pulses: Pulses,
    repository: Repository,
    tips: Mapping[str, CommitId],
    *,
    now: datetime,
) -> None:
    """Ask the hearts whether the server shows the present of these refs; what they said is remembered.

    What was fetched counts before this: a withdrawal that arrives with a stale state holds.

    Raises:
        Refused: by fetch: not enough hearts show it.
    """
    wanted = agent.freshness
    if not wanted.hearts:
        return
    shown = {heart.name: repository.heartbeat(heart.name) for heart in wanted.hearts}
    asked = Asked(
        repository=agent.root.repository,
        tips=tips,
        contains=repository.contains,
        negatives=frozenset(sha256(signed.body) for signed in memory.negatives()),
        max_age=wanted.max_age,
        now=now,
    )
    found = {name: beat for name, beat in shown.items() if beat is not None}
    beats, doubts = judge(found, wanted.hearts, pulses.last, asked)
    for beat in beats:
        pulses.accept(beat, wanted.max_age)
    for doubt in doubts:
        pulses.doubt(doubt)
    require(beats, doubts, wanted.required)


def record(recorder: Recorder, beat: Beat) -> Record:
    """Write one beat into a log."""
    heartbeat = beat.heartbeat
    body: dict[str, Json] = {
        **_named(beat.heart),
        "sequence": heartbeat.sequence,
        "digest": beat.digest,
        "made": plain(heartbeat.made),
        "refs": {tip.ref: tip.commit for tip in heartbeat.refs},
        "content": content(heartbeat),
    }
    return recorder.append(RecordKind.HEARTBEAT, TRUST, body)


def content(heartbeat: Heartbeat) -> Digest:
    """What a beat says besides when: of two that say the same one is recorded."""
    return digest((heartbeat.refs, heartbeat.negatives))


def _named(heart: Heart) -> dict[str, Json]:
    return {"heart": heart.name, "public": heart.public}
