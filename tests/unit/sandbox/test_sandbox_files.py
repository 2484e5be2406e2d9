"""What a sandbox writes and looks for: certificates, settings, state, programs, ports, logs."""

import json
import os
import random
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gitwarrant.sandbox import logs
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.certificates import CERTIFICATE_LIFE, issue_client, issue_server, new_authority
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.folder import Folder, Settings, folder_of, made_folders, read_settings, write_settings
from gitwarrant.sandbox.parts import PARTS, Part
from gitwarrant.sandbox.ports import free_port, is_free
from gitwarrant.sandbox.prepare import credential_text, prepare, read_credential
from gitwarrant.sandbox.process import Process, identify, is_alive, send, wait_gone
from gitwarrant.sandbox.run import FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS, Run
from gitwarrant.sandbox.state import PartState, State, read_state, write_state

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = folder_of("one", tmp_path)
    folder.path.mkdir()
    return folder


def test_a_client_certificate_names_its_user_and_groups() -> None:
    """As the API server reads them: the user from the common name, the groups from the organisations."""
    authority = new_authority("test", now=NOW)

    certificate = x509.load_pem_x509_certificate(
        issue_client(authority, "jane", ("dev", "ops"), now=NOW).certificate
    )

    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
    subject = certificate.subject
    assert [name.value for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["jane"]
    assert [name.value for name in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == [
        "dev",
        "ops",
    ]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert certificate.not_valid_before_utc < NOW
    assert certificate.not_valid_after_utc == NOW + CERTIFICATE_LIFE


def test_a_server_certificate_holds_for_its_names_and_no_client() -> None:
    """It cannot be used to act as somebody."""
    authority = new_authority("test", now=NOW)
    addresses = (IPv4Address("127.0.0.1"),)

    certificate = x509.load_pem_x509_certificate(
        issue_server(authority, ("localhost",), addresses, now=NOW).certificate
    )

    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("localhost"), x509.IPAddress(addresses[0])]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_nobody_gets_a_certificate_without_a_name() -> None:
    """An empty common name would be an anonymous user with groups."""
    with pytest.raises(ValueError, match="needs a user"):
        issue_client(new_authority("test", now=NOW), "", ("system:masters",), now=NOW)


def test_preparing_again_keeps_the_authority_and_renews_the_rest(folder: Folder) -> None:
    """So old credentials stay good, and a sandbox left for a year starts again."""
    later = NOW + timedelta(days=400)
    prepare(folder, 20_000, now=NOW)
    kept = {name: (folder.pki / name).read_bytes() for name in ("ca.crt", "ca.key", "service-account.key")}

    prepare(folder, 20_001, now=later)

    assert {name: (folder.pki / name).read_bytes() for name in kept} == kept
    server = x509.load_pem_x509_certificate(read_credential(folder, "apiserver").certificate)
    assert server.not_valid_after_utc == later + CERTIFICATE_LIFE
    assert yaml.safe_load(folder.kubeconfig.read_text())["clusters"][0]["cluster"]["server"].endswith(
        ":20001"
    )


def test_every_kubeconfig_verifies_the_server_and_embeds_its_key(folder: Folder) -> None:
    """Never insecure-skip-tls-verify, for no part; and no path that may dangle."""
    prepare(folder, 20_000, now=NOW)
    texts = [path.read_text() for path in (folder.kubeconfig, *folder.pki.glob("*.kubeconfig"))]
    texts.append(credential_text(folder, 20_000, "jane", ("dev",), now=NOW).decode())

    values = [yaml.safe_load(text) for text in texts]

    assert len(values) == 5
    assert {tuple(value["clusters"][0]["cluster"]) for value in values} == {
        ("server", "certificate-authority-data")
    }
    assert {tuple(value["users"][0]["user"]) for value in values} == {
        ("client-certificate-data", "client-key-data")
    }


def test_the_api_server_is_told_to_check_and_to_record() -> None:
    """RBAC, client certificates, no anonymous user, an audit log: the promises as its command line."""
    [apiserver] = [part for part in PARTS if part.name == "kube-apiserver"]

    arguments = apiserver.arguments(20_000)

    assert {
        "--bind-address=127.0.0.1",
        "--secure-port=20000",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        "--client-ca-file=pki/ca.crt",
        "--audit-policy-file=audit-policy.json",
        "--audit-log-path=logs/audit.log",
    } <= set(arguments)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a/b", "..", "a" * 41, "ä", "a\n"])
def test_a_name_that_could_not_be_a_folder_is_refused(name: str, tmp_path: Path) -> None:
    """Not least one that would lead out of the folder of sandboxes."""
    with pytest.raises(SandboxError, match="cannot name a sandbox"):
        folder_of(name, tmp_path)


def test_settings_and_state_come_back_as_they_were_written(folder: Folder) -> None:
    """A restart finds the same cluster, a `down` the same processes."""
    settings = Settings(20_000, {"etcd": "/bin/etcd"}, ("/tmp/a",), uid="u", version="v1")
    process = Process(1, 2, "boot")
    state = State(process, (PartState("etcd", process, "then", 3, "exit status 1"), PartState("kwok")))

    write_settings(folder, settings)
    write_state(folder, state)

    assert read_settings(folder) == settings
    assert read_state(folder) == state


def test_the_last_sandbox_takes_the_folders_along_that_the_first_made(tmp_path: Path) -> None:
    """In whichever order they end; a folder that was there before stays."""
    root = tmp_path / "gitwarrant" / "sandboxes"
    one, two = folder_of("one", root), folder_of("two", root)

    made = made_folders(one)
    one.path.mkdir(parents=True)
    write_settings(one, Settings(20_000, {}, made))

    assert made == (str(tmp_path / "gitwarrant"), str(root), str(one.path))
    assert made_folders(two) == (str(tmp_path / "gitwarrant"), str(root), str(two.path))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"port": 1}', '{"surprise": 1, "made": []}', '"\\ud800"', "1" * 70_000]
)
def test_damaged_settings_are_one_of_our_errors(folder: Folder, text: str) -> None:
    """And a damaged state is as good as none."""
    folder.settings.write_text(text)
    folder.state.write_text(text)

    with pytest.raises(SandboxError, match="is damaged"):
        read_settings(folder)
    assert read_state(folder) is None


