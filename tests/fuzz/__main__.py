"""Fuzz the parsers, each in a process of its own.

    python -m tests.fuzz [--seconds N] [--keep FOLDER] [TARGET ...]

Exit status: 0 nothing was found, 1 a crash or a hang: the input that leads to
it is kept and named, and `python -m tests.fuzz --again FILE TARGET` feeds it again.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.fuzz.target import SECONDS_EACH

ROOT = Path(__file__).parents[2]
TABLE = "tests.fuzz.targets"
MAX_INPUT = 16 * 1024  # bytes; beyond it only size limits are left to test
MEMORY_MIB = 1024
GRACE_SECONDS = 30  # to start, and to read the seeds, on a busy machine
TOLD_LINES = 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """How fuzzing one target ended. `found` is the input that broke it, if it was kept."""

    name: str
    seconds: float
    runs: str
    passed: bool
    found: Path | None
    told: str


def fuzz(
    name: str,
    *,
    seconds: int,
    keep: Path,
    table: str = TABLE,
    again: Path | None = None,
    longest: int = SECONDS_EACH,
) -> Outcome:
    """Feed one target for so long, or once with a kept input."""
    keep.mkdir(parents=True, exist_ok=True)
    before = set(keep.iterdir())
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gitwarrant-fuzz-") as corpus:
        options = [
            f"-max_total_time={seconds}",
            f"-timeout={longest}",
            f"-rss_limit_mb={MEMORY_MIB}",
            f"-max_len={MAX_INPUT}",
            f"-artifact_prefix={keep}/{name}-",
            "-print_final_stats=1",
            *([str(again)] if again else []),
            corpus,
        ]
        status, said = _child([sys.executable, "-m", "tests.fuzz.child", table, name, *options], seconds)
    found = sorted(set(keep.iterdir()) - before)
    return Outcome(
        name=name,
        seconds=time.monotonic() - started,
        runs=_runs(said),
        passed=status == 0 and not found,
        found=found[0] if found else again,
        told="\n".join(said.splitlines()[-TOLD_LINES:]),
    )


def _child(command: Sequence[str], seconds: int) -> tuple[int, str]:
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            # Without backtraces, which a library in Rust spends most of its time on where they are asked for.
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "RUST_BACKTRACE": "0"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds + GRACE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return 1, f"it did not end within {seconds + GRACE_SECONDS} s: a hang that not even a signal ended"
    return done.returncode, done.stderr + done.stdout


def _runs(said: str) -> str:
    counted = [line.split()[-1] for line in said.splitlines() if "number_of_executed_units" in line]
    return counted[-1] if counted else "?"


def main(argv: Sequence[str] | None = None) -> int:
    """Fuzz the named targets, or all of them."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="which (default: all)")
    parser.add_argument("--seconds", type=int, default=60, help="for all of them together (default 60)")
    parser.add_argument("--keep", type=Path, default=ROOT / ".fuzz", help="where findings are kept")
    parser.add_argument("--again", type=Path, metavar="FILE", help="feed only this input")
    parser.add_argument("--table", default=TABLE, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT / "src"))  # this tree, whichever one is installed
    known = import_module(arguments.table).TARGETS
    if strangers := sorted(set(arguments.targets) - set(known)):
        parser.error(f"there is no target {strangers[0]!r}; there are {', '.join(sorted(known))}")
    chosen = arguments.targets or sorted(known)
    each = max(1, arguments.seconds // len(chosen))
    outcomes = [
        fuzz(
            name,
            seconds=each,
            keep=arguments.keep.resolve(),
            table=arguments.table,
            again=arguments.again and arguments.again.resolve(),
        )
        for name in chosen
    ]
    for outcome in outcomes:
        _show(outcome)
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def _show(outcome: Outcome) -> None:
    verdict = "nothing found" if outcome.passed else "FOUND"
    print(f"{outcome.name:<20}{outcome.seconds:6.1f} s{outcome.runs:>12} inputs  {verdict}")
    if not outcome.passed:
        print(outcome.told)
        print(f"input: {outcome.found or 'not kept'}")


if __name__ == "__main__":
    sys.exit(main())
