"""Attacks on the chain of trust: on the root keys, on checkpoints, on where judging begins.

Through fetch and verify as the agent runs them, and through a clone as a developer asks it.
"""

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.support.deployers import REPOSITORY, Deployer, config_map, open_deployer, trust_file

from gitwarrant.config.agent import Agent
from gitwarrant.demo.forge import Person, make_person, run_git
from gitwarrant.git.clone import Clone
from gitwarrant.git.statements import push, store
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.identity import RootKey
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import STATEMENT_NAMESPACE, AnyStatement, Checkpoint, RootChange, Roots
from gitwarrant.pipeline.candidates import advance_trust, candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.local import LocalView, look
from gitwarrant.trust.roots import configured, ordered, roots_digest
from gitwarrant.trust.sshsig import sign

MAIN = "refs/heads/main"
DAY = timedelta(days=1)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def deployer(tmp_path: Path) -> Deployer:
    return open_deployer(tmp_path, environments=["staging"])


@pytest.fixture
def dora(deployer: Deployer) -> Person:
    return make_person(deployer.folder / "keys", "dora")


def say(deployer: Deployer, by: Person, value: AnyStatement) -> None:
    """Sign anything and push it."""
    body = encode(value)
    signed = SignedStatement(body, sign(str(by.key), body, STATEMENT_NAMESPACE))
    push(deployer.forge.clone, "origin", [store(deployer.forge.clone, signed)])


def roots(after: Roots, *holders: Person, threshold: int = 1) -> Roots:
    keys = ordered(RootKey(person.name, person.public) for person in holders)
    return Roots(after.version + 1, keys, threshold, roots_digest(after))


def first(deployer: Deployer) -> Roots:
    return configured(deployer.agent().root)


def propose(deployer: Deployer, by: Person, proposed: Roots) -> None:
    value = RootChange(by.name, REPOSITORY, proposed, now(), now() + DAY, secrets.token_hex(16))
    say(deployer, by, value)


def checkpoint(deployer: Deployer, by: Person, commit: str, version: int = 1) -> None:
    value = Checkpoint(
        by.name, REPOSITORY, MAIN, CommitId(commit), version, now(), now() + 90 * DAY, secrets.token_hex(16)
    )
    say(deployer, by, value)


def advance(deployer: Deployer) -> tuple[str, int, list[str]]:
    """Advance the agent's trust: revision, version of the roots, who holds them."""
    with open_delivery(deployer.agent(), now) as work:
        trusted = advance_trust(work)[1]
    return trusted.revision, trusted.root.version, [key.holder for key in trusted.root.keys]


def looked(deployer: Deployer, *, later: timedelta = timedelta(), **root: object) -> LocalView:
    """What a developer's clone says, perhaps later, perhaps with another root of trust."""
    agent = deployer.agent()
    agent = replace(agent, root=replace(agent.root, **root))  # type: ignore[arg-type]  # fields of TrustRoot
    run_git(deployer.forge.clone, "fetch", "-q", "origin")
    return look(Clone.around(deployer.forge.clone), agent, now=now() + later)


def head(deployer: Deployer) -> str:
    return run_git(deployer.forge.clone, "rev-parse", "HEAD")


def test_roots_that_old_and_new_holders_sign_are_in_force(deployer: Deployer, dora: Person) -> None:
    second = roots(first(deployer), dora)
    propose(deployer, deployer.grace, second)
    propose(deployer, dora, second)

    assert advance(deployer) == (deployer.trusted_at, 2, ["dora"])
    [changed] = deployer.records(RecordKind.ROOTS_CHANGED)
    assert (changed.body["version"], changed.body["digest"]) == (2, roots_digest(second))


def test_who_was_a_root_holder_no_longer_changes_the_rules(deployer: Deployer, dora: Person) -> None:
    second = roots(first(deployer), dora)
    propose(deployer, deployer.grace, second)
    propose(deployer, dora, second)
    advance(deployer)
    deployer.land({".gitwarrant/trust.yaml": trust_file(2)}, by="grace")

    with pytest.raises(Refused, match="1 root holders must consent, so far none did") as refused:
        advance(deployer)

    assert refused.value.stage == "verify"


def test_an_emergency_from_outside_outranks_the_chain(deployer: Deployer, dora: Person) -> None:
    second = roots(first(deployer), deployer.mallory)
    propose(deployer, deployer.grace, second)  # both keys were stolen
    propose(deployer, deployer.mallory, second)
    advance(deployer)
    deployer.settings["root"] |= {"version": 3, "keys": [{"holder": "dora", "public": dora.public}]}

    assert advance(deployer) == (deployer.trusted_at, 3, ["dora"])

    deployer.settings["root"] |= {
        "version": 1,
        "keys": [{"holder": "grace", "public": deployer.grace.public}],
    }
    assert advance(deployer) == (deployer.trusted_at, 3, ["dora"])


