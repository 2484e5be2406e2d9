"""What the log and the trusted revision are after a refused attack; the attacks themselves are fixtures."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.deployers import Deployer, config_map, open_deployer, trust_file

from gitwarrant.model.errors import Refused
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.pipeline.delivery import candidate, examine, open_delivery
from gitwarrant.pipeline.question import Judgement


def now() -> datetime:
    return datetime.now(UTC)


def judged(deployer: Deployer, environment: str = "staging") -> Judgement:
    """What the deployer says now; a refusal of fetch or of the trust ref is raised."""
    with open_delivery(deployer.agent(), now) as work:
        return examine(work, candidate(work, environment))


def refusal(deployer: Deployer) -> tuple[str, str]:
    """The stage that refuses first, and its reason."""
    try:
        [first, *_] = judged(deployer).refusals
    except Refused as refused:
        first = refused
    return first.stage, first.what


def rewound(deployer: Deployer) -> None:
    """An older commit of the branch is served: a revision that was trusted once."""
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    assert judged(deployer).refusals == ()
    deployer.rewind(deployer.trusted_at)


def unsigned(deployer: Deployer) -> None:
    """A stolen account pushes without a key."""
    deployer.land({"staging/web.yaml": config_map("web", mode="evil")}, signed=False)


def stranger(deployer: Deployer) -> None:
    """A stolen account pushes, signed by a key that nobody listed."""
    deployer.land({"staging/web.yaml": config_map("web", mode="evil")}, by="mallory")


def rules_without_root(deployer: Deployer) -> None:
    """Ada may change everything but the rules: those need the root."""
    deployer.land({".gitwarrant/trust.yaml": trust_file(2)}, by="ada")


@pytest.mark.parametrize(
    ("attack", "stage", "says"),
    [
        pytest.param(rewound, "fetch", "moved backwards", id="ref_rewound"),
        pytest.param(
            rules_without_root, "verify", "1 root holders must consent", id="rules_changed_without_the_root"
        ),
    ],
)
def test_the_trust_ref_is_followed_only_as_far_as_it_proves_itself(
    attack: Callable[[Deployer], None], stage: str, says: str, tmp_path: Path
) -> None:
    """The trusted revision stays where it was, and three rounds leave one record of the refusal."""
    deployer = open_deployer(tmp_path)
    attack(deployer)
    advanced = [record.body["commit"] for record in recorded(deployer, RecordKind.TRUST_ADVANCED)]

    stopped, what = refusal(deployer)
    again = [refusal(deployer) for _ in range(2)]

    assert stopped == stage
    assert says in what
    assert again == [(stopped, what)] * 2
    refused = recorded(deployer, RecordKind.REFUSED)
    assert [(record.environment, record.body["what"]) for record in refused] == [("", what)]
    after = [record.body["commit"] for record in recorded(deployer, RecordKind.TRUST_ADVANCED)]
    assert after == advanced


@pytest.mark.parametrize(
    ("attack", "says"),
    [
        pytest.param(unsigned, "is unsigned", id="unsigned_landing_on_the_trust_ref"),
        pytest.param(stranger, "a key that nobody here owns", id="unknown_key_on_the_trust_ref"),
    ],
)
def test_a_landing_beside_the_rules_is_judged_where_it_is_deployed(
    attack: Callable[[Deployer], None], says: str, tmp_path: Path
) -> None:
    """It is refused, it does not move the trusted revision, and so it can be taken back by force."""
    deployer = open_deployer(tmp_path)
    attack(deployer)

    stage, what = refusal(deployer)
    advanced = recorded(deployer, RecordKind.TRUST_ADVANCED)
    deployer.rewind(deployer.trusted_at)
    deployer.land({"staging/web.yaml": config_map("web", mode="good")})

    assert (stage, says in what) == ("verify", True), what
    assert advanced == []
    assert judged(deployer).refusals == ()


def test_rules_that_land_behind_an_unproven_landing_are_in_force_and_stay(tmp_path: Path) -> None:
    """Garbage on the branch must not hold back a rule, nor may force then take the rule away."""
    deployer = open_deployer(tmp_path)
    garbage = deployer.land({"notes.txt": "nothing"}, signed=False)
    rules = deployer.land({".gitwarrant/trust.yaml": trust_file(2)}, by="grace")

    stopped = refusal(deployer)
    [advanced] = recorded(deployer, RecordKind.TRUST_ADVANCED)
    deployer.rewind(garbage)

    assert stopped[0] == "verify"
    assert advanced.body["commit"] == rules
    assert refusal(deployer)[1].startswith("refs/heads/main moved backwards")


def recorded(deployer: Deployer, kind: RecordKind) -> list[Record]:
    """The log's records of a kind; none where nothing was judged yet."""
    if not deployer.state.exists():
        return []
    return deployer.records(kind)


def test_an_expired_trust_file_lets_its_own_renewal_pass(tmp_path: Path) -> None:
    """The root's renewal is judged although the rules have expired."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    deployer = open_deployer(tmp_path, files={".gitwarrant/trust.yaml": trust_file(1, yesterday)})
    deployer.land({".gitwarrant/trust.yaml": trust_file(2)}, by="grace")

    assert judged(deployer).refusals == ()
