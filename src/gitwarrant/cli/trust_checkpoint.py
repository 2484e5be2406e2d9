"""`gitwarrant trust checkpoint`: a root holder signs that the trust ref is trusted at a revision."""

import argparse
import secrets
from pathlib import Path

from gitwarrant.cli.configured import agent, duration_of, now
from gitwarrant.cli.holders import holder_of
from gitwarrant.cli.pushing import NONCE_BYTES, signed, signing_key
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.statement import Checkpoint
from gitwarrant.pipeline.local import look
from gitwarrant.pipeline.overview import RootView, roots_of
from gitwarrant.pipeline.revisions import named, registry_of
from gitwarrant.pipeline.trusting import rules_at
from gitwarrant.trust.checkpoints import MAX_CHECKPOINT_LIFETIME, Anchor
from gitwarrant.trust.identities import Registry


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 signed, or asked and not signed; 1 the clone cannot prove the way there."""
    lifetime = duration_of(arguments.expires)
    if lifetime > MAX_CHECKPOINT_LIFETIME:
        raise GitwarrantError(
            f"{arguments.expires} is longer than a checkpoint may live",
            remedy=f"say {MAX_CHECKPOINT_LIFETIME.days}d at most",
        )
    clone = Clone.around(Path.cwd())
    view = roots_of(clone, agent(arguments), now=now())
    commit = _commit(view, arguments, terminal)
    if not arguments.unproven:
        _prove(clone, arguments, commit)
    key = signing_key(clone, arguments)
    checkpoint = Checkpoint(
        identity=holder_of(view.root.keys, key),
        repository=view.root.repository,
        ref=view.root.trust_ref,
        commit=commit,
        version=rules_at(view.repository, commit).policy.version,
        made=now(),
        expires=now() + lifetime,
        nonce=secrets.token_bytes(NONCE_BYTES).hex(),
    )
    what = f"{checkpoint.ref} at {commit[:12]}, rules version {checkpoint.version}"
    terminal.say(f"{what}, until {checkpoint.expires:%Y-%m-%d %H:%M}", "bold")
    done = signed(clone, checkpoint, key, arguments, terminal, saying=f"that you trust {what}")
    missing = _missing(clone, arguments, Anchor(commit, checkpoint.version))
    terminal.say(missing or "it counts: clones and new agents may begin there", "" if missing else "good")
    terminal.result({**done, "missing": missing})
    return 0


def _commit(view: RootView, arguments: argparse.Namespace, terminal: Terminal) -> CommitId:
    """The revision, which must be on the trust ref's own line: on a side branch it would never count."""
    commit = view.tip
    if arguments.revision:
        registry = _registry(view.clone, arguments)
        found = named(view.clone, view.repository, registry, arguments.revision, now=now())
        commit = found.commit
        if found.note:
            terminal.note(found.note)
    if commit not in view.repository.first_parents(view.tip, commit):
        raise GitwarrantError(
            f"{commit[:12]} is not on the first-parent line of {view.root.trust_ref}",
            remedy="name a commit that landed there: git log --first-parent",
        )
    return commit


def _registry(clone: Clone, arguments: argparse.Namespace) -> Registry | None:
    """Who may sign a tag; None where the clone proves no rules that would say so."""
    try:
        return registry_of(look(clone, agent(arguments), now=now(), doubtful=True))
    except Refused:
        return None


def _prove(clone: Clone, arguments: argparse.Namespace, commit: CommitId) -> None:
    """A holder's signature replaces proof; so he is shown first that there is one.

    Raises:
        Refused: there is none, and how to sign all the same.
    """
    try:
        view = look(clone, agent(arguments), now=now(), doubtful=True)
        if view.repository.contains(view.trusted.revision, commit):
            return
        view.trusted.raise_doubt()
        what = f"only {view.trusted.revision[:12]} is proven, {commit[:12]} is not"
    except Refused as refusal:
        what = refusal.what
    raise Refused(
        f"this clone cannot prove the way to {commit[:12]}: {what}",
        stage="verify",
        remedy="look at every change since the last revision you trust; then sign with --unproven",
    )


def _missing(clone: Clone, arguments: argparse.Namespace, anchor: Anchor) -> str:
    """Who else must sign, now that this one has; empty: nobody."""
    found = roots_of(clone, agent(arguments), now=now()).checkpoints
    if anchor in found.accepted:
        return ""
    awaited = [str(item) for item in found.awaited if item.anchor == anchor]
    return awaited[0] if awaited else "nobody has signed it yet"
