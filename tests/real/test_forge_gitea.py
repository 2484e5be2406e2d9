"""Landings that a real Gitea makes through its own API, and what verify says of them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.support.forge_shop import MAIN, Shop, found
from tests.support.gitea import ROOT, Gitea
from tests.support.repositories import person

from gitwarrant.forge.forge import Forge, ForgeError
from gitwarrant.forge.registry import connect
from gitwarrant.model.errors import Unreachable
from gitwarrant.model.owners import Forge as Kind
from gitwarrant.model.review import PullRequest, Review, ReviewState
from gitwarrant.pipeline.candidates import candidate
from gitwarrant.pipeline.delivery import Delivery, open_delivery
from gitwarrant.pipeline.judge import judge

pytestmark = pytest.mark.real

UNSIGNED = "commit ... is unsigned, so nothing proves who wrote 'web.yaml'; approved so far by "
NEEDS = "'web.yaml' needs 1 approval of reviewers; approved so far by nobody"
TWICE = " (1 more landing is refused too)"
WITNESSED = "alice by {}, approved by bob on gitea"
STATED = "alice by {}, approved by bob"
HOW = [
    # style, whether main moved meanwhile, how many landings it makes, whether alice's signatures survive
    pytest.param("merge", True, 1, False, id="merge"),
    pytest.param("squash", True, 1, False, id="squash"),
    pytest.param("rebase", True, 2, False, id="rebase that rewrites"),
    pytest.param("rebase", False, 2, True, id="rebase with nothing to rewrite"),
    pytest.param("rebase-merge", True, 1, False, id="rebase and merge"),
    pytest.param("fast-forward-only", False, 2, True, id="fast-forward"),
]


@pytest.fixture(scope="module")
def trusting(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A repository whose rules count the forge's reviews."""
    return found(gitea, tmp_path_factory.mktemp("trusting"), witnesses=["gitea"])


