"""From the name that a person writes to the commit that it means.

Git reads a tag before a branch and before an abbreviated id, and believes the
name of its ref. So whoever may push chooses what a name means to a colleague who
is about to sign. Here:

1. A name means one commit (`git.clone`): a tag that is called like a branch, or
   like the beginning of an id, is refused until it is written in full.
2. A tag leads to where it led when this clone first used it.
3. It bears its own name, and is signed by somebody whom the rules know, or by
   nobody: then that is said.

A tag only ever names a commit: what that commit contains is for verify.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.git.clone import FORMS, Clone
from gitwarrant.git.reading import Repository
from gitwarrant.git.tag import ParsedTag
from gitwarrant.model.change import OBJECT_ID, CommitId
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.pipeline.local import LocalView
from gitwarrant.store.tags import SeenTags
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.negatives import negatives
from gitwarrant.trust.tags import REFS, check_name, check_stayed, prove_tag

SEEN_TAGS = "gitwarrant/tags"
"""Below the clone's Git folder."""

PARTS = re.compile(r"(?P<base>(?:(?!@\{)[^~^:])*)(?P<steps>.*)", re.DOTALL)
"""A name, and the steps back from it: none of `~`, `^`, `:` and `@{` can stand in a ref's name."""


@dataclass(frozen=True, slots=True)
class Named:
    """The commit that a name means; `note` is what a person should know about the name, if anything."""

    commit: CommitId
    note: str = ""


def revision(view: LocalView, name: str, *, now: datetime) -> Named:
    """Find the commit that a name means, by the people whom the rules of the trust ref know.

    Raises:
        CloneError: nothing of that name, or more than one commit.
        Refused: by fetch or verify: the tag cannot be read, lies, or was moved.
    """
    return named(view.clone, view.repository, registry_of(view), name, now=now)


def registry_of(view: LocalView) -> Registry:
    """Everybody's keys by the rules that a clone proves, without those that were revoked by statement."""
    root = view.agent.root
    registry = Registry(view.trusted.config.policy, root.keys)
    taken = negatives(view.repository.statements(), root.repository, registry)
    return registry.revoking(taken.revoked)


def named(
    clone: Clone, repository: Repository, registry: Registry | None, name: str, *, now: datetime
) -> Named:
    """Find the commit that a name means.

    Args:
        registry: who may sign tags; None: nothing proves who that is, so tags are refused.

    Raises:
        CloneError, Refused: as `revision`.
    """
    found = PARTS.fullmatch(name)
    base, steps = (found["base"], found["steps"]) if found else (name, "")
    ref, commit = _tag(repository, base), clone.commit(name)  # 1
    if ref is None:
        return Named(commit)
    try:
        if steps.startswith("@{"):
            raise _refused(f"{name} means where a tag led before", "name what it leads to now")
        if registry is None:
            raise _refused(f"{ref} is a tag, and nothing proves here who may sign one", "look at it yourself")
        return Named(commit, _vouched(repository, ref, registry, _seen(clone), now))
    except Refused as refusal:
        remedy = f"{refusal.remedy}; or name the commit itself, once you looked at it: {commit[:12]}"
        raise Refused(refusal.what, stage=refusal.stage, remedy=remedy, place=refusal.place) from refusal


def _tag(repository: Repository, base: str) -> str | None:
    """The full name of the tag that git takes a name for; None: it takes it for something else."""
    if base in ("", "@", "HEAD") or (OBJECT_ID.fullmatch(base) and len(base) == repository.objects.digits):
        return None
    refs = (form.format(base) for form in FORMS)
    first = next((ref for ref in refs if ref.startswith("refs/") and repository.ref(ref)), "")
    return first if first.startswith(REFS) else None


def _vouched(repository: Repository, ref: str, registry: Registry, seen: SeenTags, now: datetime) -> str:
    """Judge a tag and keep where it leads; what is to be said of it, empty: somebody vouches for it."""
    target = repository.ref(ref)
    if target is None:
        raise ValueError(f"{ref} was there before")
    with _memory():
        known = seen.get(ref)
    try:
        note = _judged(repository.objects.tagged(target), ref, registry, known, now)
    except Refused as refusal:
        if known in (None, target):
            raise
        forget = f"gitwarrant trust forget-tag {ref.removeprefix(REFS)}"
        remedy = f"{refusal.remedy}; if it was moved on purpose: {forget}"
        raise Refused(refusal.what, stage=refusal.stage, remedy=remedy, place=refusal.place) from refusal
    with _memory():
        seen.put(ref, target)
    return note


def _judged(tag: ParsedTag | CommitId, ref: str, registry: Registry, known: str | None, now: datetime) -> str:
    if not isinstance(tag, ParsedTag):
        check_stayed(ref, tag, known)
        return f"nobody vouches for {ref}: it is no signed tag, only a name for {tag[:12]}"
    if tag.signature is None:
        check_name(tag, ref)
        check_stayed(ref, tag.id, known)
        return f"nobody vouches for {ref}: it is unsigned; it leads to {tag.commit[:12]}"
    prove_tag(tag, ref, registry, known=known, at=now)
    return ""


def forget(clone: Clone, name: str) -> tuple[str, str]:
    """Let a tag lead elsewhere from its next use on; its full name, and where it led.

    Raises:
        GitwarrantError: nothing is remembered of it.
    """
    ref = REFS + name.removeprefix(REFS)
    with _memory():
        known = _seen(clone).forget(ref)
    if known is None:
        raise GitwarrantError(
            f"this clone remembers no tag {ref}", remedy="nothing has to be forgotten: name the tag and go on"
        )
    return ref, known


def _seen(clone: Clone) -> SeenTags:
    return SeenTags(clone.git_folder / SEEN_TAGS)


@contextmanager
def _memory() -> Iterator[None]:
    """Use the memory of tags.

    Raises:
        GitwarrantError: it cannot be used, so whether a tag was moved cannot be judged.
    """
    try:
        yield
    except OSError as error:
        raise GitwarrantError(
            f"what this clone remembers of tags cannot be used: {error}",
            remedy=f"see to {SEEN_TAGS} in the clone's Git folder; or name the commit itself, not the tag",
        ) from error


def _refused(what: str, remedy: str) -> Refused:
    return Refused(what, stage="verify", remedy=remedy)
