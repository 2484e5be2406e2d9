"""Freeze and maintenance windows, over recurrences and daylight saving."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.chain import environment

from gitwarrant.model.environment import Window, WindowKind
from gitwarrant.model.errors import Place
from gitwarrant.trust.windows import Closed, closed

HOUR = 3600


def window(
    begins: str,
    hours: float,
    *,
    kind: WindowKind = WindowKind.FREEZE,
    zone: str = "Europe/Berlin",
    repeats: str = "",
) -> Window:
    place = Place(".gitwarrant/environments.yaml", 9)
    return Window("sale", kind, begins, int(hours * HOUR), zone, repeats, place)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def said(moment: str, *windows: Window) -> str:
    found = closed(replace(environment(), windows=windows), at(moment))
    return str(found) if found else ""


FRIDAY = window("2026-01-02T16:00", 64, repeats="FREQ=WEEKLY;BYDAY=FR")
"""From Friday 16:00 to Monday 8:00."""
OFFICE = window("2026-01-05T09:00", 8, kind=WindowKind.MAINTENANCE, repeats="FREQ=WEEKLY;BYDAY=MO,TU,WE,TH")


@pytest.mark.parametrize(
    ("moment", "windows", "says"),
    [
        pytest.param("2026-11-26T12:00", (), "", id="no window: open"),
        pytest.param(
            "2026-12-24T12:00",
            (window("2026-12-20T00:00", 14 * 24),),
            "it is frozen by the window 'sale' until 2027-01-03 00:00 (Europe/Berlin)",
            id="a freeze, once",
        ),
        pytest.param("2026-12-19T22:59:59", (window("2026-12-20T00:00", 24),), "", id="a second before it"),
        pytest.param("2026-12-20T23:00", (window("2026-12-20T00:00", 24),), "", id="its end is open again"),
        pytest.param(
            "2026-11-28T03:00",
            (FRIDAY,),
            "it is frozen by the window 'sale' until 2026-11-30 08:00 (Europe/Berlin)",
            id="every weekend",
        ),
        pytest.param("2026-11-25T12:00", (FRIDAY,), "", id="not on a Wednesday"),
        pytest.param("2026-11-26T09:00", (OFFICE,), "", id="in a maintenance window"),
        pytest.param(
            "2026-11-26T17:00",
            (OFFICE,),
            "no maintenance window is open until 2026-11-30 09:00 (Europe/Berlin)",
            id="after the last of the week",
        ),
        pytest.param(
            "2026-11-26T09:00",
            (OFFICE, window("2026-11-26T00:00", 24)),
            "it is frozen by the window 'sale' until 2026-11-27 00:00 (Europe/Berlin)",
            id="a freeze outweighs a maintenance window",
        ),
        pytest.param(
            "2026-11-26T09:00",
            (window("2025-01-01T00:00", 1, kind=WindowKind.MAINTENANCE),),
            "no maintenance window is open",
            id="the only one is over",
        ),
    ],
)
def test_an_environment_is_closed(moment: str, windows: tuple[Window, ...], says: str) -> None:
    assert said(moment, *windows) == says


@pytest.mark.parametrize(
    ("begins", "first", "last"),
    [
        # 2026-03-29, 02:00 to 03:00 is skipped in Berlin; 2026-10-25, 02:00 to 03:00 comes twice.
        pytest.param("2026-03-29T02:30", "2026-03-29T01:30", "2026-03-29T02:30", id="the skipped hour"),
        pytest.param(
            "2026-10-25T02:30", "2026-10-25T00:30", "2026-10-25T01:30", id="the hour that comes twice"
        ),
    ],
)
def test_a_window_on_the_night_the_clock_is_changed(begins: str, first: str, last: str) -> None:
    """It lasts an hour in truth, whatever the clock on the wall shows."""
    night = window(begins, 1)
    second = timedelta(seconds=1)

    states = [
        closed(replace(environment(), windows=(night,)), moment) is not None
        for moment in (at(first) - second, at(first), at(last) - second, at(last))
    ]

    assert states == [False, True, True, False]


def test_a_recurrence_follows_the_wall_clock_through_the_year() -> None:
    """Nine in the morning is eight UTC in winter and seven in summer."""
    daily = window("2026-01-01T09:00", 1, repeats="FREQ=DAILY")

    assert [bool(said(moment, daily)) for moment in ("2026-01-15T08:00", "2026-07-15T07:00")] == [True, True]
    assert [bool(said(moment, daily)) for moment in ("2026-01-15T07:00", "2026-07-15T08:00")] == [
        False,
        False,
    ]


def test_it_names_the_window_and_when_it_ends() -> None:
    freeze = window("2026-12-20T00:00", 24, zone="UTC")

    found = closed(replace(environment(), windows=(freeze,)), at("2026-12-20T12:00"))

    assert found == Closed(freeze, at("2026-12-21T00:00"))
