"""Both stores keep one promise: bytes that do not hash to their id are no object, and nothing else acts."""

import gc
import os
import re
import shutil
import subprocess
import time
import zlib
from pathlib import Path

import pygit2
import pytest
from pygit2.enums import ObjectType, Option
from tests.support.repositories import Simulator
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git.child import GitStore
from gitwarrant.git.objects import Objects
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import BlobId, TreeId
from gitwarrant.model.errors import Refused

DETECTION = {
    "libgit2": b"SHA1 collision attack detected",  # libgit2, util/hash/collisiondetect.c
    "git": b"SHA-1 appears to be part of a collision attack",  # git, sha1dc_git.c
}
"""What each says when it detects a collision; no other implementation of SHA-1 has these words."""


@pytest.fixture(params=[Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Simulator:
    simulator: type[Simulator] = request.param
    return simulator(tmp_path / "forge.git")


def overwrite(repository: Simulator, id: str, kind: str, content: bytes) -> None:  # noqa: A002 - the glossary's name
    """Put other bytes where an object lies, well formed in all but the id."""
    path = repository.path / "objects" / id[:2] / id[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(content)) + content))


def children() -> set[int]:
    """The processes that this one started and that still run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


@pytest.fixture
def libgit2_file() -> Path:
    """The library that this process has loaded."""
    pygit2.hash(b"")
    [name] = set(re.findall(r"/\S*/libgit2[-.]\S*", Path("/proc/self/maps").read_text()))
    return Path(name)


def test_libgit2_detects_sha1_collisions(libgit2_file: Path) -> None:
    """The wheel's libgit2 hashes by sha1dc; a build that does not would fail here."""
    assert DETECTION["libgit2"] in libgit2_file.read_bytes()


def test_git_detects_sha1_collisions() -> None:
    """The git that fetches hashes by sha1dc; new ones say so themselves."""
    options = subprocess.run(
        ["git", "version", "--build-options"], capture_output=True, text=True, check=True
    )
    program = Path(shutil.which("git") or "").resolve()

    assert "SHA1_DC" in options.stdout or DETECTION["git"] in program.read_bytes()


def test_a_blob_of_other_bytes_is_no_object(repository: Simulator) -> None:
    """Not only commits: every object is hashed when it is read."""
    blob = repository.blob(b"kind: Pod")
    overwrite(repository, blob, "blob", b"kind: Bad")

    with pytest.raises(Refused, match="is missing or damaged"):
        Repository(repository.path).objects.blob(BlobId(blob), 100)


def test_a_tree_of_other_bytes_is_no_object(repository: Simulator) -> None:
    """A tree that names another file under the old id."""
    tree = repository.tree({"web.yaml": "good"})
    other = repository.bytes_of(repository.tree({"web.yaml": "evil"}))
    overwrite(repository, tree, "tree", other)

    with pytest.raises(Refused, match="is missing or damaged"):
        Repository(repository.path).objects.tree(TreeId(tree))


def test_a_library_that_switches_verification_off_changes_nothing(tmp_path: Path) -> None:
    """The option is the process's; each store we open switches it on again."""
    repository = Simulator(tmp_path / "forge.git")
    blob = repository.blob(b"kind: Pod")
    overwrite(repository, blob, "blob", b"kind: Bad")
    pygit2.option(Option.ENABLE_STRICT_HASH_VERIFICATION, False)

    with pytest.raises(Refused, match="is missing or damaged"):
        Repository(repository.path).objects.blob(BlobId(blob), 100)


def test_objects_in_packs_and_loose_ones_are_read_alike(repository: Simulator) -> None:
    """Also those packed after the store was opened, as a fetch does."""
    head = repository.commit(by="alice", files={"web.yaml": "x", "empty": b""})
    reading = Repository(repository.path)
    before = reading.objects.read(head, ObjectType.COMMIT, 10_000)
    repository.run("repack", "-a", "-d", "-q")

    again = Repository(repository.path).objects

    assert before == again.read(head, ObjectType.COMMIT, 10_000)
    tree = reading.objects.tree(again.commit(head)[1].tree)
    assert [reading.objects.blob(BlobId(entry.id), 10) for entry in tree] == [b"", b"x"]