@pytest.fixture(scope="module")
def doubting(gitea: Gitea, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A repository whose rules count statements only."""
    return found(gitea, tmp_path_factory.mktemp("doubting"))


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest) -> None:
    """Each test begins where main is: what the one before landed is not judged again."""
    for name in ("trusting", "doubting"):
        if name in request.fixturenames:
            request.getfixturevalue(name).trust()


def opened(shop: Shop, name: str, *steps: str, by: str = "alice", base: str = "main") -> int:
    """A pull request with one signed commit per step; each writes a line of its own."""
    lines = dict(enumerate(steps, start=5))
    seen = [{line: lines[line] for line in lines if line <= last} for last in lines]
    shop.branch(name, *(shop.edited(some, start=base) for some in seen), by=by, start=base)
    return shop.open(name, by=by, base=base)


def move(shop: Shop) -> None:
    """Somebody lands something else meanwhile."""
    shop.git("checkout", "-q", "--detach", "origin/main")
    shop.commit({"aside.yaml": shop.tip()}, by="dave")
    shop.push("HEAD:main", by=ROOT)
    shop.trust()


@pytest.mark.parametrize(("style", "moved", "landings", "survive"), HOW)
def test_a_review_is_an_approval_where_the_rule_trusts_the_forge(
    trusting: Shop, style: str, moved: bool, landings: int, survive: bool
) -> None:
    """It is no signature: where the forge wrote the commits anew, alice must say that they are hers."""
    request = opened(trusting, f"{style}-{moved}", f"{style} {moved} 1", f"{style} {moved} 2")
    if moved:
        move(trusting)
    trusting.review(request, by="bob")
    trusting.merge(request, style)

    alone = trusting.verdict()
    trusting.propose(by="alice", base=trusting.trusted_at)
    proposed = trusting.verdict()

    proof = "signature" if survive else "statement"
    passes = "; ".join([WITNESSED.format(proof)] * landings)
    unsigned = UNSIGNED + "bob on gitea" + (TWICE if landings == 2 else "")
    assert alone == (passes if survive else unsigned)
    assert proposed == passes


@pytest.mark.parametrize(("style", "moved", "landings", "survive"), HOW)
def test_without_such_a_rule_only_statements_count(
    doubting: Shop, style: str, moved: bool, landings: int, survive: bool
) -> None:
    """The same reviews and landings; the forge keeps statements under refs of its own."""
    request = opened(doubting, f"{style}-{moved}", f"{style} {moved} 1", f"{style} {moved} 2")
    if moved:
        move(doubting)
    doubting.review(request, by="bob")
    doubting.merge(request, style)

    alone = doubting.verdict()
    doubting.propose(by="alice", base=doubting.trusted_at)
    proposed = doubting.verdict()
    doubting.approve(by="bob", base=doubting.trusted_at)

    more = TWICE if landings == 2 else ""
    assert alone == (NEEDS if survive else UNSIGNED + "nobody") + more
    assert proposed == NEEDS + more
    # An approval says that somebody wanted the forge's clean merge here; the rest of it alice signed.
    proof = "signature" if survive or style == "merge" else "statement"
    assert doubting.verdict() == "; ".join([STATED.format(proof)] * landings)


def test_signature_of_the_forge_proves_nothing(trusting: Shop) -> None:
    """It signs merges of whoever has a key there; its key belongs to nobody in identities.yaml."""
    trusting.gitea.call("POST", "/user/keys", {"title": "root", "key": person("root").public}, by=ROOT)
    request = opened(trusting, "forge-signed", "signed by the forge")
    move(trusting)
    trusting.review(request, by="bob")
    trusting.merge(request, "squash")
    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in trusting.git("cat-file", "-p", "origin/main")

    verdict = trusting.verdict()

    assert "is signed by SHA256:" in verdict
    assert "a key that nobody here owns, so nothing proves who wrote 'web.yaml'" in verdict


def test_edit_of_an_administrator_in_the_web(trusting: Shop) -> None:
    """Whoever administrates the forge edits the protected branch; the forge signs it with its own key."""
    edit = {"content": "ZXZpbAo=", "branch": "main", "message": "Nothing to see"}
    trusting.call("POST", "/contents/edited.yaml", edit)

    verdict = trusting.verdict()

    assert (
        "a key that nobody here owns, so nothing proves who wrote 'edited.yaml'; approved so far by nobody"
        in verdict
    )


def grown_stale(shop: Shop, request: int) -> None:
    """Wait until the forge has marked the review; it would not count without that either."""
    path = f"/repos/{shop.name}/pulls/{request}/reviews"
    shop.gitea.wait(path, lambda reviews: [review["stale"] for review in reviews] == [True])


Tamper = Callable[[Shop, int, int], None]


def pushes_more(shop: Shop, request: int, _review: int) -> None:
    shop.commit(shop.edited({20: "not seen"}), by="alice")
    shop.push("pushes_more", by="alice")
    grown_stale(shop, request)


def forces_other_content(shop: Shop, request: int, _review: int) -> None:
    shop.git("reset", "-q", "--hard", "origin/main")
    shop.commit(shop.edited({21: "other"}), by="alice")
    shop.push("forces_other_content", by="alice", force=True)
    grown_stale(shop, request)


def dismisses(shop: Shop, request: int, review: int) -> None:
    shop.call("POST", f"/pulls/{request}/reviews/{review}/dismissals", {"message": "no"})


def asks_for_changes(shop: Shop, request: int, _review: int) -> None:
    shop.review(request, by="bob", event="REQUEST_CHANGES")


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        pytest.param(pushes_more, "the request changed after it", id="pushed after the approval"),
        pytest.param(
            forces_other_content,
            "the commit ... that was reviewed is not on the request's branch any more",
            id="forced other content after the approval",
        ),
        pytest.param(dismisses, "its last word is: dismissed", id="dismissed approval"),
        pytest.param(asks_for_changes, "its last word is: changes requested", id="withdrawn approval"),
    ],
)
def test_approval_of_something_else(trusting: Shop, tamper: Tamper, reason: str) -> None:
    """Bob approved; then something happened; alice's statement alone does not carry the squash."""
    request = opened(trusting, tamper.__name__, f"seen before {tamper.__name__}")
    review = trusting.review(request, by="bob")
    tamper(trusting, request, review)
    trusting.merge(request, "squash")
    trusting.propose(by="alice", base=trusting.trusted_at)

    verdict = trusting.verdict()

    assert verdict.startswith(
        f"{NEEDS}; bob's review of {trusting.name} #{request} on gitea does not count: "
    )
    assert reason in verdict


def test_approval_against_another_branch(trusting: Shop) -> None:
    """Bob saw one line against a branch that held the evil already; then the target became main.

    Gitea does not call his review stale. That the target changed stands in the timeline, behind more code
    comments in a draft than a page of it has, which Gitea cuts out of the pages.
    """
    trusting.branch("evil", {"evil.yaml": "evil\n"}, by="alice")
    trusting.branch("harmless", trusting.edited({22: "harmless"}), by="alice", start="evil")
    request = trusting.open("harmless", by="alice", base="evil")
    trusting.review(request, by="bob")
    draft = [{"path": "web.yaml", "body": "hm", "new_position": 22}] * 120
    trusting.call("POST", f"/pulls/{request}/reviews", {"body": "later", "comments": draft}, by="mallory")
    trusting.call("PATCH", f"/pulls/{request}", {"base": "main"}, by="alice")
    trusting.merge(request, "squash")
    trusting.propose(by="alice", base=trusting.trusted_at)

    [said] = trusting.call("GET", f"/pulls/{request}/reviews", by="bob")
    assert said["stale"] is False
    assert "does not count: the request changed after it" in trusting.verdict()


def test_approval_for_another_branch(trusting: Shop) -> None:
    """Approved into a branch that asks for less; its merge commit is then pushed to main."""
    trusting.branch("staging", by="alice")
    request = opened(trusting, "to-staging", "for staging only", base="staging")
    trusting.review(request, by="bob")
    trusting.merge(request, "squash")
    trusting.push("origin/staging:main", by=ROOT)
    trusting.propose(by="alice", base=trusting.trusted_at)

    assert "its request was merged into 'refs/heads/staging', not 'refs/heads/main'" in trusting.verdict()


def test_author_reviews_his_own_work(trusting: Shop) -> None:
    """The forge refuses who opened the request, so alice opens one of a commit of bob."""
    own = opened(trusting, "own", "by alice herself")
    status, _ = trusting.gitea.ask(
        "POST", f"/repos/{trusting.name}/pulls/{own}/reviews", {"event": "APPROVED"}, by="alice"
    )
    assert status == 422
    trusting.branch("of-bob", trusting.edited({23: "by bob"}), by="bob")
    request = trusting.open("of-bob", by="alice")
    trusting.review(request, by="bob")
    trusting.merge(request, "squash")
    trusting.propose(by="alice", base=trusting.trusted_at)

    assert "does not count: 'bob' wrote a commit of the request" in trusting.verdict()


def test_stolen_account_without_an_identity(trusting: Shop) -> None:
    """It may push and approve on the forge, and is nobody here."""
    request = opened(trusting, "by-mallory", "approved by mallory")
    trusting.review(request, by="mallory")
    trusting.merge(request, "fast-forward-only")

    assert "does not count: nobody here has the login 'mallory' on gitea" in trusting.verdict()


def test_what_the_forge_says_is_read_whole(trusting: Shop) -> None:
    """Every field of a request and of its reviews; comments and drafts are no reviews."""
    request = opened(trusting, "read", "read")
    trusting.review(request, by="carol", event="COMMENT")
    trusting.review(request, by="bob", event="REQUEST_CHANGES")
    trusting.review(request, by="bob")
    base, head = trusting.trusted_at, trusting.tip()
    landed = trusting.merge(request, "squash")
    forge = connected(trusting)

    [pull] = forge.landed([landed])
    reviews = forge.reviews(pull)

    name = trusting.name
    ref = f"refs/pull/{request}/head"
    assert pull == PullRequest(
        "gitea", Kind.GITEA, name, request, ref, MAIN, landed, head, base, author="alice"
    )
    states = (ReviewState.DISMISSED, ReviewState.APPROVED)  # the second one replaced the first
    assert reviews == tuple(
        Review("gitea", name, request, "bob", state, head, review.submitted, official=official, stale=False)
        for state, official, review in zip(states, (False, True), reviews, strict=True)
    )
    assert all(abs((datetime.now(UTC) - review.submitted).total_seconds()) < 600 for review in reviews)


def test_a_landing_that_no_request_made_has_no_reviews(trusting: Shop) -> None:
    move(trusting)

    assert connected(trusting).landed([trusting.trusted_at]) == ()


def test_a_repository_that_the_token_may_not_see_is_refused(trusting: Shop, tmp_path: Path) -> None:
    """Without it, every landing would look as if no request had made it."""
    agent = trusting.agent(tmp_path / "state")
    assert agent.forge
    hidden = connect(replace(agent.forge, repository="root/hidden"))
    locked_out = connect(replace(agent.forge, token_file=None), "0" * 40)

    with pytest.raises(ForgeError, match="gitea shows us no repository 'root/hidden'"):
        hidden.landed([trusting.trusted_at])
    with pytest.raises(ForgeError, match=r"does not let us in \(401\)"):
        locked_out.landed([trusting.trusted_at])


def test_a_forge_that_does_not_answer_is_unreachable(trusting: Shop, tmp_path: Path) -> None:
    agent = trusting.agent(tmp_path / "state")
    assert agent.forge
    gone = connect(replace(agent.forge, url="https://127.0.0.1:9"))

    with pytest.raises(Unreachable, match=r"the forge https://127.0.0.1:9/api/v1/repos/.* does not answer"):
        gone.landed([trusting.trusted_at])


def test_a_deployer_judges_an_environment_by_reviews_too(trusting: Shop, tmp_path: Path) -> None:
    """What may be deployed depends on them, so without them it is another question."""
    request = opened(trusting, "deployed", "deployed")
    trusting.review(request, by="bob")
    with deployer(trusting, tmp_path) as work:
        trusting.merge(request, "fast-forward-only")
        asked = candidate(work, "staging")
        alone = replace(asked.question, witnessed=replace(asked.question.witnessed, reviews=()))
        authorship = judge(asked.repository, asked.question).authorship
        refused = judge(asked.repository, alone)

    assert authorship is not None
    [proof] = authorship.landings
    assert [(given.identity, given.witness) for given in proof.approvals] == [("bob", "gitea")]
    assert refused.authorship is None
    assert asked.fingerprint != replace(asked, question=alone).fingerprint


def connected(shop: Shop) -> Forge:
    with TemporaryDirectory() as folder:
        access = shop.agent(Path(folder) / "state").forge
        assert access
        return connect(access)


def deployer(shop: Shop, folder: Path) -> AbstractContextManager[Delivery]:
    agent = shop.agent(folder / "state")
    assert agent.forge
    return open_delivery(agent, lambda: datetime.now(UTC), connect(agent.forge))
