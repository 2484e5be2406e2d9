"""`gitwarrant check FILE` starts fast, because it imports little."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "aiohttp",
    "asyncio",
    "cryptography",
    "lightkube",
    "pydantic",
    "pygit2",
    "rich",
    "sqlite3",
    "ssl",
    "structlog",
    "subprocess",
    "typing_extensions",
    "unittest",
}
"""Each takes a tenth of the whole budget, or far more."""

PROGRAM = """
import sys
from gitwarrant.cli.main import main
try:
    main(sys.argv[1:], {})
except SystemExit:
    pass
print("\\nMODULES " + " ".join(sorted(sys.modules)))
"""


def modules(*argv: str) -> set[str]:
    """The modules that are loaded when a command has ended."""
    run = [sys.executable, "-c", PROGRAM, *argv]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("output", ["text", "json"])
def test_check_imports_nothing_heavy(tmp_path: Path, output: str) -> None:
    """Of ours only what reads, judges and tells: no Git, no trust, no configuration, no cluster."""
    path = tmp_path / "web.yaml"
    path.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web}]}")

    loaded = modules("check", str(path), "--output", output)

    packages = {name.split(".")[1] for name in loaded if name.startswith("gitwarrant.")}
    assert "gitwarrant.policy.check" in loaded
    assert loaded & HEAVY == set()
    assert packages == {"cli", "model", "objects", "pipeline", "policy", "render", "yaml"}


def test_help_imports_only_the_command_line() -> None:
    """It is made from a table; no command, and no YAML, is imported for it."""
    loaded = modules("--help")

    ours = {name for name in loaded if name.startswith("gitwarrant.")}
    assert ours == {
        "gitwarrant.cli",
        "gitwarrant.cli.main",
        "gitwarrant.cli.terminal",
        "gitwarrant.model",
    } | {"gitwarrant.model.errors"}
    assert loaded & (HEAVY | {"yaml"}) == set()
