"""Tags are read in the one form that Git writes, and agree with git itself."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitwarrant.git.headers import MalformedObject, Person
from gitwarrant.git.headers import object_id as id_of
from gitwarrant.git.tag import MAX_TAG_BYTES, ParsedTag, parse_tag
from gitwarrant.model.change import CommitId
from gitwarrant.trust.sshsig import verify

ALICE = b"Alice Liddell <alice@example.com> 1767225600 +0000"
HEAD = b"object " + b"1" * 40 + b"\ntype commit\ntag v1.0\ntagger " + ALICE
SIGNATURE = b"-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n"
PLAIN = HEAD + b"\n\nFirst\n"


def parse(raw: bytes) -> ParsedTag:
    return parse_tag(raw, id_of("tag", raw))


def test_a_signed_tag_is_read_into_its_parts() -> None:
    """What was signed is all before the signature, byte for byte."""
    parsed = parse(PLAIN + SIGNATURE)

    assert parsed == ParsedTag(
        id=parsed.id,
        commit=CommitId("1" * 40),
        name="v1.0",
        tagger=Person("Alice Liddell", "alice@example.com", datetime(2026, 1, 1, tzinfo=UTC)),
        signature=SIGNATURE,
        payload=PLAIN,
        message=b"First\n",
    )
    assert parse(PLAIN).signature is None


@pytest.mark.parametrize("message", [b"", b"\n\n"], ids=["nothing", "empty lines"])
def test_a_signature_may_follow_any_message(message: bytes) -> None:
    parsed = parse(HEAD + b"\n\n" + message + SIGNATURE)

    assert (parsed.payload, parsed.signature) == (HEAD + b"\n\n" + message, SIGNATURE)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        pytest.param(b"", "no empty line ends its headers", id="nothing"),
        pytest.param(
            PLAIN.replace(b"type commit", b"type tag"), "it is not of a commit", id="a tag of a tag"
        ),
        pytest.param(PLAIN.replace(b"type commit", b"type tree"), "it is not of a commit", id="a tree"),
        pytest.param(PLAIN.replace(b"tag v1.0\n", b""), "its tag header is missing", id="no name"),
        pytest.param(PLAIN.replace(b"tagger " + ALICE, b"tag v1.0"), "stands there twice", id="two names"),
        pytest.param(HEAD.rpartition(b"\n")[0] + b"\n\nFirst\n", "its tagger header is missing", id="nobody"),
        pytest.param(
            PLAIN.replace(b"type commit\ntag v1.0", b"tag v1.0\ntype commit"),
            "its type header is out of order",
            id="another order",
        ),
        pytest.param(
            PLAIN.replace(b"\n\n", b"\ngpgsig-sha256 x\n\n", 1),
            "its signature header 'gpgsig-sha256' is not the one of this repository's hash",
            id="a second signature in a header",
        ),
        pytest.param(
            PLAIN.replace(b"\n\n", b"\nencoding UTF-8\n\n", 1), "a header line is not known", id="encoding"
        ),
        pytest.param(PLAIN + SIGNATURE + SIGNATURE, "it has two signatures", id="two signatures"),
        pytest.param(
            PLAIN + SIGNATURE.replace(b"SSH", b"PGP") + SIGNATURE,
            "it has two signatures",
            id="of two formats",
        ),
        pytest.param(PLAIN.replace(b"1" * 40, b"1" * 39), "is not an object id of 40 digits", id="short id"),
        pytest.param(
            PLAIN.replace(b"1" * 40, b"1" * 64), "is not an object id of 40 digits", id="other hash"
        ),
        pytest.param(PLAIN.replace(b"v1.0", b"v1\x1b[2J"), "a control character", id="a control character"),
        pytest.param(PLAIN.replace(b"First", b"Fi\0rst"), "a NUL byte in its message", id="NUL"),
        pytest.param(PLAIN.replace(b"First", b"\xff"), "it is not UTF-8", id="not UTF-8"),
        pytest.param(
            PLAIN.replace(b"Alice Liddell", b""), "its tagger is not written as", id="no tagger's name"
        ),
        pytest.param(PLAIN + b"x" * MAX_TAG_BYTES, "exceed the limit of 262144", id="too large"),
        *(
            pytest.param(PLAIN.replace(b"v1.0", name), "its name is not one", id=repr(name))
            for name in (
                b"",
                b"-f",
                b"a..b",
                b"a b",
                b"a.lock",
                b"/a",
                b"a/",
                b"a//b",
                b"a@{1}",
                b"v\xc3\xa9",
            )
        ),
    ],
)
def test_another_spelling_is_malformed(raw: bytes, reason: str) -> None:
    with pytest.raises(MalformedObject) as caught:
        parse(raw)

    assert reason in caught.value.what
    assert caught.value.what.startswith(f"tag {id_of('tag', raw)[:12]} is malformed: ")


def test_a_tag_has_the_id_of_its_bytes() -> None:
    with pytest.raises(MalformedObject, match="its bytes have the id"):
        parse_tag(PLAIN, "2" * 40)
    with pytest.raises(ValueError, match="40 or 64"):
        parse_tag(PLAIN, "v1.0")


@pytest.mark.parametrize("hash_", ["sha1", "sha256"])
def test_what_git_tags_is_read_and_verified(tmp_path: Path, hash_: str) -> None:
    """Signed by git and ssh-keygen, in repositories of both hashes."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "gpg.format=ssh"]
    git = ["git", "-C", str(tmp_path), *who, "-c", f"user.signingkey={tmp_path}/key"]
    subprocess.run([*git, "init", "-q", "--object-format", hash_], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "First"], check=True)
    subprocess.run([*git, "tag", "-s", "-m", "Released", "v2.0"], check=True)

    def told(*arguments: str) -> bytes:
        return subprocess.run([*git, *arguments], check=True, capture_output=True).stdout

    raw, name = told("cat-file", "tag", "v2.0"), told("rev-parse", "v2.0").decode().strip()
    parsed = parse_tag(raw, name)

    assert (parsed.name, parsed.commit) == ("v2.0", told("rev-parse", "v2.0^{commit}").decode().strip())
    public = " ".join((tmp_path / "key.pub").read_text().split()[:2])
    assert verify(parsed.signature or b"", parsed.payload, "git") == public
