"""Measure what gitwarrant costs, each figure beside its limit or its peer in the same run.

    python -m bench [--only NAME] [--kubeconfig FILE] [--full] [--json]

About a minute and a half in all. What cannot be measured here says why.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from bench import apply, health, push, signatures, startup, steady, verdicts, yaml_read
from bench.figure import Figure, duration, most, rate
from gitwarrant.model.errors import GitwarrantError

COMMITS = 1000
HEALTH_ROUNDS = 20_000
YAML_ROUNDS, YAML_GOAL = 15, 2
APPLY_ROUNDS = 5
PUSH_SIZES, FULL_SIZE, PUSHES = (100, 10_000), 100_000, 20
"""Objects in a repository, and pushes to each of them."""


def of_startup(_arguments: argparse.Namespace) -> Iterator[Figure]:
    """Help and a check, from nothing to their end."""
    measured = startup.measure()
    nothing = (startup.NOTHING, measured[startup.NOTHING])
    slowest = startup.slowest_help(measured)
    yield duration(startup.HELP, measured[startup.HELP], nothing, limit=startup.HELP_MS)
    yield duration(f"slowest: {slowest}", measured[slowest], nothing, limit=startup.HELP_MS)
    yield duration(startup.CHECK, measured[startup.CHECK], nothing, limit=startup.CHECK_MS)


def of_signatures(_arguments: argparse.Namespace) -> Iterator[Figure]:
    """Signed commits verified, in three depths."""
    chain = signatures.history(COMMITS)
    with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
        git = signatures.by_git(chain, Path(folder))
    # Git answers what the first two do; rules and approvals it knows nothing of, so they have no goal.
    for measured, goal in (
        (signatures.signatures, signatures.GOAL),
        (signatures.authors, signatures.GOAL),
        (signatures.everything, 0),
    ):
        row = measured(chain)
        yield rate(row.name, "commits/s", row.rate, (git.name, git.rate), times=goal)


def of_verdicts(_arguments: argparse.Namespace) -> Iterator[Figure]:
    """A long history at the second look, beside the first."""
    with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
        first, second, one, _ = verdicts.rows(COMMITS, Path(folder) / "verdicts")
    before = (first.name, first.commits / first.seconds)
    for row in (second, one):
        name = f"verify, {row.name} ({row.signatures} signatures)"
        yield rate(name, "commits/s", row.commits / row.seconds, before)


def of_yaml(_arguments: argparse.Namespace) -> Iterator[Figure]:
    """Manifests read."""
    for name, files in yaml_read.inputs().items():
        read = yaml_read.measure(name, files, YAML_ROUNDS)
        ours, theirs = (read.size / seconds / 1_000_000 for seconds in (read.ours, read.theirs))
        yield rate(name, "MB/s", ours, ("CSafeLoader", theirs), times=YAML_GOAL)


def of_health(_arguments: argparse.Namespace) -> Iterator[Figure]:
    """Objects judged."""
    for how, (group, kind) in health.KINDS.items():
        row = health.measure(group, kind, HEALTH_ROUNDS)
        yield rate(f"health, {how}", "verdicts/s", row, ("wanted", health.GOAL), times=1)


def of_apply(arguments: argparse.Namespace) -> Iterator[Figure]:
    """Applications deployed, beside raw server-side apply and beside Flux."""
    sides = apply.sides()
    with apply.api_server(arguments.kubeconfig) as kubeconfig:
        seconds = asyncio.run(apply.measure(kubeconfig, apply.APPLICATIONS, APPLY_ROUNDS, sides))
    found = apply.ratios(seconds)
    for side, limit in apply.LIMITS.items():
        yield most(f"{apply.NAMES[side]}, {4 * apply.APPLICATIONS} objects", "x raw", found[side], limit)
    slower = apply.ratios(seconds, "whole")
    for side, name in apply.FLUX.items():
        if side in slower:
            # How many times faster was asked of Flux as teams have it; the rest is to know.
            goal, wanted = int(side == "flux"), ("wanted", apply.FASTER_THAN_FLUX)
            yield rate(f"whole beside {name}", "x", slower[side], wanted, times=goal)


def of_steady(arguments: argparse.Namespace) -> Iterator[Figure]:
    """What an agent costs while nothing happens."""
    with (
        apply.api_server(arguments.kubeconfig) as kubeconfig,
        tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder,
    ):
        found = steady.measure(
            kubeconfig, Path(folder), objects=arguments.objects, seconds=60 * arguments.minutes
        )
    print(steady.as_json(found), file=sys.stderr, flush=True)
    name = f"steady, {found.objects} objects"
    yield most(f"{name}: calls", "calls", found.loud, 0)
    yield most(f"{name}: CPU", "% of a core", found.cpu_percent, steady.CPU_LIMIT)
    yield most(f"{name}: memory", "MB", found.rss, steady.RSS_LIMIT)
    yield most("slowest edit told", "ms", max(found.told_ms), steady.TOLD_LIMIT_MS)


def of_push(arguments: argparse.Namespace) -> Iterator[Figure]:
    """A push of one line, from seen to applied, by the repository's size."""
    sizes = (*PUSH_SIZES, FULL_SIZE) if arguments.full else PUSH_SIZES
    with apply.api_server(arguments.kubeconfig) as kubeconfig:
        found = list(push.run(kubeconfig, sizes, PUSHES))
    for one in found:
        starts = f"first start {one.first:.1f} s, a new process {one.again:.1f} s"
        told = f"push, {one.objects} objects: {one.median_cpu:.0f} ms of processor time a push, {starts}"
        print(told, file=sys.stderr, flush=True)
        yield most(f"push, {one.objects} objects", "ms", one.median, push.LIMIT_MS)
    yield most("push, largest beside smallest", "x", found[-1].median / found[0].median, push.MOST)