@contextmanager
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as child:
        yield child
        child.kill()


def test_a_process_is_more_than_its_pid() -> None:
    """One with the same pid but another start, or of another run of the machine, is not signalled."""
    with sleeping() as child:
        process = identify(child.pid)
        assert process is not None
        for other in (
            Process(process.pid, process.started + 1, process.boot),
            Process(process.pid, process.started, "b"),
        ):
            assert not send(other, signal.SIGKILL)
        assert is_alive(process)

        assert send(process, signal.SIGKILL)
        assert wait_gone(process, 5)
        assert not send(process, signal.SIGKILL)


def test_a_failing_part_is_started_later_and_later(tmp_path: Path) -> None:
    """A program that ends at once is not started in a busy loop; each end is told."""
    (tmp_path / "logs").mkdir()
    run = Run(Part("etcd", lambda _port: ()), ("/no/such/program",), tmp_path)
    waits = []

    for _ in range(9):
        run.start(now=100.0)
        waits.append(run.due - 100.0)

    assert waits[:3] == [FIRST_BACKOFF_SECONDS, 2 * FIRST_BACKOFF_SECONDS, 4 * FIRST_BACKOFF_SECONDS]
    assert waits[-1] == MAX_BACKOFF_SECONDS
    assert run.state.restarts == 9
    assert run.state.ended.startswith("could not be started")


def program(path: Path, says: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_a_program_comes_from_the_environment_then_path_then_tools(tmp_path: Path) -> None:
    """From PATH only at a release the sandbox is tested with."""
    built = program(tmp_path / "tools" / "bin" / "kube-apiserver", "Kubernetes v1.36.3")
    installed = program(tmp_path / "path" / "kube-apiserver", "Kubernetes v1.36.9")
    old = program(tmp_path / "old" / "kube-apiserver", "Kubernetes v1.30.0")
    named = program(tmp_path / "named", "")
    tools = {"GITWARRANT_TOOLS": str(tmp_path / "tools")}

    def find(**environ: str) -> Path | None:
        return Binaries.of({**tools, **environ}).find("kube-apiserver")

    assert find() == built
    assert find(PATH=str(old.parent)) == built
    assert find(PATH=str(installed.parent)) == installed
    assert find(PATH=str(installed.parent), GITWARRANT_KUBE_APISERVER=str(named)) == named


def test_missing_programs_are_named_with_the_line_that_builds_them(tmp_path: Path) -> None:
    """All of them at once, and one that is named wrongly by its variable."""
    program(tmp_path / "bin" / "etcd", "")

    with pytest.raises(SandboxError, match=r"not here: kwok\n.*make tools"):
        Binaries.of({"GITWARRANT_TOOLS": str(tmp_path)}).find_all(("etcd", "kwok"))
    with pytest.raises(SandboxError, match="GITWARRANT_KWOK names /no/such, which is not a file"):
        Binaries.of({"GITWARRANT_KWOK": "/no/such"}).find("kwok")


def test_a_port_that_is_listened_on_is_not_free() -> None:
    """The one chosen is, and lies below those the kernel hands out by itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not is_free(server.getsockname()[1])

    port = free_port(random.Random(7))

    assert is_free(port)
    assert port < 32_768


def test_logs_go_on_in_the_file_that_takes_the_place(folder: Folder) -> None:
    """What was added before is not lost, what comes after is found, and nothing is said twice."""
    folder.logs.mkdir()
    log = folder.logs / "etcd.log"
    log.write_text("one\n")
    folder.settings.write_text(json.dumps({}))
    said = logs.lines(folder, "etcd", follow=True)

    seen = [next(said)]
    with log.open("a") as file:
        file.write("two\n")
    log.rename(folder.logs / "etcd.log.1")
    log.write_text("three\n")
    seen += [next(said), next(said)]
    folder.settings.unlink()

    assert [*seen, *said] == [("etcd", "one"), ("etcd", "two"), ("etcd", "three")]


def test_this_process_is_itself() -> None:
    """The identity the supervisor publishes is the one others check."""
    own = identify(os.getpid())

    assert own is not None
    assert is_alive(own)
