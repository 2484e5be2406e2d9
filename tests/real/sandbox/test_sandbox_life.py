"""The sandbox on the real parts: it starts, restarts, survives, and leaves nothing."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from tests.support.audited import whole_lines

from gitwarrant.sandbox import find, life, logs
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.find import Sandbox
from gitwarrant.sandbox.folder import Folder, Settings, folder_of, write_settings
from gitwarrant.sandbox.process import Process, identify, is_alive, send
from gitwarrant.sandbox.state import PartState, State, read_state, write_state

pytestmark = pytest.mark.real

Start = Callable[[str], Sandbox]


@pytest.fixture(scope="session")
def binaries() -> Mapping[str, Path]:
    try:
        return Binaries.of(os.environ).find_all()
    except SandboxError as error:
        pytest.skip(str(error))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sandboxes"


@pytest.fixture
def folder(root: Path) -> Folder:
    """The folder of a sandbox that does not run."""
    folder = folder_of("one", root)
    folder.path.mkdir(parents=True)
    return folder


@pytest.fixture
def start(root: Path, binaries: Mapping[str, Path]) -> Iterator[Start]:
    """Start a sandbox under this test's root; whatever it started is ended after it."""
    yield lambda name: life.up(name, root=root, binaries=binaries)
    for name in find.names(root):
        life.down(name, root=root)


