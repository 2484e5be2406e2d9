"""`gitwarrant rbac`: the Roles that deploying takes, and what power a change gives to whom."""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.cli.configured import agent, git_folder, now, working
from gitwarrant.cli.power_words import change_data, moved_lines, path_lines, rule_data
from gitwarrant.cli.revisions import base_of, commit_of
from gitwarrant.cli.terminal import Terminal
from gitwarrant.cli.usage.rbac import HOLDERS
from gitwarrant.cluster.power.needs import Naming, Served
from gitwarrant.cluster.power.text import manifest_text
from gitwarrant.config.agent import Agent
from gitwarrant.git.clone import Clone
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.objects.power.atoms import spoken
from gitwarrant.objects.power.subjects import SERVICE_ACCOUNT, Subject
from gitwarrant.pipeline.candidates import candidate
from gitwarrant.pipeline.local import look, proposed
from gitwarrant.pipeline.power import APPLIER, Computed, Site, computed, moved

KINDS = dict(zip(HOLDERS, ("User", "Group", SERVICE_ACCOUNT), strict=True))


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the words on the command line ask about."""

    diff: bool
    environment: str
    revision: str


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 shown; 1 power is added and that is asked to fail."""
    asked, holder = _asked(arguments), _holder(arguments)
    with _site(arguments, asked, terminal) as (site, before, after):
        if asked.diff:
            return _diff(site, before, after, arguments, terminal)
        naming = Naming.EXACT if arguments.exact else Naming.GRANT
        found = computed(site, after, before, naming=naming, holder=holder)
    _show(found, site, after, naming, terminal)
    return 0


def _asked(arguments: argparse.Namespace) -> _Asked:
    words = list(arguments.words)
    diff = len(words) > 1 and words[0] == "diff"
    environment, *rest = words[1:] if diff else words
    if len(rest) > 1:
        raise GitwarrantError(
            f"one revision of one environment at a time, got {' '.join(words)!r}",
            remedy="name what to compare with by --base: gitwarrant rbac diff ENV REV --base REV",
        )
    if rest and arguments.fetched:
        raise GitwarrantError(
            "--fetched takes what the Git server holds, so no revision can be named",
            remedy="leave out the revision, or --fetched",
        )
    return _Asked(diff, environment, rest[0] if rest else "HEAD")


def _holder(arguments: argparse.Namespace) -> Subject:
    if arguments.holder is None:
        return APPLIER
    word, name = arguments.holder
    namespace, slash, account = name.partition("/")
    if word.lower() not in KINDS:
        raise GitwarrantError(
            f"{word!r} is nobody whom a binding can name", remedy=f"use one of: {', '.join(HOLDERS)}"
        )
    kind = KINDS[word.lower()]
    if kind != SERVICE_ACCOUNT:
        return Subject(kind, "", name)
    if not (namespace and slash and account):
        raise GitwarrantError(
            f"the ServiceAccount {name!r} has no namespace", remedy="write it as NAMESPACE/NAME"
        )
    return Subject(kind, namespace, account)


@contextmanager
def _site(
    arguments: argparse.Namespace, asked: _Asked, terminal: Terminal
) -> Iterator[tuple[Site, CommitId | None, CommitId]]:
    """Where it is asked, what stands there (None: nothing), and the revision in question."""
    if arguments.fetched or git_folder(Path.cwd()) is None:
        with working(arguments) as work:
            found = candidate(work, asked.environment)
            question = found.question
            before = question.previous.commit if question.previous else None
            served = _served(work.agent, asked.environment) if arguments.cluster else Served()
            site = Site(found.repository, question.environment, question.tenant, served)
            yield site, before, question.change.head
        return
    configured = agent(arguments)
    view = look(Clone.around(Path.cwd()), configured, now=now())
    environment = view.trusted.environment(asked.environment)
    base = base_of(view, arguments.base, terminal)
    change = proposed(view, environment.ref, commit_of(view, asked.revision, terminal), base)
    served = _served(configured, asked.environment) if arguments.cluster else Served()
    yield Site(view.repository, environment, configured.tenant, served), change.base, change.head


def _served(configured: Agent, environment: str) -> Served:
    from gitwarrant.cli.reaching import served_kinds  # noqa: PLC0415 - needs the extra 'cluster'

    return asyncio.run(served_kinds(configured, environment))


def _show(found: Computed, site: Site, commit: CommitId, naming: Naming, terminal: Terminal) -> None:
    reach = {
        Naming.GRANT: "as far as the tenant's grant reaches",
        Naming.EXACT: "for the objects that there are now",
    }
    remarks = [
        f"What gitwarrant needs to deploy {site.environment.name!r} at {commit[:12]}, {reach[naming]}.",
        "As an administrator: kubectl apply --server-side -f -",
        "",
        "What a thief of this credential could do beyond:",
        *(f"  {line}" for line in path_lines(found.paths)),
    ]
    terminal.result(
        {
            "environment": site.environment.name,
            "commit": commit,
            "objects": [dict(content) for content in found.granted.objects],
            "rules": rule_data(found.granted),
            "beyond": path_lines(found.paths),
        }
    )
    if not terminal.as_json:
        terminal.out.write(manifest_text(found.granted, remarks))


def _diff(
    site: Site,
    before: CommitId | None,
    after: CommitId,
    arguments: argparse.Namespace,
    terminal: Terminal,
) -> int:
    found = moved(site, before, after)
    terminal.result({**change_data(found.change), "applier": spoken(found.applier)})
    for style, text in moved_lines(found, site.environment.name):
        terminal.say(text, style)
    added = bool(found.change.added or found.applier)
    if not added:
        terminal.say(f"no power is added to anybody by {after[:12]}", "good")
    return 1 if added and arguments.fail_on_added else 0
