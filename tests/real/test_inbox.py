"""What awaits a person, and the ten seconds from there to a signature: a real Git server and real clones."""

import json
import re
from pathlib import Path

import pytest
from tests.support.deployers import Deployer
from tests.support.desks import CONFIG_MAP, WEB, desk
from tests.support.one_approval import open_shop

from gitwarrant.demo.forge import run_git
from gitwarrant.git.clone import STATEMENTS_REFSPEC


@pytest.fixture
def shop(tmp_path: Path) -> Deployer:
    return open_shop(tmp_path)


def test_a_branch_awaits_who_can_approve_it_until_they_did(shop: Deployer) -> None:
    """Inbox, approve without arguments, inbox: and it says so in JSON too."""
    desk(shop, shop.ada).branch("winter", "careful")
    grace = desk(shop, shop.grace)

    waits = grace.gitwarrant("inbox", "--output", "json")
    signed = grace.gitwarrant("approve", "--yes")
    done = grace.gitwarrant("inbox")

    [letter] = json.loads(waits.out)["awaiting"]
    assert (waits.status, letter["name"], letter["authors"], letter["mine"]) == (
        1,
        "origin/winter",
        ["ada"],
        True,
    )
    assert letter["command"] == "gitwarrant approve origin/winter --ref refs/heads/main"
    assert (signed.status, "signed and pushed to origin" in signed.out) == (0, True)
    assert (done.status, done.out) == (0, "nothing awaits you\n")


def test_what_one_wrote_awaits_others_not_oneself(shop: Deployer) -> None:
    ada = desk(shop, shop.ada)
    ada.branch("winter", "careful")

    said = ada.gitwarrant("inbox")

    assert (said.status, said.out) == (0, "nothing awaits you; 1 await others (--all)\n")


def test_a_branch_that_a_forge_squashed_no_longer_awaits(shop: Deployer) -> None:
    """Its difference landed under another commit: what landed awaits, the leftover branch does not."""
    desk(shop, shop.ada).branch("winter", "careful")
    shop.land({WEB: CONFIG_MAP % "careful"}, signed=False)

    said = desk(shop, shop.grace).gitwarrant("inbox", "--all", "--output", "json")

    assert [letter["name"] for letter in json.loads(said.out)["awaiting"]] == ["refs/heads/main"]


def test_of_several_things_one_must_be_named(shop: Deployer) -> None:
    """Where nobody is there to ask."""
    ada = desk(shop, shop.ada)
    ada.branch("winter", "careful")
    ada.branch("summer", "bold")

    said = desk(shop, shop.grace).gitwarrant("approve", "--yes", "--output", "json")

    assert said.status == 2
    assert said.error["what"] in {
        "2 changes await you: origin/summer, origin/winter",
        "2 changes await you: origin/winter, origin/summer",
    }


def test_approvals_say_who_is_missing_and_why_one_does_not_count(shop: Deployer) -> None:
    ada = desk(shop, shop.ada)
    ada.branch("winter", "careful")
    ada.gitwarrant("approve", "HEAD", "--yes", "--ref", "refs/heads/main")

    said = ada.gitwarrant("approvals")

    head = run_git(ada.clone, "rev-parse", "--short=12", "HEAD")
    assert said.status == 1
    assert said.out.splitlines()[0] == f"refused  {head} by ada  Set mode to careful"
    assert "so far nobody" in said.out
    assert "could give it: grace" in said.out
    assert "ada approved, but is an author and does not count" in said.out


def test_a_landing_that_waits_blocks_and_the_way_on_is_named(shop: Deployer) -> None:
    """Three in the morning: what stops production, and who has to do what."""
    head = shop.land({WEB: CONFIG_MAP % "careful"})
    grace = desk(shop, shop.grace)

    said = grace.gitwarrant("blocked", "production", "--base", shop.trusted_at)

    assert said.status == 1
    assert said.out.splitlines()[0] == f"production is blocked: 1 landing waits, up to {head[:12]}"
    command = f"gitwarrant approve {head[:12]} --base {shop.trusted_at[:12]} --ref refs/heads/main"
    assert f"  1. grace: {command}" in said.out

    grace.gitwarrant(*command.removeprefix("gitwarrant ").split(), "--yes")
    after = grace.gitwarrant("blocked", "production", "--base", shop.trusted_at)
    waiting = f"nothing stops production; 1 landing waits, up to {head[:12]}"
    assert (after.status, after.out.splitlines()) == (0, [waiting])


