"""Step 3 of verify: from a commit's signature to its key to the identity that wrote it."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.model.change import Commit
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Identity, IdentityKind
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Owner, Registry, writes_as
from gitwarrant.trust.sshkey import PublicKey
from gitwarrant.trust.sshsig import BadSignature, verify_key

GIT_NAMESPACE = "git"

UNREAD_FORMATS = {
    b"-----BEGIN PGP": "is signed by OpenPGP, which is not read yet",
    b"-----BEGIN SIGNED MESSAGE": "is signed by an X.509 certificate, which is not read yet",
}


@dataclass(frozen=True, slots=True)
class Signed:
    """A commit of which it is proven who wrote it."""

    commit: Commit
    identity: Identity
    key: PublicKey


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
    for begin, doubt in UNREAD_FORMATS.items():
        if parsed.signature.startswith(begin):
            return Unproven(commit, doubt)
    key = _key(parsed, parsed.signature)
    owner = registry.owner(key.line)
    if owner is None:
        return Unproven(commit, f"is signed by {key.fingerprint}, a key that nobody here owns")
    _check_time(parsed, owner, key, registry, at)
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
    return Signed(commit, owner.identity, key)


def _key(parsed: ParsedCommit, signature: bytes) -> PublicKey:
    try:
        return verify_key(signature, parsed.payload, GIT_NAMESPACE)
    except BadSignature as error:
        raise _lie(parsed, f"has a {error.what}", error.remedy) from error


def _check_time(parsed: ParsedCommit, owner: Owner, key: PublicKey, registry: Registry, at: datetime) -> None:
    problem = registry.unfit(owner, key.fingerprint, at)
    if problem:
        raise _lie(
            parsed,
            f"is signed by {key.fingerprint} of {owner.identity.name!r}, a key that {problem}; "
            f"the commit was first seen {at:%Y-%m-%d %H:%M}, whatever date it bears",
            "make the commit again and sign it with a key that is valid now",
            owner,
        )


def _foreign(parsed: ParsedCommit, identity: Identity) -> str:
    """Which of the commit's addresses is not the signer's, in words."""
    for role, person in (("author", parsed.author), ("committer", parsed.committer)):
        if not writes_as(identity, person.email):
            return f"names {person.email!a} as its {role}"  # what looks like another is shown as it is
    return ""


def _lie(parsed: ParsedCommit, what: str, remedy: str, owner: Owner | None = None) -> Refused:
    place = owner.key.place if owner and owner.key.place.path else None
    return Refused(f"commit {short(parsed.id)} {what}", stage="verify", remedy=remedy, place=place)
