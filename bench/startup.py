"""How long a command takes from nothing to its end, beside a Python that does nothing.

    python bench/startup.py [--rounds N]

Each round starts every command once, in turn, so that whatever else the
machine does meets all of them. The median of all rounds counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gitwarrant.cli.main import COMMANDS

NOTHING = "python -c pass"
HELP = "gitwarrant --help"
CHECK = "gitwarrant check FILE"
HELP_MS, CHECK_MS = 60, 120
LAUNCH = "import sys; from gitwarrant.cli.main import main; sys.exit(main())"  # as the installed command does
MANIFEST = """\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""


def measure(rounds: int = 20) -> dict[str, float]:
    """Milliseconds of each command, by what one types."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "web.yaml")
        file.write_text(MANIFEST)
        gitwarrant = [sys.executable, "-c", LAUNCH]
        commands: dict[str, Sequence[str]] = {
            NOTHING: [sys.executable, "-c", "pass"],
            HELP: [*gitwarrant, "--help"],
            CHECK: [*gitwarrant, "check", str(file)],
        }
        commands |= {f"gitwarrant {name} --help": [*gitwarrant, name, "--help"] for name in COMMANDS}
        return _medians(commands, rounds, _environment(folder))


def slowest_help(measured: Mapping[str, float]) -> str:
    """Which command's `--help` took longest."""
    return max((what for what in measured if what.endswith(" --help")), key=lambda what: measured[what])


def _environment(folder: str) -> dict[str, str]:
    """Where modules are found compiled, as they are once installed, whatever this process was told."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": folder}


def _medians(
    commands: Mapping[str, Sequence[str]], rounds: int, environment: Mapping[str, str]
) -> dict[str, float]:
    for command in commands.values():
        subprocess.run(command, check=True, capture_output=True, env=environment)  # compiles, and works
    taken: dict[str, list[float]] = {what: [] for what in commands}
    for _ in range(rounds):
        for what, command in commands.items():
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=environment)
            taken[what].append((time.perf_counter() - begun) * 1000)
    return {what: statistics.median(times) for what, times in taken.items()}


def main() -> None:
    """Measure and print all of them."""
    parser = argparse.ArgumentParser(description="How long a command takes to start.")
    parser.add_argument("--rounds", type=int, default=20)
    for what, milliseconds in measure(parser.parse_args().rounds).items():
        print(f"{what:<30} {milliseconds:>6.1f} ms")


if __name__ == "__main__":
    main()
