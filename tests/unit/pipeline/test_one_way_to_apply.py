"""One way to a cluster: every surface reaches it through `pipeline`, where no gate can be forgotten.

Judged on the source of every module. What really arrives at an API server is
compared with our log in `tests/real/test_pipeline_writes.py`.

`sandbox` is left out where it speaks HTTP: it is the API server itself, not a
client of somebody else's, and a test below holds it to that. People in `demo`
who edit by hand do so with kubectl, as a program of their own.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import gitwarrant
from gitwarrant.cluster.client import Cluster

SOURCE = Path(gitwarrant.__file__).parent
DOOR = "gitwarrant.pipeline.deploy"
WATCH = "gitwarrant.pipeline.watching"
ISSUER = "gitwarrant.pipeline.warranting"
ENGINE = "gitwarrant.cluster."
WRITING = frozenset(
    f"{ENGINE}{name}" for name in ("apply", "observe", "observer", "revert", "refine", "ledger", "admission")
)
AUTHORISING = "gitwarrant.trust.authorise"
HANDS_ON = frozenset(
    {
        f"{ENGINE}client.Cluster",
        f"{ENGINE}connection.Connection",
        f"{ENGINE}connection.from_kubeconfig",
        f"{ENGINE}connection.from_service_account",
        f"{ENGINE}metrics.Metrics",
    }
)
"""All that a surface may know of the engine: how to open and count a connection, which it hands on."""
VALUES = tuple(f"{ENGINE}power.{name}" for name in ("needs", "roles", "text"))
"""What the pipeline answers with, and words for it: none of these can ask a server."""
CLIENTS = frozenset(
    {"aiohttp", "lightkube", "requests", "httpx", "urllib.request", "http.client", "kubernetes"}
)
WRITES = frozenset(
    name
    for name, member in inspect.getmembers(Cluster, inspect.isfunction)
    if "audit_id" in inspect.signature(member).parameters
)


def modules() -> dict[str, ast.Module]:
    """Every module of ours, parsed."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ("gitwarrant", *path.relative_to(SOURCE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text(), str(path))
    return found


MODULES = modules()


def imports(tree: ast.Module) -> Iterator[str]:
    """Everything that a module imports, at its top or later: `package.module` and `package.module.name`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def importers(*names: str) -> set[str]:
    """The modules that import one of these, or something in it."""
    return {
        module
        for module, tree in MODULES.items()
        if any(item == name or item.startswith(f"{name}.") for item in imports(tree) for name in names)
    }


def calls(tree: ast.Module) -> Iterator[str]:
    """The names of all methods that are called with an Audit-ID."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if any(keyword.arg == "audit_id" for keyword in node.keywords):
            yield node.func.attr


def outside(found: set[str], *packages: str) -> set[str]:
    return {name for name in found if not any(f"{name}.".startswith(f"{package}.") for package in packages)}


def test_only_deploy_and_watching_import_what_writes_to_a_cluster() -> None:
    """apply, observe, revert and refine, with the ledger that intents are written by."""
    assert outside(importers(*WRITING), "gitwarrant.cluster") == {DOOR, WATCH}


def test_warrants_are_issued_in_one_place() -> None:
    """Of a whole judgement only; the first act of the demo shows one, for a cluster that does not exist."""
    assert importers(AUTHORISING) == {ISSUER}
    assert importers(f"{ISSUER}.warrant_for") == {DOOR, "gitwarrant.demo.act_one"}


def test_surfaces_know_the_cluster_only_as_a_connection_to_hand_on() -> None:
    known = {
        (module, item)
        for module, tree in MODULES.items()
        if outside({module}, "gitwarrant.cluster", "gitwarrant.pipeline")
        for item in imports(tree)
        if item.startswith(ENGINE) and item.count(".") == 3
    }

    assert known
    assert {found for found in known if not found[1].startswith((*HANDS_ON, *VALUES))} == set()


def test_what_surfaces_get_as_values_cannot_ask_a_server() -> None:
    asking = {
        item for name in VALUES for item in imports(MODULES[name]) if item.startswith(f"{ENGINE}client")
    }

    assert asking == set()


def test_no_surface_calls_a_method_that_writes() -> None:
    """Every real write takes an Audit-ID, so who gives none cannot write."""
    writers = {module for module, tree in MODULES.items() if WRITES & set(calls(tree))}

    assert frozenset({"apply", "delete", "json_patch"}) == WRITES
    assert writers
    assert outside(writers, "gitwarrant.cluster") == set()


def test_no_surface_has_an_api_client_of_its_own() -> None:
    """The sandbox waits for its own server to answer; it has another reason to speak HTTP than a deploy."""
    assert outside(importers(*CLIENTS), "gitwarrant.cluster", "gitwarrant.sandbox") == set()


def test_the_sandbox_knows_nothing_of_deploying() -> None:
    """Left out above because it is the server: so it must not import what deploys, either."""
    packages = ("gitwarrant.cluster", "gitwarrant.pipeline", "gitwarrant.trust", "gitwarrant.agent")

    assert {name for name in importers(*packages) if name.startswith("gitwarrant.sandbox")} == set()


@pytest.mark.parametrize(
    "line",
    [
        "from gitwarrant.cluster.apply import apply",
        "from gitwarrant.cluster import apply",
        "import gitwarrant.cluster.apply",
        "def late():\n    from gitwarrant.cluster.apply import apply as harmless",
    ],
)
def test_a_second_way_would_be_seen(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However a module spells it."""
    monkeypatch.setitem(MODULES, "gitwarrant.cli.shortcut", ast.parse(line))

    assert outside(importers(*WRITING), "gitwarrant.cluster") == {DOOR, WATCH, "gitwarrant.cli.shortcut"}
