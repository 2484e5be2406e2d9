"""Approvals that CODEOWNERS asks for: from the base, of whom it names, and never guessed."""

from dataclasses import replace

import pytest
from tests.support.chain import MAIN, POLICY, Chain, person, rule

from gitwarrant.model.change import BlobId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Identity, TrustPolicy
from gitwarrant.model.owners import Forge, OwnersSource

FILE = "CODEOWNERS"
SOURCE = Place(".gitwarrant/rules.yaml", 5, 3)


def policy(dialect: Forge = Forge.GITHUB, *people: Identity, approvals: int = 0) -> TrustPolicy:
    """The usual people and these; one rule for all paths, with CODEOWNERS."""
    every = rule("*", 3, writers=[], approvals=approvals, approvers=[])
    names = {who.name for who in people}
    others = tuple(who for who in POLICY.identities if who.name not in names)
    rules = (replace(every, owners=OwnersSource(FILE, dialect, SOURCE)),)
    return replace(POLICY, identities=(*others, *people), rules=rules)


def chain(owners: str | None, *people: Identity, dialect: Forge = Forge.GITHUB, approvals: int = 0) -> Chain:
    files = {"web.yaml": "replicas: 1"} | ({FILE: owners} if owners is not None else {})
    return Chain(ref="refs/heads/env", files=files, policy=policy(dialect, *people, approvals=approvals))


def test_codeowners_edited_in_a_landing_before() -> None:
    """The second landing obeys the new file; the first one still the old. Stopped by verify."""
    attacked = chain("* @carol\n")
    attacked.land({FILE: "* @alice\n"}, by="mallory")
    attacked.land({"web.yaml": "replicas: 9"}, by="mallory")
    attacked.approve("alice", first=0, last=0)
    attacked.approve("alice", first=1, last=1)

    with pytest.raises(Refused, match="CODEOWNERS needs 1 approval of carol for 'CODEOWNERS'"):
        attacked.verify()


def test_an_owner_does_not_accept_his_own_change() -> None:
    attacked = chain("* @alice\n")
    attacked.land({"web.yaml": "replicas: 9"}, by="alice")
    attacked.approve("alice")

    with pytest.raises(Refused, match="'alice' is an author and does not count"):
        attacked.verify()


def test_the_rules_own_approvals_are_asked_for_as_well() -> None:
    attacked = chain("/docs/ @carol\n", approvals=1)
    attacked.land({"web.yaml": "replicas: 9"}, by="alice")

    with pytest.raises(Refused, match=r"'web\.yaml' needs 1 approval of anybody known"):
        attacked.verify()


@pytest.mark.parametrize(
    ("owners", "dialect", "people", "approved_by"),
    [
        pytest.param(
            "* @carol-at-work",
            Forge.GITHUB,
            [("carol", Forge.GITHUB, "Carol-At-Work")],
            "carol",
            id="a login",
        ),
        pytest.param("* @carol", Forge.GITHUB, [], "carol", id="a name"),
        pytest.param("* @org/security", Forge.GITHUB, [], "carol", id="a team"),
        pytest.param("* carol@EXAMPLE.com", Forge.GITHUB, [], "carol", id="an e-mail address"),
        pytest.param("* @ghost @carol", Forge.GITHUB, [], "carol", id="one that is known"),
        pytest.param("* @security", Forge.GITLAB, [], "carol", id="a group of GitLab"),
        pytest.param("* @top/sub/security", Forge.GITLAB, [], "carol", id="a nested group"),
        pytest.param("* @@developer", Forge.GITLAB, [], "bob", id="a role"),
        pytest.param("^[Docs]\n* @carol", Forge.GITLAB, [], "", id="an optional section"),
        pytest.param("* @carol\n!web.yaml", Forge.GITLAB, [], "", id="taken out"),
        pytest.param(r".*\\.yaml @carol", Forge.GITEA, [], "carol", id="Gitea"),
        pytest.param("!docs/.* @org/security", Forge.GITEA, [], "carol", id="Gitea's turned round"),
        pytest.param("/docs/ @carol", Forge.GITHUB, [], "", id="nobody owns it"),
    ],
)
def test_an_owner_is_found_among_the_identities(
    owners: str, dialect: Forge, people: list[tuple[str, Forge, str]], approved_by: str
) -> None:
    changed = [
        replace(who, logins=frozenset([(forge, login)]))
        for name, forge, login in people
        for who in POLICY.identities
        if who.name == name
    ]
    landed = chain(owners, *changed, dialect=dialect)
    landed.land({"web.yaml": "replicas: 9"}, by="alice")

    if approved_by:
        with pytest.raises(Refused, match="CODEOWNERS needs 1 approval of"):
            landed.verify()
        landed.approve(approved_by)

    assert [proof.paths for proof in landed.verify().landings] == [("web.yaml",)]


