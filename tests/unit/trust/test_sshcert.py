"""SSH certificates: side by side with ssh-keygen, and what each refusal says."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.certificates import Issued
from tests.support.chain import NOW, POLICY, fingerprint, key_blob, public_key

from gitwarrant.git.commit import object_id, parse_commit
from gitwarrant.model.change import Commit, CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Key
from gitwarrant.trust.authors import Signed, prove
from gitwarrant.trust.identities import Owner, Registry
from gitwarrant.trust.ownership import owner_of_line
from gitwarrant.trust.sshcert import FOR_EVER, Certificate, read_signer
from gitwarrant.trust.sshkey import BadKey, read_line
from gitwarrant.trust.sshsig import BadSignature, examine, public_line

MESSAGE = b"a message"
GOOD = Issued()


def keygen(*arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = ["ssh-keygen", "-q", *map(str, arguments)]
    return subprocess.run(command, input=given, capture_output=True, check=False)


def verified_by_keygen(folder: Path, signature: bytes, at: datetime) -> bool:
    """What `ssh-keygen -Y verify` says of a signature at a moment; the authority is ca.pub."""
    (folder / "signers").write_text(f"ada cert-authority {(folder / 'ca.pub').read_text()}")
    (folder / "sig").write_bytes(signature)
    done = keygen(
        *("-Y", "verify", "-n", "git", "-I", "ada", "-f", folder / "signers", "-s", folder / "sig"),
        f"-Overify-time={at:%Y%m%d%H%M%SZ}",
        given=MESSAGE,
    )
    return done.returncode == 0


@pytest.mark.parametrize("authority", [("ed25519", "256"), ("ecdsa", "384"), ("rsa", "3072")])
@pytest.mark.parametrize(
    "key", [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"), ("rsa", "2048")]
)
def test_a_certificate_of_ssh_keygen_is_read_and_judged_as_ssh_keygen_does(
    tmp_path: Path, key: tuple[str, str], authority: tuple[str, str]
) -> None:
    """Each kind of key by each kind of authority; valid from 12:00 until 13:00, by the second."""
    for name, (kind, bits) in (("ca", authority), ("key", key)):
        keygen("-t", kind, "-b", bits, "-N", "", "-f", tmp_path / name)
    window = "20260601120000Z:20260601130000Z"
    keygen(
        "-s",
        tmp_path / "ca",
        "-I",
        "laptop",
        "-z",
        "9",
        "-n",
        "ada,a@b.example",
        "-V",
        window,
        tmp_path / "key.pub",
    )
    signature = keygen("-Y", "sign", "-n", "git", "-f", tmp_path / "key-cert.pub", given=MESSAGE).stdout

    proven = examine(signature, MESSAGE, "git")

    certificate = Certificate(
        authority=read_line((tmp_path / "ca.pub").read_text()),
        serial=9,
        key_id="laptop",
        principals=frozenset(["ada", "a@b.example"]),
        valid_after=NOW,
        valid_before=NOW + timedelta(hours=1),
        verify_required=False,
    )
    assert proven.certificate == certificate
    assert proven.key is read_line((tmp_path / "key.pub").read_text())
    for at in (
        NOW - timedelta(seconds=1),
        NOW,
        NOW + timedelta(minutes=59, seconds=59),
        NOW + timedelta(hours=1),
    ):
        assert (certificate.unfit(at) == "") is verified_by_keygen(tmp_path, signature, at)


def test_a_commit_signed_by_git_with_a_certificate_is_adas(tmp_path: Path) -> None:
    """As `git verify-commit` finds, with the authority in allowed_signers and in identities.yaml."""
    for name in ("ca", "key"):
        keygen("-t", "ed25519", "-N", "", "-f", tmp_path / name)
    keygen("-s", tmp_path / "ca", "-I", "laptop", "-n", "ada@example.com", tmp_path / "key.pub")
    authority = " ".join((tmp_path / "ca.pub").read_text().split()[:2])
    (tmp_path / "signers").write_text(f"ada@example.com cert-authority {authority}\n")
    settings = {
        "user.name": "Ada",
        "user.email": "ada@example.com",
        "gpg.format": "ssh",
        "user.signingkey": tmp_path / "key-cert.pub",
        "gpg.ssh.allowedSignersFile": tmp_path / "signers",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    git = ["git", "-C", str(tmp_path), *options]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "-S", "--allow-empty", "-m", "First"], check=True)
    subprocess.run([*git, "verify-commit", "HEAD"], check=True, capture_output=True)
    raw = subprocess.run([*git, "cat-file", "commit", "HEAD"], check=True, capture_output=True).stdout
    ada = Identity(
        name="ada",
        kind=IdentityKind.PERSON,
        emails=frozenset(["ada@example.com"]),
        keys=(Key(authority, authority=True),),
        teams=frozenset(),
        place=Place(""),
    )
    registry = Registry(replace(POLICY, identities=(ada,)), ())
    commit = Commit(CommitId(object_id("commit", raw)), raw, ())

    proof = prove(commit, parse_commit(raw, commit.id), registry, at=datetime.now(UTC))

    assert isinstance(proof, Signed)
    assert (proof.identity, proof.key) == (ada, read_line((tmp_path / "key.pub").read_text()))


def test_our_certificates_are_what_ssh_keygen_verifies(tmp_path: Path) -> None:
    """The tests' own certificates are real ones: what is refused below is refused for its one change."""
    (tmp_path / "ca.pub").write_text(public_key("ca") + "\n")
    issued = replace(GOOD, principals=[b"ada"])

    assert verified_by_keygen(tmp_path, issued.sign(MESSAGE), NOW)
    assert examine(issued.sign(MESSAGE), MESSAGE, "git").certificate is not None


