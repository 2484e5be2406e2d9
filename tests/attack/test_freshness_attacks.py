"""A Git server that hides the present: frozen, stale, forked, or silent about what was taken back.

Real repositories, fetched as the agent fetches; the heart is the real command.
"""

import secrets
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.deployers import Deployer, Heartbeat, config_map, open_deployer

from gitwarrant.demo.forge import run_git
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import push, store, store_heartbeat
from gitwarrant.model.canonical import encode, sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.record import RecordKind
from gitwarrant.model.statement import HEARTBEAT_NAMESPACE, STATEMENT_NAMESPACE, RefTip, Withdrawal
from gitwarrant.model.statement import Heartbeat as HeartbeatSaid
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.notices import notices
from gitwarrant.trust.sshsig import sign

MAIN = "refs/heads/main"


@pytest.fixture
def deployer(tmp_path: Path) -> Deployer:
    return open_deployer(tmp_path, environments=["staging"])


@pytest.fixture
def heart(deployer: Deployer) -> Heartbeat:
    return deployer.heart()


def look(deployer: Deployer, *, later: timedelta = timedelta()) -> None:
    """One look of a newly started agent, perhaps some time from now; what it refuses is raised."""
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC) + later) as work:
        for refusal in examine(work, candidate(work, "staging")).refusals:
            raise refusal


def refusal(deployer: Deployer, *, later: timedelta = timedelta()) -> str:
    with pytest.raises(Refused) as refused:
        look(deployer, later=later)
    assert refused.value.stage == "fetch"
    assert refused.value.what.startswith("not fresh: 0 of the 1 heartbeats needed")
    return refused.value.what.partition("(tower: ")[2].removesuffix(")")


def beat(heart: Heartbeat) -> None:
    said = heart.beat()
    assert (said.status, said.err) == (0, "")


def said_by(heart: Heartbeat, **fields: object) -> SignedStatement:
    """A heartbeat that somebody with the heart's key makes by hand."""
    tip = CommitId(run_git(heart.deployer.forge.clone, "rev-parse", "HEAD"))
    honest = {
        "repository": "shop-environments",
        "refs": (RefTip(MAIN, tip),),
        "negatives": (),
        "sequence": 1,
        "made": datetime.now(UTC),
        "nonce": secrets.token_hex(16),
    }
    body = encode(HeartbeatSaid(**(honest | fields)))  # type: ignore[arg-type]  # fields by name
    return SignedStatement(body, sign(str(heart.key), body, HEARTBEAT_NAMESPACE))


def show(heart: Heartbeat, signed: SignedStatement) -> None:
    """The server shows this as the heart's."""
    clone = heart.deployer.forge.clone
    push(clone, "origin", [store_heartbeat(clone, heart.name, signed)])


def shown(heart: Heartbeat) -> SignedStatement:
    signed = Repository(heart.deployer.forge.server).heartbeat(heart.name)
    assert signed
    return signed


def withdraw(deployer: Deployer) -> str:
    """Grace takes a statement back; the ref of that."""
    value = Withdrawal(
        "grace", "shop-environments", sha256(b"any"), "", datetime.now(UTC), secrets.token_hex(16)
    )
    body = encode(value)
    signed = SignedStatement(body, sign(str(deployer.grace.key), body, STATEMENT_NAMESPACE))
    ref = store(deployer.forge.clone, signed)
    push(deployer.forge.clone, "origin", [ref])
    return ref


def test_a_fresh_server_is_followed(deployer: Deployer, heart: Heartbeat) -> None:
    beat(heart)
    look(deployer)

    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    look(deployer)  # what came after the heartbeat is newer still
    beat(heart)
    look(deployer)


def test_no_heartbeat(deployer: Deployer, heart: Heartbeat) -> None:
    assert refusal(deployer) == "it left no heartbeat on the server"


def test_a_server_that_is_not_fresh_is_alarmed_once(deployer: Deployer, heart: Heartbeat) -> None:
    """However often the agent looks: somebody has to look at the server, not at the log."""
    refusal(deployer)
    refusal(deployer)

    [alarm] = deployer.records(RecordKind.ALARM)
    what = "not fresh: 0 of the 1 heartbeats needed show that the server is up to date"
    assert (alarm.environment, alarm.body["alarm"], alarm.body["what"]) == (
        "",
        "stale",
        f"{what} (tower: it left no heartbeat on the server)",
    )


def test_the_heart_pushes_again_what_the_server_hides(deployer: Deployer, heart: Heartbeat) -> None:
    ref = withdraw(deployer)
    beat(heart)
    run_git(deployer.forge.server, "update-ref", "-d", ref)

    said = heart.beat()

    assert f"the server no longer showed {ref}; it was pushed again" in said.err
    look(deployer)


