"""Step 3 of verify: from a commit's signature to its key to the identity that wrote it."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.model.change import Commit
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Purpose
from gitwarrant.trust import openpgp
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Owner, Registry, writes_as
from gitwarrant.trust.proven import NamedKey, Proven
from gitwarrant.trust.signers import doubt, owner_of
from gitwarrant.trust.sshsig import BadSignature, examine

GIT_NAMESPACE = "git"

X509 = b"-----BEGIN SIGNED MESSAGE-----"
UNJUDGED = "is signed by an X.509 certificate (gitsign or S/MIME), which proves nothing here"


DOUBTED = {
    "key": "a key that",
    "certificate": "by a certificate that",
    "authority": "by a certificate whose authority",
    "signature": "by a signature that",
}
REMEDIES = {
    "certificate": "have a certificate issued for your key that is valid now, and sign the commit again",
    "signature": "sign again and confirm it on the device; "
    "for its PIN the key is made with: ssh-keygen -t ed25519-sk -O verify-required",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A commit of which it is proven who wrote it."""

    commit: Commit
    identity: Identity
    key: NamedKey
    hardware: Hardware = Hardware.NONE


@dataclass(frozen=True, slots=True)
class Unproven:
    """A commit of which nobody knows who wrote it, whatever it says itself. `doubt` ends 'commit X ...'."""

    commit: Commit
    doubt: str

    def __str__(self) -> str:
        return f"commit {short(self.commit.id)} {self.doubt}"


def prove(commit: Commit, parsed: ParsedCommit, registry: Registry, *, at: datetime) -> Signed | Unproven:
    """Find who wrote a commit, at the time it was first seen.

    A signature is missing or foreign: nothing is proven, and something else
    must stand for the author. A signature that lies is refused whatever else
    stands for it: wrong, for another purpose, by a key that had no right at
    that time, or by a person in somebody else's name. A bot's signature over
    somebody else's commit (a forge that squashes) proves nothing either way.

    Raises:
        Refused: the signature lies.
    """
    if parsed.signature is None:
        return Unproven(commit, "is unsigned")
    if parsed.signature.startswith(X509):
        return Unproven(
            commit, "is signed by an X.509 certificate (gitsign or S/MIME), which proves nothing here"
        )
    proven = _proven(parsed, parsed.signature, registry, at)
    if isinstance(proven, str):
        return Unproven(commit, proven)
    owner = owner_of(proven, registry)
    if owner is None:
        return Unproven(commit, f"is signed by {proven.key.fingerprint}, {_unknown(proven)}")
    _check_fit(parsed, owner, proven, registry, at)
    foreign = _foreign(parsed, owner.identity)
    if foreign and owner.identity.kind is IdentityKind.BOT:
        return Unproven(commit, f"is signed by the bot {owner.identity.name!r}, but {foreign}")
    if foreign:
        raise _lie(
            parsed,
            f"is signed by {owner.identity.name!r}, but {foreign}",
            "sign your own commits only: git commit --amend --reset-author -S; "
            "or list the address under your identity in .gitwarrant/identities.yaml",
            owner,
        )
    return Signed(commit, owner.identity, proven.key, proven.hardware)


def _proven(parsed: ParsedCommit, signature: bytes, registry: Registry, at: datetime) -> Proven | str:
    """What a signature proves; or why nothing, where it is by a key that cannot be asked."""
    try:
        if not signature.startswith(openpgp.BEGIN):
            return examine(signature, parsed.payload, GIT_NAMESPACE)
        frame = openpgp.read(signature)
        certificate = registry.certificate(frame.issuer)
        if certificate is None:
            return f"is signed by the OpenPGP key {frame.issuer or 'of nobody'}, a key that nobody here owns"
        return openpgp.verify(frame, parsed.payload, certificate, at=at)
    except BadSignature as error:
        raise _lie(parsed, f"has a {error.what}", error.remedy) from error


def _unknown(proven: Proven) -> str:
    if proven.certificate is None:
        return "a key that nobody here owns"
    names = ", ".join(sorted(proven.certificate.principals))
    authority = proven.certificate.authority.fingerprint
    return f"a key certified for {names} by {authority}, an authority that nobody of these names lists here"


def _check_fit(parsed: ParsedCommit, owner: Owner, proven: Proven, registry: Registry, at: datetime) -> None:
    what, problem = doubt(proven, owner, registry, at=at, purpose=Purpose.COMMITS)
    if what:
        raise _lie(
            parsed,
            f"is signed by {proven.key.fingerprint} of {owner.identity.name!r}, {DOUBTED[what]} {problem}; "
            f"the commit was first seen {at:%Y-%m-%d %H:%M}, whatever date it bears",
            REMEDIES.get(what, "make the commit again and sign it with a key that is valid now"),
            owner,
        )


def _foreign(parsed: ParsedCommit, identity: Identity) -> str:
    """Which of the commit's addresses is not the signer's, in words."""
    for role, person in (("author", parsed.author), ("committer", parsed.committer)):
        if not writes_as(identity, person.email):
            return f"names {person.email!r} as its {role}"
    return ""


def _lie(parsed: ParsedCommit, what: str, remedy: str, owner: Owner | None = None) -> Refused:
    place = owner.key.place if owner and owner.key.place.path else None
    return Refused(f"commit {short(parsed.id)} {what}", stage="verify", remedy=remedy, place=place)
