"""Signatures that were proven once are not proven again, and never longer than the registry stands."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.chain import DAY, NOW, POLICY, Chain, public_key, with_key

from gitwarrant.model.canonical import sha256
from gitwarrant.model.errors import Refused
from gitwarrant.store.verdicts import VerdictFolder
from gitwarrant.trust import written
from gitwarrant.trust.proven import Proven
from gitwarrant.trust.sshsig import examine
from gitwarrant.trust.verdicts import MemoryVerdicts, Verdicts


@pytest.fixture(params=["memory", "folder"])
def verdicts(request: pytest.FixtureRequest, tmp_path: Path) -> Verdicts:
    return MemoryVerdicts() if request.param == "memory" else VerdictFolder(tmp_path / "kept")


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The signatures that were really checked."""
    seen: list[bytes] = []

    def counting(signature: bytes, message: bytes, namespace: str) -> Proven:
        seen.append(signature)
        return examine(signature, message, namespace)

    monkeypatch.setattr(written, "examine", counting)
    return seen


def notes(count: int) -> Chain:
    chain = Chain()
    for number in range(count):
        chain.land({"notes/a": f"note {number}"}, by="alice")
    return chain


def test_a_second_look_checks_no_signature_and_a_new_commit_one(
    verdicts: Verdicts, checked: list[bytes]
) -> None:
    chain = notes(5)
    first = chain.verify(verdicts=verdicts)
    assert len(checked) == 5

    assert chain.verify(verdicts=verdicts) == first
    assert len(checked) == 5

    chain.land({"notes/b": "one more"}, by="alice")
    chain.verify(verdicts=verdicts)
    assert len(checked) == 6


def revoked(chain: Chain) -> None:
    chain.revoke("alice", "alice")


def revoked_since_yesterday(chain: Chain) -> None:
    chain.revoke("carol", "bob", since=NOW - DAY)  # a root holder revokes somebody's
    chain.revoke("alice", "alice", since=NOW - DAY)


def revoked_in_the_rules(chain: Chain) -> None:
    chain.policy = with_key(POLICY, "alice", revoked=True)


def expired_meanwhile(chain: Chain) -> None:
    chain.policy = with_key(POLICY, "alice", not_after=NOW - DAY)


@pytest.mark.parametrize(
    "happens", [revoked, revoked_since_yesterday, revoked_in_the_rules, expired_meanwhile]
)
def test_a_verdict_falls_with_its_key(verdicts: Verdicts, happens: Callable[[Chain], None]) -> None:
    chain = notes(2)
    chain.verify(verdicts=verdicts)

    happens(chain)

    with pytest.raises(Refused, match=r"a key that (was revoked|expired)"):
        chain.verify(verdicts=verdicts)


def test_a_key_that_expires_between_two_looks_is_judged_anew(
    verdicts: Verdicts, checked: list[bytes]
) -> None:
    """The registry is the same, so the signature is known; the time is not part of a verdict."""
    chain = notes(1)
    chain.policy = with_key(POLICY, "alice", not_after=NOW + DAY)
    chain.verify(verdicts=verdicts)

    with pytest.raises(Refused, match="a key that expired"):
        chain.verify(verdicts=verdicts, now=NOW + 2 * DAY)
    assert len(checked) == 1


def test_another_registry_proves_everything_again(verdicts: Verdicts, checked: list[bytes]) -> None:
    chain = notes(3)
    chain.verify(verdicts=verdicts)

    identities = (*POLICY.identities[:-1], replace(POLICY.identities[-1], teams=frozenset()))
    chain.policy = replace(POLICY, identities=identities)
    chain.verify(verdicts=verdicts)

    assert len(checked) == 6


def test_a_right_signature_in_somebody_elses_name_is_refused_each_time(verdicts: Verdicts) -> None:
    chain = Chain()
    chain.land({"notes/a": "x"}, by="alice", key="mallory")  # alice's name, somebody else's key

    for _ in range(2):
        with pytest.raises(Refused, match=r"but names 'alice@example\.com'"):
            chain.verify(verdicts=verdicts)


COMMIT, REGISTRY = sha256(b"commit"), sha256(b"registry")


def kept(folder: Path) -> Path:
    """One verdict on the disk; its file."""
    keeper = VerdictFolder(folder)
    keeper.put(COMMIT, REGISTRY, public_key("alice"))
    keeper.save()
    [file] = folder.iterdir()
    return file


def test_verdicts_outlive_the_process(tmp_path: Path) -> None:
    file = kept(tmp_path / "verdicts")

    assert VerdictFolder(tmp_path / "verdicts").get(COMMIT, REGISTRY) == public_key("alice")
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def others_may_write_the_file(file: Path) -> None:
    file.chmod(0o666)


def others_may_write_the_folder(file: Path) -> None:
    file.parent.chmod(0o777)


def it_is_a_link(file: Path) -> None:
    target = file.parent.parent / "elsewhere"
    file.rename(target)
    target.chmod(0o666)
    file.symlink_to(target)


def it_is_damaged(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20] + b"\xff\x00")


@pytest.mark.parametrize(
    "spoil", [others_may_write_the_file, others_may_write_the_folder, it_is_a_link, it_is_damaged]
)
def test_a_file_that_others_may_have_written_is_not_read(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(kept(tmp_path / "verdicts"))

    assert VerdictFolder(tmp_path / "verdicts").get(COMMIT, REGISTRY) is None


def test_a_line_that_was_cut_off_costs_only_itself(tmp_path: Path) -> None:
    file = kept(tmp_path / "verdicts")
    file.write_bytes(file.read_bytes()[:-30])
    other = sha256(b"other")
    keeper = VerdictFolder(tmp_path / "verdicts")
    keeper.put(other, REGISTRY, public_key("bob"))
    keeper.save()

    again = VerdictFolder(tmp_path / "verdicts")

    assert again.get(other, REGISTRY) == public_key("bob")


def test_a_folder_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "verdicts").write_text("a file where the folder should be")
    chain = notes(1)

    keeper = VerdictFolder(tmp_path / "verdicts")
    chain.verify(verdicts=keeper, now=NOW + timedelta(hours=1))
    keeper.save()