def history_with_an_expired_key(deployer: Deployer) -> str:
    """Rules that let grace's key sign for thirty days, and others that she signed in time; a year's rules."""
    path = deployer.forge.clone / ".gitwarrant/identities.yaml"
    people = yaml.safe_load(path.read_text())
    people["grace"]["keys"][0] |= {"until": str((now() + 30 * DAY).date())}
    year = (now() + 365 * DAY).date()
    bounded = {".gitwarrant/identities.yaml": yaml.safe_dump(people)}
    deployer.land({**bounded, ".gitwarrant/trust.yaml": trust_file(2, year)}, by="grace")
    return deployer.land({".gitwarrant/trust.yaml": trust_file(3, year)}, by="grace")


def test_a_clone_refuses_old_history_whose_keys_expired_since(deployer: Deployer) -> None:
    """It cannot know when the commit was made: this is why checkpoints exist."""
    history_with_an_expired_key(deployer)

    looked(deployer, later=29 * DAY)
    with pytest.raises(Refused, match="a key that expired"):
        looked(deployer, later=60 * DAY)


def test_a_clone_begins_at_the_checkpoint_and_needs_no_proof_of_what_was_before(deployer: Deployer) -> None:
    tip = history_with_an_expired_key(deployer)
    checkpoint(deployer, deployer.grace, tip, version=3)

    view = looked(deployer, later=60 * DAY)

    assert (view.trusted.revision, view.start.since, view.agent.root.trusted_at) == (tip, tip, tip)


def test_a_checkpoint_stands_in_where_no_revision_is_given(deployer: Deployer) -> None:
    del deployer.settings["root"]["trusted_at"]
    with pytest.raises(Refused, match="nothing says where trust in refs/heads/main begins"):
        advance(deployer)
    checkpoint(deployer, deployer.grace, head(deployer))

    assert advance(deployer)[0] == head(deployer)
    with open_delivery(deployer.agent(), now) as work:
        assert examine(work, candidate(work, "staging")).refusals == ()


def unsigned_side_branch(deployer: Deployer) -> str:
    """A commit that never was on the protected branch."""
    deployer.write({"staging/web.yaml": config_map("web", mode="evil")})
    side = deployer.forge.commit(deployer.mallory, "A side branch", signed=False)
    run_git(deployer.forge.clone, "push", "-q", "origin", "HEAD:refs/heads/side")
    deployer.forge.reset(deployer.trusted_at)
    return side


def test_checkpoint_of_a_side_branch(deployer: Deployer) -> None:
    """Where a revision is given, it stands in; without one, it is an attack of the registry."""
    side = unsigned_side_branch(deployer)
    checkpoint(deployer, deployer.grace, side)
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})

    view = looked(deployer)

    assert (view.start.since, view.trusted.revision) == (deployer.trusted_at, head(deployer))


def test_checkpoint_with_another_version_of_the_policy(deployer: Deployer) -> None:
    """It was signed over other rules than those that are there."""
    tip = history_with_an_expired_key(deployer)
    checkpoint(deployer, deployer.grace, tip, version=2)

    with pytest.raises(Refused, match="a key that expired"):
        looked(deployer, later=60 * DAY)


def test_a_checkpoint_behind_what_the_log_trusts_takes_nothing_back(deployer: Deployer) -> None:
    old = head(deployer)
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    advance(deployer)
    checkpoint(deployer, deployer.grace, old)
    deployer.rewind(old)

    with pytest.raises(Refused, match="moved backwards"):
        advance(deployer)


def second(deployer: Deployer, **settings: object) -> Agent:
    """Another agent of the same repository, with a state folder of its own."""
    agent = deployer.agent()
    return replace(agent, state=deployer.folder / "second", **settings)  # type: ignore[arg-type]  # by name


def test_a_second_agent_takes_over_what_the_first_ones_log_saw(deployer: Deployer) -> None:
    """So keys are judged as of then, and what was taken back stays taken back."""
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    advance(deployer)
    commit = head(deployer)
    log = deployer.agent().log

    with open_delivery(second(deployer, trusted_log=log), now) as work:
        advance_trust(work)
        seen = work.memory.seen()
        kinds = [record.kind for record in work.recorder.read()]
    with open_delivery(deployer.agent(), now) as work:
        assert seen[commit] == work.memory.seen()[commit]
    assert kinds == [RecordKind.BOOTSTRAPPED, RecordKind.TRUST_ADVANCED, RecordKind.BOOTSTRAPPED]


def test_a_log_is_taken_over_once(deployer: Deployer) -> None:
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    advance(deployer)
    agent, count = second(deployer, trusted_log=deployer.agent().log), 0

    for _ in range(2):
        with open_delivery(agent, now) as work:
            advance_trust(work)
            count = sum(1 for record in work.recorder.read() if record.kind is RecordKind.BOOTSTRAPPED)

    assert count == 2


def test_a_log_that_is_not_there_is_said(deployer: Deployer) -> None:
    missing = deployer.folder / "nowhere.sqlite"

    with (
        open_delivery(second(deployer, trusted_log=missing), now) as work,
        pytest.raises(GitwarrantError, match="there is no"),
    ):
        advance_trust(work)
