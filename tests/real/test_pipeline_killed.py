"""kill -9 at any point of a deploy, start again: it converges, and no write came before its record."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.support import killed as killing
from tests.support.audited import settled, unrecorded
from tests.support.cluster_workshop import now
from tests.support.deployers import SOURCE, Deployer, config_map, open_deployer

from gitwarrant.audit.log import Log
from gitwarrant.audit.queries import inventory, pending_intents
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

LAST = 15
"""No deploy here has as many records: a run that is to die there ends by itself."""
WARRANTED = 4
"""Up to here a deploy only judges; from here on, what happened before a record and after it differs."""
POINTS = [
    *(("after", number) for number in range(1, LAST + 1)),
    *(("before", number) for number in range(WARRANTED, LAST)),
]


def kill(deployer: Deployer, points: list[tuple[str, str, int]]) -> dict[str, str]:
    """Run `apply` once for each (environment, when, number of the record); how each run ended."""
    config = deployer.command()[-1]
    named = [f"{environment}:{when}:{number}" for environment, when, number in points]
    done = subprocess.run(
        [sys.executable, killing.__file__, config, *named],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    ended = [line.split(" ") for line in done.stderr.splitlines() if line.startswith(tuple(named))]
    return {point: end for point, end in ended if point}


def live(deployer: Deployer, keys: list[ObjectKey]) -> dict[ObjectKey, str]:
    """The uid of each object; empty where there is none."""

    async def ask() -> dict[ObjectKey, str]:
        async with Cluster(from_kubeconfig(deployer.kubeconfig, environment={})) as cluster:
            found = {key: await cluster.get(key, "v1") for key in keys}
            return {key: item["metadata"]["uid"] if item else "" for key, item in found.items()}

    return asyncio.run(ask())


def data_of(deployer: Deployer, environment: str, name: str) -> Mapping[str, str] | None:
    async def ask() -> Mapping[str, str] | None:
        async with Cluster(from_kubeconfig(deployer.kubeconfig, environment={})) as cluster:
            item = await cluster.get(ObjectKey("", "ConfigMap", deployer.namespace(environment), name), "v1")
            return item["data"] if item else None

    return asyncio.run(ask())


def converged(deployer: Deployer, names: list[str], objects: frozenset[str], cluster: Sandbox) -> None:
    """Assert that each environment has exactly these objects, owned by uid, with nothing left open."""
    for name in names:
        with Log(deployer.state / "log.sqlite", now, read_only=True) as log:
            owned = {entry.key: entry.uid for entry in inventory(log, name)}
            assert pending_intents(log, name) == ()
        assert {key.name.removeprefix(f"{deployer.prefix}-") for key in owned} == {name, *objects}, name
        assert live(deployer, list(owned)) == owned, name
        completed = deployer.records(RecordKind.APPLY_COMPLETED, environment=name)
        assert completed[-1].body["complete"] is True
    records = deployer.records()
    intents = [record for record in records if record.kind is RecordKind.APPLIED]
    written = settled(cluster.audit_log, deployer.prefix, expected=len(intents))
    assert written
    assert unrecorded(written.values(), records) == []


def test_a_deploy_killed_at_every_record_converges(cluster: Sandbox, tmp_path: Path) -> None:
    """First at every record of a first deploy, then at every record of a change that also deletes.

    Each point has an environment of its own, so that none finds what another
    left. One run of the agent's loop then takes all of them up.
    """
    names = [f"e{number}" for number in range(len(POINTS))]
    files = {f"{name}/gone.yaml": config_map("gone", at="1") for name in names}
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=names, files=files)

    ends = kill(deployer, [(name, *point) for name, point in zip(names, POINTS, strict=True)])
    beyond = [record.kind for record in deployer.records(environment=names[LAST - 1])]
    deployer.loop()

    assert beyond[-1] is RecordKind.APPLY_COMPLETED  # so the points cover a deploy to its end
    assert sorted(set(ends.values())) == ["0", "killed"]
    converged(deployer, names, frozenset({"web", "gone"}), cluster)

    edits: dict[str, str | None] = {f"{name}/gone.yaml": None for name in names}
    edits |= {f"{name}/web.yaml": config_map("web", mode="changed") for name in names}
    deployer.land(edits)
    ends = kill(deployer, [(name, *point) for name, point in zip(names, POINTS, strict=True)])
    deployer.loop()

    assert sorted(set(ends.values())) == ["0", "killed"]
    converged(deployer, names, frozenset({"web"}), cluster)
    for name in names:
        assert data_of(deployer, name, "web") == {"mode": "changed"}
        assert data_of(deployer, name, "gone") is None


def test_a_deploy_killed_from_outside_at_any_moment_converges(cluster: Sandbox, tmp_path: Path) -> None:
    """The command's own process gets SIGKILL as soon as its log has so many records, wherever it is then."""
    names = ["a", "b"]
    files = {f"{name}/c{item}.yaml": config_map(f"c{item}", at="1") for name in names for item in range(8)}
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=names, files=files)
    ends = []
    for name, number in zip(names, (6, 13), strict=True):
        reached = deployer.count() + number
        with deployer.start("apply", name) as process:
            while deployer.count() < reached and process.poll() is None:
                time.sleep(0.001)
            process.kill()
            process.communicate()
            ends.append(process.returncode)

    again = [deployer.here("apply", name).status for name in names]

    assert ends == [-9] * len(names)
    assert again == [0] * len(names)
    converged(deployer, names, frozenset({"web", *(f"c{item}" for item in range(8))}), cluster)
