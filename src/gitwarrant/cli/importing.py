"""`gitwarrant import`: take over from Flux or Argo CD."""

import argparse
import asyncio
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from gitwarrant.cli.terminal import Terminal, describe
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.git.clone import Clone
from gitwarrant.model.canonical import plain
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.importing.imported import Weight
from gitwarrant.pipeline.importing.importing import Shown, bring
from gitwarrant.pipeline.importing.parity import Compared, Verdict
from gitwarrant.pipeline.importing.stages import (
    ENVIRONMENTS,
    grant_text,
    said,
    stage_text,
    with_stages,
)
from gitwarrant.plan.text import difference_lines

STYLES = {Verdict.SAME: "good", Verdict.ONLY_OURS: "warn"}
WEIGHTS = {Weight.SAME: "dim", Weight.LOOK: "warn", Weight.DIFFERS: "bad"}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show what would be imported, and write it where asked."""
    clone = Clone.around(Path.cwd())
    tool = Adoptable(arguments.tool)
    shown = asyncio.run(_bring(clone, clone.commit(arguments.revision), tool, arguments))
    branch = _branch(clone)
    ready = [one for one in shown if one.imported.importable and one.refusal is None]
    terminal.result([_plain(one, branch) for one in shown])
    for one in shown:
        _say(one, terminal)
    if ready:
        _say_texts(ready, branch, terminal, written=arguments.write)
        if arguments.write:
            _write(clone, ready, branch, terminal)
        _say_next(ready, tool, terminal)
    return 0 if len(ready) == len(shown) and all(map(_same, shown)) else 1


async def _bring(
    clone: Clone, commit: CommitId, tool: Adoptable, arguments: argparse.Namespace
) -> tuple[Shown, ...]:
    repository, kinds = clone.reading(), frozenset(arguments.custom_kind)
    if arguments.kubeconfig is None:
        return await bring(tool, repository, commit, None, only=arguments.only, custom_kinds=kinds)
    connection = from_kubeconfig(
        Path(arguments.kubeconfig), environment=os.environ, context=arguments.context
    )
    async with Cluster(connection) as cluster:
        return await bring(tool, repository, commit, cluster, only=arguments.only, custom_kinds=kinds)


def _same(one: Shown) -> bool:
    return all(item.verdict in STYLES for item in one.compared or ())


def _branch(clone: Clone) -> str:
    """The branch that is checked out, for environments of which the tool names none."""
    return clone.branch().removeprefix("refs/heads/")


def _say(one: Shown, terminal: Terminal) -> None:
    found = one.imported
    place = f" ({found.place})" if found.place else ""
    terminal.say(f"{found.name}: {found.source}{place}", "bold")
    terminal.say(f"  folder {found.path}, {len(one.manifests)} objects")
    for note in found.notes:
        terminal.say_wrapped(said(note), f"  {note.weight.value:<8} ", WEIGHTS[note.weight])
    if one.refusal is not None:
        terminal.say(f"  refused by {one.refusal.stage}: {one.refusal}", "bad")
    if one.compared is not None:
        _say_parity(one.compared, terminal)
        if not found.stopped:
            terminal.say("  it still deploys: suspend it before you apply, or both will fight", "warn")
    terminal.say()


def _say_parity(compared: Sequence[Compared], terminal: Terminal) -> None:
    counted = Counter(item.verdict for item in compared)
    for item in compared:
        if item.verdict is Verdict.SAME:
            continue
        note = f"  {item.note}" if item.note else ""
        terminal.say(f"  {item.verdict.value}: {item.key}{note}", STYLES.get(item.verdict, "bad"))
        for style, text in difference_lines(item.differences, {}):
            terminal.say(f"  {text}", style)
    same = counted[Verdict.SAME]
    style = "good" if same == len(compared) else "warn"
    terminal.say(f"  {same} of {len(compared)} manifests are the same, digest by digest", style)


def _say_texts(ready: Sequence[Shown], branch: str, terminal: Terminal, *, written: bool) -> None:
    if not written:
        terminal.say(f"below 'stages:' of {ENVIRONMENTS} (--write adds it):", "bold")
        for one in ready:
            terminal.say(stage_text(one.imported, branch), "dim")
    terminal.say("below 'tenant.grants:' of the agent's configuration:", "bold")
    for one in ready:
        terminal.say(grant_text(one.imported, one.reach), "dim")


def _write(clone: Clone, ready: Sequence[Shown], branch: str, terminal: Terminal) -> None:
    path = clone.root / ENVIRONMENTS
    if not path.parent.is_dir():
        raise GitwarrantError("there is no .gitwarrant/ here", remedy="make one first: gitwarrant init")
    before = path.read_bytes() if path.exists() else b""
    after = with_stages(before, [(one.imported, stage_text(one.imported, branch)) for one in ready])
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(after)
    new.replace(path)
    terminal.note(f"changed {ENVIRONMENTS}; its version in .gitwarrant/trust.yaml must grow by one", "good")


def _say_next(ready: Sequence[Shown], tool: Adoptable, terminal: Terminal) -> None:
    names = " ".join(one.imported.name for one in ready)
    stop = "flux suspend kustomization" if tool is Adoptable.FLUX else "argocd app set --sync-policy none"
    terminal.say("next:", "bold")
    terminal.say("  1. land the change of .gitwarrant/, signed, and add the grants to the agent's file")
    terminal.say(f"  2. stop the other tool: {stop} {names}")
    terminal.say(f"  3. look: gitwarrant plan {ready[0].imported.name} --cluster")
    terminal.say(f"  4. take over: gitwarrant apply {ready[0].imported.name}")
    terminal.say("  5. remove its object without what it deployed: docs/how-to/come-from-flux-or-argocd.md")


def _plain(one: Shown, branch: str) -> dict[str, object]:
    return {
        "imported": plain(one.imported),
        "objects": len(one.manifests),
        "refusal": describe(one.refusal) if one.refusal else None,
        "compared": None if one.compared is None else plain(one.compared),
        "stage": stage_text(one.imported, branch),
        "grant": grant_text(one.imported, one.reach),
    }