BENCHES: Mapping[str, Callable[[argparse.Namespace], Iterator[Figure]]] = {
    "startup": of_startup,
    "signatures": of_signatures,
    "verdicts": of_verdicts,
    "yaml": of_yaml,
    "health": of_health,
    "apply": of_apply,
    "push": of_push,
    "steady": of_steady,
}


def main() -> int:
    """Measure and print."""
    arguments = _arguments()
    figures: list[Figure] = []
    skipped: dict[str, str] = {}
    for name in arguments.only or BENCHES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            figures += BENCHES[name](arguments)
        except GitwarrantError as error:
            skipped[name] = str(error)
    if arguments.json:
        print(json.dumps({"figures": [asdict(figure) for figure in figures], "skipped": skipped}, indent=2))
    else:
        show(figures, skipped)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure gitwarrant, each figure beside its limit or its peer in the same run.",
    )
    named = f"one of {', '.join(BENCHES)}; may be repeated (default: all)"
    parser.add_argument("--only", action="append", choices=tuple(BENCHES), metavar="NAME", help=named)
    parser.add_argument("--kubeconfig", help="a cluster to apply to (default: a sandbox of its own)")
    parser.add_argument("--minutes", type=float, default=1, help="how long to look at a steady agent")
    parser.add_argument("--objects", type=int, default=steady.OBJECTS, help="of the steady environment")
    parser.add_argument(
        "--full", action="store_true", help=f"push: with {FULL_SIZE:,} objects, too; takes an hour"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    return parser.parse_args()


def show(figures: list[Figure], skipped: Mapping[str, str]) -> None:
    """One table, and below it what could not be measured."""
    print(f"{'':<34}{'gitwarrant':>11}{'beside':>10}  {'':<32}{'ratio':>7}  target")
    for figure in figures:
        beside = f"{figure.unit}, {figure.peer_name}"
        verdict = {True: "met", False: "MISSED", None: ""}[figure.met]
        numbers = f"{figure.ours:>11,.1f}{figure.peer:>10,.1f}  {beside:<32}{figure.ratio:>7.2f}"
        print(f"{figure.name:<34}{numbers}  {figure.target:<10} {verdict}".rstrip())
    for name, reason in skipped.items():
        print(f"{name} was not measured: {reason}")


if __name__ == "__main__":
    sys.exit(main())
