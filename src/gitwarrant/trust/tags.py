"""Who made a tag, and whether it is still the tag that it was.

Unlike a commit's, a tag's missing or foreign signature is refused: nothing else
could speak for it. A tag says which commit bears a name; what that commit
contains is judged as all commits are (verify).
"""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.tag import ParsedTag
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Hardware, Identity
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.proven import NamedKey
from gitwarrant.trust.written import Written, identify

REFS = "refs/tags/"


@dataclass(frozen=True, slots=True)
class SignedTag:
    """A tag of which it is proven who made it."""

    tag: ParsedTag
    identity: Identity
    key: NamedKey
    hardware: Hardware


def prove_tag(tag: ParsedTag, ref: str, registry: Registry, *, known: str | None, at: datetime) -> SignedTag:
    """Find who made a tag, at the time it was first seen.

    1. It bears the name of the ref that it was found under: a good old tag under
       a new name would deploy what it was not made for.
    2. The ref leads to the tag it always led to.
    3. A signature proves who made it; the tagger's address is the signer's.

    Args:
        known: the id of the tag that was first seen under this ref; None: none was.

    Raises:
        Refused: anything of this does not hold.
    """
    check_name(tag, ref)  # 1
    check_stayed(ref, tag.id, known)  # 2
    written = Written("tag", tag.name, tag.signature, tag.payload, (("tagger", tag.tagger),))
    maker = identify(written, registry, at=at)  # 3
    if isinstance(maker, str):
        raise _refused(f"tag {tag.name} {maker}", f"sign it with a key of yours: git tag -s -f {tag.name}")
    return SignedTag(tag, maker.identity, maker.key, maker.hardware)


def check_name(tag: ParsedTag, ref: str) -> None:
    """Refuse a tag under another name than its own: it speaks for what it was made for."""
    if ref != REFS + tag.name:
        raise _refused(
            f"{ref} leads to the tag {tag.name!r}",
            f"a tag was renamed; delete the ref and tag anew: git tag -s {ref.removeprefix(REFS)}",
        )


def check_stayed(ref: str, target: str, known: str | None) -> None:
    """Refuse a ref of a tag that leads to another object (a tag, or a commit) than the one first seen."""
    if known is not None and known != target:
        raise _refused(
            f"{ref} was moved: it led to {known[:12]}, now to {target[:12]}",
            f"put it back (git push --force REMOTE {known}:{ref}), and give what is new a name of its own",
        )


def _refused(what: str, remedy: str) -> Refused:
    return Refused(what, stage="verify", remedy=remedy)
