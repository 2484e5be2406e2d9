"""From something that Git stores and somebody signed, to the identity that made it. Commits and tags alike.

1. The signature's format is one that is read: SSH, or OpenPGP. Of X.509
   (gitsign, S/MIME) nothing can be proven here, so it proves nothing.
2. It is right, over exactly these bytes, made for Git.
3. Its key is an identity's, and fit when it was first seen (ownership).
4. Every address that it names is that identity's.

Not checked here: whether that identity may make it (landings).
"""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.headers import Person
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Purpose
from gitwarrant.trust import openpgp
from gitwarrant.trust.identities import Owner, Registry, writes_as
from gitwarrant.trust.ownership import doubt, owner_of
from gitwarrant.trust.proven import BadSignature, NamedKey, Proven
from gitwarrant.trust.sshsig import examine
from gitwarrant.trust.verdicts import Remembered

GIT_NAMESPACE = "git"
X509 = b"-----BEGIN SIGNED MESSAGE-----"

DOUBTED = {
    "key": "a key that",
    "certificate": "by a certificate that",
    "authority": "by a certificate whose authority",
    "signature": "by a signature that",
}
REMEDIES = {
    "certificate": "have a certificate issued for your key that is valid now, and sign the {kind} again",
    "signature": "sign again and confirm it on the device; "
    "for its PIN the key is made with: ssh-keygen -t ed25519-sk -O verify-required",
}

ANEW = {"commit": "git commit --amend --reset-author -S", "tag": "git tag -s -f NAME"}
"""How each kind is made again in one's own name."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was signed. `people` are those it names, by their roles; messages call it by kind and label."""

    kind: str
    label: str
    signature: bytes | None
    payload: bytes
    people: tuple[tuple[str, Person], ...]


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made it, by which key, and what that key's device proved."""

    identity: Identity
    key: NamedKey
    hardware: Hardware


def identify(
    written: Written, registry: Registry, *, at: datetime, known: Remembered | None = None
) -> Maker | str:
    """Find who made something, as of the time it was first seen.

    Args:
        known: what is remembered of its signature (2); all else is judged anew.

    Returns:
        The maker; or, where the signature is missing or foreign and proves
        nothing, why: it ends a sentence that begins with the name.

    Raises:
        Refused: the signature lies: wrong, for another purpose, by a key that
            had no right at that time, or by a person in somebody else's name.
    """
    if written.signature is None:
        return "is unsigned"
    if written.signature.startswith(X509):  # 1
        return (
            "is signed by an X.509 certificate (gitsign or S/MIME), which proves nothing here: "
            "sign by SSH or OpenPGP"
        )
    proven = _proven(written, written.signature, registry, at, known)  # 2
    if isinstance(proven, str):
        return proven
    owner = owner_of(proven, registry)  # 3
    if owner is None:
        return f"is signed by {proven.key.fingerprint}, {_unknown(proven)}"
    _check_fit(written, owner, proven, registry, at)
    foreign = _foreign(written, owner.identity)  # 4
    if foreign and owner.identity.kind is IdentityKind.BOT:
        return f"is signed by the bot {owner.identity.name!r}, but {foreign}"
    if foreign:
        raise _lie(
            written,
            f"is signed by {owner.identity.name!r}, but {foreign}",
            f"sign what is your own only: {ANEW[written.kind]}; "
            "or list the address under your identity in .gitwarrant/identities.yaml",
            owner,
        )
    return Maker(owner.identity, proven.key, proven.hardware)


def _proven(
    written: Written, signature: bytes, registry: Registry, at: datetime, known: Remembered | None
) -> Proven | str:
    """What a signature proves; or why nothing, where its key cannot be asked."""
    try:
        if signature.startswith(openpgp.BEGIN):
            return _by_openpgp(written, signature, registry, at)
        proven = (known.get() if known else None) or examine(signature, written.payload, GIT_NAMESPACE)
    except BadSignature as error:
        raise _lie(written, f"has a {error.what}", error.remedy) from error
    if known:
        known.put(proven)
    return proven


def _by_openpgp(written: Written, signature: bytes, registry: Registry, at: datetime) -> Proven | str:
    """An OpenPGP signature does not bring its key: one that cannot be read, or is by a stranger, is foreign.

    Forges sign what they squash, each in its own form; nobody could take such a commit back.
    """
    try:
        packet = openpgp.read(signature)
    except BadSignature as error:
        return f"has a {error.what}, so it proves nothing"
    certificate = registry.certificate(packet.issuer)
    if certificate is None:
        return f"is signed by the OpenPGP key {packet.issuer or 'of nobody'}, a key that nobody here owns"
    return openpgp.verify(packet, written.payload, certificate, at=at)


def _unknown(proven: Proven) -> str:
    if proven.certificate is None:
        return "a key that nobody here owns"
    names = ", ".join(sorted(proven.certificate.principals))
    authority = proven.certificate.authority.fingerprint
    return f"a key certified for {names} by {authority}, an authority that nobody of these names lists here"


def _check_fit(written: Written, owner: Owner, proven: Proven, registry: Registry, at: datetime) -> None:
    what, problem = doubt(proven, owner, registry, at=at, purpose=Purpose.COMMITS)
    if what:
        remedy = REMEDIES.get(what, "make the {kind} again and sign it with a key that is valid now")
        raise _lie(
            written,
            f"is signed by {proven.key.fingerprint} of {owner.identity.name!r}, {DOUBTED[what]} {problem}; "
            f"the {written.kind} was first seen {at:%Y-%m-%d %H:%M}, whatever date it bears",
            remedy.format(kind=written.kind),
            owner,
        )


def _foreign(written: Written, identity: Identity) -> str:
    """Which of the addresses is not the signer's, in words."""
    for role, person in written.people:
        if not writes_as(identity, person.email):
            return f"names {person.email!a} as its {role}"
    return ""


def _lie(written: Written, what: str, remedy: str, owner: Owner | None = None) -> Refused:
    place = owner.key.place if owner and owner.key.place.path else None
    return Refused(f"{written.kind} {written.label} {what}", stage="verify", remedy=remedy, place=place)
