"""When heartbeats show that the Git server is up to date, sentence by sentence (protocol, section 6)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import MAIN, NOW, POLICY, REPOSITORY, ROOT, public_key, sign

from gitwarrant.model.canonical import Digest, encode, sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Heart
from gitwarrant.model.statement import HEARTBEAT_NAMESPACE, STATEMENT_NAMESPACE, Heartbeat, RefTip
from gitwarrant.trust.freshness import Asked, Beat, Doubt, Pulse, check_apart, judge, require
from gitwarrant.trust.identities import Registry

OLD, NEW, UNKNOWN = (CommitId(letter * 40) for letter in "abc")
WITHDRAWN = Digest("sha256:" + "d" * 64)
TOWER, LIGHTHOUSE = Heart("tower", public_key("tower")), Heart("lighthouse", public_key("lighthouse"))
HONEST = Heartbeat(REPOSITORY, (RefTip(MAIN, OLD),), (WITHDRAWN,), 7, NOW - timedelta(minutes=5), "ab" * 16)


def contains(tip: CommitId, commit: CommitId) -> bool:
    """A history of two commits."""
    return tip == commit or (tip, commit) == (NEW, OLD)


ASKED = Asked(REPOSITORY, {MAIN: NEW}, contains, {WITHDRAWN}, timedelta(minutes=15), NOW)


def beat(key: str = "tower", *, namespace: str = HEARTBEAT_NAMESPACE, **fields: object) -> SignedStatement:
    """A signed heartbeat; `fields` replace what an honest one says."""
    body = encode(replace(HONEST, **fields))  # type: ignore[arg-type]  # fields of Heartbeat, by name
    return SignedStatement(body, sign(key, body, namespace))


def verdict(
    signed: SignedStatement | None, *, last: Pulse | None = None, asked: Asked = ASKED
) -> Beat | Doubt:
    """What is said of the tower alone."""
    found = {"tower": signed} if signed else {}
    beats, doubts = judge(found, [TOWER], {TOWER.public: last} if last else {}, asked)
    assert len(beats) + len(doubts) == 1
    return beats[0] if beats else doubts[0]


def pulse(sequence: int, digest: Digest = WITHDRAWN) -> Pulse:
    return Pulse(sequence, digest, NOW)


def test_a_heartbeat_shows_what_the_server_has_and_more_to_be_fresh() -> None:
    signed = beat()

    assert verdict(signed) == Beat(TOWER, HONEST, sha256(signed.body))


@pytest.mark.parametrize(
    ("signed", "reason"),
    [
        pytest.param(None, "it left no heartbeat on the server", id="none"),
        pytest.param(
            SignedStatement(b"{}", b""), "not a Heartbeat: expected a Heartbeat", id="no heartbeat in form"
        ),
        pytest.param(
            replace(beat(), signature=beat(sequence=8).signature),
            "bad signature: it was not made over these bytes by SHA256:",
            id="signature of another heartbeat",
        ),
        pytest.param(
            beat(namespace=STATEMENT_NAMESPACE),
            "bad signature: it was made for namespace 'gitwarrant-statement', not 'gitwarrant-heartbeat'",
            id="signed as a statement",
        ),
        pytest.param(beat("mallory"), "its heartbeat is signed by another key, SHA256:", id="another key"),
        pytest.param(
            beat("lighthouse"),
            "its heartbeat is signed by another key",
            id="another heart's, copied",
        ),
        pytest.param(
            beat(repository="example/other"),
            "its heartbeat is about repository 'example/other'",
            id="another repository",
        ),
        pytest.param(
            beat(sequence=0), "its heartbeat has the sequence 0; they count from 1", id="sequence 0"
        ),
        pytest.param(
            beat(made=NOW - timedelta(minutes=15)),
            "its last heartbeat is of 2026-06-01 11:45:00, older than 0:15:00",
            id="stale",
        ),
        pytest.param(
            beat(made=NOW + timedelta(minutes=6)),
            "its heartbeat is from the future, 2026-06-01 12:06:00",
            id="from the future",
        ),
        pytest.param(
            beat(refs=(RefTip(MAIN, UNKNOWN),)),
            "the server shows refs/heads/main at bbbbbbbbbbbb, which lacks cccccccccccc: it was there before",
            id="the server shows less than it showed the heart",
        ),
        pytest.param(
            beat(refs=()), "its heartbeat does not speak of refs/heads/main", id="not about the ref"
        ),
        pytest.param(
            beat(negatives=(Digest("sha256:" + "e" * 64),)),
            "it saw 1 withdrawals or revocations that the server hides (eeeeeeeeeeee)",
            id="a hidden withdrawal",
        ),
        pytest.param(
            beat(negatives=(WITHDRAWN, WITHDRAWN)),
            "a heartbeat's lists are not sorted, or name something twice",
            id="lists not canonical",
        ),
    ],
)
def test_a_heartbeat_that_shows_nothing(signed: SignedStatement | None, reason: str) -> None:
    found = verdict(signed)

    assert isinstance(found, Doubt)
    assert found.reason.startswith(reason)
    assert not found.equivocal


def test_a_lower_sequence_is_an_old_heartbeat() -> None:
    found = verdict(beat(), last=pulse(8))

    assert isinstance(found, Doubt)
    assert found.reason == "an old heartbeat is shown: sequence 7 after 8"


def test_the_same_heartbeat_again_still_counts() -> None:
    signed = beat()

    assert isinstance(verdict(signed, last=pulse(7, sha256(signed.body))), Beat)


def test_the_same_sequence_with_other_content_is_equivocation() -> None:
    found = verdict(beat(), last=pulse(7))

    assert isinstance(found, Doubt)
    assert (found.equivocal, found.reason) == (
        True,
        "it signed two different heartbeats with sequence 7 (equivocation)",
    )


def test_equivocation_is_seen_in_a_stale_heartbeat_too() -> None:
    found = verdict(beat(made=NOW - timedelta(days=1)), last=pulse(7))

    assert isinstance(found, Doubt)
    assert found.equivocal


@pytest.mark.parametrize(
    ("found", "passes"),
    [
        pytest.param({"tower": beat(), "lighthouse": beat("lighthouse")}, True, id="both hearts"),
        pytest.param({"tower": beat()}, False, id="one heart"),
        pytest.param({"tower": beat(), "lighthouse": beat()}, False, id="one heart in both places"),
    ],
)
def test_two_hearts_are_required(found: Mapping[str, SignedStatement], *, passes: bool) -> None:
    beats, doubts = judge(found, [TOWER, LIGHTHOUSE], {}, ASKED)

    if passes:
        require(beats, doubts, 2)
        return
    with pytest.raises(Refused, match="not fresh: 1 of the 2 heartbeats needed") as refused:
        require(beats, doubts, 2)
    assert refused.value.stage == "fetch"


def test_a_heart_with_a_persons_key_is_refused() -> None:
    with pytest.raises(Refused, match="the heartbeat key of 'tower' is a key of 'alice'"):
        check_apart([Heart("tower", public_key("alice"))], Registry(POLICY, ROOT.keys))


def test_a_heart_with_a_key_of_its_own_is_fine() -> None:
    check_apart([TOWER, LIGHTHOUSE], Registry(POLICY, ROOT.keys))
