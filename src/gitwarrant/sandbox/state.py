"""What the supervisor runs at the moment, written for whoever asks."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from gitwarrant.sandbox.folder import Folder, write_private
from gitwarrant.sandbox.process import Process, is_alive

MAX_STATE_BYTES = 65_536  # ours are about two kilobytes


@dataclass(frozen=True, slots=True)
class PartState:
    """One part as the supervisor last saw it."""

    name: str
    process: Process | None = None
    """None before it was started and while it waits to be started again."""
    since: str = ""
    """When this run of it started: RFC 3339, UTC."""
    restarts: int = 0
    ended: str = ""
    """How its last run ended, if one did."""

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and is_alive(self.process)


@dataclass(frozen=True, slots=True)
class State:
    """The supervisor and its parts, in the order they are started."""

    supervisor: Process
    parts: tuple[PartState, ...]

    @property
    def running(self) -> bool:
        """Whether there is anybody to keep the parts alive."""
        return is_alive(self.supervisor)

    @property
    def processes(self) -> tuple[Process, ...]:
        """Everything that may be running, the supervisor first."""
        return (self.supervisor, *(part.process for part in self.parts if part.process))


def write_state(folder: Folder, state: State) -> None:
    """Publish the state in one step."""
    write_private(folder.state, json.dumps(asdict(state), indent=2).encode())


def read_state(folder: Folder) -> State | None:
    """The last published state; None when there is none that can be read.

    A damaged state is as good as none: the kernel ends the parts with their supervisor, so nothing that
    needs ending is lost with it.
    """
    try:
        value = json.loads(folder.state.read_bytes()[:MAX_STATE_BYTES])
        parts = tuple(_part_state(part) for part in value["parts"])
        return State(Process(**value["supervisor"]), parts)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _part_state(value: dict[str, Any]) -> PartState:
    process = value["process"]
    return PartState(**{**value, "process": Process(**process) if process else None})
