"""Run `gitwarrant apply` many times, each killed at one exact point: `killed.py CONFIG ENV:WHEN:N ...`.

Each run is the real command line in a process of its own (forked, so that the
imports are paid once), which gives itself SIGKILL `before` or `after` it
appends its Nth record, or the group it is in. So both gaps are met: a write that was announced but
not sent, and one that was sent but whose end was not recorded.
"""

import os
import signal
import sys
from collections.abc import Sequence

# Imported here, so that no run pays for it.
import gitwarrant.cli.apply
import gitwarrant.cli.reaching  # noqa: F401 - see above
from gitwarrant.audit.log import Log
from gitwarrant.audit.recorder import Entry
from gitwarrant.cli.main import main
from gitwarrant.model.record import Record


def arm(when: str, number: int) -> None:
    """Let this process die at its Nth record."""
    append, made = Log.append_many, 0

    def mortal(self: Log, entries: Sequence[Entry]) -> tuple[Record, ...]:
        nonlocal made
        reached = made < number <= made + len(entries)
        made += len(entries)
        if when == "before" and reached:
            os.kill(os.getpid(), signal.SIGKILL)
        records = append(self, entries)
        if when == "after" and reached:
            os.kill(os.getpid(), signal.SIGKILL)
        return records

    Log.append_many = mortal  # type: ignore[method-assign]  # only in this short-lived process


def run(config: str, environment: str, when: str, number: int) -> str:
    """How the run ended: `killed`, or its exit status."""
    child = os.fork()
    if child == 0:
        arm(when, number)
        os._exit(main(["apply", environment, "--config", config]))
    _, status = os.waitpid(child, 0)
    return "killed" if os.WIFSIGNALED(status) else str(os.WEXITSTATUS(status))


if __name__ == "__main__":
    for point in sys.argv[2:]:
        named, moment, nth = point.split(":")
        sys.stderr.write(f"{point} {run(sys.argv[1], named, moment, int(nth))}\n")
