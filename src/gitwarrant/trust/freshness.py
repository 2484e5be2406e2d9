"""Whether the Git server shows the present: what hearts saw of it, past its reach.

    1. A right signature in the heartbeats' namespace, by the key given for that heart, about this repository.
    2. A sequence not below the one remembered; the same sequence with other content is equivocation.
    3. A time not in the future, and not older than `max_age`.
    4. Each ref that is asked about contains the commit at which the heart saw it.
    5. All withdrawals and revocations that the heart saw are known here.

Not checked here: that what the refs hold is proven (verify). A heartbeat says
that something is not old, never that it is good. Source: docs/trust-protocol.md, section 6.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitwarrant.model.canonical import Digest, NotCanonical, sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Heart
from gitwarrant.model.statement import Heartbeat
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.opened import open_heartbeat
from gitwarrant.trust.statements import MAX_SKEW

HOW_TO = "see whether 'gitwarrant heartbeat' runs there and can push (docs/how-to/prove-freshness.md)"


@dataclass(frozen=True, slots=True)
class Beat:
    """A heartbeat that a heart signed, named by the digest of its bytes."""

    heart: Heart
    heartbeat: Heartbeat
    digest: Digest


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is remembered of a heart: its last accepted beat."""

    sequence: int
    digest: Digest
    made: datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a heart does not show that the server is fresh; `beat` where one was found that it signed."""

    heart: Heart
    reason: str
    beat: Beat | None = None
    equivocal: bool = False
    """It signed two different beats of one sequence: somebody sees another repository than we do."""

    def __str__(self) -> str:
        return f"{self.heart.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the heartbeats: about which repository, which refs as fetched, and when."""

    repository: str
    tips: Mapping[str, CommitId]
    contains: Callable[[CommitId, CommitId], bool]
    """Whether a tip (first) is or descends from a commit (second); False where that is not even here."""
    negatives: AbstractSet[Digest]
    """Withdrawals and revocations that were ever seen here."""
    max_age: timedelta
    now: datetime


class _Reason(Exception):
    """Why a beat does not count."""


def judge(
    found: Mapping[str, SignedStatement],
    hearts: Sequence[Heart],
    remembered: Mapping[str, Pulse],
    asked: Asked,
) -> tuple[tuple[Beat, ...], tuple[Doubt, ...]]:
    """The beats that show the refs to be fresh, and why others do not.

    Args:
        found: what lies under each heart's name.
        remembered: by the heart's public key.
    """
    beats: list[Beat] = []
    doubts: list[Doubt] = []
    for heart in hearts:
        verdict = _beat(found.get(heart.name), heart, remembered.get(heart.public), asked)
        if isinstance(verdict, Beat):
            beats.append(verdict)
        else:
            doubts.append(verdict)
    return tuple(beats), tuple(doubts)


def require(beats: Sequence[Beat], doubts: Sequence[Doubt], required: int) -> None:
    """Ask for enough distinct hearts.

    Raises:
        Refused: stage `fetch`, with what is wrong with each heart.
    """
    if len({beat.heart.public for beat in beats}) < required:
        told = "; ".join(map(str, doubts))
        raise Refused(
            f"not fresh: {len(beats)} of the {required} heartbeats needed show that the server is up to date "
            f"({told})",
            stage="fetch",
            remedy=HOW_TO,
        )


def check_apart(hearts: Sequence[Heart], registry: Registry) -> None:
    """A heart's key lies unguarded on a machine, so it must not be one that signs anything else.

    Raises:
        Refused: stage `verify`: it belongs to an identity or a root holder.
    """
    for heart in hearts:
        owner = registry.owner(heart.public)
        if owner:
            raise Refused(
                f"the heartbeat key of {heart.name!r} is a key of {owner.identity.name!r}: "
                "whoever finds it there signs in that name",
                stage="verify",
                remedy="make the heart a key of its own: ssh-keygen -t ed25519",
                place=owner.key.place if owner.key.place.path else None,
            )


def _beat(signed: SignedStatement | None, heart: Heart, last: Pulse | None, asked: Asked) -> Beat | Doubt:
    if signed is None:
        return Doubt(heart, "it left no heartbeat on the server")
    try:
        heartbeat, key = open_heartbeat(signed)
    except NotCanonical as error:  # 1
        return Doubt(heart, error.what)
    if key.line != heart.public:
        return Doubt(heart, f"its heartbeat is signed by another key, {key.fingerprint}")
    beat = Beat(heart, heartbeat, sha256(signed.body))
    if last and heartbeat.sequence == last.sequence and beat.digest != last.digest:  # 2
        reason = f"it signed two different heartbeats with sequence {last.sequence} (equivocation)"
        return Doubt(heart, reason, beat, equivocal=True)
    try:
        _about_this(heartbeat, asked)
        _in_sequence(heartbeat, last)
        _in_time(heartbeat, asked)
        _contained(heartbeat, asked)
        _known(heartbeat, asked)
    except _Reason as reason:
        return Doubt(heart, str(reason), beat)
    return beat


def _about_this(heartbeat: Heartbeat, asked: Asked) -> None:  # 1
    if heartbeat.repository != asked.repository:
        raise _Reason(f"its heartbeat is about repository {heartbeat.repository!r}")


def _in_sequence(heartbeat: Heartbeat, last: Pulse | None) -> None:  # 2
    if last and heartbeat.sequence < last.sequence:
        raise _Reason(f"an old heartbeat is shown: sequence {heartbeat.sequence} after {last.sequence}")
    if heartbeat.sequence < 1:
        raise _Reason(f"its heartbeat has the sequence {heartbeat.sequence}; they count from 1")


def _in_time(heartbeat: Heartbeat, asked: Asked) -> None:  # 3
    # The same words at every look: a reason that counts minutes would fill the log.
    if heartbeat.made > asked.now + MAX_SKEW:
        raise _Reason(f"its heartbeat is from the future, {heartbeat.made:%Y-%m-%d %H:%M:%S}")
    if heartbeat.made <= asked.now - asked.max_age:
        raise _Reason(
            f"its last heartbeat is of {heartbeat.made:%Y-%m-%d %H:%M:%S}, older than {asked.max_age}"
        )


def _contained(heartbeat: Heartbeat, asked: Asked) -> None:  # 4
    seen = {tip.ref: tip.commit for tip in heartbeat.refs}
    for ref, tip in asked.tips.items():
        if ref not in seen:
            raise _Reason(f"its heartbeat does not speak of {ref}")
        if not asked.contains(tip, seen[ref]):
            raise _Reason(
                f"the server shows {ref} at {tip[:12]}, which lacks {seen[ref][:12]}: it was there before"
            )


def _known(heartbeat: Heartbeat, asked: Asked) -> None:  # 5
    hidden = sorted(set(heartbeat.negatives) - asked.negatives)
    if hidden:
        raise _Reason(
            f"it saw {len(hidden)} withdrawals or revocations that the server hides ({hidden[0][7:19]})"
        )
