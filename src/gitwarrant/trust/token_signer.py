"""A warrant key in a PKCS#11 token: a hardware security module, a smart card, SoftHSM.

Imported only where one is configured: it needs the extra 'pkcs11'.
"""

import hashlib
import os
from collections.abc import Callable
from typing import TypeVar, cast

import pkcs11
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import (
    Attribute,
    KeyType,
    Mechanism,
    MechanismFlag,
    ObjectClass,
    PKCS11Error,
    PublicKey,
    Session,
)
from pkcs11.exceptions import NoSuchKey, NoSuchToken, PinIncorrect, PinInvalid, PinLenRange, PinLocked
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_ecdsa_signature, encode_named_curve_parameters

from gitwarrant.config.signers import TokenKey
from gitwarrant.trust.file_signer import read_secret
from gitwarrant.trust.signer import UnusableKey, is_signed, keyid, write_public

T = TypeVar("T")

WRONG_PIN = (PinIncorrect, PinInvalid, PinLenRange, PinLocked)
SEE = "see docs/how-to/keep-the-warrant-key.md"


class TokenSigner:
    """A P-256 key that never leaves its token.

    Each signature has a session of its own, so that a token that was taken out
    and put back, or a library that forgot us, is met at the next signature and
    not at the next start. A wrong PIN is never tried twice: tokens lock.
    """

    def __init__(self, key: TokenKey, *, make: bool = False) -> None:
        """Find the key; with `make`, have the token make it where there is none.

        Raises:
            UnusableKey: no such library, token or key, or the PIN is wrong.
        """
        self._key = key
        self._public = self._within(lambda session: _public_key(session, key, make=make), writing=make)
        self.public_pem, self.keyid = write_public(self._public), keyid(self._public)

    def sign(self, message: bytes) -> bytes:
        """Sign with ECDSA, P-256 and SHA-256; the signature in DER."""
        digest = hashlib.sha256(message).digest()  # many tokens know ECDSA only without a hash

        def signed(session: Session) -> bytes:
            # As its class says; the library types all objects alike.
            private = cast("SignMixin", _find(session, ObjectClass.PRIVATE_KEY, self._key))
            return bytes(encode_ecdsa_signature(private.sign(digest, mechanism=Mechanism.ECDSA)))

        signature = self._within(signed)
        if not is_signed(self._public, message, signature):
            raise UnusableKey(
                f"{self._key.shown} made a signature that its public key does not confirm",
                remedy=f"private and public key of one label must be a pair: {SEE}",
            )
        return signature

    def _within(self, work: Callable[[Session], T], *, writing: bool = False) -> T:
        """Do something in a session of its own; once more with the library started anew."""
        pin = _pin(self._key)
        try:
            try:
                return self._once(work, pin, writing=writing)
            except (*WRONG_PIN, NoSuchKey):
                raise
            except PKCS11Error:
                pkcs11.lib(str(self._key.module)).reinitialize()
                return self._once(work, pin, writing=writing)
        except PKCS11Error as error:
            raise self._unusable(error) from error

    def _once(self, work: Callable[[Session], T], pin: str, *, writing: bool) -> T:
        token = pkcs11.lib(str(self._key.module)).get_token(token_label=self._key.token)
        with token.open(rw=writing, user_pin=pin) as session:
            return work(session)

    def _unusable(self, error: PKCS11Error) -> UnusableKey:
        key = self._key
        match error:
            case PinLocked():
                what, remedy = f"the PIN of token {key.token!r} is locked", "let its administrator unlock it"
            case PinIncorrect() | PinInvalid() | PinLenRange():
                what = f"the PIN of token {key.token!r} is wrong; it was tried once"
                remedy = "correct it before the token locks: 'pin-source' says where it is read"
            case NoSuchToken():
                what = f"there is no token {key.token!r}"
                remedy = f"put it in, or correct 'token': softhsm2-util --show-slots; {SEE}"
            case NoSuchKey():
                what, remedy = f"there is no {key.shown}", f"correct 'object', or make the key: {SEE}"
            case _:
                what = f"{key.shown} cannot be used: {str(error) or type(error).__name__}"
                remedy = f"put the token in, and check 'module-path' ({key.module}); {SEE}"
        return UnusableKey(what, remedy=remedy)


def _public_key(session: Session, key: TokenKey, *, make: bool) -> ec.EllipticCurvePublicKey:
    try:
        _find(session, ObjectClass.PRIVATE_KEY, key)
    except NoSuchKey:
        if not make:
            raise
        _make(session, key.object)
    found = cast("PublicKey", _find(session, ObjectClass.PUBLIC_KEY, key))
    public = None
    if found.key_type is KeyType.EC:
        public = serialization.load_der_public_key(encode_ec_public_key(found))
    if not isinstance(public, ec.EllipticCurvePublicKey) or not isinstance(public.curve, ec.SECP256R1):
        raise UnusableKey(
            f"{key.shown} is no P-256 key", remedy=f"make one of that kind under another label: {SEE}"
        )
    return public


def _find(session: Session, kind: ObjectClass, key: TokenKey) -> object:
    """The one object of a class and label. To its end, because a search outlives its session badly."""
    found = list(session.get_objects({Attribute.CLASS: kind, Attribute.LABEL: key.object}))
    if not found:
        raise NoSuchKey
    if len(found) > 1:
        raise UnusableKey(
            f"{key.shown} is not one but {len(found)}",
            remedy="remove one, or give each key a label of its own",
        )
    return found[0]


def _make(session: Session, label: str) -> None:
    """A key pair made in the token, which no copy ever leaves."""
    curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
    session.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(
        store=True,
        label=label,
        capabilities=MechanismFlag.SIGN | MechanismFlag.VERIFY,
        private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
    )


def _pin(key: TokenKey) -> str:
    """The PIN, read anew each time and kept nowhere.

    Raises:
        UnusableKey: there is none, or others may read the file.
    """
    if key.pin_file is None:
        pin, source = os.environ.get(key.pin_variable, ""), f"the variable {key.pin_variable}"
    else:
        source = f"the file {key.pin_file}"
        try:
            data = read_secret(key.pin_file, "the token's PIN file")
        except OSError as error:
            raise UnusableKey(
                f"the PIN of token {key.token!r} cannot be read from {source}: {error.strerror}",
                remedy="correct 'pin-source', or the file's owner",
            ) from error
        pin = data.decode(errors="replace").partition("\n")[0].rstrip("\r")
    if not pin:
        raise UnusableKey(
            f"{source} holds no PIN for token {key.token!r}", remedy="write the PIN there; see 'pin-source'"
        )
    return pin
