"""Making statements, and reading them strictly."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.support.chain import BASE, DAY, MAIN, NOW, POLICY, REPOSITORY, Chain

from gitwarrant.model.canonical import NotCanonical, decode, encode
from gitwarrant.model.change import diff_digest
from gitwarrant.model.statement import Bind, Statement, StatementKind
from gitwarrant.trust.covering import Intervals
from gitwarrant.trust.opened import read
from gitwarrant.trust.statements import Counted, Ignored, interval, judge_all, make


def one_landing() -> Chain:
    chain = Chain()
    chain.land({"web.yaml": "replicas: 2"}, by="alice")
    return chain


def statement(**fields: object) -> Statement:
    made = make(
        StatementKind.APPROVE,
        "bob",
        interval(one_landing().change()),
        bind=Bind.DIFF,
        now=NOW,
        lifetime=DAY,
        nonce=b"n" * 16,
    )
    return replace(made, **fields)  # type: ignore[arg-type]  # fields of Statement, by name


def test_a_statement_says_what_its_interval_is() -> None:
    change = one_landing().change()

    assert statement() == Statement(
        kind=StatementKind.APPROVE,
        identity="bob",
        repository=REPOSITORY,
        ref=MAIN,
        environment="",
        from_commit=BASE,
        to_tree=change.landings[0].tree,
        bind=Bind.DIFF,
        diff=diff_digest(change.changes),
        made=NOW,
        expires=NOW + DAY,
        nonce="6e" * 16,
    )
    assert read(encode(statement())) == statement()


@pytest.mark.parametrize(
    ("lifetime", "nonce"),
    [(DAY, b"short"), (timedelta(0), b"n" * 16), (-DAY, b"n" * 16), (91 * DAY, b"n" * 16)],
    ids=["short nonce", "no life", "ended before it began", "too long"],
)
def test_a_statement_that_could_not_count_is_a_wrong_call(lifetime: timedelta, nonce: bytes) -> None:
    about = interval(one_landing().change())

    with pytest.raises(ValueError, match=r"nonce has 16 bytes|lifetime is positive"):
        make(StatementKind.AUTHOR, "bob", about, bind=Bind.TREE, now=NOW, lifetime=lifetime, nonce=nonce)


def test_a_change_without_landings_has_nothing_to_say_about() -> None:
    with pytest.raises(ValueError, match="no interval"):
        interval(Chain().change())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(encode(statement(nonce="6e" * 15)), id="a short nonce"),
        pytest.param(encode(statement(nonce="6E" * 16)), id="a nonce in capitals"),
        pytest.param(encode(statement(from_commit="main")), id="a name for a commit"),
        pytest.param(encode(statement(diff="md5:0")), id="another digest"),
        pytest.param(encode(statement(identity="bob\x1b[2J")), id="a terminal's escape"),
        pytest.param(encode(statement(ref="refs/heads/\u202emain")), id="a right-to-left override"),
        pytest.param(encode(statement(identity="b" * 20_000)), id="too large"),
        pytest.param(encode(statement()) + b"\n", id="a line feed behind"),
        pytest.param(encode(POLICY.rules[0]), id="another value"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_statement_in_another_form_is_not_read(body: bytes) -> None:
    with pytest.raises(NotCanonical):
        read(body)


def test_what_does_not_count_is_kept_with_its_reason() -> None:
    """So that people can be told why."""
    chain = one_landing()
    good = chain.approve("bob")
    other = chain.approve("carol", ref="refs/heads/staging")

    counted, ignored = judge_all(chain.hearing(), Intervals(chain.change()))

    assert isinstance(counted, Counted)
    assert (counted.statement, counted.landings) == (good, range(1))
    assert isinstance(ignored, Ignored)
    assert ignored.statement == other
    assert str(ignored) == (
        "carol's approve statement does not count: it is for 'refs/heads/staging', not 'refs/heads/main'"
    )


def test_a_clock_a_little_ahead_is_forgiven() -> None:
    chain = one_landing()
    chain.approve("bob", at=NOW + timedelta(minutes=4))

    assert chain.verify().landings[0].approvals[0].identity == "bob"


def test_an_approval_bound_by_tree_is_for_its_difference_too() -> None:
    """Same start and same tree, but another difference was shown to whoever signed."""
    chain = one_landing()
    chain.approve("bob", bind=Bind.TREE, diff="sha256:" + "0" * 64)

    [ignored] = judge_all(chain.hearing(), Intervals(chain.change()))

    assert isinstance(ignored, Ignored)
    assert ignored.reason.startswith("it is for other content")


def test_a_difference_that_landed_twice_is_covered_where_it_landed_first() -> None:
    """Approved elsewhere, landed, reverted, landed again: the second time needs its own approval."""
    branch = one_landing()
    branch.approve("bob")
    chain = Chain()
    chain.land({"notes/b": "unrelated"}, by="alice")
    for replicas in (2, 1, 2):
        chain.land({"web.yaml": f"replicas: {replicas}"}, by="alice")
    elsewhere = decode(Statement, branch.statements[0].body)
    chain.approve("bob", from_commit="0" * 40, diff=elsewhere.diff)

    [counted] = judge_all(chain.hearing(), Intervals(chain.change()))

    assert isinstance(counted, Counted)
    assert counted.landings == range(1, 2)