def test_a_name_here_that_is_somebody_elses_login_there() -> None:
    """Carol is `carol-x` on GitHub, so `@carol` in the file is a stranger. Stopped by verify."""
    carol = replace(person("carol", "security"), logins=frozenset([(Forge.GITHUB, "carol-x")]))
    attacked = chain("* @carol\n", carol)
    attacked.land({"web.yaml": "replicas: 9"}, by="alice")
    attacked.approve("carol")

    with pytest.raises(Refused) as caught:
        attacked.verify()

    assert caught.value.remedy == (
        "make @carol known in .gitwarrant/identities.yaml: by name, 'logins', 'teams' or 'emails'"
    )


def test_a_login_there_that_is_somebody_elses_name_here() -> None:
    """Bob is `carol` on GitHub: `@carol` is Bob, and Carol's word does not count. Stopped by verify."""
    bob = replace(person("bob", "developers"), logins=frozenset([(Forge.GITHUB, "carol")]))
    attacked = chain("* @carol\n", bob)
    attacked.land({"web.yaml": "replicas: 9"}, by="alice")
    attacked.approve("carol")

    with pytest.raises(Refused, match="needs 1 approval of bob for 'web"):
        attacked.verify()
    attacked.approve("bob")
    assert len(attacked.verify().landings) == 1


def test_each_section_of_gitlab_wants_its_own_number() -> None:
    landed = chain("[Data][2]\n*.yaml @developers @carol\n[Safety]\nweb.yaml @carol\n", dialect=Forge.GITLAB)
    landed.land({"web.yaml": "replicas: 9"}, by="mallory")
    landed.approve("bob")

    with pytest.raises(Refused, match=r"section \[Data\] of CODEOWNERS needs 2 approvals of .* by bob"):
        landed.verify()
    landed.approve("alice")
    with pytest.raises(Refused, match=r"section \[Safety\] of CODEOWNERS needs 1 approval of carol"):
        landed.verify()
    landed.approve("carol")

    assert len(landed.verify().landings) == 1


@pytest.mark.parametrize(
    ("owners", "what", "place"),
    [
        pytest.param(None, "there is no file CODEOWNERS before this landing", SOURCE, id="no file"),
        pytest.param("* @carol\n/docs/ carol\n", "'carol' is not an owner", Place(FILE, 2), id="a bad line"),
        pytest.param("\0", "the line holds the character", Place(FILE, 1), id="not text"),
    ],
)
def test_a_file_that_cannot_be_judged_refuses(owners: str | None, what: str, place: Place) -> None:
    landed = chain(owners)
    landed.land({"web.yaml": "replicas: 9"}, by="alice")
    landed.approve("carol")

    with pytest.raises(Refused) as caught:
        landed.verify()

    assert what in caught.value.what
    assert caught.value.place == place


@pytest.mark.parametrize("forged", [None, b"* @alice\n"], ids=["left out", "other bytes"])
def test_codeowners_bytes_of_another_id(forged: bytes | None) -> None:
    """Whoever hands in the bytes cannot choose them: the id is computed again. Stopped by verify."""
    attacked = chain("* @carol\n")
    attacked.land({"web.yaml": "replicas: 9"}, by="bob")
    attacked.approve("alice")
    blob: BlobId = attacked.landings[0].owners[0].blob
    if forged is None:
        del attacked.blobs[blob]
    else:
        attacked.blobs[blob] = forged

    with pytest.raises(Refused, match=r"the bytes of CODEOWNERS .* are not at hand"):
        attacked.verify()


def test_a_stand_in_for_an_unsigned_landing_is_not_its_owner_as_well() -> None:
    attacked = chain("* @carol\n")
    attacked.land({"web.yaml": "replicas: 9"}, by="alice", signed=False)
    attacked.approve("carol")

    with pytest.raises(Refused, match="nothing proves who wrote"):
        attacked.verify()
    attacked.approve("bob")
    assert attacked.verify().landings[0].paths == ("web.yaml",)


def test_the_trust_ref_obeys_its_own_file() -> None:
    landed = replace(chain("* @carol\n"), ref=MAIN)
    landed.land({"web.yaml": "replicas: 9"}, by="alice")

    with pytest.raises(Refused, match="CODEOWNERS needs 1 approval of carol"):
        landed.verify()
