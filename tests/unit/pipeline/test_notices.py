"""What people hear although no gate refuses: once each, and whatever the Git server shows."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.deployers import REPOSITORY, Deployer, open_deployer, trust_file

from gitwarrant.audit.witness import FolderWitness
from gitwarrant.demo.forge import run_git
from gitwarrant.model.canonical import Digest, sha256
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import advance_trust
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.notices import LOST, RENEWAL, days_left, notices

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("left", "due"),
    [
        (31 * DAY, None),
        (30 * DAY, 30),
        (8 * DAY, 30),
        (7 * DAY, 7),
        (2 * DAY, 7),
        (DAY, 1),
        (timedelta(seconds=1), 1),
        (timedelta(), 0),
        (-DAY, 0),
    ],
)
def test_warnings_come_30_7_and_1_days_before_and_when_it_is_over(left: timedelta, due: int | None) -> None:
    assert days_left(NOW + left, NOW) == due


@pytest.fixture
def deployer(tmp_path: Path) -> Deployer:
    return open_deployer(tmp_path, environments=["staging"])


def heard(deployer: Deployer, *, later: timedelta = timedelta(), fetch: bool = True) -> list[str]:
    """What a newly started agent tells, perhaps some time from now, after a look at the server."""
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC) + later) as work:
        if fetch:
            advance_trust(work)
        return [alarm.what for alarm in notices(work)]


def test_each_warning_is_told_once(deployer: Deployer) -> None:
    """The rules of the shop live for 90 days."""
    told = [heard(deployer, later=days * DAY, fetch=False) for days in (0, 61, 62, 84, 85, 89.5, 92, 93)]
    assert told == [[]] * 8  # nothing was fetched yet: there are no rules to speak of

    heard(deployer)
    told = [heard(deployer, later=days * DAY, fetch=False) for days in (0, 61, 62, 84, 85, 90.5, 92, 93)]

    end = datetime.combine(datetime.now(UTC).date() + 91 * DAY, datetime.min.time())
    when = f"{end:%Y-%m-%d %H:%M}"
    before = f"the rules in .gitwarrant/ expire {when}; after that only their renewal passes: {RENEWAL}"
    after = before.replace("expire ", "expired ")
    assert told == [[], [before], [], [before], [], [before], [after], []]
    assert [record.body["what"] for record in deployer.records(RecordKind.ALARM)] == [before] * 3 + [after]


def test_renewed_rules_are_warned_about_anew(deployer: Deployer) -> None:
    heard(deployer)
    assert len(heard(deployer, later=70 * DAY, fetch=False)) == 1
    renewed = date.today() + timedelta(days=120)  # noqa: DTZ011 - a day in a file
    deployer.land({".gitwarrant/trust.yaml": trust_file(2, renewed)}, by="grace")
    heard(deployer)

    assert heard(deployer, later=70 * DAY, fetch=False) == []
    assert len(heard(deployer, later=100 * DAY, fetch=False)) == 1


@pytest.fixture
def witness(deployer: Deployer) -> FolderWitness:
    """A witness of an agent that has been at work: its log has begun."""
    folder = deployer.folder / "witness"
    folder.mkdir()
    deployer.settings["witness"] = {"folder": str(folder)}
    deployer.land({"staging/first.yaml": "a: b"})
    heard(deployer)
    return FolderWitness(folder)


def approved(deployer: Deployer) -> tuple[str, Digest]:
    """The ref and the digest of an approval that was pushed."""
    before = run_git(deployer.forge.clone, "rev-parse", "HEAD")
    deployer.approve(before, deployer.land({"staging/more.yaml": "a: b"}))
    [ref] = run_git(
        deployer.forge.server, "for-each-ref", "--format=%(refname)", "refs/gitwarrant/statements"
    ).split()
    return ref, Digest(f"sha256:{ref.rpartition('/')[2]}")


def test_a_statement_that_was_posted_and_does_not_arrive_is_told_once(
    deployer: Deployer, witness: FolderWitness
) -> None:
    ref, digest = approved(deployer)
    witness.post(REPOSITORY, digest)
    run_git(deployer.forge.server, "update-ref", "-d", ref)

    told = [heard(deployer, later=timedelta(minutes=minutes)) for minutes in (9, 11, 12)]

    assert [len(each) for each in told] == [0, 1, 0]
    assert told[1][0].startswith(f"statement {digest[7:19]} was posted ")
    assert told[1][0].endswith(f", but did not arrive: {LOST}")
    [record] = deployer.records(RecordKind.ALARM)
    assert (record.body["alarm"], record.body["what"]) == ("undelivered", told[1][0])


def test_a_statement_that_arrived_is_not_told(deployer: Deployer, witness: FolderWitness) -> None:
    _, digest = approved(deployer)
    witness.post(REPOSITORY, digest)

    assert heard(deployer, later=timedelta(minutes=11)) == []


def test_it_is_heard_while_the_git_server_is_gone(deployer: Deployer, witness: FolderWitness) -> None:
    witness.post(REPOSITORY, sha256(b"never pushed"))

    assert len(heard(deployer, later=timedelta(minutes=11), fetch=False)) == 1


def test_what_was_posted_before_the_log_began_is_not_asked_about(
    deployer: Deployer, witness: FolderWitness
) -> None:
    """It may have come, expired and been deleted long ago."""
    witness.post(REPOSITORY, sha256(b"long ago"))
    [file] = (deployer.folder / "witness").glob("*/*")
    os.utime(file, (1_000_000_000, 1_000_000_000))

    assert heard(deployer, later=timedelta(minutes=11)) == []
