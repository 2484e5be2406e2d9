"""How often something is put back before it is left, and when it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import object_body
from gitwarrant.cluster.restraint import BURST, FIGHT, Held, Try, held, restraint
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
KEY = ObjectKey("apps", "Deployment", "shop", "web")
FIELD = "/spec/replicas"


def tries(*seconds_ago: float, field: str = FIELD) -> list[Try]:
    return [Try(NOW - timedelta(seconds=ago), frozenset({field})) for ago in seconds_ago]


FOUGHT = Held("put back 5 times within an hour, and written again each time", (FIELD,))
WAITS = Held("put back a moment ago already; the next try waits")


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        pytest.param([], None, id="the first time: at once"),
        pytest.param(tries(4), WAITS, id="again after 4 seconds: waits"),
        pytest.param(tries(6), None, id="again after 6 seconds"),
        pytest.param(tries(14, 600), WAITS, id="the third waits longer"),
        pytest.param(tries(134, 600, 700, 800), WAITS, id="the fifth waits two minutes"),
        pytest.param(tries(136, 600, 700, 800), None, id="and is tried after them"),
        pytest.param(tries(600, 700, 800, 900, 1000), FOUGHT, id="five times: somebody fights"),
        pytest.param(tries(1, field="/data/a"), None, id="another field does not make this one wait"),
        pytest.param(
            [Try(NOW - timedelta(seconds=1 + n), frozenset({f"/data/{n}"})) for n in range(BURST)],
            Held("put back 30 times within an hour; the next try waits"),
            id="always other fields: slowed down, never stopped",
        ),
    ],
)
def test_each_try_at_a_field_waits_longer_until_somebody_has_to_stop(
    earlier: list[Try], expected: Held | None
) -> None:
    assert held(earlier, {FIELD}, NOW) == expected


def intent(log: MemoryLog, kind: RecordKind = RecordKind.REVERT_INTENT, **body: object) -> None:
    log.append(kind, "test", {"object": object_body(KEY, "v1"), **body})


def test_a_fight_over_one_field_shields_no_other() -> None:
    """Attack: keep a harmless field in a fight, then change the image."""
    fight = tries(600, 700, 800, 900, 1000)

    assert held(fight, {FIELD, "/spec/image"}, NOW) is None
    assert held([*fight, *tries(1, field="/spec/image")], {FIELD, "/spec/image"}, NOW) == WAITS


def test_the_log_remembers_a_fight_until_it_is_old_or_a_new_warrant_is_applied() -> None:
    moment = NOW
    log = MemoryLog(lambda: moment)
    for _ in range(FIGHT):
        intent(log, fields=[FIELD])
        intent(log)  # a second write of the same try counts no more

    def now_held() -> Held | None:
        return restraint(log, "test", KEY, [FIELD], moment)

    moment = NOW + timedelta(minutes=59)
    assert now_held() == FOUGHT

    moment = NOW + timedelta(minutes=61)
    assert now_held() is None

    moment = NOW + timedelta(minutes=30)
    intent(log, RecordKind.APPLY_INTENT)
    assert now_held() is None
