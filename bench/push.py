"""How long a push of one line takes to be applied, in repositories of very different sizes.

Everything is real: a Git server with signed commits and signed approvals, the
log, the warrant, the API server. The clock runs from the moment at which a push
was seen (the fetch begins) to the record that says it was applied; what the
people do before, and what the Git server does with their push, is not counted.
"""

import asyncio
import gc
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml
from tests.support.deployers import Deployer, environments_file, open_deployer, trust_file

from gitwarrant.cluster.client import Cluster
from gitwarrant.demo.forge import run_git
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import Delivery, open_delivery
from gitwarrant.pipeline.deploy import Deployment, deploy

ENVIRONMENT = "production"
FILES_IN_FOLDER = 100
LIMIT_MS, MOST = 500.0, 1.5
"""Of every size; and how many times the smallest's time the largest's may be."""


@dataclass(frozen=True, slots=True)
class Pushes:
    """What was measured with one repository, in seconds."""

    objects: int
    first: float
    """From nothing: every file is read, every object is written."""
    again: float
    """A new process: nothing in memory, everything as it was."""
    pushes: tuple[float, ...]
    cpu: tuple[float, ...]
    """Processor time of this process for each of them: what other processes on the machine do not change."""

    @property
    def median(self) -> float:
        """Milliseconds that a push takes to be applied."""
        return statistics.median(self.pushes) * 1000

    @property
    def median_cpu(self) -> float:
        """Milliseconds of processor time."""
        return statistics.median(self.cpu) * 1000


def path_of(number: int) -> str:
    """Where an object is declared: at most a hundred files or folders in one folder."""
    unit, file = divmod(number, FILES_IN_FOLDER)
    return f"{ENVIRONMENT}/{unit // FILES_IN_FOLDER:02}/{unit % FILES_IN_FOLDER:02}/{file:02}.yaml"


def config_map(number: int, level: str) -> str:
    """One object of a usual size, as people write it."""
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{number:06}\n"
        f"  labels: {{app: shop, part: p{number:06}}}\n"
        f"data:\n  level: {level}\n  url: https://shop-{number:06}.example/\n  timeout: 30s\n"
    )


def repository(folder: Path, kubeconfig: Path, objects: int) -> Deployer:
    """A repository of so many objects in which every change needs a signature and an approval.

    Its clone has no files, only an index: a work tree of a hundred thousand is slow to no purpose.
    """
    shop = open_deployer(folder, kubeconfig=kubeconfig, environments=(ENVIRONMENT,))
    bounds = {"max_objects": max(1000, objects + 10)}
    rule = {"path": "*", "change": ["shop-team", "platform-team"], "approvals": 1, "from": ["platform-team"]}
    files = {
        ".gitwarrant/rules.yaml": yaml.safe_dump([rule]),
        ".gitwarrant/environments.yaml": environments_file(shop.prefix, [ENVIRONMENT], bounds=bounds),
        ".gitwarrant/trust.yaml": trust_file(2),
        f"{ENVIRONMENT}/web.yaml": "",
    }
    files |= {path_of(number): config_map(number, "info") for number in range(objects)}
    shop.trusted_at = _import(shop.forge.clone, files)
    shop.settings["root"]["trusted_at"] = shop.trusted_at
    run_git(shop.forge.clone, "read-tree", "HEAD")
    shop.forge.push()
    return shop


def _import(clone: Path, files: Mapping[str, str]) -> str:
    """Commit so many files at once; nobody judges the commit that is trusted from outside."""
    told = ["commit refs/heads/main", "committer Grace <grace@shop.example> now", "data 5", "Found"]
    told += ["from refs/heads/main^0"]
    for path, text in files.items():
        told += [f"M 644 inline {path}", f"data {len(text.encode())}", text]
    command = ["git", "fast-import", "--quiet", "--date-format=now"]
    subprocess.run(command, cwd=clone, input="\n".join([*told, ""]).encode(), check=True)
    return run_git(clone, "rev-parse", "HEAD")


async def measure(shop: Deployer, objects: int, rounds: int) -> Pushes:
    """Start, start again, then push one line so often."""
    agent = shop.agent()
    async with Cluster(shop.connection(ENVIRONMENT)) as cluster:
        with open_delivery(agent, _now) as work:
            first, _ = await _timed(work, cluster)
        with open_delivery(agent, _now) as work:
            again, _ = await _timed(work, cluster)
            pushes = []
            for number in range(rounds + 1):
                _push(shop, number * 37 % objects, f"level-{number}")
                pushes.append(await _timed(work, cluster))
    walls, processor = zip(*pushes[1:], strict=True)
    return Pushes(objects, first, again, walls, processor)


def _push(shop: Deployer, number: int, level: str) -> None:
    """Ada changes one line, grace accepts it."""
    clone, before = shop.forge.clone, run_git(shop.forge.clone, "rev-parse", "HEAD")
    text = shop.folder / "text.yaml"
    text.write_text(config_map(number, level))
    blob = run_git(clone, "hash-object", "-w", str(text))
    run_git(clone, "update-index", "--cacheinfo", f"100644,{blob},{path_of(number)}")
    tree = run_git(clone, "write-tree")
    commit = run_git(clone, "commit-tree", "-S", "-p", before, "-m", level, tree, person=shop.ada)
    run_git(clone, "update-ref", "refs/heads/main", commit)
    shop.forge.push()
    shop.approve(before, commit)


async def _timed(work: Delivery, cluster: Cluster) -> tuple[float, float]:
    """Seconds of the clock, and of this process's processor time."""
    gc.collect()  # what building the repository left is not the agent's
    started, processor = time.perf_counter(), time.process_time()
    done = await push_to_applied(work, cluster)
    taken = time.perf_counter() - started, time.process_time() - processor
    if done.applied is not None and not done.applied.complete:
        raise RuntimeError(f"not everything was applied: {done.applied}")
    return taken


async def push_to_applied(work: Delivery, cluster: Cluster) -> Deployment:
    """What the agent does when it hears of a push."""
    judgement = examine(work, candidate(work, ENVIRONMENT))
    return await deploy(work, judgement, cluster)


def run(kubeconfig: Path, sizes: Sequence[int], rounds: int) -> Iterator[Pushes]:
    """Measure each size with a repository, a state folder and a namespace of its own."""
    for objects in sizes:
        with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
            shop = repository(Path(folder), kubeconfig, objects)
            yield asyncio.run(measure(shop, objects, rounds))


def _now() -> datetime:
    return datetime.now(UTC)
