"""Windows, suspension and broken glass, from the command line to the warrant; real Git, real log."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support.desks import CONFIG_MAP, WEB, desk
from tests.support.glass import break_glass, pager
from tests.support.one_approval import now, open_shop, refusal, warranted

from gitwarrant.model.record import RecordKind


def freeze(**fields: Any) -> Mapping[str, Any]:
    begins = (now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    return {"windows": [{"name": "sale", "kind": "freeze", "begins": begins, "lasts": "8h", **fields}]}


def test_a_freeze_closes_an_environment_and_says_until_when(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, **freeze())

    said = refusal(shop)

    assert said.startswith(
        "authorise: environment 'production' is closed: it is frozen by the window 'sale' until"
    )


def test_blocked_names_the_window_and_when_it_ends(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, **freeze())

    said = desk(shop, shop.grace).gitwarrant("blocked", "production", "--base", shop.trusted_at)

    assert said.status == 1
    assert "it is frozen by the window 'sale' until" in said.out


def test_an_operator_suspends_and_resumes(tmp_path: Path) -> None:
    """By the commands; the agent obeys at its next look, and alarms."""
    shop = open_shop(tmp_path)
    shop.settings["alarms"] = [pager(tmp_path)]
    grace = desk(shop, shop.grace)
    assert warranted(shop) == 1

    suspended = grace.gitwarrant("suspend", "production", "--reason", "incident 4711", "--yes")
    said = refusal(shop)
    resumed = grace.gitwarrant("resume", "production", "--reason", "it is over", "--yes")

    assert (suspended.status, resumed.status) == (0, 0)
    assert said.startswith(
        "authorise: environment 'production' was suspended by grace: incident 4711 (until "
    )
    assert warranted(shop) == 2
    assert "suspended" in (tmp_path / "paged").read_text()
    [alarm] = shop.records(RecordKind.ALARM)
    assert alarm.body["what"] == "production was suspended by grace: incident 4711"


def test_what_shuts_an_environment_blocks_it(tmp_path: Path) -> None:
    """A suspension stops what every other gate lets pass, so it is named among what stops an environment."""
    shop = open_shop(tmp_path)
    grace = desk(shop, shop.grace)
    assert warranted(shop) == 1

    before = grace.gitwarrant("blocked", "production")
    grace.gitwarrant("suspend", "production", "--reason", "incident 4711", "--yes")
    after = grace.gitwarrant("blocked", "production", "--output", "json")

    [refused], [step] = json.loads(after.out)["refusals"], json.loads(after.out)["steps"]
    assert (before.status, after.status, refused["stage"]) == (0, 1, "authorise")
    assert refused["what"].startswith("environment 'production' was suspended by grace: incident 4711")
    assert step["what"] == "wait, or an operator runs: gitwarrant resume production --reason TEXT"


def test_a_root_holder_without_a_security_key_is_told_that_it_takes_two(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    head = shop.land({WEB: CONFIG_MAP % "careful"})
    why = ("--reason", "payments are down", "--incident", "4711", "--yes")

    said = desk(shop, shop.grace).gitwarrant("break-glass", "production", head, *why)

    assert said.status == 0
    assert "it takes two root holders" in said.err


def test_who_is_no_operator_cannot_suspend(tmp_path: Path) -> None:
    """The command says so; signed all the same by hand, the order would count nowhere."""
    shop = open_shop(tmp_path)

    said = desk(shop, shop.ada).gitwarrant("suspend", "production", "--reason", "because", "--yes")

    assert (said.status, said.err.splitlines()[0]) == (
        2,
        "error: 'ada' may not suspend it; oncall or platform-team may",
    )
    assert warranted(shop) == 1


def test_broken_glass_passes_once_somebody_heard_the_alarm_and_owes_the_approval(tmp_path: Path) -> None:
    """Frozen, and nobody approved; then the review comes, and only then what follows may pass."""
    shop = open_shop(tmp_path, **freeze())
    head = shop.land({WEB: CONFIG_MAP % "careful"})
    before = refusal(shop)
    break_glass(shop, head)
    unheard = refusal(shop)
    shop.settings["alarms"] = [pager(tmp_path)]

    first = warranted(shop)
    shop.land({WEB: CONFIG_MAP % "bold"})
    behind = refusal(shop)

    assert before.startswith("verify: ")
    assert unheard.startswith("authorise: glass broken by carol for")
    assert "no 'alarms'" in unheard
    assert first == 1
    assert "glass broken by carol" in (tmp_path / "paged").read_text()
    assert behind.startswith("verify: ")
    assert shop.records(RecordKind.WARRANTED)[0].body["owed"] is True


def test_the_review_that_is_owed_closes_the_matter(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    shop.settings["alarms"] = [pager(tmp_path)]
    base = shop.trusted_at
    head = shop.land({WEB: CONFIG_MAP % "careful"})
    break_glass(shop, head)
    warranted(shop)

    shop.approve(base, head)
    reviewed = warranted(shop)

    assert reviewed == 2
    assert [record.body["owed"] for record in shop.records(RecordKind.WARRANTED)] == [True, False]
