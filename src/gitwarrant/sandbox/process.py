"""Processes by identity: a pid alone may belong to somebody else by now."""

import contextlib
import os
import select
import signal
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """One run of a program: the pid, when it started, and in which run of the machine."""

    pid: int
    started: int
    """In clock ticks since the machine started, as the kernel says; from another clock than ours."""
    boot: str


@cache
def boot_id() -> str:
    """This run of the machine: pids and start times of another run mean nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def identify(pid: int) -> Process | None:
    """The process that has this pid now; None when there is none, or only its exit status is left."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name, in parentheses, and may contain anything.
    fields = text[text.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else Process(pid, int(fields[19]), boot_id())


def is_alive(process: Process) -> bool:
    """Whether this very process still runs."""
    return identify(process.pid) == process


def send(process: Process, number: signal.Signals) -> bool:
    """Signal this very process, or nobody: the descriptor is opened first, then the identity is checked.

    Returns whether it was there.
    """
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return False
    try:
        if not is_alive(process):
            return False
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(descriptor)
    return True


def wait_gone(process: Process, seconds: float) -> bool:
    """Wait until the process has ended, at most this long; return whether it has."""
    with contextlib.suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process.pid)
        try:
            if is_alive(process):
                poll = select.poll()
                poll.register(descriptor, select.POLLIN)
                poll.poll(seconds * 1000)
        finally:
            os.close(descriptor)
    return not is_alive(process)
