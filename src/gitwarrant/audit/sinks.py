"""Where alarms go: to something that answers that it has them."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from gitwarrant.model.alarm import Alarm
from gitwarrant.model.canonical import plain
from gitwarrant.model.errors import GitwarrantError, Unreachable

SECONDS = 20  # an emergency does not wait longer
MAX_RECEIPT = 200  # characters of an answer that are kept


class Sink(Protocol):
    """Somewhere outside of gitwarrant where an alarm is heard."""

    @property
    def name(self) -> str:
        """What records call it; no secret is in it."""
        ...

    def send(self, alarm: Alarm) -> str:
        """Hand over an alarm and return the receipt: it is there, and not only on its way.

        Raises:
            GitwarrantError: it was not taken.
        """
        ...


@dataclass(frozen=True, slots=True)
class Webhook:
    """Posts the alarm as JSON; any answer of the 200s acknowledges it."""

    url: str
    token_file: Path | None = None

    @property
    def name(self) -> str:
        parts = urlsplit(self.url)
        return f"webhook {parts.scheme}://{parts.hostname}"

    def send(self, alarm: Alarm) -> str:
        """Post it, once, without following redirects."""
        import urllib3  # noqa: PLC0415 - only where an alarm is sent

        headers = {"Content-Type": "application/json", **self._authorization()}
        try:
            answer = urllib3.request(
                "POST",
                self.url,
                body=_json(alarm),
                headers=headers,
                timeout=SECONDS,
                redirect=False,
                retries=False,
                preload_content=False,
            )
            said = answer.read(4 * MAX_RECEIPT).decode(errors="replace")
        except (urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise Unreachable(
                f"{self.name} did not take the alarm: {type(error).__name__}", remedy="check the address"
            ) from error
        if not 200 <= answer.status < 300:
            raise GitwarrantError(
                f"{self.name} answered {answer.status}", remedy="check its address and token"
            )
        return f"{answer.status} {_printable(said)}".strip()

    def _authorization(self) -> dict[str, str]:
        if self.token_file is None:
            return {}
        try:
            return {"Authorization": f"Bearer {self.token_file.read_text().strip()}"}
        except (OSError, UnicodeDecodeError) as error:
            raise GitwarrantError(
                f"the token of {self.name} cannot be read from {self.token_file}",
                remedy="correct token_file, or give the right to read it",
            ) from error


@dataclass(frozen=True, slots=True)
class Program:
    """Starts a program with the alarm as JSON on its standard input; exit status 0 acknowledges it."""

    command: Sequence[str]

    @property
    def name(self) -> str:
        return f"program {Path(self.command[0]).name}"

    def send(self, alarm: Alarm) -> str:
        """Run it to its end."""
        try:
            done = subprocess.run(
                list(self.command), input=_json(alarm), capture_output=True, timeout=SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise GitwarrantError(
                f"{self.name} could not take the alarm: {type(error).__name__}",
                remedy="see that it is there and ends in time",
            ) from error
        if done.returncode:
            raise GitwarrantError(
                f"{self.name} ended with status {done.returncode}", remedy="run it by hand to see why"
            )
        return _printable(done.stdout.decode(errors="replace")) or "exit 0"


def _json(alarm: Alarm) -> bytes:
    fields = {name: value for name, value in plain(alarm).items() if name != "is"}
    return json.dumps({**fields, "from": "gitwarrant"}, sort_keys=True).encode()


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()[:MAX_RECEIPT]
