"""Going back by order: who may, to what, for how long, and what a thief of an account cannot do with it."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.back import order
from tests.support.deployers import Deployer, environments_file, trust_file
from tests.support.desks import CONFIG_MAP, WEB, desk
from tests.support.glass import pager
from tests.support.one_approval import now, open_shop, refusal, warranted
from tests.support.standing import note, stand

from gitwarrant.audit.queries import last_warrant
from gitwarrant.audit.recorder import object_body
from gitwarrant.demo.forge import run_git
from gitwarrant.model.live import Health, ObjectHealth, Observation
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import OrderKind
from gitwarrant.pipeline.candidates import candidate, examine, standing
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.holding import notice

EVERYBODY = ["shop-team", "platform-team", "oncall"]
WHY = ("--reason", "checkout fails", "--yes")


def open_two(folder: Path, **production: Any) -> tuple[Deployer, str, str]:
    """A shop whose production went from one revision to the next; each was applied and healthy."""
    shop = open_shop(folder, **{"operators": EVERYBODY, **production})
    first = stand(shop)
    second = shop.land({WEB: CONFIG_MAP % "bold"}, approved=True)
    assert stand(shop) == second
    return shop, first, second


def back(shop: Deployer, to: str, *people: str, **fields: Any) -> None:
    for by in people or ("ada", "grace"):
        order(shop, by, commit=to, **fields)


def asked(shop: Deployer) -> str:
    """The revision that the agent asks about next."""
    with open_delivery(shop.agent(), now) as work:
        return str(candidate(work, "production").question.change.head)


def complete(shop: Deployer) -> None:
    with open_delivery(shop.agent(), now) as work:
        note(work)


def alarms(shop: Deployer) -> list[str]:
    return [str(record.body["what"]) for record in shop.records(RecordKind.ALARM)]


def test_two_operators_bring_production_back_and_it_stays_there(tmp_path: Path) -> None:
    """By the commands: who it takes; then the next number, the earlier objects, and a hold."""
    shop, first, second = open_two(tmp_path)

    said = [
        desk(shop, person).gitwarrant("rollback", "production", *WHY) for person in (shop.ada, shop.grace)
    ]
    number = warranted(shop)
    complete(shop)
    held = refusal(shop)

    assert [item.status for item in said] == [0, 0]
    assert f"from {second[:12]} back to {first[:12]}" in said[0].out
    assert "it takes 2 people" in said[0].err
    assert number == 3
    [_, _, returned] = shop.records(RecordKind.WARRANTED)
    [record] = shop.records(RecordKind.HELD)
    assert (returned.body["commit"], returned.body["hold"]) == (first, record.number)
    assert returned.body["statements"] == record.body["orders"]
    assert record.body["by"] == ["ada", "grace"]
    assert (
        held
        == f"authorise: environment 'production' is held at {first[:12]} by ada and grace: checkout fails"
    )
    assert alarms(shop) == [
        f"production goes back to {first[:12]} and is held there, by ada and grace: checkout fails"
    ]


def test_a_new_landing_is_judged_but_waits_until_the_hold_is_released(tmp_path: Path) -> None:
    """What was accepted before it needs no second approval, and no revert."""
    shop, first, _ = open_two(tmp_path)
    back(shop, first)
    warranted(shop)
    complete(shop)
    mended = shop.land({WEB: CONFIG_MAP % "mended"}, approved=True)

    held = refusal(shop)
    said = desk(shop, shop.ada).gitwarrant("rollback", "production", "--release", *WHY)
    number = warranted(shop)

    assert held.startswith("authorise: environment 'production' is held at")
    assert said.status == 0
    assert (number, shop.records(RecordKind.WARRANTED)[-1].body["commit"]) == (4, mended)
    assert [record.body["by"] for record in shop.records(RecordKind.RELEASED)] == [["ada"]]


def test_one_operator_is_not_enough_where_a_landing_takes_two_people(tmp_path: Path) -> None:
    shop, first, second = open_two(tmp_path)
    back(shop, first, "ada")

    found = asked(shop)

    assert found == second
    assert shop.records(RecordKind.HELD) == []
    [said] = alarms(shop)
    assert said.endswith("but it takes 2 people to order it")


def test_orders_of_one_person_do_not_add_up(tmp_path: Path) -> None:
    shop, first, second = open_two(tmp_path)
    back(shop, first, "ada", "ada")

    assert asked(shop) == second


def test_a_touched_security_key_is_enough_alone_once_somebody_heard_it(tmp_path: Path) -> None:
    shop, first, second = open_two(tmp_path)
    back(shop, first, "carol")

    unheard = asked(shop)
    shop.settings["alarms"] = [pager(tmp_path)]
    heard = asked(shop)

    assert (unheard, heard) == (second, first)


def test_a_stolen_account_cannot_order_the_vulnerable_version(tmp_path: Path) -> None:
    """Mallory may push what she likes: her signature is nobody's, and she cannot make another."""
    shop, first, second = open_two(tmp_path)
    back(shop, first, "mallory")

    assert asked(shop) == second
    assert shop.records(RecordKind.HELD) == []


