"""What verify proves when everything is in order, and that a change must hang together."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import repositories
from tests.support.chain import (
    BASE,
    DAY,
    MAIN,
    NOW,
    POLICY,
    REPOSITORY,
    ROOT,
    Chain,
    environment,
    fingerprint,
    with_key,
)

from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Approval, Authorship, LandingProof, Proof
from gitwarrant.model.canonical import decode, digest, encode, sha256
from gitwarrant.model.change import Change, CommitId, SignedStatement, TreeId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Identity, IdentityKind, Key, PathRule, TrustPolicy, TrustRoot
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Bind, StatementKind
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.chain import short
from gitwarrant.trust.statements import interval, make
from gitwarrant.trust.verify import verify

EDIT = {"web.yaml": "replicas: 2"}


def test_a_signed_and_approved_landing_is_proven() -> None:
    """The whole value: who wrote, with which key, who approved by which statement."""
    chain = Chain()
    landing = chain.land(EDIT, by="alice")
    chain.approve("bob")

    assert chain.verify() == Authorship(
        repository=REPOSITORY,
        ref=MAIN,
        base=BASE,
        head=landing.commit,
        policy=digest(POLICY),
        landings=(
            LandingProof(
                landing=landing.commit,
                authors=frozenset(["alice"]),
                keys=frozenset([fingerprint("alice")]),
                proof=Proof.SIGNATURE,
                approvals=(Approval("bob", sha256(chain.statements[0].body), fingerprint("bob")),),
                paths=("web.yaml",),
                statements=frozenset([sha256(chain.statements[0].body)]),
            ),
        ),
    )


def test_what_verify_takes_and_gives_survives_its_canonical_form() -> None:
    """So that verify can run in another process."""
    chain = Chain()
    chain.land(EDIT, by="alice")
    chain.approve("bob")
    change, authorship = chain.change(), chain.verify()

    assert decode(Change, encode(change)) == change
    assert decode(Authorship, encode(authorship)) == authorship


def test_the_authors_statement_stands_for_a_squash_by_the_forge() -> None:
    """Unsigned, but alice says she wrote it, and bob accepted it."""
    chain = Chain()
    chain.land(EDIT, by="alice", signed=False)
    chain.propose("alice")
    chain.approve("bob")

    [proof] = chain.verify().landings

    assert (proof.proof, proof.authors) == (Proof.STATEMENT, frozenset(["alice"]))
    assert proof.keys == {fingerprint("alice")}


def test_one_more_approver_stands_for_an_unknown_author() -> None:
    """One approval is needed; of two, bob's answers for the content, since he may write there."""
    chain = Chain()
    chain.land(EDIT, by="alice", signed=False)
    chain.approve("bob")
    chain.approve("carol")

    [proof] = chain.verify().landings

    assert (proof.proof, proof.authors) == (Proof.EXTRA_APPROVAL, frozenset())
    assert [approval.identity for approval in proof.approvals] == ["bob", "carol"]


def test_the_one_more_approver_must_be_entitled_to_write() -> None:
    """Two approvals of the security team do not make up for an author who may write."""
    security = replace(POLICY.identities[2], name="dora", emails=frozenset(), keys=())
    dora = replace(security, keys=(Key(POLICY.identities[3].keys[0].public),))
    chain = Chain(policy=replace(POLICY, identities=(*POLICY.identities[:3], dora)))
    chain.land(EDIT, by="alice", signed=False)
    chain.approve("carol")
    chain.approve("dora", key="mallory")

    with pytest.raises(Refused, match="is unsigned, so nothing proves who wrote"):
        chain.verify()


def test_whoever_merges_without_an_edit_may_approve() -> None:
    """Bob presses merge and signs it; he wrote nothing, so his approval counts."""
    chain = Chain()
    chain.merge(EDIT, by="alice", merged_by="bob")
    chain.approve("bob")

    [proof] = chain.verify().landings

    assert proof.authors == {"alice"}
    assert proof.keys == {fingerprint("alice"), fingerprint("bob")}
    assert [approval.identity for approval in proof.approvals] == ["bob"]


