"""Flux's kustomize-controller, real and unchanged, to measure beside: no other part of Flux is needed.

source-controller is stood in for: its objects are written by hand, with the
artifact served over HTTP on loopback. Definitions of kinds come from the Go
modules that the program is built of.
"""

import asyncio
import hashlib
import io
import json
import os
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import yaml
from tools.build import TOOLS

from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection
from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.sandbox.binaries import Binaries

PROGRAM = "kustomize-controller"
DEFINITIONS = ("github.com/fluxcd/kustomize-controller@v1.9.5", "github.com/fluxcd/source-controller@v1.9.0")
"""The second does not build from the proxy, but its definitions are all that is needed of it."""
REVISION = "main@sha1:" + "1" * 40
ARGUMENTS = (
    "--metrics-addr=127.0.0.1:0",
    "--health-addr=127.0.0.1:0",
    "--enable-leader-election=false",
    "--log-level=error",
)
RAISED = ("--concurrent=20", "--kube-api-qps=500", "--kube-api-burst=1000")
"""As its operators raise them where there is much to reconcile."""
SOURCE = ("source.toolkit.fluxcd.io", "v1", "GitRepository")
KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
READY_SECONDS = 300.0
POLL_SECONDS = 0.25
CACHES_SECONDS = 5.0
"""Until its caches are filled; no part of what is measured."""


class FluxMissing(GitwarrantError):
    """The program is not built."""


def program(environ: Mapping[str, str]) -> Path:
    """Where kustomize-controller is.

    Raises:
        FluxMissing: it is nowhere.
    """
    folder = Binaries.of(environ).find_all()["kube-apiserver"].parent
    if not (folder / PROGRAM).is_file():
        raise FluxMissing(f"{PROGRAM} is not built", remedy=f"python tools/build.py {PROGRAM}")
    return folder / PROGRAM


def definitions() -> Iterator[dict[str, Any]]:
    """The definitions of Flux's kinds, from its modules."""
    for module in DEFINITIONS:
        command = ("go", "mod", "download", "-json", module)
        told = subprocess.run(command, cwd=TOOLS / "flux", capture_output=True, text=True, check=True)
        for path in sorted(Path(json.loads(told.stdout)["Dir"]).glob("config/crd/bases/*.yaml")):
            yield from yaml.safe_load_all(path.read_text())