def test_a_withdrawal_that_was_seen_once_may_be_hidden(deployer: Deployer, heart: Heartbeat) -> None:
    """The agent remembers it, so hiding it from him gains nothing and stops nothing."""
    ref = withdraw(deployer)
    beat(heart)
    look(deployer)
    run_git(deployer.forge.server, "update-ref", "-d", ref)

    look(deployer)


def test_a_strangers_withdrawal_is_not_waited_for(deployer: Deployer, heart: Heartbeat) -> None:
    """Else whoever may push could show one to the heart, delete it, and freeze new agents."""
    value = Withdrawal(
        "mallory", "shop-environments", sha256(b"any"), "", datetime.now(UTC), secrets.token_hex(16)
    )
    body = encode(value)
    signed = SignedStatement(body, sign(str(deployer.mallory.key), body, STATEMENT_NAMESPACE))
    ref = store(deployer.forge.clone, signed)
    push(deployer.forge.clone, "origin", [ref])
    beat(heart)
    run_git(deployer.forge.server, "update-ref", "-d", ref)

    look(deployer)


def test_equivocation_is_recorded_once(deployer: Deployer, heart: Heartbeat) -> None:
    beat(heart)
    look(deployer)
    accepted, other = shown(heart), said_by(heart)
    show(heart, other)

    for _ in range(2):
        refusal(deployer)

    [found] = deployer.records(RecordKind.EQUIVOCATION)
    assert dict(found.body) == {
        "heart": "tower",
        "public": deployer.settings["heartbeats"]["keys"][0]["public"],
        "sequence": 1,
        "digests": sorted([sha256(accepted.body), sha256(other.body)]),
    }
    assert len(deployer.records(RecordKind.REFUSED)) == 1
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC)) as work:
        [alarm] = notices(work)
    assert alarm.what.startswith("tower signed two different heartbeats with sequence 1: ")


def test_a_heart_signs_nothing_after_a_branch_moved_backwards(deployer: Deployer, heart: Heartbeat) -> None:
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    beat(heart)
    before = shown(heart)
    deployer.rewind(deployer.trusted_at)

    said = heart.beat()

    assert (said.status, said.err.partition(" moved backwards")[0]) == (
        1,
        "refused by fetch: refs/heads/main",
    )
    assert shown(heart) == before


def test_a_branch_that_the_operator_rewound_is_let_pass_once(tmp_path: Path) -> None:
    """The branch of an environment, on which somebody's nonsense was taken back by force."""
    deployer = open_deployer(tmp_path, environments=["staging"], branch="live")
    heart, clone, live = deployer.heart(), deployer.forge.clone, "refs/heads/live"
    run_git(clone, "push", "-q", "origin", f"HEAD:{live}")
    deployer.write({"staging/web.yaml": config_map("web", mode="nonsense")})
    deployer.forge.commit(deployer.mallory, "Nonsense", signed=False)
    run_git(clone, "push", "-q", "origin", f"HEAD:{live}")
    beat(heart)
    run_git(clone, "push", "-q", "--force", "origin", f"{deployer.trusted_at}:{live}")

    refused = heart.beat()
    passed = heart.beat("--rewound", live)

    assert refused.status == 1
    assert refused.err.startswith(f"refused by fetch: {live} moved backwards")
    assert (passed.status, heart.beat().status) == (0, 0)
    look(deployer)


def test_a_heart_that_lost_its_state_goes_on_from_what_it_showed(
    deployer: Deployer, heart: Heartbeat
) -> None:
    beat(heart)
    beat(heart)
    look(deployer)
    shutil.rmtree(heart.deployer.state)

    beat(heart)

    look(deployer)


def test_a_heart_with_a_persons_key_is_refused(deployer: Deployer, heart: Heartbeat) -> None:
    deployer.settings["heartbeats"]["keys"][0]["public"] = deployer.ada.public
    beat(replace(heart, key=deployer.ada.key))

    with pytest.raises(Refused, match="the heartbeat key of 'tower' is a key of 'ada'"):
        look(deployer)


def test_two_hearts_are_asked(deployer: Deployer, heart: Heartbeat) -> None:
    other = deployer.heart("lighthouse")
    beat(heart)
    with pytest.raises(Refused, match=r"1 of the 2 heartbeats needed .*lighthouse: it left no heartbeat"):
        look(deployer)

    beat(other)

    look(deployer)


def test_a_restart_keeps_the_sequence_and_the_log_small(deployer: Deployer, heart: Heartbeat) -> None:
    """Ten beats that say the same are one record; the next one that says more is another."""
    for _ in range(3):
        beat(heart)
        look(deployer)
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    beat(heart)
    look(deployer)

    assert [record.body["sequence"] for record in deployer.records(RecordKind.HEARTBEAT)] == [1, 4]
