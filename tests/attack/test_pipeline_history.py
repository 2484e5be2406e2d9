"""Attacks on the history that a deployer follows, through fetch and verify as the agent runs them.

Each says which stage stops it; the log says so once, not at every round.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.deployers import Deployer, config_map, environments_file, open_deployer, trust_file

from gitwarrant.config.repository import RepositoryConfig
from gitwarrant.demo.forge import run_git
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Refused
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.pipeline import trusting
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
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


def replaced(deployer: Deployer) -> None:
    """Another line of history, grown from an older commit and signed by somebody entitled."""
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    assert judged(deployer).refusals == ()
    deployer.forge.reset(deployer.trusted_at)
    deployer.write({"staging/web.yaml": config_map("web", mode="other")})
    deployer.forge.commit(deployer.ada, "Another history")
    deployer.forge.push(force=True)


def unrelated(deployer: Deployer) -> None:
    """A history that never met the trusted one, shown to a deployer that knows that one."""
    assert judged(deployer).refusals == ()
    run_git(deployer.forge.clone, "checkout", "-q", "--orphan", "new")
    deployer.forge.commit(deployer.grace, "Begin again")
    deployer.forge.push(force=True)


def never_trusted(deployer: Deployer) -> None:
    """A new deployer is shown a history without the revision that its operator looked at."""
    run_git(deployer.forge.clone, "checkout", "-q", "--orphan", "new")
    deployer.forge.commit(deployer.grace, "Begin again")
    deployer.forge.push(force=True)


def unsigned(deployer: Deployer) -> None:
    """A stolen account pushes without a key."""
    deployer.land({"staging/web.yaml": config_map("web", mode="evil")}, signed=False)


def stranger(deployer: Deployer) -> None:
    """A stolen account pushes, signed by a key that nobody listed."""
    deployer.land({"staging/web.yaml": config_map("web", mode="evil")}, by="mallory")


def rules_without_root(deployer: Deployer) -> None:
    """Ada may change everything but the rules: those need the root."""
    deployer.land({".gitwarrant/trust.yaml": trust_file(2)}, by="ada")


def rules_without_version(deployer: Deployer) -> None:
    """The root changes the rules under the version that was there already: a replay would fit."""
    staging = environments_file(deployer.prefix, ("staging",))
    deployer.land({".gitwarrant/environments.yaml": staging}, by="grace")


def rules_of_an_older_version(deployer: Deployer) -> None:
    """An older set of rules is put back, with its version."""
    deployer.land({".gitwarrant/trust.yaml": trust_file(5)}, by="grace")
    assert judged(deployer).refusals == ()
    deployer.land({".gitwarrant/trust.yaml": trust_file(4)}, by="grace")


def rules_renamed(deployer: Deployer) -> None:
    """Statements carry the repository's name; another name would let those of another repository count."""
    renamed = trust_file(2).replace("shop-environments", "other")
    deployer.land({".gitwarrant/trust.yaml": renamed}, by="grace")


def rules_broken(deployer: Deployer) -> None:
    """The root signs rules that do not parse."""
    deployer.land({".gitwarrant/rules.yaml": "- path: ['*'"}, by="grace")


def rules_removed(deployer: Deployer) -> None:
    """No rules at all must not mean that everything is allowed."""
    names = ("trust", "identities", "rules", "environments")
    deployer.land({f".gitwarrant/{name}.yaml": None for name in names}, by="grace")


def broken_in_between(deployer: Deployer) -> None:
    """Unsigned rules, put back by the root in the next commit: the tip alone would look right."""
    original = (deployer.forge.clone / ".gitwarrant" / "rules.yaml").read_text()
    loose = original.replace("approvals: 0", "approvals: 1\n  from: [shop-team]")
    deployer.land({".gitwarrant/rules.yaml": loose, ".gitwarrant/trust.yaml": trust_file(2)}, signed=False)
    deployer.land({".gitwarrant/rules.yaml": original, ".gitwarrant/trust.yaml": trust_file(3)}, by="grace")


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
@pytest.mark.parametrize(
    ("attack", "stage", "says"),
    [
        pytest.param(rewound, "fetch", "moved backwards", id="ref_rewound"),
        pytest.param(replaced, "fetch", "was rewritten", id="history_replaced"),
        pytest.param(unrelated, "fetch", "was rewritten", id="history_unrelated"),
        pytest.param(never_trusted, "fetch", "has no commit", id="history_without_the_trusted_revision"),
        pytest.param(
            rules_without_root, "verify", "1 root holders must consent", id="rules_changed_without_the_root"
        ),
        pytest.param(
            rules_without_version, "verify", "1 before, 1 after", id="rules_changed_without_version"
        ),
        pytest.param(rules_of_an_older_version, "verify", "5 before, 4 after", id="rules_put_back"),
        pytest.param(rules_renamed, "verify", "renames", id="repository_renamed"),
        pytest.param(rules_broken, "verify", "did not find expected", id="rules_that_do_not_parse"),
        pytest.param(rules_removed, "fetch", "no folder '.gitwarrant'", id="rules_removed"),
        pytest.param(
            broken_in_between, "verify", "is unsigned", id="unsigned_rules_hidden_behind_a_root_signature"
        ),
    ],
)
def test_the_trust_ref_is_followed_only_as_far_as_it_proves_itself(
    attack: Callable[[Deployer], None], stage: str, says: str, object_format: str, tmp_path: Path
) -> None:
    """The trusted revision stays where it was, and three rounds leave one record of the refusal."""
    deployer = open_deployer(tmp_path, object_format=object_format)
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


def test_an_expired_trust_file_lets_nothing_new_pass_but_its_own_renewal(tmp_path: Path) -> None:
    """Stage verify; the root's renewal is judged although the rules have expired."""
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    deployer = open_deployer(tmp_path, files={".gitwarrant/trust.yaml": trust_file(1, yesterday)})
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})

    stage, what = refusal(deployer)
    deployer.rewind(deployer.trusted_at)
    deployer.land({".gitwarrant/trust.yaml": trust_file(2)}, by="grace")
    renewed = judged(deployer)

    assert (stage, "expired" in what) == ("verify", True), what
    assert renewed.refusals == ()


def test_many_landings_of_false_rules_cost_no_more_than_each_once_or_twice(tmp_path: Path) -> None:
    """Held: a Git account. Judged by halves, not one by one from the end; the first of them is told."""
    deployer = open_deployer(tmp_path)
    commits = []
    for number in range(32):
        deployer.write({".gitwarrant/trust.yaml": trust_file(2 + number)})
        commits.append(deployer.forge.commit(deployer.mallory, "More rules", signed=False))
    deployer.forge.push()
    read: list[str] = []
    whole = trusting.rules_at

    def counting(repository: Repository, commit: CommitId) -> RepositoryConfig:
        read.append(commit)
        return whole(repository, commit)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trusting, "rules_at", counting)
        stage, what = refusal(deployer)

    assert (stage, what.startswith(f"landing {commits[0][:12]}: ")) == ("verify", True), what
    assert len(read) < 3 * len(commits)
