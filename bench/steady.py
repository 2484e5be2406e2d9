"""What an agent costs while nothing happens, and how soon it tells an edit.

Everything is real: `gitwarrant run` as a process of its own, a Git server, the
log, the API server. The environment is deployed first, and the agent started
anew; measuring begins when it said that everything is healthy. What the API
server was asked comes from the agent's own counts (`--metrics`).
"""

import asyncio
import json
import os
import random
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import yaml
from tests.support.cluster_workshop import Workshop
from tests.support.deployers import Deployer, environments_file, namespace, open_deployer

from gitwarrant.cluster.client import Cluster
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.sandbox.ports import free_port

ENVIRONMENT = "production"
OBJECTS = 10_000
IN_APPLICATION, IN_FOLDER = 4, 100
START_SECONDS, TOLD_SECONDS = 1800.0, 30.0
CALM_SECONDS, CALM_LIMIT = 15.0, 300.0  # so long nothing is asked: what the first looks stirred came to rest
EDITS = 20
CPU_LIMIT, RSS_LIMIT, TOLD_LIMIT_MS = 1.0, 250.0, 1000.0
"""Percent of a core, megabytes, and milliseconds from an edit to its drift told."""
QUIET = frozenset({"watch"})
"""Verbs that a steady environment may ask for."""
COUNT = re.compile(
    r'^gitwarrant_api_requests_total\{code="\d+",verb="(?P<verb>[^"]+)"\} (?P<count>\S+)$', re.MULTILINE
)
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Steady:
    """What was measured."""

    objects: int
    seconds: float
    deploy_seconds: float
    start_seconds: float
    """From the agent's start until it saw everything healthy."""
    cpu_percent: float
    git_percent: float
    """Of the programs that the agent starts each round."""
    rss: float
    peak: float
    """Megabytes now, and the most since it started."""
    calls: dict[str, int]
    told_ms: tuple[float, ...]

    @property
    def loud(self) -> int:
        """Calls that a steady environment should not make."""
        return sum(count for verb, count in self.calls.items() if verb not in QUIET)


@dataclass
class Agent:
    """A running `gitwarrant run`, its lines with the times at which they came."""

    process: "subprocess.Popen[str]"
    port: int
    lines: list[tuple[float, str]] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def read(self) -> None:
        for line in self.process.stdout or ():
            with self.more:
                self.lines.append((time.monotonic(), line))
                self.more.notify_all()

    def told(self, text: str, *, since: float, seconds: float) -> float:
        """When a line with this text came."""
        until, seen = time.monotonic() + seconds, 0
        with self.more:
            while True:
                for at, line in self.lines[seen:]:
                    if at >= since and text in line:
                        return at
                seen = len(self.lines)
                left = until - time.monotonic()
                if left <= 0 or self.process.poll() is not None:
                    last = "".join(line for _, line in self.lines[-5:])
                    raise GitwarrantError(
                        f"the agent did not say {text!r}; it said:\n{last}", remedy="look why"
                    )
                self.more.wait(min(left, 1.0))

    def calls(self) -> Counter[str]:
        """Requests by verb since it started."""
        with urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            text = answer.read().decode()
        found: Counter[str] = Counter()
        for match in COUNT.finditer(text):
            found[match["verb"]] += int(float(match["count"]))
        return found

    def calm(self) -> None:
        """Wait until it asks for nothing but watches.

        Raises:
            GitwarrantError: it never does.
        """
        until = time.monotonic() + CALM_LIMIT
        while time.monotonic() < until:
            before = self.calls()
            time.sleep(CALM_SECONDS)
            if set(self.calls() - before) <= QUIET:
                return
        raise GitwarrantError("the agent does not come to rest", remedy="see what it asks for: --metrics")

    def cpu(self) -> tuple[float, float]:
        """Seconds of CPU: its own, and of children that ended."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        own, children = (int(fields[place]) + int(fields[place + 1]) for place in (11, 13))
        return own / TICKS, children / TICKS

    def memory(self) -> tuple[float, float]:
        """Megabytes in memory, and the most there ever were."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        rss, peak = (
            int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1])  # type: ignore[index]  # always there
            for name in ("VmRSS", "VmHWM")
        )
        return rss / 1024, peak / 1024


