"""Commits and tags that git and ssh-keygen signed, made by another project."""

import os
from pathlib import Path

import pytest

from gitwarrant.git.commit import object_id, parse_commit
from gitwarrant.model.change import CommitId
from gitwarrant.trust.sshsig import BEGIN, BadSignature, fingerprint, verify

CORPORA = Path(os.environ.get("GITWARRANT_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
SIGNATURES = CORPORA / "git-signatures"


def files(pattern: str) -> list[object]:
    found = sorted(SIGNATURES.glob(pattern))
    if found:
        return [pytest.param(path, id=path.stem) for path in found]
    reason = f"the corpus is not at {CORPORA.name}/git-signatures: set GITWARRANT_CORPORA"
    return [pytest.param(Path(), id=pattern, marks=pytest.mark.skip(reason=reason))]


def public_key(signed: Path) -> str:
    """The key that made a file: key_X.pub beside commit_X_signed.txt and tag_X_signed.txt."""
    name = signed.stem.partition("_")[2].removesuffix("_signed")
    return " ".join((signed.parent / f"key_{name}.pub").read_text().split()[:2])


@pytest.mark.parametrize("path", files("ssh_signatures/commit_*_signed.txt"))
def test_a_commit_signed_by_git_proves_its_key(path: Path) -> None:
    """Read by our strict parser, verified in process."""
    raw = path.read_bytes()

    commit = parse_commit(raw, CommitId(object_id("commit", raw)))
    public = verify(commit.signature or b"", commit.payload, "git")

    assert public == public_key(path)


@pytest.mark.parametrize("path", files("ssh_signatures/tag_*_signed.txt"))
def test_a_tag_signed_by_git_proves_its_key(path: Path) -> None:
    """A tag's signature stands at the end of its message."""
    message, armor, rest = path.read_bytes().partition(BEGIN)

    public = verify(armor + rest, message, "git")

    assert public == public_key(path)


@pytest.mark.parametrize("path", files("ssh_signatures/commit_*_signed.txt"))
def test_a_commit_changed_after_signing_is_refused(path: Path) -> None:
    """One more letter in the message."""
    raw = path.read_bytes() + b"!"

    commit = parse_commit(raw, CommitId(object_id("commit", raw)))

    with pytest.raises(BadSignature, match="not made over these bytes"):
        verify(commit.signature or b"", commit.payload, "git")


@pytest.mark.parametrize("path", files("ssh_signatures/*.pub"))
def test_a_fingerprint_is_written_as_ssh_keygen_writes_it(path: Path) -> None:
    """Fingerprints are what people compare by eye."""
    expected = path.with_name(path.name + "_fingerprint").read_text().strip()

    assert fingerprint(path.read_text()) == expected


@pytest.mark.parametrize("path", files("*/commit_unsigned.txt"))
def test_an_unsigned_commit_has_no_signature(path: Path) -> None:
    """Nothing in its bytes is taken for one."""
    raw = path.read_bytes()

    assert parse_commit(raw, CommitId(object_id("commit", raw))).signature is None


@pytest.mark.parametrize("path", files("gpg_signatures/commit_*_signed.txt"))
def test_an_openpgp_signature_is_never_taken_for_an_ssh_one(path: Path) -> None:
    """Its armor differs, so it proves nothing here."""
    raw = path.read_bytes()

    commit = parse_commit(raw, CommitId(object_id("commit", raw)))

    with pytest.raises(BadSignature, match="armor is not that of an SSH signature"):
        verify(commit.signature or b"", commit.payload, "git")
