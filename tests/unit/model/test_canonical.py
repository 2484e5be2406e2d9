"""One canonical byte form: the same value gives the same bytes, other bytes are refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from gitwarrant.model.canonical import NotCanonical, decode, digest, dumps, encode, loads
from gitwarrant.model.change import (
    NO_BLOB,
    BlobId,
    Change,
    Commit,
    CommitId,
    Landing,
    PathChange,
    SignedStatement,
    TreeId,
    compose,
    diff_digest,
)
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import Identity, IdentityKind, Key
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, Leaf, LeafList, Plan, PlannedObject

COMMIT, TREE = CommitId("a" * 40), TreeId("b" * 40)
EDIT = PathChange("web.yaml", 0o100644, BlobId("1" * 40), 0o100644, BlobId("2" * 40))


def change() -> Change:
    landing = Landing(COMMIT, COMMIT, TREE, TREE, (Commit(COMMIT, b"tree \xff\x00", (EDIT,)),), (EDIT,))
    return Change("shop", "refs/heads/main", COMMIT, COMMIT, (landing,), (SignedStatement(b"{}", b"sig"),))


def plan() -> Plan:
    difference = FieldDifference(("spec", "containers", 0, "image"), (), ({"x": [1.5, None, 2**63]},))
    planned = PlannedObject(
        Action.CREATE,
        ObjectKey("apps", "Deployment", "shop", "web"),
        "v1",
        Place("web.yaml", 3),
        (difference,),
    )
    leaf = Leaf("apps", "v1", "Deployment", "shop", "web", "apply", digest("x"))
    return Plan("production", COMMIT, (planned,), LeafList((leaf,)), ())


def identity() -> Identity:
    key = Key("ssh-ed25519 AAAA", datetime(2026, 1, 1, tzinfo=UTC), None)
    return Identity("ada", IdentityKind.PERSON, frozenset({"b", "a"}), (key,), frozenset(), Place("x", 1))


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(change(), id="change"),
        pytest.param(plan(), id="plan"),
        pytest.param(identity(), id="identity"),
    ],
)
def test_what_was_written_is_read_back_equal(value: object) -> None:
    assert decode(type(value), encode(value)) == value


def test_equal_moments_have_one_spelling_whatever_their_zone() -> None:
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    same = noon.astimezone(timezone(timedelta(hours=2)))

    assert encode((noon,)) == encode((same,)) == b'["2026-11-21T12:00:00.000000Z"]'


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"b":1,"a":2}', id="members out of order"),
        pytest.param(b'{"a": 1}', id="white space"),
        pytest.param(b'{"a":1,"a":1}', id="a member twice"),
        pytest.param(b'"\\u0061"', id="an escape that is not needed"),
        pytest.param(b"1.50", id="a float with a spare digit"),
        pytest.param(b"NaN", id="not a number"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
        pytest.param(b'{"a":1', id="cut off"),
        pytest.param(b"\xff", id="not UTF-8"),
    ],
)
def test_any_other_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        loads(data)


def test_bytes_of_one_kind_are_never_read_as_another() -> None:
    with pytest.raises(NotCanonical, match="expected a Change"):
        decode(Change, encode(plan()))


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"body":"e30=","is":"SignedStatement"}', id="a member is missing"),
        pytest.param(
            b'{"body":"e30=","extra":1,"is":"SignedStatement","signature":""}', id="a member too many"
        ),
        pytest.param(b'{"body":5,"is":"SignedStatement","signature":""}', id="a member of another type"),
        pytest.param(
            b'{"body":"e3==","is":"SignedStatement","signature":""}', id="a second spelling of base64"
        ),
        pytest.param(b'["SignedStatement"]', id="a list"),
    ],
)
def test_a_value_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(NotCanonical):
        decode(SignedStatement, data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object(), {1, 2}])
def test_what_json_cannot_hold_has_no_canonical_form(value: object) -> None:
    with pytest.raises((NotCanonical, TypeError)):
        dumps(value)


def test_composed_differences_keep_the_ends_and_drop_what_came_back() -> None:
    back = PathChange("web.yaml", EDIT.new_mode, EDIT.new_blob, EDIT.old_mode, EDIT.old_blob)
    added = PathChange("db.yaml", 0, NO_BLOB, 0o100644, BlobId("3" * 40))
    edited = PathChange("db.yaml", 0o100644, BlobId("3" * 40), 0o100644, BlobId("4" * 40))

    assert compose([(EDIT, added), (back, edited)]) == (
        PathChange("db.yaml", 0, NO_BLOB, 0o100644, BlobId("4" * 40)),
    )


def test_a_difference_is_digested_in_one_order() -> None:
    other = PathChange("a.yaml", 0, NO_BLOB, 0o100644, BlobId("3" * 40))

    assert diff_digest([EDIT, other]) == diff_digest([other, EDIT])


def test_leaves_out_of_order_or_twice_are_a_wrong_call() -> None:
    leaf = plan().leaves.leaves[0]

    with pytest.raises(ValueError, match="sorted and unique"):
        LeafList((leaf, leaf))


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(b"2026-01-01T00:00:00", id="no zone"),
        pytest.param(b"0001-01-01T00:00:00+10:00", id="before the year 1 in UTC"),
    ],
)
def test_a_time_that_has_no_canonical_form_is_refused(written: bytes) -> None:
    key = encode(Key("ssh-ed25519 AAAA", not_before=datetime(2026, 1, 1, tzinfo=UTC)))

    with pytest.raises(NotCanonical):
        decode(Key, key.replace(b"2026-01-01T00:00:00.000000Z", written))
