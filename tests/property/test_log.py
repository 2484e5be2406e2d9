"""The log gives back any JSON that it took."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from gitwarrant.audit.log import Log
from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import Recorder
from gitwarrant.model.manifest import Json
from gitwarrant.model.record import RecordKind

TEXT = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers()
    | some.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
BODIES = some.dictionaries(TEXT.filter(lambda name: name != "object"), JSON, max_size=4)


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest) -> Iterator[Recorder]:
    if request.param == "memory":
        yield MemoryLog(lambda: datetime.now(UTC))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        Log(Path(folder) / "log.sqlite", lambda: datetime.now(UTC)) as sqlite,
    ):
        yield sqlite


@settings(max_examples=60, deadline=None)
@given(kind=some.sampled_from(RecordKind), environment=TEXT, body=BODIES)
def test_any_json_body_reads_back_equal(
    log: Recorder, kind: RecordKind, environment: str, body: dict[str, Json]
) -> None:
    appended = log.append(kind, environment, body)

    [record] = log.read(appended.number - 1)

    assert record == appended
    assert record.body == body
    assert (record.kind, record.environment) == (kind, environment)
