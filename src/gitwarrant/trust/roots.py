"""Which root keys are in force: those given from outside, and the changes that old and new holders signed.

Each change leads from one version to the next, names the roots before it by
their digest, and needs the threshold of the old roots *and* of the new ones, so
that there are enough who hold the new keys. A version that was in force once is
never left for a lower one. Source: docs/trust-protocol.md, 8.3 and 8.4.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gitwarrant.model.canonical import Digest, digest
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import RootKey, TrustRoot
from gitwarrant.model.statement import RootChange, Roots
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.consents import (
    Consent,
    Hearing,
    Quorum,
    Wanted,
    alive,
    completed,
    gather,
    hear,
    wanted,
)
from gitwarrant.trust.sshkey import BadKey, read_line
from gitwarrant.trust.statements import MAX_LIFETIME

MAX_KEYS = 100  # of one version; people who must all be known to each other
MAX_SHOWN = 20  # proposals that wait; more are somebody's mischief


@dataclass(frozen=True, slots=True)
class Proposal:
    """Roots that holders want to follow those in force, and why they do not yet."""

    roots: Roots
    digest: Digest
    signed: frozenset[str]
    """Holders, old and new, who consented and whose consent is not expired."""
    wanted: tuple[Wanted, ...]
    reason: str
    """Why they cannot follow whoever signs; empty: only consents are missing."""

    def __str__(self) -> str:
        missing = self.reason or " and ".join(map(str, self.wanted))
        return f"roots {self.roots.version} ({self.digest[7:19]}) are not in force: {missing}"


@dataclass(frozen=True, slots=True)
class Succession:
    """The roots in force, the versions taken up that the log does not know yet, and what is proposed."""

    roots: Roots
    steps: tuple[Roots, ...]
    pending: tuple[Proposal, ...]


def configured(root: TrustRoot) -> Roots:
    """The roots as the agent's configuration gives them."""
    return Roots(root.version, ordered(root.keys), root.threshold, "")


def governed(root: TrustRoot, roots: Roots) -> TrustRoot:
    """The root of trust under these roots."""
    return replace(root, version=roots.version, keys=roots.keys, threshold=roots.threshold)


def ordered(keys: Iterable[RootKey]) -> tuple[RootKey, ...]:
    """Root keys in their one order: by holder, then by key."""
    return tuple(sorted(set(keys), key=lambda key: (key.holder, key.public)))


def roots_digest(roots: Roots) -> Digest:
    """What the next version names as its previous one.

    Without their own `previous`: roots that were taken up step by step and the
    same roots in a new agent's configuration have one digest.
    """
    return digest(replace(roots, previous=""))


def succession(
    given: Roots,
    remembered: Roots | None,
    statements: Iterable[SignedStatement],
    *,
    repository: str,
    witnessed: Witnessed,
    now: datetime,
) -> Succession:
    """Follow the chain of root changes as far as it goes.

    Args:
        given: by the configuration (`configured`).
        remembered: the highest version that the log has taken up.

    Raises:
        Refused: configuration and log have different roots of one version.
    """
    hearing = hear(statements, repository, witnessed=witnessed, now=now)
    roots = last_known(given, remembered)
    steps = [roots] if roots.version > (remembered.version if remembered else 1) else []
    complete, pending = _proposals(roots, hearing)
    while len(complete) == 1:
        [roots] = complete
        steps.append(roots)
        complete, pending = _proposals(roots, hearing)
    # Two complete changes contradict each other: no order of reading may decide between them.
    contradicted = "the holders signed another change of the same version too"
    pending += [_stuck(item, contradicted) for item in complete]
    return Succession(roots, tuple(steps), tuple(sorted(pending, key=lambda item: item.digest)))


