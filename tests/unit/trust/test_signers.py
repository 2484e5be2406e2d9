"""Whatever holds the warrant key keeps the same promises: a file, a token, a program."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pkcs11
import pytest
from pkcs11.util.ec import encode_named_curve_parameters
from tests.support.chain import NOW
from tests.support.soft_token import OBJECT, PIN, SIGNING_PROGRAM, SoftToken, signing_program, soft_token
from tests.support.warrants import CLUSTER, issue

from gitwarrant.config.signers import FileKey, SignerAddress, TokenKey
from gitwarrant.trust import program_signer
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.signer import Signer, UnusableKey, is_signed, keyid, read_public
from gitwarrant.trust.signers import open_signer
from gitwarrant.trust.token_signer import TokenSigner
from gitwarrant.trust.warrant import admit
from gitwarrant.trust.warrant_keys import WarrantKeys


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    return soft_token(tmp_path / "softhsm", monkeypatch)


@pytest.fixture(params=["file", "pkcs11", "exec"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> SignerAddress:
    """A signer of each kind, its key not made yet where it can be made."""
    match request.param:
        case "file":
            return FileKey(tmp_path / "warrant.key")
        case "pkcs11":
            soft: SoftToken = request.getfixturevalue("token")
            return soft.key()
        case _:
            return signing_program(tmp_path / "service")


@pytest.fixture
def signer(address: SignerAddress) -> Signer:
    return open_signer(address, make=True)


# What all of them promise.


def test_what_a_signer_signs_its_public_key_confirms(signer: Signer) -> None:
    """The message, and no other; also an empty and a long one."""
    public = read_public(signer.public_pem)

    for message in (b"", b"hello", b"x" * 1_000_000):
        signature = signer.sign(message)
        assert is_signed(public, message, signature)
        assert not is_signed(public, message + b"!", signature)


def test_a_signer_is_named_by_its_public_key(signer: Signer) -> None:
    assert signer.keyid == keyid(read_public(signer.public_pem))


def test_a_signer_has_one_key_for_good(address: SignerAddress, signer: Signer) -> None:
    """Opened again, it is the same key: nothing is made anew."""
    again = open_signer(address, make=True)

    assert (again.keyid, again.public_pem) == (signer.keyid, signer.public_pem)
    assert open_signer(address).keyid == signer.keyid


def test_a_warrant_of_any_signer_is_admitted(signer: Signer) -> None:
    keys = WarrantKeys((signer.public_pem,))

    warrant = admit(issue(signers=[signer]), keys, cluster=CLUSTER, highest_sequence=0, now=NOW)

    assert warrant.sequence == 1


def test_a_warrant_of_two_signers_names_both(signer: Signer, tmp_path: Path) -> None:
    other = FileSigner.generate(tmp_path / "other.key")
    keys = WarrantKeys((signer.public_pem, other.public_pem), needed=2)
    bundle = issue(signers=[signer, other])

    admit(bundle, keys, cluster=CLUSTER, highest_sequence=0, now=NOW)

    assert bundle.envelope.keyids == {signer.keyid, other.keyid}


# A token.


def unusable(work: Callable[[], object]) -> str:
    with pytest.raises(UnusableKey) as caught:
        work()
    assert caught.value.remedy
    return caught.value.what


def test_the_key_is_made_in_the_token_and_does_not_leave_it(token: SoftToken) -> None:
    TokenSigner(token.key(), make=True)

    with token.session() as session:
        private = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=OBJECT)
        assert private[pkcs11.Attribute.SENSITIVE]
        assert not private[pkcs11.Attribute.EXTRACTABLE]
        with pytest.raises(pkcs11.PKCS11Error):
            private[pkcs11.Attribute.VALUE]


def test_a_token_taken_out_says_so_and_works_again_when_it_is_back(token: SoftToken) -> None:
    """The same signer, without a new start of anything."""
    signer = TokenSigner(token.key(), make=True)
    signer.sign(b"before")

    token.take_out()
    what = unusable(lambda: signer.sign(b"meanwhile"))
    token.put_back()

    assert what == "there is no token 'gitwarrant'"
    assert is_signed(read_public(signer.public_pem), b"after", signer.sign(b"after"))


def test_a_wrong_pin_is_tried_once(token: SoftToken) -> None:
    """Tokens lock after a few; nothing is ever repeated with it."""
    TokenSigner(token.key(), make=True)
    token.pin_file.write_text("9999\n")

    what = unusable(lambda: TokenSigner(token.key()))

    assert what == "the PIN of token 'gitwarrant' is wrong; it was tried once"


def test_the_pin_may_come_from_the_environment(token: SoftToken, monkeypatch: pytest.MonkeyPatch) -> None:
    key = TokenKey(token.library, "gitwarrant", OBJECT, None, "TOKEN_PIN")

    assert unusable(lambda: TokenSigner(key, make=True)) == (
        "the variable TOKEN_PIN holds no PIN for token 'gitwarrant'"
    )
    monkeypatch.setenv("TOKEN_PIN", PIN)
    assert TokenSigner(key, make=True).keyid == TokenSigner(token.key()).keyid


def test_a_pin_file_that_others_can_read_is_refused(token: SoftToken) -> None:
    token.pin_file.chmod(0o644)

    assert "is open to others (mode 0644)" in unusable(lambda: TokenSigner(token.key()))


def missing_pin_file(token: SoftToken) -> TokenKey:
    token.pin_file.unlink()
    return token.key()


def other_curve(token: SoftToken) -> TokenKey:
    curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp384r1")}
    with token.session() as session:
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        parameters.generate_keypair(store=True, label="p384")
    return token.key("p384")


def rsa(token: SoftToken) -> TokenKey:
    with token.session() as session:
        session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="rsa")
    return token.key("rsa")


def two_keys_of_one_label(token: SoftToken) -> TokenKey:
    TokenSigner(token.key(), make=True)
    curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    with token.session() as session:
        parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
        parameters.generate_keypair(store=True, label=OBJECT)
    return token.key()


@pytest.mark.parametrize(
    ("prepare", "what"),
    [
        pytest.param(lambda token: token.key(), "there is no key 'warrant' of token", id="no such key"),
        pytest.param(lambda token: token.key(token="other"), "there is no token 'other'", id="no such token"),
        pytest.param(missing_pin_file, "No such file or directory", id="no PIN file"),
        pytest.param(other_curve, "key 'p384' of token 'gitwarrant' is no P-256 key", id="another curve"),
        pytest.param(rsa, "key 'rsa' of token 'gitwarrant' is no P-256 key", id="RSA"),
        pytest.param(
            two_keys_of_one_label,
            "key 'warrant' of token 'gitwarrant' is not one but 2",
            id="two of one label",
        ),
    ],
)
def test_a_token_that_cannot_be_used_says_why(
    token: SoftToken, prepare: Callable[[SoftToken], TokenKey], what: str
) -> None:
    key = prepare(token)

    assert what in unusable(lambda: TokenSigner(key))


def test_a_library_that_is_not_there_says_so(tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    pin.chmod(0o600)
    key = TokenKey(tmp_path / "none.so", "gitwarrant", OBJECT, pin, "")

    assert "cannot be used: OS exception while loading" in unusable(lambda: TokenSigner(key))


# A program.


def test_a_program_reads_what_it_signs_and_may_refuse(tmp_path: Path) -> None:
    """A second signer behind it can judge the statement itself; what it says reaches the operator."""
    script = SIGNING_PROGRAM.replace(
        "  sign) exec",
        '  sign) cat > "$0.read"; echo "not on a Sunday" >&2; exit 3 ;;\n  never) exec',
    )
    key = signing_program(tmp_path / "service", script)
    signer = open_signer(key)

    what = unusable(lambda: issue(signers=[signer]))

    assert what == f"the signer {key.command[0]} ended with status 3, asked for 'sign': not on a Sunday"
    read = (tmp_path / "service" / "sign.read").read_bytes()
    assert read.startswith(b"DSSEv1 28 application/vnd.in-toto+json ")
    assert b'"environment":"production"' in read


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        pytest.param("echo no", "printed is no signature by its key", id="something else"),
        pytest.param("true", "printed is no signature by its key", id="nothing"),
        pytest.param("openssl rand 70", "printed is no signature by its key", id="random bytes"),
        pytest.param("yes", "answers 'sign' with more than 16384 bytes", id="without end"),
        pytest.param("sleep 60", "was killed (it has 0.5 seconds), asked for 'sign'", id="never"),
        pytest.param("sleep 60 & echo no", "printed is no signature by its key", id="a child left behind"),
        pytest.param("yes >&2", "was killed (it has 0.5 seconds)", id="complaints without end"),
        pytest.param("kill -9 $$", "was killed (it has 0.5 seconds)", id="killed by somebody else"),
        pytest.param("exit 7", "ended with status 7, asked for 'sign'", id="an empty refusal"),
    ],
)
def test_a_program_that_does_not_sign_is_refused_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, what: str
) -> None:
    script = SIGNING_PROGRAM.replace("exec openssl dgst -sha256 -sign '{key}'", answer)
    signer = open_signer(signing_program(tmp_path / "service", script))
    monkeypatch.setattr(program_signer, "SECONDS", 0.5)
    started = time.monotonic()

    said = unusable(lambda: signer.sign(b"hello"))

    assert what in said
    assert time.monotonic() - started < 5


def test_a_program_that_signs_with_another_key_than_it_named_is_refused(tmp_path: Path) -> None:
    """Its key was replaced while we ran: what it signs would not be by the key that is known."""
    key = signing_program(tmp_path / "service")
    signer = open_signer(key)
    signing_program(tmp_path / "service")

    assert "is no signature by its key" in unusable(lambda: signer.sign(b"hello"))


def test_a_program_that_has_no_p256_key_is_refused(tmp_path: Path) -> None:
    key = signing_program(tmp_path / "service")
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "service" / "service.key")],
        check=True,
        capture_output=True,
    )

    assert unusable(lambda: open_signer(key)) == "not a P-256 public key"


def test_a_program_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    key = signing_program(tmp_path / "service")
    Path(key.command[0]).chmod(0o600)

    assert unusable(lambda: open_signer(key)).endswith("sign cannot be started: Permission denied")
