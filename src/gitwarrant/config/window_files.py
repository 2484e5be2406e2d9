"""Windows in environments.yaml: when an environment is frozen, and when it may be changed."""

import re
from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field

from gitwarrant.config.fields import Duration, Label, bad, duration
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.model.environment import Window, WindowKind

LONGEST = timedelta(days=366)
YEARS = range(2000, 2101)  # recurrences are counted from the first time on; this keeps that short
PART = (
    r"(?:INTERVAL=[1-9][0-9]{0,2}|COUNT=[1-9][0-9]{0,3}|UNTIL=[0-9]{8}(?:T[0-9]{6})?|WKST=(?:MO|TU|WE|TH|FR|SA|SU)"
    r"|BY(?:DAY|MONTHDAY|MONTH|SETPOS|YEARDAY|WEEKNO)=[0-9A-Z,+-]{1,100})"
)
REPEATS = re.compile(rf"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;{PART}){{0,6}}")


def _wall(text: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or at.year not in YEARS:
        raise bad(
            f"{text[:80]!r} is not a time on a wall clock",
            "write it like 2026-12-20T00:00, and the zone in timezone",
        )
    return at.isoformat()


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise bad(
            f"{text[:80]!r} is not a time zone", "write its IANA name, like Europe/Berlin or UTC"
        ) from None
    return text


def _repeats(text: str) -> str:
    from dateutil.rrule import rrulestr  # noqa: PLC0415 - only where a window repeats

    try:
        if not REPEATS.fullmatch(text):
            raise ValueError("not in this form")
        rrulestr(text, dtstart=datetime(2026, 1, 1))  # noqa: DTZ001 - a wall clock has no zone
    except (ValueError, TypeError, OverflowError):
        raise bad(
            f"{text[:80]!r} is not a recurrence",
            "write an RFC 5545 rule of days, weeks, months or years: FREQ=WEEKLY;BYDAY=FR",
        ) from None
    return text


class WindowFile(StrictModel):
    """A time in which an environment is frozen, or the only one in which it may be changed."""

    name: Label = Field(description="how messages call it")
    kind: Literal["freeze", "maintenance"] = Field(
        description="freeze: closed while it is open; maintenance: closed outside of all of them"
    )
    begins: Annotated[str, AfterValidator(_wall)] = Field(
        description="its first beginning on the wall clock of its zone, like 2026-12-20T00:00"
    )
    lasts: Duration = Field(description="how long it lasts, like 8h or 14d; a year at most")
    timezone: Annotated[str, AfterValidator(_zone)] = Field("UTC", description="the zone, like Europe/Berlin")
    repeats: Annotated[str, AfterValidator(_repeats)] | None = Field(
        None, description="a recurrence rule (RFC 5545), like FREQ=WEEKLY;BYDAY=FR; without one: once"
    )


def judge_windows(source: Source, pointer: tuple[str | int, ...], files: list[WindowFile]) -> None:
    """Note names that stand there twice, and windows of no or of endless length."""
    names: set[str] = set()
    for index, file in enumerate(files):
        if file.name in names:
            source.wrong(
                (*pointer, index, "name"), f"window {file.name!r} is defined twice", "rename one of them"
            )
        names.add(file.name)
        if not timedelta() < duration(file.lasts) <= LONGEST:
            source.wrong(
                (*pointer, index, "lasts"), f"a window cannot last {file.lasts}", "write something up to 366d"
            )


def windows(source: Source, pointer: tuple[str | int, ...], files: list[WindowFile]) -> tuple[Window, ...]:
    """Translate windows, in their order."""
    return tuple(
        Window(
            name=file.name,
            kind=WindowKind(file.kind),
            begins=file.begins,
            seconds=int(duration(file.lasts).total_seconds()),
            timezone=file.timezone,
            repeats=file.repeats or "",
            place=source.place((*pointer, index)),
        )
        for index, file in enumerate(files)
    )