def test_whoever_merges_with_an_edit_is_an_author() -> None:
    chain = Chain()
    chain.merge(EDIT, by="alice", hidden={"web.yaml": "replicas: 7"}, merged_by="bob")
    chain.approve("bob")

    with pytest.raises(Refused, match="'bob' is an author and does not count"):
        chain.verify()


@pytest.mark.parametrize("bind", list(Bind))
def test_one_approval_covers_the_landings_of_its_interval(bind: Bind) -> None:
    """Signed for three landings at once, in either way of binding."""
    chain = Chain()
    for replicas in range(3):
        chain.land({"web.yaml": f"replicas: {replicas + 2}"}, by="alice")
    chain.approve("bob", first=0, last=2, bind=bind)

    proofs = chain.verify().landings

    assert [[approval.identity for approval in proof.approvals] for proof in proofs] == [["bob"]] * 3


def test_approvals_of_different_intervals_tile_the_change() -> None:
    """Bob accepts the first two landings, carol the last two."""
    chain = Chain()
    for replicas in range(3):
        chain.land({"web.yaml": f"replicas: {replicas + 2}"}, by="alice")
    chain.approve("bob", first=0, last=1)
    chain.approve("carol", first=1, last=2)

    names = [[approval.identity for approval in proof.approvals] for proof in chain.verify().landings]

    assert names == [["bob"], ["bob", "carol"], ["carol"]]


def test_an_approval_bound_by_difference_survives_unrelated_landings() -> None:
    """Approved on a branch; another landing came first, as in a merge queue."""
    branch = Chain()
    branch.land(EDIT, by="alice")
    branch.approve("bob")
    chain = Chain()
    chain.land({"notes/b": "unrelated"}, by="alice")
    chain.land(EDIT, by="alice")
    chain.statements = branch.statements

    assert [len(proof.approvals) for proof in chain.verify().landings] == [0, 1]


def test_an_environments_teams_approve_beside_the_rules() -> None:
    chain = Chain()
    chain.land(EDIT, by="alice")
    chain.approve("bob")
    chain.approve("carol")

    [proof] = chain.verify(environment("platform", "security")).landings

    assert [approval.identity for approval in proof.approvals] == ["bob", "carol"]


def test_addresses_are_compared_as_mail_does() -> None:
    """The domain in any letter case; the part before it exactly."""
    alice = replace(POLICY.identities[0], emails=frozenset(["alice@EXAMPLE.com"]))
    chain = Chain(policy=replace(POLICY, identities=(alice, *POLICY.identities[1:])))
    chain.land({"notes/a": "x"}, by="alice")
    chain.verify()
    shouting = replace(alice, emails=frozenset(["Alice@example.com"]))
    chain.policy = replace(POLICY, identities=(shouting, *POLICY.identities[1:]))

    with pytest.raises(Refused, match=r"names 'alice@example\.com' as its author"):
        chain.verify()


def broken(change: Change) -> str:
    """What verify says of a change that does not hang together."""
    policies = {landing.commit: POLICY for landing in change.landings}
    with pytest.raises(Refused) as caught:
        verify(change, ROOT, policies, None, witnessed=Witnessed(), now=NOW)
    assert caught.value.stage == "verify"
    return caught.value.what


def two_landings() -> Change:
    chain = Chain()
    chain.land({"notes/a": "1"}, by="alice")
    chain.merge({"notes/b": "2", "notes/c": "3"}, by="alice")
    return chain.change()


def altered(change: Change, place: int, **fields: object) -> Change:
    """The change with one landing's claims replaced."""
    landings = list(change.landings)
    landings[place] = replace(landings[place], **fields)  # type: ignore[arg-type]  # fields by name
    return replace(change, landings=tuple(landings))


CHANGE = two_landings()
FIRST, SECOND = CHANGE.landings


