"""The tutorial's commands work as written, and print what the page says they print."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.pages import ROOT, blocks
from tests.support.printed import unprinted

from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.errors import SandboxError

pytestmark = pytest.mark.real

TUTORIAL = ROOT / "docs" / "tutorial.md"
STEP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Step:
    """Commands to type, the exit status of the last one, and the lines that they print among others."""

    line: int
    commands: str
    status: int
    printed: tuple[str, ...]


def steps() -> list[Step]:
    """The shell blocks, each with the text block that follows it."""
    found: list[Step] = []
    for block in blocks(TUTORIAL):
        kind, *words = block.info
        if kind == "sh":
            status = next((int(word.removeprefix("exit=")) for word in words), 0)
            found.append(Step(block.line, block.text, status, ()))
        else:
            last = found.pop()
            found.append(Step(last.line, last.commands, last.status, tuple(block.text.splitlines())))
    return found


class Shell:
    """One shell for the whole page, so that `cd` and `export` last from block to block."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, commands: str) -> tuple[int, str]:
        """Run commands; the exit status of the first that fails, and what all of them printed."""
        assert self._bash.stdin is not None
        assert self._bash.stdout is not None
        joined = commands.replace("\\\n", " ").rstrip("\n")
        # Like a person, the shell goes on after a command that failed; the trap keeps the first status.
        begin, tail = "unset failed; trap ': ${failed:=$?}' ERR", r"printf '\nEND %s\n' ${failed:-0}"
        script = f"{begin}\n{joined}\ntrap - ERR; {tail}\n"
        self._bash.stdin.write(script)
        self._bash.stdin.flush()
        printed: list[str] = []
        for line in self._bash.stdout:
            if end := re.fullmatch(r"END (\d+)\n", line):
                return int(end[1]), "".join(printed)
            printed.append(line)
        raise AssertionError(f"the shell ended after: {''.join(printed)}")

    def close(self) -> None:
        """End the shell."""
        self._bash.communicate(timeout=STEP_SECONDS)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell at the top of the project, with a home folder of its own."""
    try:
        programs = Binaries.of(os.environ).find_all([*("etcd", "kube-apiserver", "kwok"), "kubectl"])
    except SandboxError as error:
        pytest.skip(str(error))
    beside = _command(tmp_path / "bin")
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{beside}:{programs['kubectl'].parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{name: value for name, value in os.environ.items() if name.startswith("GITWARRANT_")},
    }
    shell = Shell(environment)
    yield shell
    shell.type("gitwarrant sandbox down --name tutorial")
    shell.close()


def _command(folder: Path) -> Path:
    """The gitwarrant command, for where nobody installed it into `.venv`."""
    folder.mkdir()
    command = folder / "gitwarrant"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m gitwarrant "$@"\n')
    command.chmod(0o755)
    return folder


def test_the_tutorial_works_as_written(shell: Shell) -> None:
    for step in steps():
        status, printed = shell.type(step.commands)

        assert status == step.status, f"{TUTORIAL.name}:{step.line}\n{step.commands}\n{printed}"
        missing = unprinted(step.printed, printed.splitlines())
        assert not missing, f"{TUTORIAL.name}:{step.line}: not printed: {missing!r}, but:\n{printed}"


@pytest.mark.parametrize(
    ("documented", "printed", "missing"),
    [
        pytest.param(("one", "two"), ["one", "two"], "", id="all of it"),
        pytest.param(("...", "two"), ["one", "two"], "", id="lines left out"),
        pytest.param(("as wa...",), ["as warranted"], "", id="the end of a line left out"),
        pytest.param(("at 0123456789ab",), ["at ba9876543210"], "", id="another id"),
        pytest.param(("two", "one"), ["one", "two"], "one", id="another order"),
        pytest.param(("three",), ["one", "two"], "three", id="another line"),
    ],
)
def test_documented_lines_are_looked_for_in_their_order(
    documented: tuple[str, ...], printed: list[str], missing: str
) -> None:
    assert unprinted(documented, printed) == missing
