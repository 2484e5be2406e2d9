"""`gitwarrant check FILE` starts fast because of what it leaves alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "aiohttp",
    "asyncio",
    "concurrent",
    "cryptography",
    "email",
    "http",
    "jinja2",
    "lightkube",
    "logging",
    "multiprocessing",
    "orjson",
    "pydantic",
    "pygit2",
    "rich",
    "shtab",
    "socket",
    "sqlite3",
    "ssl",
    "structlog",
    "subprocess",
    "tempfile",
    "typing_extensions",
    "unittest",
)
"""None of them has anything to say about a manifest; each costs milliseconds at every start."""

OURS = {"cli", "model", "objects", "pipeline", "policy", "render", "yaml"}
"""The packages of our own that a check needs."""

CLEAN = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}"
DIRTY = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {hostPID: true, containers: [{name: a}]}}"

PROBE = """\
import sys
from gitwarrant.cli.main import main
try:
    status = main(sys.argv[1:])
except SystemExit as end:
    status = end.code
print("\\n".join(sys.modules), file=sys.stderr)
sys.exit(status)
"""


def loaded(*arguments: str, status: int) -> set[str]:
    """The modules that a run of gitwarrant has loaded at its end."""
    source = Path(__file__).parents[3] / "src"
    run = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == status, run.stderr
    return set(run.stderr.split())


def heavy(modules: set[str]) -> set[str]:
    """Those that have no business there."""
    return {name.partition(".")[0] for name in modules} & set(HEAVY)


@pytest.mark.parametrize(("text", "status"), [(CLEAN, 0), (DIRTY, 1)], ids=["clean", "with findings"])
def test_a_check_loads_only_what_judges(tmp_path: Path, text: str, status: int) -> None:
    """Nothing heavy, and none of our packages that a check does not need."""
    file = tmp_path / "web.yaml"
    file.write_text(text)

    modules = loaded("check", str(file), status=status)

    ours = {name.split(".")[1] for name in modules if name.startswith("gitwarrant.")}
    assert (heavy(modules), ours) == (set(), OURS)


def test_help_loads_no_command() -> None:
    """It is made from the table of commands alone."""
    modules = loaded("--help", status=0)

    ours = {name for name in modules if name.startswith("gitwarrant.")}
    assert heavy(modules) == set()
    assert {name.split(".")[1] for name in ours} == {"cli", "model"}


def test_explain_reads_no_yaml() -> None:
    """Its texts are in the checks."""
    modules = loaded("explain", "host-path", status=0)

    assert (heavy(modules), "yaml" in modules) == (set(), False)
