"""CODEOWNERS and bounds of bots through the whole pipeline, from a repository's files to refusals."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from tests.support.deployers import Deployer, config_map, open_deployer, rules, trust_file

from gitwarrant.demo.forge import make_person
from gitwarrant.model.authorship import Proof
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Identity, IdentityKind
from gitwarrant.model.permission import Permission, TextLike, read_field_path
from gitwarrant.pipeline.bots import check_bots
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.rendering import Renderings

OWNED = [{"path": "*", "approvals": 0, "owners": {"file": "CODEOWNERS", "dialect": "gitlab"}}]


def judged(deployer: Deployer) -> Judgement:
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC)) as work:
        return examine(work, candidate(work, "staging"))


def refusals(deployer: Deployer) -> list[tuple[str, Place | None]]:
    return [(refusal.what.partition(": ")[2], refusal.place) for refusal in judged(deployer).refusals]


@pytest.fixture
def owned(tmp_path: Path) -> Deployer:
    files = {
        ".gitwarrant/rules.yaml": yaml.safe_dump(OWNED),
        "CODEOWNERS": "[Shop]\n/staging/ @platform-team\n",
    }
    return open_deployer(tmp_path, environments=("staging",), files=files)


def test_owners_are_asked_by_the_file_before_the_landing(owned: Deployer) -> None:
    before = owned.trusted_at
    after = owned.land({"staging/web.yaml": config_map("web", mode="fast"), "CODEOWNERS": "* @ada\n"})

    missing = (
        "section [Shop] of CODEOWNERS needs 1 approval of grace for 'staging/web.yaml'; "
        "approved so far by nobody"
    )
    assert refusals(owned) == [(missing, Place("CODEOWNERS", 2))]
    owned.approve(before, after)
    assert refusals(owned) == []


def test_the_command_line_says_what_is_missing_and_who_can_give_it(owned: Deployer) -> None:
    owned.land({"staging/web.yaml": config_map("web", mode="fast")})

    said = owned.here("plan", "staging", "--fetched")

    assert said.status != 0
    assert "section [Shop] of CODEOWNERS needs 1 approval of grace" in said.out + said.err
    assert "grace runs: gitwarrant approve" in said.out + said.err


def test_a_bot_is_bound_to_its_fields(tmp_path: Path) -> None:
    shop = open_deployer(tmp_path, environments=("staging",))
    robot = make_person(tmp_path / "keys", "robot")
    people = yaml.safe_load(rules(shop.ada, shop.grace)[".gitwarrant/identities.yaml"])
    may = {
        "files": "/staging/",
        "kinds": ["ConfigMap"],
        "fields": ["data.mode"],
        "value": {"pattern": "safe|fast"},
    }
    bot = {"kind": "bot", "emails": [robot.email], "keys": [{"public": robot.public}], "may": [may]}
    shop.land(
        {
            ".gitwarrant/identities.yaml": yaml.safe_dump(
                {**people, "robot": {**bot, "teams": ["shop-team"]}}
            ),
            ".gitwarrant/trust.yaml": trust_file(version=2),
        },
        by="grace",
    )

    def land(**data: str) -> list[tuple[str, Place | None]]:
        shop.write({"staging/web.yaml": config_map("web", **data)})
        shop.forge.commit(robot, "Set the mode")
        shop.forge.push()
        return refusals(shop)

    assert land(mode="fast") == []
    [(what, place)] = land(mode="off")
    assert what.startswith("the bot 'robot' may not do this: data.mode of a ConfigMap is set to 'off'")
    assert place == Place("staging/web.yaml", 3, 9)


def test_what_a_bot_claims_is_judged_as_it_is_rendered(tmp_path: Path) -> None:
    """A template can make more of a change than its source shows: here the landing is claimed whole."""
    shop = open_deployer(tmp_path, environments=("staging",))
    mode = (read_field_path("data.mode"),)
    may = Permission("/staging/", frozenset(["ConfigMap"]), mode, TextLike("fast"), Place("rules.yaml", 1))
    nobody: frozenset[str] = frozenset()
    robot = Identity("robot", IdentityKind.BOT, nobody, (), nobody, Place("identities.yaml", 1), may=(may,))
    shop.land({"staging/web.yaml": config_map("web", mode="fast", colour="red")})
    with open_delivery(shop.agent(), lambda: datetime.now(UTC)) as work:
        found = candidate(work, "staging")
        judgement = examine(work, found)
    assert judgement.authorship is not None
    [proof] = judgement.authorship.landings
    claimed = replace(proof, proof=Proof.STATEMENT, authors=frozenset(["robot"]))
    policy = replace(found.question.policy, identities=(*found.question.policy.identities, robot))

    with pytest.raises(Refused, match="the bot 'robot' may not do this to what is rendered for 'staging'"):
        check_bots(
            found.repository,
            replace(found.question, policy=policy),
            replace(judgement.authorship, landings=(claimed,)),
            Renderings(),
        )
