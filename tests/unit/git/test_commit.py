"""Commits are read in the one form that Git writes, and agree with git itself."""

import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.support.repositories import Simulator, person

from gitwarrant.git.commit import (
    MAX_COMMIT_BYTES,
    MalformedObject,
    ParsedCommit,
    Person,
    object_id,
    parse_commit,
)
from gitwarrant.model.change import CommitId, TreeId

TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
PARENT = "1" * 40
ALICE = b"Alice Liddell <alice@example.com> 1767225600 +0000"
PLAIN = b"tree %s\nparent %s\nauthor %s\ncommitter %s\n\nSay why\n" % (
    TREE.encode(),
    PARENT.encode(),
    ALICE,
    ALICE,
)
SIGNATURE = b"gpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n -----END SSH SIGNATURE-----\n"


def parse(raw: bytes) -> ParsedCommit:
    return parse_commit(raw, CommitId(object_id("commit", raw)))


def with_header(lines: bytes) -> bytes:
    return PLAIN.replace(b"\n\n", b"\n" + lines + b"\n", 1)


def test_a_signed_commit_is_read_into_its_parts() -> None:
    """The payload is the commit without its signature header, byte for byte."""
    parsed = parse(with_header(SIGNATURE))

    alice = Person("Alice Liddell", "alice@example.com", datetime(2026, 1, 1, tzinfo=UTC))
    assert parsed == ParsedCommit(
        id=parsed.id,
        tree=TreeId(TREE),
        parents=(CommitId(PARENT),),
        author=alice,
        committer=alice,
        signature=b"-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n",
        payload=PLAIN,
        message=b"Say why\n",
    )


def test_the_zone_of_a_time_is_kept() -> None:
    """A zone west of Greenwich is subtracted, minutes included."""
    parsed = parse(PLAIN.replace(b"+0000\ncommitter", b"-0330\ncommitter"))

    zone = timezone(-timedelta(hours=3, minutes=30))
    assert parsed.author.time == datetime(2025, 12, 31, 20, 30, tzinfo=zone)
    assert parsed.author.time.utcoffset() == zone.utcoffset(None)


def test_a_commit_of_a_sha256_repository_is_signed_under_its_own_header() -> None:
    """Ids have 64 digits, and the signature stands in gpgsig-sha256."""
    ids = PLAIN.replace(TREE.encode(), b"a" * 64).replace(PARENT.encode(), b"b" * 64)
    raw = ids.replace(b"\n\n", b"\n" + SIGNATURE.replace(b"gpgsig", b"gpgsig-sha256") + b"\n", 1)

    parsed = parse_commit(raw, CommitId(object_id("commit", raw, 64)))

    assert (parsed.tree, parsed.payload) == ("a" * 64, ids)
    assert parsed.signature == b"-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(with_header(SIGNATURE * 2), "it has two signature headers", id="duplicate gpgsig"),
        pytest.param(
            with_header(SIGNATURE.replace(b"gpgsig", b"gpgsig-sha256") + SIGNATURE),
            "its signature header 'gpgsig-sha256' is not the one of this repository's hash",
            id="gpgsig-sha256 before gpgsig",
        ),
        pytest.param(
            with_header(SIGNATURE + SIGNATURE.replace(b"gpgsig", b"gpgsig-sha256")),
            "a header follows its signature: 'gpgsig-sha256 -----BEGIN SSH SIGNATURE--'",
            id="gpgsig-sha256 after gpgsig",
        ),
        pytest.param(
            with_header(SIGNATURE + b"encoding UTF-8\n"),
            "a header follows its signature: 'encoding UTF-8'",
            id="header after the signature",
        ),
        pytest.param(
            with_header(b"mergetag object 1\n"),
            "it merges a signed tag (mergetag); merge the tag's commit (`git merge TAG^{commit}`) instead",
            id="mergetag",
        ),
        pytest.param(
            with_header(b"reviewed-by bob\n"),
            "a header line is not known: 'reviewed-by bob'",
            id="unknown header",
        ),
        pytest.param(with_header(b"encoding latin1\n"), "its encoding is not UTF-8", id="other encoding"),
        pytest.param(
            with_header(b" tree 1\n"),
            "a header line is not known: ' tree 1'",
            id="folded header that is no signature",
        ),
        pytest.param(
            PLAIN.replace(b"author ", b"author \x1b[2K", 1),
            "a control character stands in its headers",
            id="escape sequence in a name",
        ),
        pytest.param(PLAIN.replace(b"Say", b"\xff", 1), "it is not UTF-8", id="message not UTF-8"),
        pytest.param(
            PLAIN + b"\0hidden",
            "a NUL byte in its message hides what follows from git log",
            id="NUL in the message",
        ),
        pytest.param(
            PLAIN.replace(b"tree ", b"parent %s\ntree " % PARENT.encode(), 1),
            "its tree header is out of order",
            id="parent before tree",
        ),
        pytest.param(
            PLAIN.replace(b"author %s\n" % ALICE, b"", 1), "its author header is missing", id="author missing"
        ),
        pytest.param(
            PLAIN.replace(b"author %s\n" % ALICE, b"author %s\n" % ALICE * 2, 1),
            "its author header stands there twice",
            id="author twice",
        ),
        pytest.param(
            PLAIN.replace(TREE.encode(), TREE.upper().encode(), 1),
            "its tree is not an object id of 40 digits",
            id="id in capitals",
        ),
        pytest.param(
            PLAIN.replace(PARENT.encode(), b"1" * 64, 1),
            "its parent is not an object id of 40 digits",
            id="id of another length",
        ),
        pytest.param(
            PLAIN.replace(b"1767225600", b"01767225600", 1),
            "its author is not written as `Name <email> seconds +hhmm`",
            id="leading zero in the time",
        ),
        pytest.param(
            PLAIN.replace(b"<alice@example.com>", b"<alice@example.com> <bob@example.com>", 1),
            "its author is not written as `Name <email> seconds +hhmm`",
            id="two addresses",
        ),
        pytest.param(
            PLAIN.replace(b"1767225600", b"999999999999", 1),
            "the time of its author lies after the year 9999",
            id="time out of range",
        ),
        pytest.param(
            PLAIN.replace(b"\n\n", b"\n", 1), "no empty line ends its headers", id="no end of headers"
        ),
        pytest.param(
            PLAIN + b"x" * MAX_COMMIT_BYTES,
            f"{len(PLAIN) + MAX_COMMIT_BYTES} bytes exceed the limit of {MAX_COMMIT_BYTES}",
            id="too large",
        ),
    ],
)
def test_any_other_spelling_is_malformed(raw: bytes, reason: str) -> None:
    """The error names the commit, the reason and what to do."""
    commit = object_id("commit", raw)

    with pytest.raises(MalformedObject) as caught:
        parse(raw)

    assert caught.value.what == f"commit {commit[:12]} is malformed: {reason}"