def test_a_certificate_says_when_it_is_not_valid() -> None:
    certificate = read_signer(GOOD.blob)[1]

    assert certificate is not None
    assert certificate.unfit(NOW) == ""
    assert certificate.unfit(NOW - timedelta(hours=2)) == "is valid only from 2026-06-01 11:00"
    assert certificate.unfit(NOW + timedelta(days=1)) == "expired 2026-06-02 12:00"


def test_a_certificate_for_ever_has_no_end() -> None:
    certificate = read_signer(replace(GOOD, valid_before=FOR_EVER).blob)[1]

    assert certificate is not None
    assert certificate.valid_before is None
    assert certificate.unfit(datetime(9000, 1, 1, tzinfo=UTC)) == ""


def test_a_device_that_must_be_verified_is_said_so() -> None:
    issued = replace(GOOD, subject="alice+touched", options=[(b"verify-required", b"")])

    touched = examine(issued.sign(MESSAGE, flags=0x01), MESSAGE, "git")
    pin = examine(issued.sign(MESSAGE, flags=0x05), MESSAGE, "git")

    assert touched.certificate is not None
    assert touched.certificate.verify_required
    assert (touched.hardware, pin.hardware) == (Hardware.TOUCH, Hardware.PIN)


@pytest.mark.parametrize(
    ("issued", "reason"),
    [
        pytest.param(replace(GOOD, type=2), "it is for a host", id="a host"),
        pytest.param(replace(GOOD, type=3), "its type is 3, not a user's", id="another type"),
        pytest.param(replace(GOOD, principals=[]), "it names nobody", id="for everybody"),
        pytest.param(replace(GOOD, principals=[b"alice", b""]), "it names nobody", id="an empty name"),
        pytest.param(replace(GOOD, principals=[b"al\nice"]), "not printable ASCII", id="a line in a name"),
        pytest.param(replace(GOOD, principals=[b"a"] * 257), "more than 256 principals", id="too many names"),
        pytest.param(
            replace(GOOD, options=[(b"force-command", b"x")]),
            "its option 'force-command' restricts a login",
            id="a command",
        ),
        pytest.param(
            replace(GOOD, options=[(b"source-address", b"x")]),
            "its option 'source-address' restricts a login",
            id="an address",
        ),
        pytest.param(
            replace(GOOD, options=[(b"only-on-sundays", b"")]),
            "its critical option 'only-on-sundays' is not known",
            id="an unknown option",
        ),
        pytest.param(
            replace(GOOD, options=[(b"verify-required", b"no")]),
            "its critical option 'verify-required' is not known",
            id="an option with a value",
        ),
        pytest.param(
            replace(GOOD, options=[(b"verify-required", b"")] * 2),
            "its options are out of order, or one stands there twice",
            id="an option twice",
        ),
        pytest.param(
            replace(GOOD, extensions=[(b"permit-pty", b"")] * 2),
            "its extensions are out of order, or one stands there twice",
            id="an extension twice",
        ),
        pytest.param(replace(GOOD, reserved=b"x"), "its reserved field is not empty", id="reserved"),
        pytest.param(replace(GOOD, end=b"x"), "1 bytes follow its end", id="bytes behind it"),
        pytest.param(replace(GOOD, key_id=b"\xff"), "its key id is not UTF-8", id="a key id of noise"),
        pytest.param(
            replace(GOOD, key_id=b"a\x1b[2J"), "cannot be shown", id="a key id that moves the cursor"
        ),
        pytest.param(
            replace(GOOD, authority_blob=key_blob("bob")),
            f"its authority {fingerprint('bob')} did not sign it",
            id="another authority",
        ),
        pytest.param(
            replace(GOOD, authority_blob=GOOD.blob),
            "certificates are not accepted",
            id="a nested certificate",
        ),
        pytest.param(replace(GOOD, key_id=b"x" * 10_100), "at most 10240", id="too large"),
        pytest.param(replace(GOOD, key_id=b"x" * 13_000), "exceed the limit", id="far too large"),
    ],
)
def test_a_certificate_in_another_form_is_refused(issued: Issued, reason: str) -> None:
    """Each in one sentence, and none is read as a plain key instead."""
    with pytest.raises(BadSignature) as caught:
        examine(issued.sign(MESSAGE), MESSAGE, "git")

    assert reason in caught.value.what


def test_whoever_signs_by_a_certificate_is_found_before_signing(tmp_path: Path) -> None:
    """`gitwarrant approve` asks who you are; git's user.signingkey may name the certificate."""
    authority = Key(public_key("ca"), authority=True)
    alice = replace(POLICY.identities[0], keys=(authority,))
    registry = Registry(replace(POLICY, identities=(alice,)), ())
    (tmp_path / "laptop-cert.pub").write_text(f"{GOOD.line} comment\n")

    line = public_line(str(tmp_path / "laptop-cert.pub"))

    assert line == GOOD.line
    assert owner_of_line(line, registry) == Owner(alice, authority)
    assert owner_of_line(public_key("laptop"), registry) is None


def test_a_certificate_is_no_key_that_could_be_listed() -> None:
    with pytest.raises(BadKey, match="certificates are not accepted"):
        read_line(GOOD.line)