def test_an_order_that_was_used_once_is_spent(tmp_path: Path) -> None:
    """Still shown after the release, it brings nothing back."""
    shop, first, second = open_two(tmp_path)
    back(shop, first)
    warranted(shop)
    complete(shop)
    order(shop, "ada", OrderKind.RELEASE)

    after = asked(shop)

    assert after == second
    assert len(shop.records(RecordKind.HELD)) == 1


def test_an_order_that_was_kept_back_until_after_a_release_opens_nothing(tmp_path: Path) -> None:
    """Three ordered it, the server showed two; later it shows the third, and a colleague's of another day."""
    shop, first, second = open_two(tmp_path)
    early = now()
    back(shop, first)
    warranted(shop)
    complete(shop)
    order(shop, "ada", OrderKind.RELEASE)
    asked(shop)

    back(shop, first, "grace", "carol", made=early)
    shop.settings["alarms"] = [pager(tmp_path)]

    assert asked(shop) == second


def test_what_has_expired_brings_nothing_back(tmp_path: Path) -> None:
    shop, first, second = open_two(tmp_path)
    back(shop, first, made=now() - timedelta(hours=2), expires=now() - timedelta(hours=1))

    assert asked(shop) == second


def test_a_hold_outlives_its_orders_and_a_server_that_hides_them(tmp_path: Path) -> None:
    shop, first, _ = open_two(tmp_path)
    back(shop, first)
    warranted(shop)
    complete(shop)

    names = run_git(shop.forge.server, "for-each-ref", "--format=%(refname)", "refs/gitwarrant/statements")
    for name in names.split():
        run_git(shop.forge.server, "update-ref", "-d", name)

    assert refusal(shop).startswith(f"authorise: environment 'production' is held at {first[:12]}")


@pytest.mark.parametrize("how", ["never warranted", "never applied to its end"])
def test_only_what_stood_here_can_be_brought_back(tmp_path: Path, how: str) -> None:
    shop = open_shop(tmp_path, operators=EVERYBODY)
    if how == "never warranted":
        target = shop.land({WEB: CONFIG_MAP % "skipped"}, approved=True)
        shop.land({WEB: CONFIG_MAP % "bold"}, approved=True)
    else:
        target = stand(shop, complete=False, healthy=False)
        shop.land({WEB: CONFIG_MAP % "bold"}, approved=True)
    newest = stand(shop)

    back(shop, target)
    said = desk(shop, shop.ada).gitwarrant("rollback", "production", "--to", target, *WHY)

    assert asked(shop) == newest
    assert alarms(shop)[-1].endswith("but this revision was never applied here to its end")
    assert said.status == 2
    assert f"revision {target[:12]} was never applied to 'production' to its end" in said.err


def test_the_way_back_passes_a_freeze_but_not_a_suspension(tmp_path: Path) -> None:
    begins = (now() + timedelta(hours=-1)).strftime("%Y-%m-%dT%H:%M")
    shop, first, _ = open_two(tmp_path)
    frozen = {"windows": [{"name": "sale", "kind": "freeze", "begins": begins, "lasts": "8h"}]}
    settings = {"operators": EVERYBODY, "break_glass": ["oncall"], **frozen}
    shop.land(
        {
            ".gitwarrant/environments.yaml": environments_file(shop.prefix, ["production"], **settings),
            ".gitwarrant/trust.yaml": trust_file(3),
        },
        approved=True,
    )
    order(shop, "grace", OrderKind.SUSPEND)
    back(shop, first)

    suspended = refusal(shop)
    order(shop, "grace", OrderKind.RESUME)

    assert suspended.startswith("authorise: environment 'production' was suspended by grace")
    assert warranted(shop) == 3


def test_the_way_back_is_judged_by_the_rules_of_today(tmp_path: Path) -> None:
    """Another folder is production now: what lay there at the old revision was never judged for it."""
    shop, _, _ = open_two(tmp_path)
    planted = shop.land({WEB: CONFIG_MAP % "third", "elsewhere/web.yaml": CONFIG_MAP % "evil"}, approved=True)
    stand(shop)
    shop.land({WEB: CONFIG_MAP % "fourth"}, approved=True)
    stand(shop)
    moved = environments_file(shop.prefix, ["production"], path="elsewhere", operators=EVERYBODY)
    files = {".gitwarrant/environments.yaml": moved, ".gitwarrant/trust.yaml": trust_file(3)}
    shop.land({**files, "elsewhere/web.yaml": CONFIG_MAP % "mended"}, approved=True)
    back(shop, planted)

    with open_delivery(shop.agent(), now) as work:
        judgement = examine(work, candidate(work, "production"))

    assert judgement.question.returns
    assert (judgement.refusals[0].stage, judgement.refusals[0].what) == (
        "render",
        f"revision {planted[:12]} gives other objects today than warrant 3 had",
    )


