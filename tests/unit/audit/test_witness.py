"""What every witness promises; the folder is the one there is."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gitwarrant.audit.witness import FolderWitness, Posted, Witness, WitnessError, witness_of
from gitwarrant.model.canonical import Digest, loads, sha256
from gitwarrant.model.errors import Unreachable

SHOP = "example/shop"
ONE, TWO = sha256(b"one"), sha256(b"two")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "witness"
    made.mkdir()
    return made


@pytest.fixture
def witness(folder: Path) -> Witness:
    return FolderWitness(folder)


def digests(witness: Witness, repository: str = SHOP) -> set[Digest]:
    return {item.digest for item in witness.posted(repository)}


def test_what_was_posted_is_there_with_its_time(witness: Witness) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)

    witness.post(SHOP, ONE)

    [posted] = witness.posted(SHOP)
    assert posted.digest == ONE
    assert before < posted.at < datetime.now(UTC) + timedelta(seconds=2)


def test_posting_again_changes_nothing(witness: Witness) -> None:
    witness.post(SHOP, ONE)
    first = witness.posted(SHOP)

    witness.post(SHOP, ONE)

    assert witness.posted(SHOP) == first


def test_repositories_are_apart_whatever_their_names(witness: Witness, folder: Path) -> None:
    witness.post("../../elsewhere", ONE)
    witness.post(SHOP, TWO)

    assert (digests(witness), digests(witness, "../../elsewhere")) == ({TWO}, {ONE})
    assert {path.parent for path in folder.iterdir()} == {folder}


def test_nothing_was_posted_about_a_new_repository(witness: Witness) -> None:
    assert witness.posted(SHOP) == ()


def test_the_oldest_comes_first(witness: Witness, folder: Path) -> None:
    witness.post(SHOP, ONE)
    witness.post(SHOP, TWO)
    [file] = folder.glob(f"*/{TWO[7:]}")
    os.utime(file, (1_000_000_000, 1_000_000_000))

    old, new = witness.posted(SHOP)

    assert old == Posted(datetime.fromtimestamp(1_000_000_000, UTC), TWO)
    assert new.digest == ONE


def test_whoever_may_add_to_the_folder_may_add_to_the_repositorys(witness: Witness, folder: Path) -> None:
    """Its own right to write, not what the first who posts happens to have."""
    folder.chmod(0o1777)

    witness.post(SHOP, ONE)

    [place] = folder.iterdir()
    assert place.stat().st_mode & 0o7777 == 0o1777


def test_other_files_are_no_digests(witness: Witness, folder: Path) -> None:
    witness.post(SHOP, ONE)
    [file] = folder.glob("*/*")
    for name in ("README", ".new-abc", "A" * 64, "a" * 63):
        (file.parent / name).write_text("not one")

    assert digests(witness) == {ONE}


def test_the_form_of_a_file(witness: Witness, folder: Path) -> None:
    witness.post(SHOP, ONE)

    [file] = folder.glob("*/*")
    assert loads(file.read_bytes()) == {"digest": ONE, "repository": SHOP}


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """It is a mount that is missing: a new folder in its place would hide that."""
    lost = FolderWitness(tmp_path / "missing")

    with pytest.raises(WitnessError, match="is not there"):
        lost.post(SHOP, ONE)
    with pytest.raises(Unreachable, match="is not there"):
        lost.posted(SHOP)


def test_only_digests_are_posted(witness: Witness) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        witness.post(SHOP, Digest("sha256:../../x"))


@pytest.mark.parametrize("text", ["/shared", "folder:", "gopher:/x", ""])
def test_a_setting_that_names_no_witness(text: str) -> None:
    with pytest.raises(WitnessError, match="names no witness"):
        witness_of(text)


def test_a_setting_names_a_folder(folder: Path) -> None:
    witness_of(f"folder:{folder}").post(SHOP, ONE)

    assert digests(FolderWitness(folder)) == {ONE}
