"""`gitwarrant trust revoke`: a key signs no more."""

import argparse
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from gitwarrant.cli.configured import agent, now
from gitwarrant.cli.pushing import NONCE_BYTES, signed, signer_name, signing_key
from gitwarrant.cli.terminal import Terminal
from gitwarrant.config.fields import DURATION, duration, moment
from gitwarrant.git.clone import Clone
from gitwarrant.git.commit import parse_commit
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import KeyRevocation
from gitwarrant.pipeline.local import LocalView, look, tracked
from gitwarrant.trust.identities import Owner, Registry, readable
from gitwarrant.trust.proven import BadSignature
from gitwarrant.trust.sshsig import parse, public_line


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 signed, or asked and not signed."""
    clone = Clone.around(Path.cwd())
    view = look(clone, agent(arguments), now=now(), doubtful=True)
    registry = Registry(view.trusted.config.policy, view.agent.root.keys)
    key = signing_key(clone, arguments)
    by, target = signer_name(view, key), _target(registry, arguments.who)
    _check_right(registry, by, key, target)
    revocation = KeyRevocation(
        identity=by,
        repository=view.agent.root.repository,
        fingerprint=readable(target.key).fingerprint,
        compromised_since=_since(arguments.compromised_since),
        reason=arguments.reason,
        made=now(),
        nonce=secrets.token_bytes(NONCE_BYTES).hex(),
    )
    falling = tuple(_signed_with(view, target.key.public))
    for text, style in _told(revocation, target, falling):
        terminal.say(text, style)
    saying = f"that {revocation.fingerprint} signs no more"
    done = signed(clone, revocation, key, arguments, terminal, saying=saying)
    terminal.say("next: take it out of .gitwarrant/identities.yaml too, with 'revoked: true'", "dim")
    terminal.result({**done, "landings": list(falling)})
    return 0


def _target(registry: Registry, who: str) -> Owner:
    """The key that is meant, by its fingerprint or as somebody's only one.

    Raises:
        GitwarrantError: nobody has it, or somebody has several.
    """
    found = registry.by_fingerprint(who)
    if found:
        return found
    identity = registry.identity(who)
    if identity is None:
        raise GitwarrantError(
            f"nobody here has the key {who!r}, and nobody has this name",
            remedy="gitwarrant trust show lists people and the fingerprints of their keys",
        )
    if len(identity.keys) != 1:
        prints = ", ".join(readable(key).fingerprint for key in identity.keys)
        raise GitwarrantError(f"{who} has {len(identity.keys)} keys", remedy=f"name one of: {prints}")
    return Owner(identity, identity.keys[0])


def _check_right(registry: Registry, by: str, key: str, target: Owner) -> None:
    """Say at once what would not count: see `negatives`."""
    own = target.identity.name == by
    root = registry.holder(public_line(key)) is not None and registry.holder(target.key.public) is None
    if not own and not root:
        raise GitwarrantError(
            f"{by} may not revoke a key of {target.identity.name}",
            remedy="its owner may with any key of his, and a root holder may revoke all but root keys; "
            "those change by: gitwarrant trust rotate",
        )


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return now() - duration(text) if DURATION.fullmatch(text) else moment(text, end_of_day=False)
    except (ValueError, OverflowError) as error:
        raise GitwarrantError(
            f"{text!r} is no time", remedy="write it like 24h, 2026-11-17 or 2026-11-17T12:00:00Z"
        ) from error


def _signed_with(view: LocalView, public: str) -> Iterator[str]:
    """The landings after the newest checkpoint with a commit that names this SSH key, oldest first."""
    root = view.agent.root
    tip = tracked(view.clone, root.trust_ref)
    change = view.repository.change(root.repository, root.trust_ref, view.start.since, tip)
    for landing in change.landings:
        commits = (parse_commit(commit.raw, commit.id).signature for commit in landing.commits)
        if any(signature and _key_of(signature) == public for signature in commits):
            yield landing.commit


def _key_of(signature: bytes) -> str:
    try:
        return parse(signature).key.line
    except BadSignature:
        return ""


def _told(revocation: KeyRevocation, target: Owner, falling: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What it takes with it."""
    yield (f"revoke {revocation.fingerprint} of {target.identity.name}", "bold")
    if revocation.compromised_since:
        since = f"{revocation.compromised_since:%Y-%m-%d %H:%M}"
        yield (f"  what an agent saw before {since} stands; all that it saw since falls", "")
    else:
        yield ("  nothing that it signed counts any more, unless it is deployed", "")
    yield ("  approvals signed with it fall with it; what is deployed stays deployed", "")
    if falling:
        shown = ", ".join(commit[:12] for commit in falling[-5:])
        yield (f"  signed with it since the last checkpoint: {len(falling)} landings ({shown})", "warn")
        yield (
            "  where they are not deployed yet they are refused; a clone and a new agent refuse them, too,",
            "",
        )
        yield ("  until root holders have looked at them and signed: gitwarrant trust checkpoint", "")
