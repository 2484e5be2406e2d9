"""One beat of a heart: see the repository as anybody does, and sign what was seen.

A heart lives on a machine that is neither the Git server nor the cluster. It
verifies the trust ref as the agent does and remembers, in a log of its own, what
it saw: where a ref moved backwards it signs nothing any more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gitwarrant.audit.queries import TRUST, member
from gitwarrant.audit.recorder import Selection
from gitwarrant.config.agent import Freshness
from gitwarrant.git.failures import FetchError
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import store, store_heartbeat
from gitwarrant.model.canonical import Digest, NotCanonical, encode, sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Heart
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import STATEMENT_REFS, Heartbeat, RefTip
from gitwarrant.pipeline.candidates import advance_trust
from gitwarrant.pipeline.delivery import Delivery, fetch_ref
from gitwarrant.pipeline.pulses import record
from gitwarrant.pipeline.trusting import Trusted
from gitwarrant.trust.freshness import Beat
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.opened import open_heartbeat, open_statement
from gitwarrant.trust.ownership import owner_of

Sign = Callable[[bytes], bytes]
"""From a heartbeat's bytes to the armored signature of the heart's key over them."""


@dataclass(frozen=True, slots=True)
class Beaten:
    """A beat that is signed, recorded and stored; `refs` are still to be pushed."""

    heartbeat: Heartbeat
    refs: tuple[str, ...]
    """The heartbeat's own, and those of withdrawals and revocations that the server no longer shows."""


def beat(
    work: Delivery, heart: Heart, sign: Sign, nonce: bytes, *, rewound: frozenset[str] = frozenset()
) -> Beaten:
    """Look at the repository, and sign what is there.

    Args:
        rewound: refs of which the operator knows that they were moved backwards, and why.
        nonce: 16 random bytes.

    Raises:
        Refused: the trust ref does not prove itself, or a ref moved backwards.
        Unreachable: the Git server does not answer.
    """
    work = replace(work, agent=replace(work.agent, freshness=Freshness()))  # a heart waits for no other
    repository, trusted = advance_trust(work)
    seen = {ref: tip for ref, tip in _seen(work, heart).items() if ref not in rewound}
    tips = _tips(work, repository, trusted, seen)
    negatives = _negatives(work, trusted)
    heartbeat = Heartbeat(
        repository=work.agent.root.repository,
        refs=tuple(sorted(RefTip(ref, commit) for ref, commit in tips.items())),
        negatives=tuple(sorted(negatives)),
        sequence=_sequence(work, repository, heart) + 1,
        made=work.now(),
        nonce=nonce.hex(),
    )
    body = encode(heartbeat)
    signed = SignedStatement(body, sign(body))
    record(work.recorder, Beat(heart, heartbeat, sha256(body)))  # before anybody can see it
    hidden = _hidden(repository, negatives)
    refs = [store(work.quarantine, item) for item in hidden]
    return Beaten(heartbeat, (store_heartbeat(work.quarantine, heart.name, signed), *refs))


def _tips(
    work: Delivery, repository: Repository, trusted: Trusted, seen: Mapping[str, CommitId]
) -> dict[str, CommitId]:
    """The trust ref and the refs of all environments, none behind where it was seen before.

    Raises:
        Refused: one moved backwards, or is gone.
    """
    tips = {trusted.root.trust_ref: trusted.revision}
    for ref in sorted({environment.ref for environment in trusted.config.environments} - tips.keys()):
        try:
            tips[ref] = fetch_ref(work, ref)
        except FetchError:
            if ref in seen:
                raise
            # An environment that is not there yet must not stop the others.
    for ref, tip in tips.items():
        if ref in seen and not repository.contains(tip, seen[ref]):
            raise Refused(
                f"{ref} moved backwards: from {seen[ref][:12]}, which was seen there, to {tip[:12]}",
                stage="fetch",
                remedy="find out who forced the push; then push a commit that descends from it, "
                f"or, if you know why, beat once with --rewound {ref}",
            )
    return tips


def _seen(work: Delivery, heart: Heart) -> dict[str, CommitId]:
    """Where refs were when this heart signed last."""
    newest = Selection(frozenset({RecordKind.HEARTBEAT}), TRUST, newest_first=True)
    for found in work.recorder.read(0, newest):
        if found.body.get("public") == heart.public:
            return {ref: CommitId(str(commit)) for ref, commit in member(found, "refs", dict).items()}
    return {}


def _sequence(work: Delivery, repository: Repository, heart: Heart) -> int:
    """The last sequence of this heart: of its own log, or of its beat on the server if that is higher.

    The second is for a heart that lost its state; it can only make the number greater.
    """
    last = work.pulses.last.get(heart.public)
    own = last.sequence if last else 0
    shown = repository.heartbeat(heart.name)
    if shown is None:
        return own
    try:
        found, key = open_heartbeat(shown)
    except NotCanonical:
        return own
    mine = key.line == heart.public and found.repository == work.agent.root.repository
    return max(own, found.sequence) if mine else own


def _negatives(work: Delivery, trusted: Trusted) -> Mapping[Digest, SignedStatement]:
    """What somebody who is known here took back or suspended.

    What strangers push is left out: shown to the heart and then hidden, it
    would make every agent wait for it.
    """
    registry = Registry(trusted.config.policy, trusted.root.keys)
    return {
        sha256(signed.body): signed
        for signed in work.memory.negatives()
        if owner_of(open_statement(signed).proven, registry) is not None
    }


def _hidden(repository: Repository, negatives: Mapping[Digest, SignedStatement]) -> list[SignedStatement]:
    """Those that the server no longer shows: they are pushed again, so that whoever missed them can go on."""
    shown = repository.refs(STATEMENT_REFS)
    return [
        signed
        for digest, signed in negatives.items()
        if STATEMENT_REFS + digest.removeprefix("sha256:") not in shown
    ]
