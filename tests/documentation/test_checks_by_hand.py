"""What the reference says about checking a warrant and a statement by hand works, without our own code."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.pages import ROOT, blocks

from gitwarrant.demo.story import Shop, approve, judged, open_shop, three_replicas
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import passed_plan, warrant_for

CLUSTER = "5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with a warrant for production in the agent's log, and Grace's approval of it in Git."""
    shop = open_shop(tmp_path / "shop")
    approve(shop, shop.trusted_at, three_replicas(shop))
    with open_delivery(shop.agent({"uid": CLUSTER}, state="agent"), lambda: datetime.now(UTC)) as work:
        judgement = judged(work, "production")
        warrant_for(work, judgement, passed_plan(judgement), CLUSTER)
    return shop


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_a_warrant_checks_out_by_openssl_and_python(shop: Shop) -> None:
    page = ROOT / "docs" / "reference" / "warrant.md"
    [program] = [block.text for block in blocks(page) if block.info == ("python",)]
    (shop.folder / "leaves.py").write_text(program)

    printed = typed(page, shop.folder, {"GITWARRANT_CONFIG": str(shop.agent_file("agent"))})

    assert printed.splitlines()[-2:] == [f"6 objects of revision {head(shop)[:12]}", "Verified OK"]


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_leaves_that_were_tampered_with_are_seen(shop: Shop) -> None:
    page = ROOT / "docs" / "reference" / "warrant.md"
    [program] = [block.text for block in blocks(page) if block.info == ("python",)]
    (shop.folder / "leaves.py").write_text(program)
    typed(page, shop.folder, {"GITWARRANT_CONFIG": str(shop.agent_file("agent"))})
    warranted = shop.folder / "warranted.json"
    warranted.write_text(warranted.read_text().replace('"name": "database"', '"name": "databases"'))

    done = subprocess.run([sys.executable, "leaves.py"], cwd=shop.folder, capture_output=True, check=False)

    assert done.stderr == b"these are not its leaves\n"


def test_a_statement_checks_out_by_ssh_keygen(shop: Shop) -> None:
    shutil.copy(shop.folder / "keys" / "grace.pub", shop.forge.clone / "grace.pub")

    printed = typed(ROOT / "docs" / "reference" / "statements.md", shop.forge.clone, {})

    assert printed.startswith('Good "gitwarrant-statement" signature for grace with ED25519 key SHA256:')


def typed(page: Path, folder: Path, environment: Mapping[str, str]) -> str:
    """Type all shell blocks of a page in a folder; what they print."""
    commands = "".join(block.text for block in blocks(page) if block.info == ("sh",))
    command = (
        f'gitwarrant() {{ {sys.executable} -m gitwarrant "$@"; }}\npython3() {{ {sys.executable} "$@"; }}\n'
    )
    done = subprocess.run(
        ["bash", "-euc", command + commands],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def head(shop: Shop) -> str:
    """The newest revision that the clone knows."""
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=shop.forge.clone, text=True).strip()
