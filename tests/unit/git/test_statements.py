"""Statements travel through Git: stored in a clone, pushed to a server, fetched and read again."""

from hashlib import sha256
from pathlib import Path

import pytest
from tests.support.repositories import Simulator

from gitwarrant.git.failures import FetchError
from gitwarrant.git.fetch import fetch
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import Remote
from gitwarrant.git.statements import push, store
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.statement import STATEMENT_REFS

MAIN = "refs/heads/main"
STATEMENT = SignedStatement(body=b'{"is":"Statement"}', signature=b"-----BEGIN SSH SIGNATURE-----\n")
REF = STATEMENT_REFS + sha256(STATEMENT.body).hexdigest()


@pytest.fixture
def forge(tmp_path: Path) -> Simulator:
    forge = Simulator(tmp_path / "forge.git")
    forge.commit(by="alice", files={"web.yaml": "x"})
    return forge


def test_a_statement_arrives_as_it_was_stored(forge: Simulator, tmp_path: Path) -> None:
    """Stored in one clone, pushed by git, fetched into a quarantine: the same bytes."""
    clone = forge.clone(tmp_path / "clone")

    ref = store(clone, STATEMENT)
    push(clone, "origin", [ref])
    fetch(Remote(forge.url), tmp_path / "quarantine", [MAIN])

    assert ref == REF
    assert Repository(tmp_path / "quarantine").statements() == (STATEMENT,)


def test_storing_twice_changes_nothing(forge: Simulator) -> None:
    """Equal statements are one object: pushing again is no conflict."""
    first = (store(forge.path, STATEMENT), forge.git.references[REF].target)

    assert (store(forge.path, STATEMENT), forge.git.references[REF].target) == first


def test_a_statement_that_is_deleted_on_the_server_goes_from_the_quarantine(
    forge: Simulator, tmp_path: Path
) -> None:
    """The quarantine mirrors what the server offers now."""
    store(forge.path, STATEMENT)
    fetch(Remote(forge.url), tmp_path / "quarantine", [MAIN])
    forge.git.references.delete(REF)

    fetch(Remote(forge.url), tmp_path / "quarantine", [MAIN])

    assert Repository(tmp_path / "quarantine").statements() == ()


@pytest.mark.parametrize(
    "rubbish",
    [
        pytest.param("another name", id="body under another digest"),
        pytest.param("third file", id="a third file"),
        pytest.param("parent", id="a commit with a parent"),
        pytest.param("blob", id="no commit at all"),
        pytest.param("large", id="too large"),
    ],
)
def test_what_is_no_statement_is_left_out(forge: Simulator, rubbish: str) -> None:
    """Anybody may push below these refs: rubbish proves nothing, and stops nobody's deploy."""
    store(forge.path, STATEMENT)
    body = bytes(65_537) if rubbish == "large" else b"other"
    files: dict[str, str | bytes | None] = {"statement": body, "signature": "s"}
    if rubbish == "third file":
        files["more"] = "x"
    parents = [forge.tip()] if rubbish == "parent" else []
    commit = forge.commit(by="mallory", on="x", parents=parents, tree=forge.tree(files), signed=False)
    named = "1" * 64 if rubbish == "another name" else sha256(body).hexdigest()
    forge.point(STATEMENT_REFS + named, forge.blob(b"x") if rubbish == "blob" else commit)

    assert Repository(forge.path).statements() == (STATEMENT,)


def test_a_push_that_is_not_let_in_says_why(forge: Simulator, tmp_path: Path) -> None:
    """git's own words are kept short and translated."""
    clone = forge.clone(tmp_path / "clone")
    ref = store(clone, STATEMENT)

    with pytest.raises(FetchError, match="has no such repository"):
        push(clone, (tmp_path / "gone.git").as_uri(), [ref])


def test_only_statements_are_pushed(forge: Simulator) -> None:
    """A wrong call, not wrong data."""
    with pytest.raises(ValueError, match="only statements are pushed"):
        push(forge.path, "origin", ["refs/heads/main"])
