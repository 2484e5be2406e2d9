"""`gitwarrant trust show`: who holds what, until when, and what waits for whom."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gitwarrant.cli.configured import agent, git_folder, now, working
from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.model.identity import RootKey
from gitwarrant.pipeline.local import look
from gitwarrant.pipeline.notices import RENEWAL
from gitwarrant.pipeline.overview import Overview, of_agent, of_clone
from gitwarrant.trust.sshsig import fingerprint

STYLES = {"valid": "", "expiring": "warn", "unfit": "bad"}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show it as the clone sees it; outside of a clone, as the agent's log does."""
    if arguments.agent or git_folder(Path.cwd()) is None:
        with working(arguments) as work:
            found = of_agent(work)
    else:
        view = look(Clone.around(Path.cwd()), agent(arguments), now=now(), doubtful=True)
        found = of_clone(view, now=now())
    for text, style in lines(found):
        terminal.say(text, style)
    terminal.result(data(found))
    return 0


def lines(found: Overview) -> Iterator[tuple[str, str]]:
    """It in words, each line with its style."""
    root = found.root
    yield (f"roots      version {root.version}; {root.threshold} of {_holders(root.keys)} must sign", "bold")
    for key in root.keys:
        yield (f"           {key.holder:<16} {fingerprint(key.public)}", "")
    yield (f"rules      version {found.policy.version}, until {found.policy.expires:%Y-%m-%d %H:%M}", "bold")
    if found.days is not None:
        left = f"they expire within {found.days} days" if found.days else "they have expired"
        yield (f"           {left}: {RENEWAL}", "bad" if found.days in (0, 1) else "warn")
    since = f" since {found.since:%Y-%m-%d %H:%M}" if found.since else ""
    yield (f"trusted    {root.trust_ref} at {found.revision[:12]}{since}", "bold")
    yield (f"           without proof up to {found.begins[:12]}", "dim")
    yield ("people", "bold")
    for person in found.people:
        teams = f"  ({', '.join(person.teams)})" if person.teams else ""
        yield (f"           {person.name:<16} {person.kind}{teams}", "")
        for state in person.keys:
            yield (
                f"             {state.fingerprint}  {state.state} {state.why}".rstrip(),
                STYLES[state.state],
            )
    yield from _freshness(found)
    for what in found.pending:
        yield (f"waiting    {what}", "warn")


def _freshness(found: Overview) -> Iterator[tuple[str, str]]:
    if not found.beats and not found.doubts:
        yield ("fresh      not asked: no heartbeats are configured", "dim")
    for beat in found.beats:
        made = f"{beat.heartbeat.made:%Y-%m-%d %H:%M:%S}"
        yield (f"fresh      {beat.heart.name}: beat {beat.heartbeat.sequence} of {made}", "good")
    for doubt in found.doubts:
        yield (f"not fresh  {doubt}", "bad")


def _holders(keys: tuple[RootKey, ...]) -> str:
    count = len({key.holder for key in keys})
    return f"{count} holder" + ("" if count == 1 else "s")


def data(found: Overview) -> dict[str, Any]:
    """It for programs."""
    root = found.root
    return {
        "roots": {
            "version": root.version,
            "threshold": root.threshold,
            "keys": [
                {"holder": key.holder, "fingerprint": fingerprint(key.public), "public": key.public}
                for key in root.keys
            ],
        },
        "rules": {
            "version": found.policy.version,
            "expires": plain(found.policy.expires),
            "warning_days": found.days,
        },
        "trusted": {
            "ref": root.trust_ref,
            "commit": found.revision,
            "since": plain(found.since),
            "begins": found.begins,
        },
        "people": [_person(plain(person)) for person in found.people],
        "freshness": {
            "fresh": [
                {
                    "heart": beat.heart.name,
                    "sequence": beat.heartbeat.sequence,
                    "made": plain(beat.heartbeat.made),
                }
                for beat in found.beats
            ],
            "doubts": [{"heart": doubt.heart.name, "reason": doubt.reason} for doubt in found.doubts],
        },
        "pending": list(found.pending),
    }


def _person(value: dict[str, Any]) -> dict[str, Any]:
    """Without the names of our classes."""
    keys = [{name: part for name, part in key.items() if name != "is"} for key in value["keys"]]
    return {name: part for name, part in value.items() if name != "is"} | {"keys": keys}
