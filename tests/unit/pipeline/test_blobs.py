"""What verify is handed of a real repository: exactly the bytes it needs, by their ids."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.bots import DEPLOYMENT, MAY, NEW, OLD, WEB
from tests.support.chain import REPOSITORY, ROOT, rule
from tests.support.repositories import Simulator, person

from gitwarrant.git.reading import Repository
from gitwarrant.model.change import BlobId, Change, CommitId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Identity, IdentityKind, Key, TrustPolicy
from gitwarrant.model.owners import Forge, OwnersSource
from gitwarrant.model.permission import Permission
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.pipeline.blobs import with_blobs
from gitwarrant.pipeline.judge import everywhere
from gitwarrant.trust.verify import verify

REF = "refs/heads/env"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOWHERE = Place("")


def identity(name: str, *, may: tuple[Permission, ...] = ()) -> Identity:
    who = person(name)
    kind = IdentityKind.BOT if may else IdentityKind.PERSON
    return Identity(name, kind, frozenset([who.email]), (Key(who.public),), frozenset(), NOWHERE, may=may)


def policy(owners: OwnersSource | None = None) -> TrustPolicy:
    rules = (replace(rule("*", 3, writers=[], approvals=0, approvers=[]), owners=owners),)
    people = (identity("ada"), identity("robot", may=MAY))
    return TrustPolicy(REPOSITORY, 1, NOW + timedelta(days=9), people, rules)


@pytest.fixture
def forge(tmp_path: Path) -> Simulator:
    made = Simulator(tmp_path / "forge.git")
    made.commit(by="ada", on="env", files={WEB: DEPLOYMENT, "CODEOWNERS": "/docs/ @ada\n", "a.txt": "1"})
    return made


def change(forge: Simulator, base: CommitId) -> Change:
    return Repository(forge.path).change(REPOSITORY, REF, base, forge.tip("env"))


def passes(forge: Simulator, asked: Change, rules: TrustPolicy) -> bool:
    policies = everywhere(asked, rules)
    whole = with_blobs(Repository(forge.path), asked, policies)
    return bool(verify(whole, ROOT, policies, None, witnessed=Witnessed(), now=NOW).landings)


def test_a_bots_change_is_judged_from_the_repository(forge: Simulator) -> None:
    base = forge.tip("env")
    forge.commit(by="robot", on="env", files={WEB: DEPLOYMENT.replace(f"web@{OLD}", f"web@{NEW}")})
    assert passes(forge, change(forge, base), policy())

    forge.commit(by="robot", on="env", files={WEB: DEPLOYMENT.replace("MODE", "EVIL")})
    with pytest.raises(Refused, match="the bot 'robot' may not do this"):
        passes(forge, change(forge, base), policy())


def test_codeowners_is_read_from_the_revision_before(forge: Simulator) -> None:
    base = forge.tip("env")
    rules = policy(OwnersSource("CODEOWNERS", Forge.GITHUB, NOWHERE))
    forge.commit(by="ada", on="env", files={"a.txt": "2", "CODEOWNERS": "* @robot\n"})
    assert passes(forge, change(forge, base), rules)

    forge.commit(by="ada", on="env", files={"a.txt": "3"})
    with pytest.raises(Refused, match="CODEOWNERS needs 1 approval of robot"):
        passes(forge, change(forge, base), rules)


def test_only_what_verify_may_ask_for_is_read(forge: Simulator) -> None:
    """Nothing for people's changes, and no CODEOWNERS unless a rule refers to it."""
    base = forge.tip("env")
    forge.commit(by="ada", on="env", files={"a.txt": "2"})
    middle = forge.tip("env")
    forge.commit(by="robot", on="env", files={WEB: "new"})
    repository = Repository(forge.path)

    found = [
        {blob.id for blob in with_blobs(repository, asked, everywhere(asked, rules)).blobs}
        for asked in (change(forge, base), change(forge, middle))
        for rules in (policy(), policy(OwnersSource("CODEOWNERS", Forge.GITHUB, NOWHERE)))
    ]

    bots = {BlobId(forge.blob(text.encode())) for text in (DEPLOYMENT, "new")}
    owners = {BlobId(forge.blob(b"/docs/ @ada\n"))}
    assert found == [bots, bots | owners, bots, bots | owners]