def kubectl(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = Binaries.of(os.environ).find("kubectl")
    if program is None:
        pytest.skip("kubectl is missing; build it with: make tools")
    return subprocess.run(
        [program, "--kubeconfig", kubeconfig, *arguments], capture_output=True, text=True, check=False
    )


def state_of(sandbox: Sandbox) -> State:
    state = read_state(sandbox.folder)
    assert state is not None
    return state


def state_by_name(sandbox: Sandbox) -> dict[str, PartState]:
    return {part.name: part for part in state_of(sandbox).parts}


def process_of(sandbox: Sandbox, part: str) -> Process:
    process = state_by_name(sandbox)[part].process
    assert process is not None
    return process


def runs_anew(sandbox: Sandbox, part: str, killed: Process) -> bool:
    state = state_by_name(sandbox)[part]
    return state.running and state.process != killed


def eventually(holds: Callable[[], bool], seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_up_gives_a_cluster_and_down_leaves_neither_process_nor_file(start: Start, root: Path) -> None:
    """Nodes are Ready, a Pod gets to run; afterwards even the folders made for it are gone."""
    sandbox = start("one")

    nodes = kubectl(sandbox.kubeconfig, "get", "nodes", "--no-headers").stdout
    kubectl(sandbox.kubeconfig, "create", "deployment", "web", "--image=registry.example/web")
    rolled_out = kubectl(sandbox.kubeconfig, "rollout", "status", "deployment/web", "--timeout=30s")
    processes = state_of(sandbox).processes
    existed = life.down("one", root=root)

    assert [line.split()[1] for line in nodes.splitlines()] == ["Ready", "Ready"]
    assert rolled_out.returncode == 0, rolled_out.stderr
    assert len(processes) == 6
    assert existed
    assert [process for process in processes if is_alive(process)] == []
    assert not root.parent.exists()
    assert not life.down("one", root=root)


def test_two_sandboxes_are_two_clusters(start: Start, root: Path) -> None:
    """Each has its own port, uid and authority: the key to one opens nothing in the other."""
    one, two = start("one"), start("two")

    assert find.names(root) == ("one", "two")
    assert one.port != two.port
    assert one.uid != two.uid
    stranger = kubectl(one.kubeconfig, "--server", two.server, "get", "nodes")
    assert stranger.returncode != 0
    assert "certificate signed by unknown authority" in stranger.stderr


def test_a_kept_sandbox_comes_back_with_its_objects(start: Start, root: Path) -> None:
    """The same cluster, by uid, under the same address, with a kubeconfig that still works."""
    before = start("one")
    kubectl(before.kubeconfig, "create", "configmap", "kept", "--from-literal=key=value")

    life.down("one", root=root, keep=True)
    stopped = find.status("one", root=root).running
    after = start("one")

    assert not stopped
    assert after == before
    kept = kubectl(after.kubeconfig, "get", "configmap", "kept", "-o", "jsonpath={.data.key}")
    assert kept.stdout == "value"


def test_up_on_a_running_sandbox_changes_nothing(start: Start) -> None:
    """So it can stand at the head of any script."""
    before = start("one")
    processes = state_of(before).processes

    after = start("one")

    assert after == before
    assert state_of(after).processes == processes


def test_a_killed_part_comes_back(start: Start) -> None:
    """The supervisor restarts it, says how it ended, and the cluster serves again."""
    sandbox = start("one")

    for part in ("etcd", "kube-apiserver", "kwok"):
        killed = process_of(sandbox, part)
        assert send(killed, signal.SIGKILL)
        assert eventually(partial(runs_anew, sandbox, part, killed))

    assert {name: (part.restarts, part.ended) for name, part in state_by_name(sandbox).items()} == {
        "etcd": (1, "killed by signal 9"),
        "kube-apiserver": (1, "killed by signal 9"),
        "kube-controller-manager": (0, ""),
        "kube-scheduler": (0, ""),
        "kwok": (1, "killed by signal 9"),
    }
    assert eventually(lambda: kubectl(sandbox.kubeconfig, "create", "ns", "after").returncode == 0)


def test_a_killed_supervisor_leaves_no_part_behind_and_up_mends_it(start: Start) -> None:
    """The kernel ends the parts with it; what it wrote about them is stale, and harmless."""
    sandbox = start("one")
    kubectl(sandbox.kubeconfig, "create", "configmap", "kept")
    before = state_of(sandbox)

    assert send(before.supervisor, signal.SIGKILL)

    assert eventually(lambda: not any(is_alive(process) for process in before.processes), seconds=5)
    again = start("one")
    assert again.uid == sandbox.uid
    assert kubectl(again.kubeconfig, "get", "configmap", "kept").returncode == 0


def test_a_deleted_folder_ends_its_processes(start: Start) -> None:
    """Nobody could find them any more: so a test run that was killed leaves nothing for good."""
    sandbox = start("one")
    before = state_of(sandbox)

    shutil.rmtree(sandbox.folder.path, ignore_errors=True)
    shutil.rmtree(sandbox.folder.path, ignore_errors=True)

    assert eventually(lambda: not any(is_alive(process) for process in before.processes))


def test_a_stale_state_never_ends_a_foreign_process(folder: Folder) -> None:
    """After a crash of the machine the pids in the state may be anybody's: here, a bystander's."""
    write_settings(folder, Settings(20_000, {}, ()))
    with subprocess.Popen(["sleep", "60"]) as bystander:
        now = identify(bystander.pid)
        assert now is not None
        stale = Process(now.pid, now.started, boot="another run of the machine")
        write_state(folder, State(stale, ()))

        life.down("one", root=folder.path.parent)
        survived = bystander.poll() is None
        bystander.kill()

    assert survived
    assert not folder.path.exists()


def test_a_taken_port_is_left_to_its_holder(start: Start, folder: Folder) -> None:
    """A kept sandbox moves to another port, and its kubeconfig says so."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        write_settings(folder, Settings(taken, {}, ()))

        sandbox = start("one")

    assert sandbox.port != taken
    assert kubectl(sandbox.kubeconfig, "get", "nodes").returncode == 0


def test_a_part_that_cannot_start_is_said_with_its_last_words(
    root: Path, binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    """`up` does not wait for what will not come, and leaves nothing running."""
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no such luck\nexit 7\n")
    broken.chmod(0o755)

    with pytest.raises(SandboxError, match=r"etcd does not start: exit status 7(.|\n)*no such luck"):
        life.up("one", root=root, binaries={**binaries, "etcd": broken})

    assert not find.status("one", root=root).running
    assert life.down("one", root=root)


def test_down_deletes_no_folder_that_is_not_a_sandbox(root: Path) -> None:
    """A wrong --folder must not cost anybody their files."""
    (root / "one").mkdir(parents=True)
    (root / "one" / "thesis.txt").write_text("years of work")

    with pytest.raises(SandboxError, match="is not a sandbox's folder"):
        life.down("one", root=root)

    assert (root / "one" / "thesis.txt").exists()


def test_damaged_settings_are_said_and_down_still_removes_them(folder: Folder) -> None:
    """What cannot be read cannot be started again, but it can go."""
    folder.settings.write_text("{")

    with pytest.raises(SandboxError, match="is damaged"):
        life.up("one", root=folder.path.parent, binaries={})

    assert life.down("one", root=folder.path.parent)
    assert not folder.path.exists()


def test_what_is_secret_is_private_and_only_loopback_is_listened_on(cluster: Sandbox) -> None:
    """Files with keys are their owner's alone; no part opens a socket to the network."""
    keys = [*cluster.folder.pki.iterdir(), cluster.kubeconfig]

    assert {path.stat().st_mode & 0o077 for path in (*keys, cluster.folder.path)} == {0}
    assert {address for address in _listening(cluster) if not address.startswith("127.")} == set()


def _open_files(pid: int) -> Iterator[str]:
    """What a process holds open; a file that is closed while we look is none."""
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(descriptor.readlink())


def _listening(cluster: Sandbox) -> list[str]:
    """The addresses on which processes of the sandbox listen (IPv4 and IPv6, as the kernel lists them)."""
    inodes = {
        target.removeprefix("socket:[").removesuffix("]")
        for process in state_of(cluster).processes
        for target in _open_files(process.pid)
        if target.startswith("socket:")
    }
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                raw = bytes.fromhex(fields[1].split(":")[0])
                addresses.append(".".join(map(str, reversed(raw))) if table == "tcp" else raw.hex())
    return addresses


def test_a_client_certificate_may_do_what_rbac_says_and_no_more(cluster: Sandbox, tmp_path: Path) -> None:
    """The same user is refused without the group and may read with it."""
    root = cluster.folder.path.parent
    alone, grouped = tmp_path / "alone", tmp_path / "grouped"
    alone.write_text(find.credentials(cluster.name, "jane", [], root=root))
    grouped.write_text(find.credentials(cluster.name, "jane", ["readers"], root=root))
    granted = kubectl(
        cluster.kubeconfig, "create", "clusterrolebinding", "readers", "--clusterrole=view", "--group=readers"
    )

    denied = kubectl(alone, "get", "configmaps", "-n", "default")
    allowed = kubectl(grouped, "get", "configmaps", "-n", "default")
    refused = kubectl(grouped, "create", "configmap", "new", "-n", "default")

    assert granted.returncode == 0, granted.stderr
    assert 'configmaps is forbidden: User "jane"' in denied.stderr
    assert allowed.returncode == 0, allowed.stderr
    assert 'configmaps is forbidden: User "jane" cannot create' in refused.stderr


def test_the_audit_log_says_who_wrote_what(cluster: Sandbox) -> None:
    """With the request, so that a change can be told from another."""
    kubectl(cluster.kubeconfig, "create", "configmap", "audited", "--from-literal=color=blue")

    def writes() -> list[dict[str, object]]:
        events = [json.loads(line) for line in whole_lines(cluster.audit_log)]
        return [
            {"user": event["user"]["username"], "verb": event["verb"], "data": event["requestObject"]["data"]}
            for event in events
            if event.get("objectRef", {}).get("name") == "audited"
        ]

    assert eventually(lambda: writes() != [])
    assert writes() == [{"user": "sandbox-admin", "verb": "create", "data": {"color": "blue"}}]


def test_a_held_pod_stays_pending(cluster: Sandbox, tmp_path: Path) -> None:
    """How tests see what an unhealthy workload looks like; others are Ready by then."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "held", "annotations": {"sandbox.gitwarrant.dev/hold": "true"}},
        "spec": {"containers": [{"name": "c", "image": "registry.example/c"}]},
    }
    free = {**pod, "metadata": {"name": "free"}}
    manifest = tmp_path / "pods.json"
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod, free]}))

    applied = kubectl(cluster.kubeconfig, "apply", "-f", str(manifest))
    ready = kubectl(cluster.kubeconfig, "wait", "--for=condition=Ready", "pod/free", "--timeout=30s")

    assert applied.returncode == 0, applied.stderr
    assert ready.returncode == 0, ready.stderr
    phase = kubectl(cluster.kubeconfig, "get", "pod", "held", "-o", "jsonpath={.status.phase}")
    assert phase.stdout == "Pending"


def test_logs_are_found_by_part(cluster: Sandbox) -> None:
    """An unknown part is refused by naming those there are."""
    [said, *_] = [
        line for _source, line in logs.lines(cluster.folder, "kube-scheduler") if "Starting" in line
    ]

    assert "Kubernetes Scheduler" in said
    with pytest.raises(SandboxError, match="has no part 'kubelet'"):
        list(logs.lines(cluster.folder, "kubelet"))
