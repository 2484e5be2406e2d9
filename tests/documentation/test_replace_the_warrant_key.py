"""The procedure for a lost and for a stolen warrant key works as written, on a real cluster."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.pages import ROOT, blocks
from tests.support.printed import unprinted
from tests.support.programs import program

from gitwarrant.demo.configuration import NAMESPACES
from gitwarrant.demo.story import open_shop
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

PAGE = ROOT / "docs" / "how-to" / "replace-the-warrant-key.md"
SECONDS = 120


@dataclass(frozen=True, slots=True)
class Step:
    """Commands to type, the exit status of the last one, and the lines that they print among others."""

    line: int
    commands: str
    status: int
    printed: tuple[str, ...]


def steps(agent_file: Path, key: Path) -> Iterator[Step]:
    """The shell blocks, each with the text block that follows it; with this machine's paths."""
    last: Step | None = None
    for block in blocks(PAGE):
        if block.info[:1] == ("text",) and last:
            last = Step(last.line, last.commands, last.status, tuple(block.text.splitlines()))
            continue
        if last:
            yield last
        text = block.text.replace("/etc/gitwarrant/gitwarrant.yaml", str(agent_file))
        text = text.replace("/var/lib/gitwarrant/warrant.key", str(key))
        status = next((int(word.removeprefix("exit=")) for word in block.info[1:]), 0)
        last = Step(block.line, text, status, ())
    if last:
        yield last


def test_a_lost_and_a_stolen_key_are_replaced_as_the_page_says(cluster: Sandbox, tmp_path: Path) -> None:
    """From a warrant of the first key to one that holds by the third alone, its chain whole."""
    program("jq", "apt-get install jq")
    shop = open_shop(tmp_path / "shop")
    shop.agent({"kubeconfig": str(cluster.kubeconfig)}, state="agent")
    commands = tmp_path / "bin"
    commands.mkdir()
    (commands / "gitwarrant").write_text(f'#!/bin/sh\nexec {sys.executable} -m gitwarrant "$@"\n')
    (commands / "gitwarrant").chmod(0o755)
    todo = list(steps(shop.agent_file("agent"), tmp_path / "shop" / "warrant.key"))
    setup, *rest = todo
    first = Step(0, "gitwarrant apply production", 0, ("applied: warrant 1 for ...",))

    printed = typed([setup, first, *rest], commands, tmp_path)

    for step, (status, lines) in zip([setup, first, *rest], printed, strict=True):
        assert status == step.status, f"{PAGE.name}:{step.line}\n{step.commands}\n{lines}"
        missing = unprinted(step.printed, lines)
        assert not missing, f"{PAGE.name}:{step.line}: not printed: {missing!r}, but:\n{lines}"
    clean(cluster)


def typed(todo: list[Step], commands: Path, folder: Path) -> list[tuple[int, list[str]]]:
    """What one shell printed for each step, and the status it ended with."""
    script = "".join(f"{step.commands}\nprintf '\\nEND %s\\n' $?\n" for step in todo)
    done = subprocess.run(
        ["bash"],
        input=script,
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "GIT_CONFIG_NOSYSTEM": "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    found: list[tuple[int, list[str]]] = []
    lines: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith("END "):
            found.append((int(line.removeprefix("END ")), lines))
            lines = []
        else:
            lines.append(line)
    return found


def clean(cluster: Sandbox) -> None:
    """The cluster is shared: the shop's namespace goes."""
    kubectl = ["kubectl", "--kubeconfig", str(cluster.kubeconfig)]
    kubectl[0] = str(program("kubectl", "make tools"))
    subprocess.run(
        [*kubectl, "delete", "namespace", NAMESPACES["production"], "--wait=false"],
        check=True,
        capture_output=True,
        timeout=SECONDS,
    )