def test_explain_says_every_rule_signature_and_verdict(shop: Deployer) -> None:
    """Of a landing: who signed, who may, what is asked, and why it is refused."""
    head = shop.land({WEB: CONFIG_MAP % "careful"})
    grace = desk(shop, shop.grace)

    said = grace.gitwarrant("trust", "explain", "origin/main")

    rules, people = ".gitwarrant/rules.yaml:7:9", ".gitwarrant/identities.yaml:2:3"
    key = re.search(r"SHA256:\S+", said.out)
    assert (said.status, key is not None) == (1, True)
    assert said.out.splitlines() == [
        f"refused  {head[:12]} by ada  Change the shop",
        f"  ok  signature  commit {head[:12]} is signed by the person ada, with",
        f"                 {key and key[0]} (ssh-ed25519)",
        f"                 ({people})",
        f"  ok  may write  ada may change {WEB!r}",
        f"  no  accepted   {WEB!r} needs approvals of platform-team: 0 of 1",
        f"                 ({rules})",
        f"  refused: landing {head[:12]}: {WEB!r} needs 1 approval of platform-team; approved",
        "           so far by nobody",
        "  remedy:  grace runs: gitwarrant approve",
    ]


def test_an_unsigned_landing_waits_for_its_author_too(shop: Deployer) -> None:
    """An approval alone does not say who wrote it, so the way on names both, and both together are enough."""
    head = shop.land({WEB: CONFIG_MAP % "careful"}, signed=False)
    ada, grace = desk(shop, shop.ada), desk(shop, shop.grace)

    said = grace.gitwarrant("blocked", "production", "--base", shop.trusted_at)

    interval = f"{head[:12]} --base {shop.trusted_at[:12]} --ref refs/heads/main"
    assert said.out.splitlines()[-4:] == [
        f"  1. ada: gitwarrant propose {interval}",
        "     says to have written what no signature proves: 'Change the shop'",
        f"  2. grace: gitwarrant approve {interval}",
        "     approves: 'Change the shop'",
    ]
    ada.gitwarrant("propose", *interval.split(), "--yes")
    grace.gitwarrant("approve", *interval.split(), "--yes")
    run_git(grace.clone, "fetch", "-q", "origin", STATEMENTS_REFSPEC)
    assert grace.gitwarrant("blocked", "production", "--base", shop.trusted_at).status == 0


def test_what_if_names_what_a_thief_could_deploy(shop: Deployer) -> None:
    grace = desk(shop, shop.grace)

    account = grace.gitwarrant("trust", "what-if", "--stolen", "account", "ada")
    both = grace.gitwarrant("trust", "what-if", "--stolen", "both", "grace", "--output", "json")

    assert (account.status, account.out.splitlines()[-1]) == (
        0,
        "nothing could be deployed without another person",
    )
    reached = {item["environment"]: item["reach"] for item in json.loads(both.out)}
    assert (both.status, reached) == (1, {"": "alone", "production": "with others"})


def test_who_signs_a_change_of_the_rules_sees_what_they_become(shop: Deployer) -> None:
    """Line by line: the plan of an environment would not show it."""
    ada = desk(shop, shop.ada)
    run_git(ada.clone, "checkout", "-q", "-b", "loose", "origin/main")
    rules = ada.clone / ".gitwarrant" / "rules.yaml"
    rules.write_text(rules.read_text().replace("approvals: 1", "approvals: 0"))
    run_git(ada.clone, "commit", "-q", "-a", "-S", "-m", "Tidy the rules", person=ada.person)
    run_git(ada.clone, "push", "-q", "origin", "loose")
    grace = desk(shop, shop.grace)

    said = grace.gitwarrant("approve", "origin/loose", "--dry-run")

    assert "\n.gitwarrant/rules.yaml:\n" in said.out
    assert "\n  -- approvals: 1\n  +- approvals: 0\n" in said.out
