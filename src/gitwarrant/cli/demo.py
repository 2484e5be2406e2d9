"""`gitwarrant demo`: play the acts."""

import argparse
import os
import sys
import time
from pathlib import Path

from gitwarrant.cli.terminal import Terminal
from gitwarrant.demo.act_one import act_one
from gitwarrant.demo.stage import Stage, default_folder
from gitwarrant.demo.story import Shop


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Play the acts; anything an earlier demo left is ended first."""
    stage = Stage(arguments.folder or default_folder(os.environ))
    if arguments.down:
        was = stage.end(os.environ)
        terminal.say("the demo has ended, and nothing is left of it" if was else "there is no demo to end")
        terminal.result({"ended": was})
        return 0
    stage.end(os.environ)
    begun = time.monotonic()
    shop, head = act_one(stage.shop, terminal.say)
    terminal.say(f"\n  Act 1 took {time.monotonic() - begun:.1f} s.", "dim")
    if arguments.no_cluster:
        terminal.result({"act_one": {"approved": head, "attacks_refused": 2}})
        terminal.say("  The story's repository: " + str(shop.forge.clone), "dim")
        return 0
    return _second_act(arguments, terminal, stage, shop)


def _second_act(arguments: argparse.Namespace, terminal: Terminal, stage: Stage, shop: Shop) -> int:
    from gitwarrant.cli.demo_cluster import own_cluster, sandbox_target  # noqa: PLC0415 - needs 'cluster'
    from gitwarrant.demo.act_two import act_two, commands_to_try  # noqa: PLC0415

    own = arguments.kubeconfig is not None
    target = own_cluster(arguments, stage, terminal) if own else sandbox_target(stage, terminal)
    if target is None:
        return 0
    begun = time.monotonic()
    act_two(shop, target, os.environ, terminal.say)
    configuration = shop.agent_file("agent")
    stage.start_agent(configuration, os.environ)
    terminal.say(
        f"\n  Act 2 took {time.monotonic() - begun:.1f} s. The agent goes on. Five things to try:", "dim"
    )
    for what, command in commands_to_try(configuration, target, _program(), stage.agent_log):
        terminal.say(f"\n  # {what}", "dim")
        terminal.say(f"  {command}", "bold")
    terminal.say(f"\n  Remove it all: {_program()} demo --down", "dim")
    terminal.result({"configuration": str(configuration), "kubeconfig": str(target.kubeconfig)})
    return 0


def _program() -> str:
    """How this very command was called, so that what is printed can be typed."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "gitwarrant" else f"{sys.executable} -m gitwarrant"
