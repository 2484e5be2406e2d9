"""Which checkpoints count, and which of them is the newest (protocol, 8.1)."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from tests.support.chain import DAY, NOW, ROOT
from tests.support.consents import checkpoint
from tests.support.consents import checkpoints as signed_by

from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.checkpoints import Anchor, Checkpoints, checkpoints, newest

A, B, C = (CommitId(letter * 40) for letter in "abc")


def found(*statements: SignedStatement, now: datetime = NOW) -> Checkpoints:
    return checkpoints(statements, ROOT, witnessed=Witnessed(), now=now)


def test_a_checkpoint_of_the_threshold_counts() -> None:
    assert found(*signed_by(A, "alice", "carol")) == Checkpoints((Anchor(A, 1),), ())


def test_a_checkpoint_of_one_holder_says_who_is_missing() -> None:
    result = found(*signed_by(A, "alice"))

    assert result.accepted == ()
    assert [str(item) for item in result.awaited] == [
        "the checkpoint at aaaaaaaaaaaa does not count: 1 more of the present root holders (carol)"
    ]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(checkpoint(B, "carol"), id="another commit"),
        pytest.param(checkpoint(A, "carol", version=2), id="another version of the policy"),
        pytest.param(checkpoint(A, "carol", ref="refs/heads/side"), id="another ref"),
        pytest.param(checkpoint(A, "carol", key="alice"), id="signed with another holder's key"),
        pytest.param(checkpoint(A, "mallory"), id="no holder"),
        pytest.param(checkpoint(A, "carol", made=NOW - 40 * DAY), id="expired"),
        pytest.param(checkpoint(A, "carol", lives=400 * DAY), id="made for longer than a year"),
        pytest.param(checkpoint(A, "carol", made=NOW + DAY), id="from the future"),
    ],
)
def test_only_consent_to_the_same_counts(other: SignedStatement) -> None:
    assert found(checkpoint(A, "alice"), other).accepted == ()


@pytest.mark.parametrize(
    ("line", "versions", "lowest", "expected"),
    [
        pytest.param([C, B, A], {A: 1, B: 2, C: 3}, 0, B, id="the newest that is accepted"),
        pytest.param([C, A], {A: 1, B: 2}, 0, A, id="a side branch is not on the line"),
        pytest.param([C, B, A], {A: 1, B: 7}, 0, A, id="the policy there has another version"),
        pytest.param([C, B, A], {A: 1}, 0, A, id="the policy there cannot be read"),
        pytest.param([C, B, A], {A: 1, B: 2}, 3, None, id="a version that was left behind"),
        pytest.param([C], {}, 0, None, id="none on the line"),
    ],
)
def test_the_newest_of_a_line(
    line: Sequence[CommitId], versions: dict[CommitId, int], lowest: int, expected: CommitId | None
) -> None:
    accepted = (Anchor(A, 1), Anchor(B, 2))

    assert newest(accepted, line, versions.get, lowest=lowest) == expected