@pytest.mark.parametrize(
    ("change", "what"),
    [
        pytest.param(replace(CHANGE, repository="x"), "the change is of repository 'x'", id="repository"),
        pytest.param(replace(CHANGE, base=CommitId("0" * 40)), "not 000000000000: a landing", id="base"),
        pytest.param(replace(CHANGE, head=FIRST.commit), "not at the candidate", id="head"),
        pytest.param(replace(CHANGE, landings=(SECOND,)), "a landing is missing or out of order", id="gap"),
        pytest.param(altered(CHANGE, 0, tree=TreeId("0" * 40)), "has tree", id="tree"),
        pytest.param(
            altered(CHANGE, 1, parent_tree=TreeId("0" * 40)),
            "does not start from its parent's",
            id="parent tree",
        ),
        pytest.param(altered(CHANGE, 0, changes=()), "does not change what its commit changes", id="changes"),
        pytest.param(altered(CHANGE, 1, commits=()), "does not end with its own commit", id="no commits"),
        pytest.param(
            altered(CHANGE, 1, commits=(*SECOND.commits[1::-1], SECOND.commits[2])),
            "stands before its parent",
            id="order",
        ),
        pytest.param(
            altered(CHANGE, 1, commits=(FIRST.commits[0], *SECOND.commits)), "comes twice", id="commit twice"
        ),
        pytest.param(
            altered(
                CHANGE,
                0,
                commits=(replace(FIRST.commits[0], raw=FIRST.commits[0].raw + b"x"),),
            ),
            "its bytes have the id",
            id="bytes",
        ),
    ],
)
def test_a_change_that_contradicts_itself_is_refused(change: Change, what: str) -> None:
    """Fetch is not trusted either: what it claims is held against the commits' own bytes."""
    assert what in broken(change)


def test_a_commit_that_leads_nowhere_is_refused() -> None:
    """A commit smuggled into a landing would lend its author to it."""
    other = Chain()
    stray = other.land({"notes/z": "stray"}, by="bob").commits[0]

    assert "does not lead to landing" in broken(altered(CHANGE, 1, commits=(stray, *SECOND.commits)))


def test_a_policy_that_is_missing_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="no policy is given"):
        verify(CHANGE, ROOT, {}, None, witnessed=Witnessed(), now=NOW)


def test_a_root_without_threshold_is_a_wrong_call() -> None:
    policies = {landing.commit: POLICY for landing in CHANGE.landings}

    with pytest.raises(ValueError, match="without a threshold"):
        verify(CHANGE, replace(ROOT, threshold=0), policies, None, witnessed=Witnessed(), now=NOW)


def test_an_environment_of_another_ref_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="follows refs/heads/staging"):
        Chain().verify(environment(ref="refs/heads/staging"))


def test_a_rule_with_a_bad_pattern_is_refused_with_its_place() -> None:
    rules = (replace(POLICY.rules[2], pattern="!notes/"),)
    chain = Chain(policy=replace(POLICY, rules=rules))
    chain.land({"notes/a": "x"}, by="alice")

    with pytest.raises(Refused, match="does not negate") as caught:
        chain.verify()
    assert caught.value.place == Place(".gitwarrant/rules.yaml", 11, 3)


def test_the_policy_that_judged_the_head_is_named() -> None:
    chain = Chain(policy=with_key(POLICY, "bob", not_after=NOW + DAY))
    chain.land({"notes/a": "x"}, by="alice")

    assert chain.verify().policy == digest(chain.policy)