@asynccontextmanager
async def controller(cluster: Cluster, kubeconfig: Path, *arguments: str) -> AsyncIterator[None]:
    """A running controller with its caches filled, which ends with the block."""
    for definition in definitions():
        key = ObjectKey(
            "apiextensions.k8s.io", "CustomResourceDefinition", "", definition["metadata"]["name"]
        )
        await cluster.apply(key, "v1", definition, force=True, audit_id=new_audit_id())
    with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
        process = await asyncio.create_subprocess_exec(
            program(os.environ),
            *ARGUMENTS,
            *arguments,
            cwd=folder,
            env={
                "PATH": os.defpath,
                "HOME": folder,
                "TMPDIR": folder,
                "RUNTIME_NAMESPACE": "default",
                "KUBECONFIG": str(kubeconfig),
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await asyncio.sleep(CACHES_SECONDS)
        if process.returncode is not None:
            raise FluxMissing(f"{PROGRAM} ended with {process.returncode}", remedy=f"start {PROGRAM} by hand")
        try:
            yield
        finally:
            process.kill()
            await process.wait()


@contextmanager
def served(files: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """An artifact of these files over HTTP; its status as source-controller would write it."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
        (Path(folder) / "artifact.tar.gz").write_bytes(data.getvalue())
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder))
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/artifact.tar.gz"
            yield _artifact(url, data.getvalue())
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


def _artifact(url: str, data: bytes) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Succeeded",
        "message": "stored",
        "lastTransitionTime": now,
    }
    return {
        "observedGeneration": 1,
        "conditions": [{**ready, "observedGeneration": 1}],
        "artifact": {
            "path": "artifact.tar.gz",
            "url": url,
            "revision": REVISION,
            "digest": "sha256:" + hashlib.sha256(data).hexdigest(),
            "lastUpdateTime": now,
            "size": len(data),
        },
    }


async def reconcile(
    connection: Connection, cluster: Cluster, namespace: str, files: Mapping[str, str], *, each: bool
) -> float:
    """Seconds from the moment at which Flux knows a revision until it says that all is applied and ready.

    Args:
        each: a Kustomization for each application, as teams have them; else one for all.
    """
    names = [name.partition(".")[0] for name in files]
    paths = {name: f"./{name}" for name in names} if each else {"all": "./"}
    with served({f"{name.partition('.')[0]}/{name}": text for name, text in files.items()}) as status:
        source = {"interval": "1h", "url": "https://git.example/bench"}
        await _made(cluster, SOURCE, namespace, "bench", source)
        try:
            for name, path in paths.items():
                await _kustomization(cluster, namespace, name, path)
            # It looked at each and found nothing to apply yet: so the clock starts with idle workers.
            await _until(cluster, namespace, len(paths), _looked_at)
            started = asyncio.get_running_loop().time()
            await _tell_source(connection, cluster, namespace, status)
            await _until(cluster, namespace, len(paths), _ready)
            return asyncio.get_running_loop().time() - started
        finally:
            await _forgotten(cluster, namespace)


async def _until(
    cluster: Cluster, namespace: str, count: int, holds: Callable[[Mapping[str, Any]], bool]
) -> None:
    """Wait until so many Kustomizations are there of which something holds.

    Raises:
        RuntimeError: it took too long; with how many there are, and what one of the others says.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + READY_SECONDS
    while True:
        found = [live async for live in cluster.list(*KUSTOMIZATION, namespace)]
        others = [live for live in found if not holds(live)]
        if len(found) == count and not others:
            return
        if loop.time() > until:
            said = others[0].get("status") if others else None
            done = f"{len(found) - len(others)} of {len(found)} Kustomizations ({count} wanted)"
            raise RuntimeError(
                f"Flux: after {READY_SECONDS:.0f} s {done} are {holds.__name__.strip('_')}; one: {said}"
            )
        await asyncio.sleep(POLL_SECONDS)


async def _forgotten(cluster: Cluster, namespace: str) -> None:
    """Delete the Kustomizations, and leave what they applied: a controller of a later round looks at all."""
    async for live in cluster.list(*KUSTOMIZATION, namespace):
        key = ObjectKey(KUSTOMIZATION[0], KUSTOMIZATION[2], namespace, live["metadata"]["name"])
        await cluster.delete(key, KUSTOMIZATION[1], uid=live["metadata"]["uid"], audit_id=new_audit_id())
    await _until(cluster, namespace, 0, _ready)


async def _kustomization(cluster: Cluster, namespace: str, name: str, path: str) -> None:
    spec = {
        "interval": "1h",
        "path": path,
        "prune": True,
        "deletionPolicy": "Orphan",
        "wait": True,
        "timeout": "9m",
        "sourceRef": {"kind": SOURCE[2], "name": "bench"},
    }
    await _made(cluster, KUSTOMIZATION, namespace, name, spec)


async def _tell_source(
    connection: Connection, cluster: Cluster, namespace: str, status: Mapping[str, Any]
) -> None:
    path = (await cluster.resource(*SOURCE)).path(namespace, "bench")
    headers = {"Content-Type": "application/merge-patch+json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=connection.tls)) as session:
        url = f"{connection.server}{path}/status"
        async with session.patch(url, data=orjson.dumps({"status": status}), headers=headers) as answer:
            answer.raise_for_status()


async def _made(
    cluster: Cluster, kind: tuple[str, str, str], namespace: str, own: str, spec: Mapping[str, Any]
) -> None:
    group, version, name = kind
    key = ObjectKey(group, name, namespace, own)
    content = {
        "apiVersion": f"{group}/{version}",
        "kind": name,
        "metadata": {"name": key.name, "namespace": namespace},
        "spec": spec,
    }
    await cluster.apply(key, version, content, force=True, audit_id=new_audit_id())


def _conditions(live: Mapping[str, Any]) -> dict[str, str]:
    status = live.get("status") or {}
    return {item["type"]: item["status"] for item in status.get("conditions") or ()}


def _looked_at(live: Mapping[str, Any]) -> bool:
    return _conditions(live).get("Ready") == "False"


def _ready(live: Mapping[str, Any]) -> bool:
    status = live.get("status") or {}
    return status.get("lastAppliedRevision") == REVISION and _conditions(live).get("Ready") == "True"
