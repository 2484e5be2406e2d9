"""Which cluster the demo's second act plays on. Imported only when it does."""

import argparse
import os
import shutil
from pathlib import Path

from gitwarrant.cli.terminal import Terminal
from gitwarrant.demo.configuration import NAMESPACES
from gitwarrant.demo.kubectl import Target, run_kubectl
from gitwarrant.demo.rights import AGENT
from gitwarrant.demo.stage import BUILDER, SANDBOX, Stage, build_parts
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.sandbox import find, life
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.errors import SandboxError

NEEDS_GO = """\

  Act 2 plays on a real Kubernetes API server, built from its Go modules: that needs Go 1.26 or newer
  (https://go.dev/doc/install), about 5 GB of disk and ten minutes, once. Then run this again.
  Or use a cluster of yours: gitwarrant demo --kubeconfig FILE"""


def sandbox_target(stage: Stage, terminal: Terminal) -> Target | None:
    """A fresh sandbox, its parts built first where they are missing; None where they cannot be."""
    binaries = Binaries.of(os.environ)
    try:
        found = binaries.find_all()
    except SandboxError:
        if not BUILDER.is_file():
            raise
        if shutil.which("go") is None:
            terminal.say(NEEDS_GO)
            return None
        terminal.note("\nbuilding the real parts of the second act; once")
        status = build_parts()
        if status:
            raise GitwarrantError(
                "the parts of the sandbox could not be built",
                remedy="see what it says above; then: make tools",
            ) from None
        found = binaries.find_all()
    sandbox = life.up(SANDBOX, root=stage.sandboxes, binaries=found)
    agent = find.write_credentials(SANDBOX, AGENT.name, (), root=stage.sandboxes)
    return Target(sandbox.kubeconfig, "", binaries.find("kubectl"), pods_start=True, agent=agent)


def own_cluster(arguments: argparse.Namespace, stage: Stage, terminal: Terminal) -> Target:
    """The user's own cluster, after asking; only namespaces that are not there yet are used.

    Raises:
        GitwarrantError: kubectl is missing, the user said no, or a namespace exists.
    """
    found = shutil.which("kubectl") or Binaries.of(os.environ).find("kubectl")
    if found is None:
        raise GitwarrantError("kubectl is not on PATH", remedy="install kubectl, or leave out --kubeconfig")
    target = Target(arguments.kubeconfig.absolute(), arguments.context, Path(found), pods_start=False)
    names = sorted(NAMESPACES.values())
    asked = ["get", "namespaces", *names, "--ignore-not-found", "-o", "name"]
    there = run_kubectl(target, os.environ, asked).split()
    if there:
        raise GitwarrantError(
            f"the cluster has these namespaces already: {', '.join(there)}",
            remedy="the demo uses only namespaces of its own: remove them, or use another cluster",
        )
    terminal.say(f"\n  Act 2 would create the namespaces {', '.join(names)} in the cluster of")
    terminal.say(f"  {target.kubeconfig} ({arguments.context or 'current context'}).")
    if not arguments.yes and not _agreed(terminal):
        raise GitwarrantError("nothing was done in your cluster", remedy="answer y, or give --yes")
    stage.remember(target, names)
    return target


def _agreed(terminal: Terminal) -> bool:
    terminal.note("  Go on? [y/N] ", "bold")
    try:
        return input().strip().lower() in {"y", "yes"}
    except EOFError:
        return False