def test_the_way_back_needs_no_git_server_once_it_is_held(tmp_path: Path) -> None:
    shop, first, _ = open_two(tmp_path)
    back(shop, first)
    asked(shop)
    shop.settings["root"]["url"] = "https://127.0.0.1:9/shop"

    assert asked(shop) == first


def test_a_dry_run_shows_the_way_back_as_data_and_signs_nothing(tmp_path: Path) -> None:
    shop, first, second = open_two(tmp_path)

    said = desk(shop, shop.ada).gitwarrant(
        "rollback", "production", "--reason", "why", "--dry-run", "--output", "json"
    )

    told = json.loads(said.out)
    assert (said.status, told["from"], told["to"], told["people_needed"]) == (0, second, first, 2)
    assert [item["action"] for item in told["plan"]["objects"]] == ["update"]
    assert told["order"] is None
    assert asked(shop) == second


def seen(shop: Deployer, *, health: Health, minutes: int = 0) -> None:
    """What the agent makes of this health of everything, so long after now."""
    with open_delivery(shop.agent(), lambda: now() + timedelta(minutes=minutes)) as work:
        last = last_warrant(work.recorder, "production")
        stands = standing(work, "production")
        assert last is not None
        assert stands is not None
        verdicts = tuple(ObjectHealth(key, health, "why") for key in sorted(last.leaves.by_key))
        environment = replace(stands.environment, rollback_within=600)
        notice(work, environment, Observation("production", verdicts, (), ()))


def test_what_fails_later_than_the_rules_say_is_left_alone(tmp_path: Path) -> None:
    shop, first, _ = open_two(tmp_path)

    seen(shop, health=Health.FAILED, minutes=11)
    late = shop.records(RecordKind.HELD)
    seen(shop, health=Health.FAILED, minutes=9)

    assert late == []
    assert [record.body["commit"] for record in shop.records(RecordKind.HELD)] == [first]


def test_what_still_tries_has_not_failed(tmp_path: Path) -> None:
    shop, _, _ = open_two(tmp_path)

    seen(shop, health=Health.PROGRESSING)

    assert shop.records(RecordKind.HELD) == []


def test_without_an_earlier_healthy_warrant_there_is_no_way_back_and_an_alarm(tmp_path: Path) -> None:
    shop = open_shop(tmp_path)
    stand(shop, healthy=False)
    shop.land({WEB: CONFIG_MAP % "bold"}, approved=True)
    stand(shop, healthy=False)

    for _ in range(2):
        seen(shop, health=Health.FAILED)

    assert shop.records(RecordKind.HELD) == []
    [alarm] = alarms(shop)
    assert alarm.endswith("no earlier warrant was healthy, so there is no way back")


def test_what_was_left_by_itself_is_never_gone_back_to(tmp_path: Path) -> None:
    """Healthy once, failed in time, left: a later failure goes past it, to what it was left for."""
    shop, first, second = open_two(tmp_path)
    seen(shop, health=Health.FAILED)
    warranted(shop)
    complete(shop)
    shop.land({WEB: CONFIG_MAP % "third"}, approved=True)
    stand(shop, healthy=False)

    seen(shop, health=Health.FAILED)

    held = shop.records(RecordKind.HELD)
    assert (held[0].body["left"], held[0].body["commit"]) == (second, first)
    assert held[1].body["commit"] == first


def test_a_hold_that_nobody_ordered_ends_by_a_landing_in_its_folder_only(tmp_path: Path) -> None:
    shop, first, second = open_two(tmp_path)
    seen(shop, health=Health.FAILED)
    warranted(shop)
    complete(shop)

    shop.land({"elsewhere/notes.txt": "nothing"}, approved=True)
    held = refusal(shop)
    mended = shop.land({WEB: CONFIG_MAP % "mended"}, approved=True)

    assert held.startswith(f"authorise: environment 'production' is held at {first[:12]} by itself: ")
    assert asked(shop) == mended
    assert [record.body["left"] for record in shop.records(RecordKind.HELD)] == [second]
    assert warranted(shop) == 4


def test_the_log_says_who_brought_an_object_back_and_who_wrote_it(tmp_path: Path) -> None:
    shop, first, _ = open_two(tmp_path)
    back(shop, first)
    warranted(shop)
    with open_delivery(shop.agent(), now) as work:
        last = last_warrant(work.recorder, "production")
        assert last is not None
        [leaf] = [leaf for leaf in last.leaves.leaves if leaf.kind == "ConfigMap"]
        named = object_body(leaf.key, leaf.version)
        told = {"sequence": 3, "operation": "apply", "object": named, "digest": leaf.digest}
        body = {**told, "audit_id": "a", "result": "configured", "uid": "u", "resource_version": "1"}
        work.recorder.append(RecordKind.APPLIED, "production", {**body, "message": ""})

    said = shop.here("audit", "who", "configmap/web")

    assert said.status == 0, said.err
    assert "brought back  by ada and grace: checkout fails" in said.out
    assert "written by" in said.out
