"""SSH signatures: side by side with ssh-keygen, and what each refusal says."""

import base64
import subprocess
from pathlib import Path

import pytest
from tests.support import chain
from tests.support.chain import armor, envelope, key_blob, private_key, public_key, to_sign

from gitwarrant.trust.sshkey import BadKey, read_line
from gitwarrant.trust.sshsig import BadSignature, CannotSign, fingerprint, sign, verify
from gitwarrant.trust.sshwire import UINT32, string

MESSAGE = b"a message"
GOOD = chain.sign("alice", MESSAGE, "git")


def keygen(path: Path, *options: str) -> str:
    """Make a key by ssh-keygen; its public line without comment."""
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-f", str(path), *options], check=True)
    return " ".join(path.with_suffix(".pub").read_text().split()[:2])


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("-t", "ed25519"), id="ed25519"),
        pytest.param(("-t", "ecdsa", "-b", "256"), id="P-256"),
        pytest.param(("-t", "ecdsa", "-b", "384"), id="P-384"),
        pytest.param(("-t", "ecdsa", "-b", "521"), id="P-521"),
        pytest.param(("-t", "rsa", "-b", "2048"), id="RSA"),
    ],
)
def test_what_ssh_keygen_signs_is_verified(tmp_path: Path, options: tuple[str, ...]) -> None:
    """Each kind of key, by the program that people have; the fingerprint is its own, too."""
    path = tmp_path / "key"
    public = keygen(path, *options)
    shown = subprocess.run(["ssh-keygen", "-lf", str(path)], capture_output=True, check=True, text=True)

    signature = sign(str(path), MESSAGE, "gitwarrant-statement")

    assert verify(signature, MESSAGE, "gitwarrant-statement") == public
    assert fingerprint(public) == shown.stdout.split()[1]
    with pytest.raises(BadSignature, match="not made over these bytes"):
        verify(signature, MESSAGE + b"!", "gitwarrant-statement")


def test_our_armor_is_what_ssh_keygen_verifies(tmp_path: Path) -> None:
    """The tests' own signatures are real ones: ssh-keygen accepts them."""
    (tmp_path / "signers").write_text(f"alice {public_key('alice')}\n")
    (tmp_path / "sig").write_bytes(GOOD)
    command = ["ssh-keygen", "-Y", "verify", "-n", "git", "-I", "alice", "-f", str(tmp_path / "signers")]

    done = subprocess.run(
        [*command, "-s", str(tmp_path / "sig")], input=MESSAGE, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert verify(GOOD, MESSAGE, "git") == public_key("alice")


def test_a_key_in_the_agent_signs_by_its_public_half(tmp_path: Path) -> None:
    """`user.signingkey` may be the key itself; the private half lives in the agent."""
    public = keygen(tmp_path / "key", "-t", "ed25519")
    started = subprocess.run(
        ["ssh-agent", "-s", "-a", str(tmp_path / "agent")], capture_output=True, check=True, text=True
    )
    pid = started.stdout.split("SSH_AGENT_PID=")[1].split(";")[0]
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
            subprocess.run(["ssh-add", "-q", str(tmp_path / "key")], check=True, capture_output=True)
            (tmp_path / "key").unlink()

            signature = sign(f"key::{public}", MESSAGE, "git")
    finally:
        subprocess.run(["kill", pid], check=True)

    assert verify(signature, MESSAGE, "git") == public


def test_a_missing_key_says_what_ssh_keygen_said(tmp_path: Path) -> None:
    with pytest.raises(CannotSign) as caught:
        sign(str(tmp_path / "nothing"), MESSAGE, "git")

    assert f"ssh-keygen could not sign with {tmp_path}/nothing" in caught.value.what
    assert "No such file" in caught.value.what


def test_without_ssh_keygen_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(CannotSign, match="ssh-keygen is not installed"):
        sign("key", MESSAGE, "git")


def blob(**changes: bytes) -> bytes:
    """The good signature's fields with some replaced, armored."""
    raw = private_key("alice").sign(to_sign(MESSAGE, "git"))
    fields = {
        "magic": b"SSHSIG",
        "version": UINT32.pack(1),
        "key": string(key_blob("alice")),
        "namespace": string(b"git"),
        "reserved": string(b""),
        "hash": string(b"sha512"),
        "signature": string(string(b"ssh-ed25519") + string(raw)),
        "end": b"",
        **changes,
    }
    return armor(b"".join(fields.values()))


def lines(text: bytes, width: int) -> bytes:
    """The good signature in lines of another width."""
    body = b"".join(text.split(b"\n")[1:-2])
    cut = [body[at : at + width] for at in range(0, len(body), width)]
    return b"\n".join([b"-----BEGIN SSH SIGNATURE-----", *cut, b"-----END SSH SIGNATURE-----", b""])


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        pytest.param(b"", "its armor is not that of an SSH signature", id="nothing"),
        pytest.param(GOOD + b"\n", "its armor is not that of an SSH signature", id="an empty line behind"),
        pytest.param(b" " + GOOD, "its armor is not that of an SSH signature", id="a blank before"),
        pytest.param(GOOD.replace(b"\n", b"\r\n"), "its armor is not", id="carriage returns"),
        pytest.param(GOOD[:-40] + b"\n" + GOOD[-40:], "its lines are not of equal length", id="a torn line"),
        pytest.param(lines(GOOD, 80), "its lines are not of equal length", id="long lines"),
        pytest.param(GOOD.replace(b"U1NIU0lH", b"U1NIU0l!"), "base64", id="a sign outside base64"),
        pytest.param(b"x" * 20_000, "20000 bytes exceed the limit of 16384", id="too large"),
        pytest.param(blob(magic=b"SSHSIX"), "it does not begin with SSHSIG", id="magic"),
        pytest.param(blob(version=UINT32.pack(2)), "version 2; only 1 is known", id="version"),
        pytest.param(blob(reserved=string(b"x")), "its reserved field is not empty", id="reserved"),
        pytest.param(blob(hash=string(b"sha1")), "hash 'sha1'; only sha256 and sha512", id="hash"),
        pytest.param(blob(hash=string(b"sha256")), "it was not made over these bytes", id="another hash"),
        pytest.param(blob(end=b"x"), "1 bytes follow its end", id="trailing bytes"),
        pytest.param(blob(key=string(key_blob("alice") + b"x")), "1 bytes follow its end", id="a longer key"),
        pytest.param(blob(key=string(key_blob("bob"))), "it was not made over", id="another key"),
        pytest.param(blob(namespace=string(b"g\nt")), "a name in it is not printable", id="line in a name"),
        pytest.param(blob(signature=UINT32.pack(99)), "it ends too early", id="cut short"),
    ],
)
def test_a_signature_in_another_form_is_refused(signature: bytes, reason: str) -> None:
    """One spelling only, and the reason is said."""
    with pytest.raises(BadSignature) as caught:
        verify(signature, MESSAGE, "git")

    assert reason.lower() in caught.value.what.lower()


