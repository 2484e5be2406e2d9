"""A repository that names objects by SHA-256 goes all the way: fetch, verify, render, plan, statements."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.deployers import Deployer, config_map, open_deployer

from gitwarrant.demo.forge import run_git
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.question import Judgement


@pytest.fixture
def deployer(tmp_path: Path) -> Deployer:
    return open_deployer(tmp_path, object_format="sha256")


def judged(deployer: Deployer) -> Judgement:
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC)) as work:
        return examine(work, candidate(work, "staging"))


def test_a_commit_that_git_signed_is_planned(deployer: Deployer) -> None:
    """`git commit -S` with an SSH key; git itself says the signature is good, and so do we."""
    head = deployer.land({"staging/web.yaml": config_map("web", mode="next")})

    judgement = judged(deployer)

    assert (len(head), judgement.refusals) == (64, ())
    assert judgement.authorship is not None
    assert judgement.plan is not None
    [web] = [item for item in judgement.plan.objects if item.key.name == "web"]
    assert (web.key.kind, web.place.path) == ("ConfigMap", "staging/web.yaml")


def test_a_statement_about_an_unsigned_commit_counts(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proposed in a clone by the command itself, pushed, fetched, and believed; without it, refused."""
    clone = deployer.forge.clone
    run_git(clone, "fetch", "-q", "origin")
    deployer.write({"staging/web.yaml": config_map("web", mode="next")})
    deployer.forge.commit(deployer.ada, "Change the shop", signed=False)
    monkeypatch.chdir(clone)

    said = deployer.here("propose", "--key", str(deployer.ada.key), "--yes", "--no-push")
    deployer.forge.push()
    [alone] = judged(deployer).refusals
    run_git(clone, "push", "-q", "origin", "refs/gitwarrant/*:refs/gitwarrant/*")

    assert (said.status, said.err) == (0, "")
    assert "is unsigned" in alone.what
    assert judged(deployer).refusals == ()
