"""Run `gitwarrant apply` many times, each killed at one exact point: `killed.py CONFIG ENV:WHEN:N ...`.

Each run is the real command line in a process of its own (forked, so that the
imports are paid once), which gives itself SIGKILL `before` or `after` it
appends its Nth record. So both gaps are met: a write that was announced but
not sent, and one that was sent but whose end was not recorded.
"""

import os
import signal
import sys
from collections.abc import Mapping
from typing import Any

# Imported here, so that no run pays for it.
import gitwarrant.cli.apply
import gitwarrant.cli.reaching  # noqa: F401 - see above
from gitwarrant.audit.log import Log
from gitwarrant.cli.main import main
from gitwarrant.model.record import Record, RecordKind


def arm(when: str, number: int) -> None:
    """Let this process die at its Nth record."""
    append, made = Log.append, 0

    def mortal(self: Log, kind: RecordKind, environment: str, body: Mapping[str, Any]) -> Record:
        nonlocal made
        made += 1
        if when == "before" and made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        record = append(self, kind, environment, body)
        if when == "after" and made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return record

    Log.append = mortal  # type: ignore[method-assign]  # only in this short-lived process


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
