"""`gitwarrant drift`: compare the cluster with what was warranted."""

import argparse
import asyncio
from contextlib import nullcontext

from gitwarrant.cli.configured import working
from gitwarrant.cli.drift_words import say_drift, say_explained, say_proposal, say_rules, say_sums
from gitwarrant.cli.reaching import deployed, reach
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.canonical import plain
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.live import Observation
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery, alone
from gitwarrant.pipeline.deploy import watch
from gitwarrant.pipeline.excuses import rules_in_force
from gitwarrant.pipeline.proposing import proposed


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Show drift and health."""
    with working(arguments) as work:
        stands = deployed(work, arguments.environment)
        seen = asyncio.run(_watch(work, stands, arguments))
        rules = rules_in_force(stands.environment, work.now()) if arguments.explain else ()
        wanted = arguments.propose or arguments.write
        proposal = proposed(work, stands, seen.drifts) if wanted else None
    explained = {"rules": plain(rules)} if arguments.explain else {}
    terminal.result({**plain(seen), **explained, **({"proposal": plain(proposal)} if proposal else {})})
    for drift in seen.drifts:
        say_drift(drift, reverted=drift.key in seen.reverted, terminal=terminal)
    if arguments.explain:
        say_explained(seen.explained, terminal)
        say_rules(rules, stands.environment, {item.key.typed for item in seen.health}, terminal)
    if proposal:
        say_proposal(proposal, arguments.write, terminal)
    say_sums(seen, terminal)
    return 1 if any(drift.key not in seen.reverted for drift in seen.drifts) else 0


async def _watch(work: Delivery, stands: Standing, arguments: argparse.Namespace) -> Observation:
    mode = DriftMode.REVERT if arguments.revert else DriftMode.REPORT
    # Putting back is deploying, so it is done alone; looking is not.
    with alone(work.agent.state) if mode is DriftMode.REVERT else nullcontext():
        async with reach(work, stands.environment.name) as cluster:
            return await watch(work, stands, cluster, mode=mode, explain=arguments.explain)