def test_bytes_of_another_commit_are_malformed() -> None:
    """The store is not believed: the id is computed from the bytes."""
    with pytest.raises(MalformedObject) as caught:
        parse_commit(PLAIN, CommitId("2" * 40))

    assert caught.value.what == (
        f"commit {'2' * 12} is malformed: its bytes have the id {object_id('commit', PLAIN)}"
    )


def git(folder: Path, *arguments: str) -> bytes:
    alice = person("alice")
    settings = [
        "gpg.format=ssh",
        f"user.signingkey={alice.key}",
        f"user.name={alice.name}",
        f"user.email={alice.email}",
        f"gpg.ssh.allowedSignersFile={folder}/allowed",
    ]
    options = [part for setting in settings for part in ("-c", setting)]
    command = ["git", "-C", str(folder), *options, *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def verified_by_ssh_keygen(folder: Path, parsed: ParsedCommit) -> bool:
    (folder / "signature").write_bytes(parsed.signature or b"")
    command = ["ssh-keygen", "-Y", "verify", "-n", "git", "-I", parsed.author.email]
    command += ["-f", str(folder / "allowed"), "-s", str(folder / "signature")]
    return subprocess.run(command, input=parsed.payload, capture_output=True, check=False).returncode == 0


def test_what_git_signs_is_what_is_read(tmp_path: Path) -> None:
    """Side by side: git verifies its own commit, and ssh-keygen verifies our payload and signature."""
    (tmp_path / "allowed").write_text(f"{person('alice').email} {person('alice').public}\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-S", "-m", "Üben\n\n-----BEGIN SSH SIGNATURE-----\n")
    raw = git(tmp_path, "cat-file", "commit", "HEAD")

    parsed = parse_commit(raw, CommitId(git(tmp_path, "rev-parse", "HEAD").decode().strip()))

    git(tmp_path, "verify-commit", "HEAD")
    assert verified_by_ssh_keygen(tmp_path, parsed)


def test_the_simulator_signs_as_git_does(tmp_path: Path) -> None:
    """git verify-commit accepts what the simulator made: tests stand on real signatures."""
    repository = Simulator(tmp_path / "forge.git")
    (repository.path / "allowed").write_text(f"{person('alice').email} {person('alice').public}\n")
    commit = repository.commit(by="alice", files={"web.yaml": "kind: ConfigMap\n"})

    git(repository.path, "verify-commit", commit)

    assert git(repository.path, "show", f"{commit}:web.yaml") == b"kind: ConfigMap\n"
