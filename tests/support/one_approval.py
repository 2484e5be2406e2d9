"""A deployer of one environment in which each change needs one approval."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import passed_plan, warrant_for
from tests.support.chain import public_key
from tests.support.deployers import Deployer, environments_file, open_deployer, rules, trust_file

CLUSTER = "5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e"


def now() -> datetime:
    """The clock of the tests that use this."""
    return datetime.now(UTC)


def open_shop(folder: Path, **production: Any) -> Deployer:
    """One approval is asked everywhere; carol, with a security key, may break glass in production."""
    shop = open_deployer(folder, environments=("production",))
    files = rules(shop.ada, shop.grace)
    people = yaml.safe_load(files[".gitwarrant/identities.yaml"])
    carol = {"kind": "person", "emails": ["carol@shop.example"], "teams": ["oncall"]}
    people["carol"] = {**carol, "keys": [{"public": public_key("carol+")}]}
    settings = {"operators": ["oncall", "platform-team"], "break_glass": ["oncall"], **production}
    teams = ["shop-team", "platform-team"]
    rule = {"path": "*", "change": teams, "approvals": 1, "from": ["platform-team"]}
    changed = {
        ".gitwarrant/identities.yaml": yaml.safe_dump(people),
        ".gitwarrant/rules.yaml": yaml.safe_dump([rule]),
        ".gitwarrant/environments.yaml": environments_file(shop.prefix, ["production"], **settings),
        ".gitwarrant/trust.yaml": trust_file(2),
    }
    shop.trusted_at = shop.land(changed, by="grace")
    shop.settings["root"]["trusted_at"] = shop.trusted_at
    return shop


def warranted(shop: Deployer) -> int:
    """The number of the warrant that the candidate gets."""
    with open_delivery(shop.agent(), now) as work:
        judgement = examine(work, candidate(work, "production"))
        bundle = warrant_for(work, judgement, passed_plan(judgement), CLUSTER)
        return int(bundle.envelope.payload.split(b'"sequence":')[1].split(b",")[0].split(b"}")[0])


def refusal(shop: Deployer) -> str:
    """Which stage refuses the candidate, and why."""
    with pytest.raises(Refused) as caught:
        warranted(shop)
    return f"{caught.value.stage}: {caught.value.what}"
