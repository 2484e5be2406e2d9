"""One suite over every log: what is promised holds for all of them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from gitwarrant.audit.log import Log
from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import Entry, Recorder, RecordError, Selection
from gitwarrant.model.manifest import Json, ObjectKey
from gitwarrant.model.record import Record, RecordKind

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WEB = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web"}
DATABASE = {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "shop", "name": "database"}


def ticking() -> Callable[[], datetime]:
    """A clock that goes on by a second each time it is asked."""
    moments = iter(NOON + timedelta(seconds=second) for second in range(10_000))
    return lambda: next(moments)


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Recorder]:
    if request.param == "memory":
        yield MemoryLog(ticking())
        return
    with Log(tmp_path / "state" / "log.sqlite", ticking()) as sqlite:
        yield sqlite


def numbers(records: Iterator[Record]) -> list[int]:
    return [record.number for record in records]


def test_a_record_is_read_back_as_it_was_returned(log: Recorder) -> None:
    appended = log.append(
        RecordKind.FIRST_SEEN, "production", {"ref": "refs/heads/main", "commits": ["a", "b"]}
    )

    assert list(log.read()) == [appended]
    assert appended == Record(
        1, NOON, RecordKind.FIRST_SEEN, "production", {"ref": "refs/heads/main", "commits": ["a", "b"]}
    )


def test_numbers_count_from_one_without_gaps(log: Recorder) -> None:
    for _ in range(5):
        log.append(RecordKind.RETRYING, "production", {})

    assert numbers(log.read()) == [1, 2, 3, 4, 5]
    assert numbers(log.read(3)) == [4, 5]
    assert numbers(log.read(5)) == []


def test_times_are_kept_in_utc(tmp_path: Path) -> None:
    berlin = NOON.astimezone(timezone(timedelta(hours=1)))
    for log in (MemoryLog(lambda: berlin), Log(tmp_path / "log.sqlite", lambda: berlin)):
        record = log.append(RecordKind.HEALTH, "production", {})

        assert record.time.isoformat() == "2026-11-21T12:00:00+00:00"
        if isinstance(log, Log):
            log.close()


def test_a_reader_cannot_change_the_log(log: Recorder) -> None:
    body: dict[str, Json] = {"list": [1]}
    appended = log.append(RecordKind.HEALTH, "production", body)
    body["list"].append(2)
    appended.body["list"].append(3)

    assert [record.body for record in log.read()] == [{"list": [1]}]


def test_reading_shows_the_log_as_it_was_when_reading_began(log: Recorder) -> None:
    log.append(RecordKind.HEALTH, "production", {})

    reading = log.read()
    log.append(RecordKind.HEALTH, "production", {})

    assert numbers(reading) == [1]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        pytest.param(Selection(), [1, 2, 3, 4, 5, 6], id="everything"),
        pytest.param(Selection(frozenset({RecordKind.APPLIED})), [2, 4, 6], id="one kind"),
        pytest.param(
            Selection(frozenset({RecordKind.APPLIED, RecordKind.APPLY_INTENT})),
            [1, 2, 3, 4, 6],
            id="two kinds",
        ),
        pytest.param(Selection(environment="staging"), [6], id="an environment"),
        pytest.param(Selection(environment=""), [5], id="the trust ref"),
        pytest.param(Selection(name="database"), [3, 4, 6], id="a name"),
        pytest.param(
            Selection(object=ObjectKey("apps", "Deployment", "shop", "web")), [1, 2], id="an object"
        ),
        pytest.param(Selection(object=ObjectKey("", "Deployment", "shop", "web")), [], id="another group"),
        pytest.param(Selection(newest_first=True), [6, 5, 4, 3, 2, 1], id="newest first"),
        pytest.param(Selection(latest=True), [2, 4, 6], id="latest of each object and environment"),
        pytest.param(
            Selection(frozenset({RecordKind.APPLY_INTENT}), latest=True), [1, 3], id="latest of one kind"
        ),
    ],
)
def test_a_selection_finds_its_records(log: Recorder, selection: Selection, expected: list[int]) -> None:
    log.append(RecordKind.APPLY_INTENT, "production", {"object": WEB})
    log.append(RecordKind.APPLIED, "production", {"object": WEB})
    log.append(RecordKind.APPLY_INTENT, "production", {"object": DATABASE})
    log.append(RecordKind.APPLIED, "production", {"object": DATABASE})
    log.append(RecordKind.TRUST_ADVANCED, "", {"commit": "c"})
    log.append(RecordKind.APPLIED, "staging", {"object": DATABASE})

    assert numbers(log.read(0, selection)) == expected
    assert numbers(log.read(2, selection)) == [number for number in expected if number > 2]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"x": float("nan")}, id="NaN"),
        pytest.param({"x": b"bytes"}, id="bytes"),
        pytest.param({"x": "\ud800"}, id="a lone surrogate"),
        pytest.param({"x": {1: "one"}}, id="a member that is no text"),
        pytest.param({"object": "web"}, id="an object that is none"),
        pytest.param({"object": {"kind": "Pod", "name": "web"}}, id="half an object"),
    ],
)
def test_a_body_that_is_no_json_or_names_no_object_is_refused(log: Recorder, body: dict[str, Json]) -> None:
    with pytest.raises(RecordError):
        log.append(RecordKind.HEALTH, "production", body)

    assert list(log.read()) == []


def test_a_failed_append_leaves_no_gap(log: Recorder) -> None:
    log.append(RecordKind.HEALTH, "production", {})
    with pytest.raises(RecordError):
        log.append(RecordKind.HEALTH, "production", {"x": float("inf")})
    log.append(RecordKind.HEALTH, "production", {})

    assert numbers(log.read()) == [1, 2]


def test_many_records_are_added_in_their_order(log: Recorder) -> None:
    entries = [Entry.of(RecordKind.APPLY_INTENT, "production", {"of": number}) for number in range(3)]

    appended = log.append_many(entries)

    assert list(log.read()) == list(appended)
    assert [(record.number, record.body) for record in appended] == [
        (1, {"of": 0}),
        (2, {"of": 1}),
        (3, {"of": 2}),
    ]
    assert [record.time for record in appended] == sorted(record.time for record in appended)
    assert log.append_many([]) == ()


def test_of_many_records_all_are_added_or_none(log: Recorder) -> None:
    """The clock fails at the second one."""
    moments = iter([NOON])
    log._clock = lambda: next(moments)  # type: ignore[attr-defined]  # both have one
    entries = [Entry.of(RecordKind.HEALTH, "production", {"of": number}) for number in range(2)]

    with pytest.raises((StopIteration, RuntimeError)):
        log.append_many(entries)

    assert list(log.read()) == []


def test_what_its_owner_does_with_a_body_later_changes_no_record(log: Recorder) -> None:
    body: dict[str, Json] = {"list": [1]}
    entry = Entry.of(RecordKind.HEALTH, "production", body)
    body["list"].append(2)

    [record] = log.append_many([entry])

    assert record.body == {"list": [1]}
    assert list(log.read()) == [record]
