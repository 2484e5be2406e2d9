"""`gitwarrant verify` reads the rules that a branch would bring, before they stop everything behind them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitwarrant.demo.forge import BRANCH
from gitwarrant.demo.story import REF, Shop, open_shop
from gitwarrant.git.clone import Clone
from gitwarrant.model.errors import Refused
from gitwarrant.pipeline.local import look, proposed, prove

TRUST = ".gitwarrant/trust.yaml"
RULES = ".gitwarrant/rules.yaml"
ENVIRONMENTS = ".gitwarrant/environments.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose rules Grace, who holds the root key, is about to change."""
    return open_shop(tmp_path / "shop")


def proven(shop: Shop) -> tuple[str, ...]:
    """Who wrote what the clone's branch adds, as `gitwarrant verify` says."""
    now = datetime.now(UTC)
    view = look(Clone.around(shop.forge.clone), shop.agent({"uid": "any"}, state="agent"), now=now)
    change = proposed(view, REF, view.clone.commit(BRANCH))
    authorship = prove(view, change, None, now=now)
    return tuple(name for landing in authorship.landings for name in landing.authors)


def test_rules_that_grow_are_proven(shop: Shop) -> None:
    shop.forge.edit(TRUST, "version: 1", "version: 2")
    shop.forge.commit(shop.grace, "Renew the rules")

    assert proven(shop) == ("grace",)


def test_rules_whose_version_stays_are_refused(shop: Shop) -> None:
    shop.forge.edit(RULES, "approvals: 1", "approvals: 0")
    shop.forge.commit(shop.grace, "Ask for nobody")

    with pytest.raises(Refused, match="their version does not grow: 1 before, 1 after") as refused:
        proven(shop)

    assert refused.value.remedy == "set 'version: 2' in the same change"


def test_rules_that_do_not_parse_are_refused_with_their_place(shop: Shop) -> None:
    shop.forge.edit(TRUST, "version: 1", "version: two")
    shop.forge.commit(shop.grace, "Count in words")

    with pytest.raises(Refused) as refused:
        proven(shop)

    assert (refused.value.stage, str(refused.value.place)) == ("verify", f"{TRUST}:2:10")


@pytest.mark.parametrize(
    ("setting", "column"),
    [
        pytest.param('health: [{kind: Widget.example.com, healthy: "self.status ==="}]', 14, id="health"),
        pytest.param(
            'drift: {ignore: [{kind: Service, pointer: /spec/type, when: "value ===", reason: x}]}',
            22,
            id="drift",
        ),
    ],
)
def test_a_rule_that_is_no_cel_is_refused_with_its_place(shop: Shop, setting: str, column: int) -> None:
    """With the change that brings it: where an object is judged, nobody could refuse it any more."""
    shop.forge.edit(TRUST, "version: 1", "version: 2")
    text = (shop.forge.clone / ENVIRONMENTS).read_text()
    text = "\n".join(line for line in text.splitlines() if "drift:" not in line)
    (shop.forge.clone / ENVIRONMENTS).write_text(text.rstrip("\n") + f"\n    {setting}\n")
    shop.forge.commit(shop.grace, "Judge widgets")

    with pytest.raises(Refused, match="is not CEL") as refused:
        proven(shop)

    line = len(text.rstrip("\n").splitlines()) + 1
    assert (refused.value.stage, str(refused.value.place)) == ("verify", f"{ENVIRONMENTS}:{line}:{column}")
