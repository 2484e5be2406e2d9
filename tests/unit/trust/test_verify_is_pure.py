"""Verify is fed with bytes: it opens no file, no socket, no process, and asks no clock."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[3]
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}

PROGRAM = """
import sys
from datetime import timedelta
from tests.support.chain import NOW, Chain, environment

def judged():
    chain = Chain()
    chain.merge({"web.yaml": "replicas: 2", "database/x": "y"}, by="alice")
    chain.land({"notes/b": "unsigned"}, by="bob", signed=False)
    said = chain.approve("bob", first=0, last=1)
    chain.approve("carol", first=0, last=1)
    chain.propose("alice")
    chain.withdraw("bob", said)
    chain.revoke("carol", "bob")
    for place in (None, environment("carol")):
        try:
            chain.verify(place)
        except Exception as error:
            assert type(error).__name__ == "Refused", error

judged()  # what is imported late is there now
sys.addaudithook(lambda event, arguments: event in QUIET or print("EVENT", event, arguments))
judged()
"""
QUIET = {"object.__getattr__", "object.__setattr__", "object.__delattr__", "builtins.id", "sys._getframe"}


def test_verify_touches_nothing_of_the_machine() -> None:
    """By Python's own audit events, in a process of its own: landings, statements, withdrawals, refusals."""
    program = f"import sys; sys.path[:0] = {[str(ROOT), str(ROOT / 'src')]!r}\nQUIET = {QUIET!r}\n{PROGRAM}"

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ""


def reached(name: str, known: dict[str, ModuleType]) -> dict[str, ModuleType]:
    """All modules of ours that a module needs, itself included."""
    if name in known:
        return known
    known[name] = import_module(name)
    tree = ast.parse(Path(str(known[name].__file__)).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gitwarrant."):
            for module in (str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)):
                if is_module(module):
                    reached(module, known)
    return known


def is_module(name: str) -> bool:
    """And not something that a module defines."""
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def clock_calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in {"datetime", "date", "time"}:
                yield f"{path.name}:{node.lineno}"


def test_nothing_that_verify_needs_asks_a_clock() -> None:
    modules = reached("gitwarrant.trust.verify", reached("gitwarrant.trust.explain", {}))

    asked = [call for module in modules.values() for call in clock_calls(Path(str(module.__file__)))]

    assert len(modules) > 40
    assert asked == []
