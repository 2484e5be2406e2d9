"""Freeze and maintenance windows: whether an environment is closed at a moment, and until when.

A window begins at a wall-clock time of its zone and lasts so many seconds. One
that begins in the hour which daylight saving skips begins when that hour would
have been; of an hour that comes twice, it is the first. Source: RFC 5545,
section 3.3.10, by python-dateutil.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gitwarrant.model.environment import Environment, Window, WindowKind

MARGIN = timedelta(days=2)  # wall clocks differ from UTC by less, daylight saving included


@dataclass(frozen=True, slots=True)
class Closed:
    """Why an environment is closed; `until` is None where no end is known."""

    window: Window
    until: datetime | None

    def __str__(self) -> str:
        until = f" until {_shown(self.until, self.window)}" if self.until else ""
        if self.window.kind is WindowKind.FREEZE:
            return f"it is frozen by the window {self.window.name!r}{until}"
        return f"no maintenance window is open{until}"


def closed(environment: Environment, at: datetime) -> Closed | None:
    """Why the environment is closed at a moment; None: it is open."""
    freezes = [window for window in environment.windows if window.kind is WindowKind.FREEZE]
    for window in freezes:
        end = _open_until(window, at)
        if end is not None:
            return Closed(window, end)
    maintenance = [window for window in environment.windows if window.kind is WindowKind.MAINTENANCE]
    if not maintenance or any(_open_until(window, at) for window in maintenance):
        return None
    return _next_opening(maintenance, at)


def _next_opening(windows: Iterable[Window], at: datetime) -> Closed:
    coming = [(window, begins) for window in windows if (begins := _next(window, at))]
    if not coming:
        return Closed(next(iter(windows)), None)
    window, begins = min(coming, key=lambda item: item[1])
    return Closed(window, begins)


def _open_until(window: Window, at: datetime) -> datetime | None:
    """When the window that is open at a moment ends; None: it is not open. Of several, the last end."""
    length = timedelta(seconds=window.seconds)
    ends = [
        begins + length for begins in _beginnings(window, at - length, at) if begins <= at < begins + length
    ]
    return max(ends, default=None)


def _next(window: Window, at: datetime) -> datetime | None:
    """When the window begins next after a moment; None: not within four years, so never."""
    for days in (8, 32, 367, 4 * 366):
        coming = [begins for begins in _beginnings(window, at, at + timedelta(days=days)) if begins > at]
        if coming:
            return min(coming)
    return None


def _beginnings(window: Window, first: datetime, last: datetime) -> Iterator[datetime]:
    """When the window begins between two moments, and a little around."""
    zone = ZoneInfo(window.timezone)
    begins = datetime.fromisoformat(window.begins)
    early = first.astimezone(zone).replace(tzinfo=None) - MARGIN
    late = last.astimezone(zone).replace(tzinfo=None) + MARGIN
    for wall in _walls(window, begins, early, late):
        yield wall.replace(tzinfo=zone).astimezone(UTC)


def _walls(window: Window, begins: datetime, early: datetime, late: datetime) -> list[datetime]:
    if not window.repeats:
        return [begins] if early <= begins <= late else []
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - only where a window repeats

    walls: list[datetime] = rrulestr(window.repeats, dtstart=begins).between(early, late, inc=True)
    return walls


def _shown(at: datetime, window: Window) -> str:
    return f"{at.astimezone(ZoneInfo(window.timezone)):%Y-%m-%d %H:%M} ({window.timezone})"