def test_base64_with_stray_bits_is_refused() -> None:
    """Four spellings of the last byte would give one commit four ids."""
    good = envelope(key_blob("alice"), "git", string(b"ssh-ed25519") + string(bytes(64)))
    body = b"".join(good.split(b"\n")[1:-2])
    assert body.endswith(b"A=")
    stray = good.replace(b"A=\n", b"B=\n")

    with pytest.raises(BadSignature, match="its base64 is not canonical"):
        verify(stray, MESSAGE, "git")


@pytest.mark.parametrize("width", [64, 76])
def test_armor_of_other_programs_is_read(width: int) -> None:
    """Signers that are not ssh-keygen cut lines elsewhere; Git drops the last line feed."""
    assert verify(lines(GOOD, width).rstrip(b"\n"), MESSAGE, "git") == public_key("alice")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("", "is not an accepted public key", id="empty"),
        pytest.param("ssh-ed25519 AAAA", "it ends too early", id="short"),
        pytest.param("ssh-ed25519 !!!!", "is not an accepted public key", id="not base64"),
        pytest.param(
            public_key("alice").replace("ssh-ed25519", "ssh-rsa", 1),
            "not in canonical form",
            id="another name",
        ),
        pytest.param(
            "ssh-ed25519 " + base64.b64encode(string(b"ssh-ed25519") + string(b"x" * 31)).decode(),
            "not a valid key",
            id="31 bytes",
        ),
        pytest.param(
            "ecdsa-sha2-nistp256 "
            + base64.b64encode(
                string(b"ecdsa-sha2-nistp256") + string(b"nistp384") + string(b"\x04" + bytes(64))
            ).decode(),
            "its curve is not the one its kind names",
            id="another curve",
        ),
        pytest.param(
            "ecdsa-sha2-nistp256 "
            + base64.b64encode(
                string(b"ecdsa-sha2-nistp256") + string(b"nistp256") + string(b"\x04" + bytes(64))
            ).decode(),
            "not a valid key",
            id="a point off the curve",
        ),
        pytest.param("ssh-dss " + base64.b64encode(string(b"ssh-dss")).decode(), "ssh-dss", id="DSA"),
        pytest.param("ssh-ed25519 " + "A" * 9000, "is not an accepted public key", id="too long"),
    ],
)
def test_a_public_key_that_cannot_be_used_is_refused(line: str, reason: str) -> None:
    with pytest.raises(BadKey) as caught:
        read_line(line)

    assert reason in caught.value.what


def test_a_comment_does_not_change_a_key() -> None:
    assert read_line(f"{public_key('alice')} alice@laptop\n") is read_line(public_key("alice"))
