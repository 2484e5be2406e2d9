"""Whatever a forge answers, it becomes values of ours or a refusal."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gitwarrant.forge.answers import Answer, answers
from gitwarrant.forge.forge import ForgeError
from gitwarrant.forge.gitea import read_request, read_review
from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.change import CommitId
from gitwarrant.model.owners import Forge
from gitwarrant.model.review import PullRequest, Review

COMMIT = "c" * 40
TEXT = st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
USER = {"id": 3, "login": "bob"}
REVIEW = {
    "id": 1,
    "user": USER,
    "state": "APPROVED",
    "commit_id": COMMIT,
    "submitted_at": "2026-06-01T12:00:00Z",
    "official": True,
    "stale": False,
    "dismissed": False,
}
REQUEST = {
    "number": 7,
    "merged": True,
    "merge_commit_sha": COMMIT,
    "merge_base": COMMIT,
    "head": {"sha": COMMIT},
    "base": {"ref": "main"},
    "user": USER,
}
PULL = PullRequest(
    "gitea",
    Forge.GITEA,
    "o/n",
    7,
    "refs/pull/7/head",
    "refs/heads/main",
    CommitId(COMMIT),
    CommitId(COMMIT),
    CommitId(COMMIT),
    author="bob",
)


@st.composite
def spoiled(draw: st.DrawFn, good: dict[str, Any]) -> Any:
    """A good answer with some fields replaced or removed, or anything at all."""
    if draw(st.booleans()):
        return draw(JSON)
    value = dict(good)
    for name in draw(st.sets(st.sampled_from(sorted(good)))):
        if draw(st.booleans()):
            value[name] = draw(JSON)
        else:
            del value[name]
    return value


@given(spoiled(REVIEW))
def test_any_review_is_a_review_nothing_or_a_refusal(value: Any) -> None:
    try:
        review = read_review(Answer.of("review", value), PULL)
    except ForgeError:
        return
    if review is not None:
        assert decode(Review, encode(review)) == review


@given(spoiled(REQUEST))
def test_any_request_is_a_request_or_a_refusal(value: Any) -> None:
    try:
        request = read_request(Answer.of("pull request", value), "gitea", "o/n")
    except ForgeError:
        return
    assert decode(PullRequest, encode(request)) == request


@given(JSON)
def test_any_list_is_objects_or_a_refusal(value: Any) -> None:
    try:
        found = answers("review", value, 50)
    except ForgeError:
        return
    assert len(found) == len(value) <= 50


def test_good_answers_are_read() -> None:
    """Else the properties above would hold of a reader that refuses everything."""
    assert read_request(Answer.of("pull request", REQUEST), "gitea", "o/n") == PULL
    assert read_review(Answer.of("review", REVIEW), PULL) is not None
