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
from collections.abc import AsyncIterator, Iterator, Mapping
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
SOURCE = ("source.toolkit.fluxcd.io", "v1", "GitRepository")
KUSTOMIZATION = ("kustomize.toolkit.fluxcd.io", "v1", "Kustomization")
READY_SECONDS = 600.0
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
        keys = [await _kustomization(cluster, namespace, name, path) for name, path in paths.items()]
        source = {"interval": "1h", "url": "https://git.example/bench"}
        await _made(cluster, SOURCE, namespace, "bench", source)
        loop = asyncio.get_running_loop()
        started = loop.time()
        await _tell_source(connection, cluster, namespace, status)
        for key in keys:
            while not _ready(live := await cluster.get(key, "v1") or {}):
                if loop.time() - started > READY_SECONDS:
                    raise RuntimeError(f"Flux was not ready: {live.get('status')}")
                await asyncio.sleep(0.05)
        return loop.time() - started


async def _kustomization(cluster: Cluster, namespace: str, name: str, path: str) -> ObjectKey:
    spec = {
        "interval": "1h",
        "path": path,
        "prune": True,
        "wait": True,
        "timeout": "9m",
        "sourceRef": {"kind": SOURCE[2], "name": "bench"},
    }
    return await _made(cluster, KUSTOMIZATION, namespace, name, spec)


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
) -> ObjectKey:
    group, version, name = kind
    key = ObjectKey(group, name, namespace, own)
    content = {
        "apiVersion": f"{group}/{version}",
        "kind": name,
        "metadata": {"name": key.name, "namespace": namespace},
        "spec": spec,
    }
    await cluster.apply(key, version, content, force=True, audit_id=new_audit_id())
    return key


def _ready(live: Mapping[str, Any]) -> bool:
    status = live.get("status") or {}
    return status.get("lastAppliedRevision") == REVISION and any(
        item["type"] == "Ready" and item["status"] == "True" for item in status.get("conditions") or ()
    )
