"""Whatever lies under a heart's name, or among statements, gives an answer and nothing else."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.chain import MAIN, NOW, REPOSITORY, ROOT, public_key, sign
from tests.support.consents import changes, checkpoints, roots

from gitwarrant.model.canonical import NotCanonical, encode
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.identity import Heart
from gitwarrant.model.statement import HEARTBEAT_NAMESPACE, Heartbeat, RefTip
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust import checkpoints as anchors
from gitwarrant.trust.freshness import Asked, Doubt, judge
from gitwarrant.trust.opened import open_heartbeat
from gitwarrant.trust.roots import configured, succession

TIP = CommitId("a" * 40)
BEAT = Heartbeat(REPOSITORY, (RefTip(MAIN, TIP),), (), 3, NOW, "ab" * 16)
BODY = encode(BEAT)
SIGNED = SignedStatement(BODY, sign("tower", BODY, HEARTBEAT_NAMESPACE))
TOWER = Heart("tower", public_key("tower"))
ASKED = Asked(
    REPOSITORY, {MAIN: TIP}, lambda tip, commit: tip == commit, frozenset(), timedelta(hours=1), NOW
)
SECOND = roots("alice", "dora", after=configured(ROOT))
CONSENTS = changes(SECOND, "alice", "carol", "dora")


def test_the_beat_that_is_changed_below_counts_as_it_is() -> None:
    assert open_heartbeat(SIGNED)[0] == BEAT


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, len(BODY) - 1), byte=st.integers(0, 255))
def test_a_heartbeat_with_any_byte_changed_shows_nothing(place: int, byte: int) -> None:
    changed = BODY[:place] + bytes([byte]) + BODY[place + 1 :]

    beats, doubts = judge({"tower": replace(SIGNED, body=changed)}, [TOWER], {}, ASKED)

    assert (len(beats), len(doubts)) == ((1, 0) if changed == BODY else (0, 1))


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=300), signature=st.binary(max_size=300))
def test_any_bytes_under_a_hearts_name_are_a_doubt(body: bytes, signature: bytes) -> None:
    signed = SignedStatement(body, signature)

    beats, [doubt] = judge({"tower": signed}, [TOWER], {}, ASKED)

    assert beats == ()
    assert isinstance(doubt, Doubt)
    with pytest.raises(NotCanonical, match=re.escape(doubt.reason)):
        open_heartbeat(signed)


@settings(max_examples=100, deadline=None)
@given(
    noise=st.lists(st.builds(SignedStatement, st.binary(max_size=200), st.binary(max_size=200)), max_size=5),
    order=st.permutations([*CONSENTS, *checkpoints(TIP, "alice", "dora")]),
)
def test_noise_among_statements_changes_neither_roots_nor_checkpoints(
    noise: list[SignedStatement], order: list[SignedStatement]
) -> None:
    followed = succession(
        configured(ROOT),
        None,
        [*noise, *order, *noise],
        repository=REPOSITORY,
        witnessed=Witnessed(),
        now=NOW,
    )
    root = replace(ROOT, keys=followed.roots.keys, threshold=followed.roots.threshold)
    found = anchors.checkpoints([*noise, *order], root, witnessed=Witnessed(), now=NOW)

    assert followed.roots == SECOND
    assert found.accepted == (anchors.Anchor(TIP, 1),)


@settings(max_examples=100, deadline=None)
@given(which=st.integers(0, 2), place=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_consent_with_any_byte_changed_consents_to_nothing(which: int, place: int, byte: int) -> None:
    body = CONSENTS[which].body
    place %= len(body)
    changed = body[:place] + bytes([byte]) + body[place + 1 :]
    statements = [replace(item, body=changed) if item is CONSENTS[which] else item for item in CONSENTS]

    found = succession(
        configured(ROOT), None, statements, repository=REPOSITORY, witnessed=Witnessed(), now=NOW
    )

    assert (found.roots == SECOND) is (changed == body)
