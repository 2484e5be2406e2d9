"""Whose signatures make a warrant."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from gitwarrant.model.warrant import Envelope
from gitwarrant.trust.dsse import pre_authentication
from gitwarrant.trust.signer import is_signed, keyid, read_public
from gitwarrant.trust.summary import BadWarrant

REISSUE = "let the authority issue the warrant again, by a key that is in force: gitwarrant apply"
NAME_THE_KEYS = "name the public key of each signer, or let the authority issue it again"


@dataclass(frozen=True, slots=True)
class WarrantKeys:
    """The keys that may sign warrants here, how many of them must, and which never may again."""

    public: tuple[bytes, ...]
    """PEM (SubjectPublicKeyInfo), one key each."""
    needed: int = 1
    """How many distinct keys must have signed."""
    revoked: frozenset[str] = frozenset()
    """Key ids. A revoked key is refused though it stand in `public`."""

    def __post_init__(self) -> None:
        if self.needed < 1:
            raise ValueError(f"needed must be at least 1, got {self.needed}")

    def by_id(self) -> Mapping[str, ec.EllipticCurvePublicKey]:
        """The keys by their ids.

        Raises:
            UnusableKey: one cannot be read.
        """
        keys = [read_public(pem) for pem in self.public]
        return {keyid(key): key for key in keys}

    def admits(self, envelope: Envelope) -> bool:
        """Whether enough keys are named, none of them unknown or revoked; not whether they signed."""
        named = envelope.keyids
        return len(named) >= self.needed and named <= self.by_id().keys() - self.revoked


def check_signatures(envelope: Envelope, keys: WarrantKeys) -> None:
    """Judge the signatures of an envelope: each must hold, and there must be enough.

    One by an unknown key is refused too. It would prove nothing, and a changed
    byte in a key id must not go unseen.

    Raises:
        BadWarrant: a signature is missing, wrong, or of a key that is unknown or revoked.
        UnusableKey: a key cannot be read.
    """
    known = keys.by_id()
    message = pre_authentication(envelope.payload_type, envelope.payload)
    for signature in envelope.signatures:
        name = signature.keyid[:16]
        if signature.keyid in keys.revoked:
            raise BadWarrant(f"it is signed by key {name!r}, which is revoked here", REISSUE)
        if signature.keyid not in known:
            others = ", ".join(repr(one[:16]) for one in sorted(known))
            raise BadWarrant(f"it names key {name!r}, not {others or 'any that is known'}", NAME_THE_KEYS)
        if not is_signed(known[signature.keyid], message, signature.value):
            raise BadWarrant(f"its signature was not made over it by the warrant key {name!r}")
    if len(envelope.signatures) < keys.needed:
        raise BadWarrant(
            f"it has {len(envelope.signatures)} signature(s) of {keys.needed} that are needed",
            "let the missing key sign: the second signer of the authority, 'warrant.cosigner'",
        )