def repository(folder: Path, kubeconfig: Path, objects: int, interval: int) -> Deployer:
    """A repository of applications of four objects each."""
    shop = open_deployer(
        folder, kubeconfig=kubeconfig, environments=(ENVIRONMENT,), files=dict(_files(objects))
    )
    bounds = {"max_objects": objects + 10}
    shop.settings["interval"] = f"{interval}s"
    settings: dict[str, Any] = {"bounds": bounds, "drift": "report"}
    files = {
        ".gitwarrant/environments.yaml": environments_file(shop.prefix, [ENVIRONMENT], **settings),
        f"{ENVIRONMENT}/namespace.yaml": namespace(shop.namespace(ENVIRONMENT)),
    }
    shop.trusted_at = shop.land(dict(files), by="grace")
    shop.settings["root"]["trusted_at"] = shop.trusted_at
    return shop


def _files(objects: int) -> Iterator[tuple[str, str]]:
    for number in range(objects // IN_APPLICATION):
        manifests = list(_application(f"app-{number:05}"))
        yield f"{ENVIRONMENT}/{number // IN_FOLDER:03}/app-{number:05}.yaml", yaml.safe_dump_all(manifests)


def _application(name: str) -> Iterator[dict[str, Any]]:
    """Four objects that no controller works on for long: filling the cluster is not what is measured."""
    labels = {"app": name}
    data = {"level": "info", "url": f"https://{name}.example/", "timeout": "30s"}
    listed: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("ServiceAccount", name, {}),
        ("ConfigMap", name, {"data": data}),
        ("ConfigMap", f"{name}-more", {"data": data}),
        ("Service", name, {"spec": {"selector": labels, "ports": [{"port": 80}], "clusterIP": "None"}}),
    )
    for kind, called, fields in listed:
        yield {"apiVersion": "v1", "kind": kind, "metadata": {"name": called, "labels": labels}, **fields}


@contextmanager
def running(shop: Deployer) -> Iterator[Agent]:
    """The agent as a process of its own."""
    port = free_port(random.SystemRandom())
    with shop.start("run", "--output", "json", "--metrics", str(port), bufsize=1) as process:
        agent = Agent(process, port)
        reader = threading.Thread(target=agent.read, daemon=True)
        reader.start()
        try:
            yield agent
        finally:
            process.terminate()
            process.wait(30)
            reader.join(5)


def measure(
    kubeconfig: Path, folder: Path, *, objects: int = OBJECTS, seconds: float, interval: int = 30
) -> Steady:
    """Deploy, start the agent anew, let it be for so long, then edit some objects.

    Raises:
        GitwarrantError: the agent did not do what is to be measured.
    """
    shop = repository(folder, kubeconfig, objects, interval)
    began = time.monotonic()
    with shop.start("apply", ENVIRONMENT, "--output", "json") as deployed:
        out, err = deployed.communicate()
    if deployed.returncode:
        raise GitwarrantError(f"nothing was deployed: {out[-500:]} {err[-500:]}", remedy="look why")
    deploy_seconds = time.monotonic() - began
    with running(shop) as agent:
        started = time.monotonic()
        healthy = agent.told("everything is healthy", since=started - 5, seconds=START_SECONDS)
        agent.calm()
        calls, cpu, begun = agent.calls(), agent.cpu(), time.monotonic()
        time.sleep(seconds)
        taken, after, cpu_after = time.monotonic() - begun, agent.calls(), agent.cpu()
        (rss, peak), own, git = agent.memory(), cpu_after[0] - cpu[0], cpu_after[1] - cpu[1]
        told = asyncio.run(_edit(shop, agent, objects))
    return Steady(
        objects,
        taken,
        deploy_seconds,
        healthy - started,
        100 * own / taken,
        100 * git / taken,
        rss,
        peak,
        dict(after - calls),
        tuple(told),
    )


async def _edit(shop: Deployer, agent: Agent, objects: int) -> list[float]:
    """Milliseconds from each edit's answer to its drift told."""
    chance, told = random.Random(objects), []  # noqa: S311 - which object does not matter
    async with Cluster(shop.connection(ENVIRONMENT)) as cluster:
        workshop = Workshop(cluster, shop.namespace(ENVIRONMENT))
        for number in chance.sample(range(objects // IN_APPLICATION), min(EDITS, objects // IN_APPLICATION)):
            name = f"app-{number:05}"
            key = ObjectKey("", "ConfigMap", workshop.namespace, name)
            item = Manifest(key, "v1", {}, Place(""), 0, ())
            began = time.monotonic()
            await workshop.patch(item, {"data": {"level": "debug"}})
            at = await asyncio.to_thread(agent.told, f"drift: {key}", since=began, seconds=TOLD_SECONDS)
            told.append(1000 * (at - began))
            await asyncio.sleep(chance.random() / 4)
    return told


def as_json(steady: Steady) -> str:
    """Everything that was measured, on one line."""
    return json.dumps({name: getattr(steady, name) for name in Steady.__slots__})
