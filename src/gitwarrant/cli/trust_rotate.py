"""`gitwarrant trust rotate`: propose other root keys, consent to them, or list what is proposed."""

import argparse
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gitwarrant.cli.configured import agent, duration_of, now
from gitwarrant.cli.holders import holder_of
from gitwarrant.cli.keyfiles import public_key_of
from gitwarrant.cli.pushing import NONCE_BYTES, signed, signing_key
from gitwarrant.cli.terminal import Terminal
from gitwarrant.config.fields import NAME
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import digest, plain
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import RootKey
from gitwarrant.model.statement import RootChange, Roots
from gitwarrant.pipeline.overview import RootView, roots_of
from gitwarrant.trust.roots import Proposal, ordered, roots_digest, unfit
from gitwarrant.trust.sshsig import fingerprint
from gitwarrant.trust.statements import MAX_LIFETIME

CHANGES = {"-": "remove", "+": "add", " ": ""}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 listed, signed, or asked and not signed."""
    clone = Clone.around(Path.cwd())
    view = roots_of(clone, agent(arguments), now=now())
    changes = bool(arguments.add or arguments.remove or arguments.threshold is not None)
    if arguments.sign and changes:
        raise GitwarrantError("--sign consents to what is proposed as it is", remedy="leave the others out")
    if not arguments.sign and not changes:
        return _list(view, terminal)
    proposed = _chosen(view, arguments.sign) if arguments.sign else _proposed(view, arguments)
    return _consent(view, proposed, arguments, terminal)


def _list(view: RootView, terminal: Terminal) -> int:
    roots = view.succession.roots
    terminal.say(f"in force: version {roots.version}, threshold {roots.threshold}", "bold")
    for key in roots.keys:
        terminal.say(f"  {key.holder:<16} {fingerprint(key.public)}")
    for proposal in view.succession.pending:
        terminal.say(f"\nproposed: {_short(proposal)}", "bold")
        for text, style in difference(roots, proposal.roots):
            terminal.say(text, style)
        terminal.say(f"  {proposal}", "warn")
    if not view.succession.pending:
        terminal.say("nothing is proposed", "dim")
    pending = [_data(proposal) for proposal in view.succession.pending]
    terminal.result({"roots": plain(roots), "pending": pending})
    return 0


def _data(proposal: Proposal) -> dict[str, Any]:
    return {
        "digest": proposal.digest,
        "roots": plain(proposal.roots),
        "signed": sorted(proposal.signed),
        "missing": str(proposal),
    }


def _short(proposal: Proposal) -> str:
    return proposal.digest[7:19]


def _chosen(view: RootView, prefix: str) -> Roots:
    """The proposal whose digest begins so.

    Raises:
        GitwarrantError: none does, several do, or it can never be in force.
    """
    wanted = prefix.removeprefix("sha256:").lower()
    found = [item for item in view.succession.pending if item.digest[7:].startswith(wanted)]
    if len(found) != 1 or not wanted:
        known = ", ".join(map(_short, view.succession.pending)) or "nothing is"
        raise GitwarrantError(
            f"{prefix!r} names {'several proposals' if found else 'no proposal'}",
            remedy=f"name one that is proposed ({known}); git fetch brings those of others",
        )
    if found[0].reason:
        raise GitwarrantError(
            f"whoever signs it, it cannot follow: {found[0].reason}", remedy="propose it anew"
        )
    return found[0].roots


def _proposed(view: RootView, arguments: argparse.Namespace) -> Roots:
    """The roots in force with what is to be changed.

    Raises:
        GitwarrantError: nobody of that name, or roots that could never be in force.
    """
    before = view.succession.roots
    unknown = set(arguments.remove) - {key.holder for key in before.keys}
    if unknown:
        raise GitwarrantError(
            f"{', '.join(sorted(unknown))}: no such root holder",
            remedy=f"name one of: {', '.join(sorted({key.holder for key in before.keys}))}",
        )
    kept = [key for key in before.keys if key.holder not in arguments.remove]
    keys = ordered([*kept, *map(_added, arguments.add)])
    threshold = before.threshold if arguments.threshold is None else arguments.threshold
    proposed = Roots(before.version + 1, keys, threshold, roots_digest(before))
    if (keys, threshold) == (before.keys, before.threshold):
        raise GitwarrantError("that changes nothing", remedy="name a holder to add or to remove")
    if reason := unfit(proposed, before):
        raise GitwarrantError(f"these roots could never be in force: {reason}", remedy="correct them")
    return proposed


def _added(text: str) -> RootKey:
    holder, found, key = text.partition("=")
    if not found or not NAME.fullmatch(holder):
        raise GitwarrantError(f"{text!r} is not HOLDER=KEY", remedy="write it like dora=dora.pub")
    return RootKey(holder, public_key_of(key))


def difference(before: Roots, after: Roots) -> Iterator[tuple[str, str]]:
    """What a change of the roots does, line by line with its style."""
    for key in ordered({*before.keys, *after.keys}):
        sign = "-" if key not in after.keys else "+" if key not in before.keys else " "
        yield (f"  {sign} {key.holder:<16} {fingerprint(key.public)}", CHANGES[sign])
    if before.threshold != after.threshold:
        yield (f"  ~ threshold {before.threshold} becomes {after.threshold}", "change")


def _consent(view: RootView, proposed: Roots, arguments: argparse.Namespace, terminal: Terminal) -> int:
    lifetime = duration_of(arguments.expires)
    if lifetime > MAX_LIFETIME:
        raise GitwarrantError(
            f"{arguments.expires} is longer than a consent may live",
            remedy=f"say {MAX_LIFETIME.days}d at most",
        )
    before = view.succession.roots
    terminal.say(f"root keys version {before.version} become version {proposed.version}:", "bold")
    for text, style in difference(before, proposed):
        terminal.say(text, style)
    key = signing_key(view.clone, arguments)
    change = RootChange(
        identity=holder_of((*before.keys, *proposed.keys), key),
        repository=view.root.repository,
        roots=proposed,
        made=now(),
        expires=now() + lifetime,
        nonce=secrets.token_bytes(NONCE_BYTES).hex(),
    )
    done = signed(
        view.clone, change, key, arguments, terminal, saying="that these are the root keys from then on"
    )
    missing = _missing(view, proposed, arguments)
    for text, style in _next(proposed, missing):
        terminal.say(text, style)
    terminal.result({**done, "digest": digest(proposed), "missing": missing})
    return 0


def _missing(view: RootView, proposed: Roots, arguments: argparse.Namespace) -> str:
    """Who else must sign, now that this one has; empty: nobody."""
    after = roots_of(view.clone, agent(arguments), now=now()).succession
    if after.roots.version >= proposed.version:
        return ""
    found = [str(item) for item in after.pending if item.roots == proposed]
    return found[0] if found else "nobody of the present holders has signed it yet"


def _next(proposed: Roots, missing: str) -> Sequence[tuple[str, str]]:
    if missing:
        return (
            (missing, "warn"),
            (f"they consent by: gitwarrant trust rotate --sign {digest(proposed)[7:19]}", ""),
        )
    return (
        (f"root keys version {proposed.version} are in force", "good"),
        ("next: gitwarrant trust checkpoint, so that clones need no proof by the old keys", ""),
    )
