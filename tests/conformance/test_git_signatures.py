"""Commits and tags that git and ssh-keygen signed, made by another project."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitwarrant.git.commit import object_id, parse_commit
from gitwarrant.git.tag import parse_tag
from gitwarrant.model.change import CommitId
from gitwarrant.trust import openpgp, pgpcert
from gitwarrant.trust.sshsig import BadSignature, fingerprint, verify

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
    """Read by our strict parser, too."""
    raw = path.read_bytes()

    tag = parse_tag(raw, object_id("tag", raw))
    public = verify(tag.signature or b"", tag.payload, "git")

    assert public == public_key(path)


@pytest.mark.parametrize("path", files("ssh_signatures/commit_*_signed.txt"))
def test_a_commit_changed_after_signing_is_refused(path: Path) -> None:
    """One more letter in the message."""
    raw = path.read_bytes() + b"!"

    commit = parse_commit(raw, CommitId(object_id("commit", raw)))

    with pytest.raises(BadSignature, match="not made over these bytes"):
        verify(commit.signature or b"", commit.payload, "git")


@pytest.mark.parametrize("path", files("*/tag_unsigned.txt"))
def test_an_unsigned_tag_has_no_signature(path: Path) -> None:
    """Nothing in its message is taken for one."""
    raw = path.read_bytes()

    assert parse_tag(raw, object_id("tag", raw)).signature is None


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


SEEN = datetime(2026, 6, 1, tzinfo=UTC)
OPENPGP = [*files("gpg_signatures/commit_*_signed.txt"), *files("gpg_signatures/tag_*_signed.txt")]


def openpgp_parts(path: Path) -> tuple[bytes, bytes, pgpcert.Certificate]:
    """What was signed, the signature, and the certificate of its maker."""
    raw, name = path.read_bytes(), path.stem.partition("_")[2].removesuffix("_signed")
    certificate = pgpcert.read((path.parent / f"key_{name}.pub").read_text())
    if path.stem.startswith("tag_"):
        tag = parse_tag(raw, object_id("tag", raw))
        return tag.payload, tag.signature or b"", certificate
    commit = parse_commit(raw, CommitId(object_id("commit", raw)))
    return commit.payload, commit.signature or b"", certificate


@pytest.mark.parametrize("path", OPENPGP)
def test_an_openpgp_signature_proves_its_certificate(path: Path) -> None:
    """Of commits and tags; brainpool too."""
    message, signature, certificate = openpgp_parts(path)

    proven = openpgp.verify(openpgp.read(signature), message, certificate, at=SEEN)

    assert proven.key.line == certificate.line


@pytest.mark.parametrize("path", OPENPGP)
def test_one_changed_byte_is_refused(path: Path) -> None:
    """Anywhere in the message."""
    message, signature, certificate = openpgp_parts(path)
    packet = openpgp.read(signature)

    for place in range(0, len(message), 29):
        changed = message[:place] + bytes([message[place] ^ 0x20]) + message[place + 1 :]
        with pytest.raises(BadSignature, match="not made over these bytes"):
            openpgp.verify(packet, changed, certificate, at=SEEN)


@pytest.mark.parametrize("path", files("gpg_signatures/commit_*_signed.txt"))
def test_an_openpgp_signature_is_never_taken_for_an_ssh_one(path: Path) -> None:
    """Its armor differs, so it proves nothing here."""
    raw = path.read_bytes()

    commit = parse_commit(raw, CommitId(object_id("commit", raw)))

    with pytest.raises(BadSignature, match="armor is not that of an SSH signature"):
        verify(commit.signature or b"", commit.payload, "git")
