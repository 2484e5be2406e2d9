"""What was taken away must not come back because of who leaves the rules."""

import secrets
from pathlib import Path

import yaml
from tests.support.chain import public_key, sign
from tests.support.deployers import REPOSITORY, Deployer, config_map, open_deployer, trust_file
from tests.support.one_approval import now
from tests.support.thieves import show

from gitwarrant.model.canonical import encode
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.statement import STATEMENT_NAMESPACE, KeyRevocation
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.trust.sshkey import read_line


def refusals(shop: Deployer) -> list[str]:
    with open_delivery(shop.agent(), now) as work:
        return [refused.what for refused in examine(work, candidate(work, "staging")).refusals]


def list_keys(shop: Deployer, version: int, *others: str) -> None:
    """Ada's first key, and others."""
    people = yaml.safe_load((shop.forge.clone / ".gitwarrant/identities.yaml").read_text())
    people["ada"]["keys"] = [{"public": key} for key in (shop.ada.public, *map(public_key, others))]
    listed = {".gitwarrant/identities.yaml": yaml.safe_dump(people)}
    shop.land({**listed, ".gitwarrant/trust.yaml": trust_file(version)}, by="grace")


def test_a_revoked_key_stays_so_when_the_key_that_revoked_it_leaves_the_rules(tmp_path: Path) -> None:
    """Ada revoked her stolen key with her other one, and the rules list a new one instead of that.

    Held: the stolen key. Stopped by verify: what counted once is remembered as counting.
    """
    shop = open_deployer(tmp_path)
    list_keys(shop, 2, "second")
    stolen = read_line(shop.ada.public).fingerprint
    lost = encode(KeyRevocation("ada", REPOSITORY, stolen, None, "stolen", now(), secrets.token_hex(16)))
    show(shop, SignedStatement(lost, sign("second", lost, STATEMENT_NAMESPACE)))
    shop.land({"staging/web.yaml": config_map("web", mode="evil")}, by="ada")
    before = refusals(shop)

    list_keys(shop, 3, "third")

    assert ["was revoked" in what for what in (*before, *refusals(shop))] == [True, True]