def last_known(given: Roots, remembered: Roots | None) -> Roots:
    """Of the configuration's roots and those that the log took up, the ones with the higher version.

    Raises:
        Refused: they are of one version, but differ.
    """
    if remembered is None or given.version > remembered.version:
        return given
    if given.version == remembered.version and roots_digest(given) != roots_digest(remembered):
        raise Refused(
            f"the root keys of the configuration and those that the log took up are both of version "
            f"{given.version}, but differ",
            stage="verify",
            remedy=f"to replace the roots from outside, write them with 'root.version: {given.version + 1}'",
        )
    return remembered


def unfit(proposed: Roots, before: Roots) -> str:
    """Why some roots can never follow others, in words; empty when they can."""
    if proposed.version != before.version + 1:
        return f"version {proposed.version} does not follow {before.version}"
    if proposed.previous != roots_digest(before):
        return f"they follow other roots than those of version {before.version}"
    if not 0 < len(proposed.keys) <= MAX_KEYS or proposed.keys != ordered(proposed.keys):
        return f"their keys are not 1 to {MAX_KEYS}, each once, sorted by holder and key"
    if len({key.public for key in proposed.keys}) < len(proposed.keys):
        return "two holders have the same key"
    holders = {key.holder for key in proposed.keys}
    if "" in holders or not 1 <= proposed.threshold <= len(holders):
        return f"a threshold of {proposed.threshold} does not fit {len(holders)} holders"
    return next((reason for key in proposed.keys if (reason := _unreadable(key))), "")


def quorums(before: Roots, proposed: Roots) -> tuple[Quorum, Quorum]:
    """Whose consent a change of roots needs: the old holders' and the new ones'."""
    return (
        Quorum("old", before.keys, before.threshold),
        Quorum("new", proposed.keys, proposed.threshold),
    )


def _proposals(roots: Roots, hearing: Hearing) -> tuple[list[Roots], list[Proposal]]:
    """What old holders propose to follow: what is complete, and what is not, with why.

    One holder could propose thousands. So all consents are looked through again
    only for what enough old holders want, and for as many others as are shown.
    """
    old = Quorum("old", roots.keys, roots.threshold)
    by: dict[Roots, set[str]] = {}
    living: set[Roots] = set()
    for item in gather(RootChange, hearing, [old], longest=MAX_LIFETIME):
        if item.value.roots.version > roots.version:
            by.setdefault(item.value.roots, set()).add(item.value.identity)
            if item.value.expires > hearing.now:
                living.add(item.value.roots)
    complete: list[Roots] = []
    waiting: list[Roots] = []
    for proposed, holders in by.items():
        enough = len(holders) >= roots.threshold and not unfit(proposed, roots)
        (complete if enough and _is_complete(proposed, roots, hearing) else waiting).append(proposed)
    shown = sorted(living.intersection(waiting), key=lambda item: (-len(by[item]), digest(item)))
    return complete, [_pending(proposed, roots, hearing, by[proposed]) for proposed in shown[:MAX_SHOWN]]


def _consents(proposed: Roots, before: Roots, hearing: Hearing) -> tuple[Consent[RootChange], ...]:
    found = gather(RootChange, hearing, quorums(before, proposed), longest=MAX_LIFETIME)
    return tuple(item for item in found if item.value.roots == proposed)


def _is_complete(proposed: Roots, before: Roots, hearing: Hearing) -> bool:
    return completed(_consents(proposed, before, hearing), quorums(before, proposed)) is not None


def _pending(proposed: Roots, before: Roots, hearing: Hearing, old: Iterable[str]) -> Proposal:
    reason = unfit(proposed, before)
    if reason:  # its keys may not even be readable, so nobody is looked for who has them
        return replace(_stuck(proposed, reason), signed=frozenset(old))
    standing = alive(_consents(proposed, before, hearing), hearing.now)
    signed = frozenset(item.value.identity for item in standing)
    return Proposal(proposed, digest(proposed), signed, wanted(standing, quorums(before, proposed)), "")


def _stuck(proposed: Roots, reason: str) -> Proposal:
    return Proposal(proposed, digest(proposed), frozenset(), (), reason)


def _unreadable(key: RootKey) -> str:
    try:
        read_line(key.public)
    except BadKey as error:
        return error.what
    return ""