def test_git_agrees_with_what_the_sha256_simulator_writes(tmp_path: Path) -> None:
    """Else tests would prove something about a repository that does not exist."""
    repository = Sha256Simulator(tmp_path / "forge.git")
    repository.commit(by="alice", files={"a/b/web.yaml": "x", "a.yaml": "y"})
    repository.branch("feature")
    repository.commit(by="bob", on="feature", files={"a/c.yaml": "z"})
    repository.commit(by="alice", files={"a.yaml": None})
    repository.merge("feature", by="alice")

    assert repository.run("fsck", "--strict", "--full") == ""


def test_an_id_that_is_none_asks_git_nothing(tmp_path: Path) -> None:
    """A line feed in an id would be a second question to git."""
    repository = Sha256Simulator(tmp_path / "forge.git")
    blob = repository.blob(b"x")
    store = GitStore(repository.path)

    assert [store.header(name) for name in ("HEAD", "1" * 40, f"{blob}\ninfo {blob}", "", blob.upper())] == [
        None
    ] * 5
    assert store.header(blob) == (ObjectType.BLOB, 1)


def test_a_reading_process_that_dies_is_started_anew(tmp_path: Path) -> None:
    """One refusal, then it goes on; and it ends with its store."""
    repository = Sha256Simulator(tmp_path / "forge.git")
    blob = repository.blob(b"x")
    before = children()
    store = GitStore(repository.path)
    assert store.read(blob) == (ObjectType.BLOB, b"x")
    [child] = children() - before
    os.kill(child, 9)
    time.sleep(0.1)

    with pytest.raises(Refused, match="gave no answer that can be read"):
        store.read(blob)
    again = store.read(blob)
    del store
    gc.collect()

    assert again == (ObjectType.BLOB, b"x")
    assert children() <= before


def test_a_missing_object_is_not_fetched(tmp_path: Path) -> None:
    """A partial clone would have git fetch it, from an address that its configuration names."""
    repository = Sha256Simulator(tmp_path / "forge.git")
    trap = tmp_path / "sprung"
    with (repository.path / "config").open("a") as config:
        config.write(f'[extensions]\n\tpartialclone = origin\n[remote "origin"]\n\turl = ext::touch {trap}\n')
        config.write("\tpromisor = true\n[protocol]\n\tallow = always\n")

    with pytest.raises(Refused, match=r"missing or damaged|gave no answer"):
        Repository(repository.path).objects.blob(BlobId("1" * 64), 100)

    assert not trap.exists()


def test_replace_refs_and_alternates_of_the_environment_do_not_act(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """git is told nothing of our own environment."""
    repository, other = Sha256Simulator(tmp_path / "forge.git"), Sha256Simulator(tmp_path / "other.git")
    elsewhere = other.blob(b"elsewhere")
    monkeypatch.setenv("GIT_ALTERNATE_OBJECT_DIRECTORIES", str(other.path / "objects"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other.path / "objects"))

    assert GitStore(repository.path).header(elsewhere) is None


def test_what_was_announced_and_what_is_read_must_agree(tmp_path: Path) -> None:
    """A store whose header names another kind or size is not believed, although the bytes have the id."""

    class Lying(GitStore):
        def header(self, _id: str, /) -> tuple[ObjectType, int] | None:
            return ObjectType.TREE, 1

    repository = Sha256Simulator(tmp_path / "forge.git")
    blob = repository.blob(b"x")

    with pytest.raises(Refused, match="is missing or damaged"):
        Objects(Lying(repository.path)).read(blob, ObjectType.TREE, 10)