def test_a_repository_on_disk_is_proven_from_its_objects(tmp_path: Path) -> None:
    """Signed by ssh-keygen, written by libgit2, read by git/: a branch of two commits, merged, approved."""
    store = repositories.Simulator(tmp_path / "forge.git")
    base = store.commit(by="alice", files={"web.yaml": "replicas: 1", "database/a.yaml": "x"})
    store.branch("feature")
    store.commit(by="alice", on="feature", files={"web.yaml": "replicas: 2"})
    store.commit(by="alice", on="feature", files={"web.yaml": "replicas: 3"})
    store.commit(by="alice", files={"database/a.yaml": "y"})
    head = store.merge("feature", by="bob")
    people = tuple(on_disk(name) for name in ("alice", "bob"))
    rule = PathRule("*", frozenset(["alice"]), 1, frozenset(), Place(""))
    policy = TrustPolicy(REPOSITORY, 1, NOW + DAY, people, (rule,))
    root = TrustRoot(REPOSITORY, store.url, "refs/heads/trust", base, ROOT.keys, 1)
    change = Repository(store.path).change(REPOSITORY, MAIN, base, head)
    approval = make(
        StatementKind.APPROVE,
        "bob",
        interval(change),
        bind=Bind.DIFF,
        now=NOW,
        lifetime=DAY,
        nonce=b"n" * 16,
    )
    body = encode(approval)
    signed = SignedStatement(body, repositories.person("bob").sign(body, STATEMENT_NAMESPACE))

    def judged(change: Change) -> Authorship:
        policies = {landing.commit: policy for landing in change.landings}
        return verify(change, root, policies, None, witnessed=Witnessed(), now=NOW)

    proofs = judged(replace(change, statements=(signed,))).landings
    with pytest.raises(Refused, match=f"landing {short(change.landings[0].commit)}: .* needs 1 approval"):
        judged(change)

    assert [(proof.authors, proof.paths) for proof in proofs] == [
        (frozenset(["alice"]), ("database/a.yaml",)),
        (frozenset(["alice"]), ("web.yaml",)),
    ]


def on_disk(name: str) -> Identity:
    """An identity with the key that the repository's own support made."""
    who = repositories.person(name)
    key = Key(who.public)
    return Identity(name, IdentityKind.PERSON, frozenset([who.email]), (key,), frozenset(), Place(""))


def test_a_path_that_no_commit_changed_is_answered_for_by_all_authors() -> None:
    """A merge that follows a rename may bring a change elsewhere than the branch made it."""
    chain = Chain()
    moved = chain.merge({"notes/b": "x"}, by="mallory", merged_by="mallory")
    elsewhere = replace(moved.changes[0], path="web.yaml")
    change = altered(chain.change(), 0, changes=(elsewhere,))

    assert "'mallory' may not change 'web.yaml'; developers may" in broken(change)


def test_a_landing_that_claims_another_parent_is_refused() -> None:
    """Its own bytes say where it stands."""
    change = replace(altered(CHANGE, 0, parent=CommitId("0" * 40)), base=CommitId("0" * 40))

    assert "has another first parent than 000000000000" in broken(change)


def test_a_clean_merge_that_nobody_signed_stands_once_somebody_wants_it_here() -> None:
    """As a forge makes it: the commits are alice's, and bob's approval says that they should land."""
    chain = Chain()
    chain.merge({"web.yaml": "replicas: 2"}, by="alice", signed=False)
    with pytest.raises(Refused, match="is unsigned, so nothing proves who wrote"):
        chain.verify()

    chain.approve("bob")

    [proof] = chain.verify().landings
    assert (proof.authors, proof.proof) == (frozenset(["alice"]), Proof.SIGNATURE)


def test_a_stolen_account_cannot_land_an_old_signed_branch_where_no_approval_is_asked() -> None:
    """Alice signed it, but nobody signed that it should land."""
    chain = Chain()
    chain.merge({"notes/a": "old"}, by="alice", signed=False)

    with pytest.raises(Refused, match="is unsigned, so nothing proves who wrote"):
        chain.verify()


def test_an_edit_hidden_in_an_unsigned_merge_needs_its_author() -> None:
    chain = Chain()
    chain.merge({"web.yaml": "replicas: 2"}, by="alice", signed=False, hidden={"notes/a": "evil"})
    chain.approve("bob")

    with pytest.raises(Refused, match=r"needs 1 approval|nothing proves who wrote"):
        chain.verify()
