"""Servers that go, disks that fill, keys and logs that cannot be used: `gitwarrant` in a process of its own.

Every failure is one sentence with its remedy and the documented exit status,
and the next good run finds nothing lost.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support.audited import settled, unrecorded
from tests.support.cut_line import line_to, silent
from tests.support.deployers import (
    SOURCE,
    Deployer,
    Said,
    config_map,
    environments_file,
    open_deployer,
    trust_file,
)

from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

DONE, REFUSED, COULD_NOT, UNREACHABLE = 0, 1, 2, 3


def said_well(said: Said, status: int, what: str) -> None:
    """Assert that a command failed as documented, in JSON."""
    assert said.status == status, said
    assert what in said.error["what"], said
    assert said.error["remedy"]
    assert "Traceback" not in said.out + said.err


def test_an_api_server_that_is_gone_is_unreachable_and_nothing_is_warranted(
    cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = open_deployer(tmp_path, environments=("staging",))

    as_json = deployer.gitwarrant("apply", "staging", "--output", "json")
    as_text = deployer.gitwarrant("apply", "staging")
    warranted = deployer.records(RecordKind.WARRANTED)
    deployer.settings["clusters"]["main"]["kubeconfig"] = str(cluster.kubeconfig)
    good = deployer.gitwarrant("apply", "staging")

    said_well(as_json, UNREACHABLE, "does not answer")
    assert as_text.status == UNREACHABLE
    assert as_text.err.startswith("error: ")
    assert "\n  remedy: " in as_text.err
    assert "Traceback" not in as_text.err
    assert warranted == []
    assert good.status == DONE, good


@pytest.mark.parametrize("records", [5, 8, 13])
def test_an_api_server_that_goes_in_the_middle_of_a_deploy_is_taken_up_again(
    records: int, cluster: Sandbox, tmp_path: Path
) -> None:
    """The line is cut once the log has so many records: before, between and after writes."""
    files = {f"staging/c{number}.yaml": config_map(f"c{number}") for number in range(4)}
    deployer = open_deployer(tmp_path, environments=("staging",), files=files)
    with line_to(cluster.port, cut=lambda: deployer.count() >= records) as line:
        kubeconfig = yaml.safe_load(cluster.kubeconfig.read_text())
        for item in kubeconfig["clusters"]:
            item["cluster"]["server"] = line.url
        deployer.kubeconfig.write_text(yaml.safe_dump(kubeconfig))
        broken = deployer.gitwarrant("apply", "staging", "--output", "json")
        cut = line.is_cut
    deployer.settings["clusters"]["main"]["kubeconfig"] = str(cluster.kubeconfig)

    again = deployer.gitwarrant("apply", "staging", "--output", "json")

    assert cut
    said_well(broken, UNREACHABLE, "127.0.0.1")
    assert again.status == DONE, again
    log = deployer.records()
    assert log[-1].kind is RecordKind.APPLY_COMPLETED
    assert log[-1].body["complete"] is True
    applied = [record for record in log if record.kind is RecordKind.APPLIED]
    written = settled(cluster.audit_log, deployer.prefix, expected=len(applied))
    assert unrecorded(written.values(), log) == []


def test_a_git_server_that_hangs_is_given_up_in_time(tmp_path: Path) -> None:
    deployer = open_deployer(tmp_path, environments=("staging",))
    deployer.settings["git"] = {"limits": {"seconds": 1}}
    with silent() as port:
        deployer.settings["root"]["url"] = f"https://127.0.0.1:{port}/shop"
        began = time.monotonic()
        hung = deployer.gitwarrant("plan", "staging", "--fetched", "--output", "json")
        took = time.monotonic() - began
    deployer.settings["root"]["url"] = deployer.forge.url

    good = deployer.gitwarrant("plan", "staging", "--fetched")

    said_well(hung, UNREACHABLE, "did not finish within 1 seconds")
    assert took < 8
    assert good.status == DONE


def test_run_goes_on_while_the_git_server_is_gone(tmp_path: Path) -> None:
    """Two rounds end with 0; the event says when it is tried again."""
    deployer = open_deployer(tmp_path, environments=("staging",))
    deployer.settings["root"]["url"] = "https://127.0.0.1:9/shop"

    ran = deployer.gitwarrant("run", "--rounds", "2", "--output", "json")

    events = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.status == DONE, ran
    assert "Traceback" not in ran.out + ran.err
    assert events[0]["event"] == "started"
    assert all("does not answer" in event["event"] for event in events[1:])
    assert events[1]["attempt"] == 1


FULL = {
    "log": ("state", "log.sqlite: the disk is full"),
    "quarantine": ("state/quarantine.git", "state/quarantine.git"),
    "content": ("state/content", "state/content"),
}
"""The folder that is full, and what the error names."""


@pytest.mark.parametrize("what", FULL)
def test_a_full_disk_is_said_and_nothing_is_lost(what: str, cluster: Sandbox, tmp_path: Path) -> None:
    """Small file systems, one of them filled to its last byte between two deploys, then freed."""
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    folder, named = tmp_path / FULL[what][0], FULL[what][1]
    deployer.state.mkdir()
    mounts = [f"mkdir -p {path}; mount -t tmpfs -o size=4m none {path}" for path, _ in FULL.values()]
    files = {f"staging/c{number}.yaml": config_map(f"c{number}", a="b" * 3000) for number in range(4)}
    script = f"""
        {"; ".join(mounts)}
        "$@" > 1.json; echo $?
        {land_in_shell(deployer, files)}
        dd if=/dev/zero of={folder}/filling bs=1k 2> dd.txt; sync
        "$@" > 2.json 2> 2.txt; echo $?
        rm {folder}/filling
        "$@" > 3.json; echo $?
    """

    out = isolated(deployer, script, deployer.command("apply", "staging", "--output", "json"))

    assert out.split() == ["0", "2", "0"], (out, (tmp_path / "2.json").read_text())
    error = json.loads((tmp_path / "2.json").read_text())["error"]
    assert named in error["what"], error
    assert re.search("full|no space left", error["what"], re.IGNORECASE), error
    assert error["remedy"]
    assert (tmp_path / "2.txt").read_text() == ""
    done = json.loads((tmp_path / "3.json").read_text())
    assert done["warrant"]["sequence"] == 2
    assert {item["result"] for item in done["applied"]["objects"]} <= {"created", "configured", "unchanged"}


def land_in_shell(deployer: Deployer, files: dict[str, str]) -> str:
    """Prepare a commit that is pushed only when the script gets there."""
    deployer.write(files)
    deployer.forge.commit(deployer.ada, "Add objects")
    return f"git -C {deployer.forge.clone} push -q origin HEAD:main"


def isolated(deployer: Deployer, script: str, command: list[str]) -> str:
    """Run a shell script in a mount namespace of its own; skips where that is not allowed here."""
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mount namespaces, which a full disk is made with")
    told = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE), "HOME": str(deployer.folder)}
    done = subprocess.run(
        [*unshare, "sh", "-c", script, "sh", *command],
        env=told,
        cwd=deployer.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done
    return done.stdout


def test_a_log_on_a_read_only_file_system_is_said(tmp_path: Path) -> None:
    deployer = open_deployer(tmp_path, environments=("staging",))
    deployer.state.mkdir()
    script = f"""
        mount -t tmpfs none {deployer.state}
        "$@" > 1.json; echo $?
        mount -o remount,ro {deployer.state}
        "$@" > 2.json 2> 2.txt; echo $?
        mount -o remount,rw {deployer.state}
        "$@" > 3.json; echo $?
    """

    out = isolated(deployer, script, deployer.command("plan", "staging", "--fetched", "--output", "json"))

    assert out.split() == ["0", "2", "0"]
    error = json.loads((tmp_path / "2.json").read_text())["error"]
    assert "read-only" in error["what"].lower()
    assert (tmp_path / "2.txt").read_text() == ""


def garbage(deployer: Deployer) -> None:
    (deployer.state / "log.sqlite").write_bytes(b"not a database at all" * 500)


def cut_short(deployer: Deployer) -> None:
    log = deployer.state / "log.sqlite"
    log.write_bytes(log.read_bytes()[: 3 * 4096 + 100])


def a_folder(deployer: Deployer) -> None:
    (deployer.state / "log.sqlite").unlink()
    (deployer.state / "log.sqlite").mkdir()


@pytest.mark.parametrize("damage", [garbage, cut_short, a_folder])
def test_a_log_that_cannot_be_used_stops_everything(
    damage: Callable[[Deployer], None], tmp_path: Path
) -> None:
    """Without its log a deployer knows neither what it trusted nor what it owns."""
    deployer = open_deployer(tmp_path, environments=("staging",))
    assert deployer.here("plan", "staging", "--fetched").status == DONE
    damage(deployer)

    said = deployer.here("apply", "staging", "--output", "json")

    said_well(said, COULD_NOT, "log.sqlite")


def key(kind: str, path: Path) -> None:
    """Put something at the warrant key's place that cannot sign."""
    path.unlink(missing_ok=True)
    if kind == "a_folder":
        path.mkdir()
        return
    pem, keep = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), path.touch
    keep(0o600)
    match kind:
        case "garbage":
            path.write_bytes(b"\x00\xff" * 400)
        case "rsa":
            path.write_bytes(rsa.generate_private_key(65537, 2048).private_bytes(*pem))
        case "p384":
            path.write_bytes(ec.generate_private_key(ec.SECP384R1()).private_bytes(*pem))
        case "readable_for_others":
            path.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(*pem))
            path.chmod(0o644)


@pytest.mark.parametrize("kind", ["garbage", "rsa", "p384", "readable_for_others", "a_folder"])
def test_a_warrant_key_that_cannot_be_used_is_said_before_anything_is_written(
    kind: str, cluster: Sandbox, tmp_path: Path
) -> None:
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    key(kind, tmp_path / "warrant.key")

    said = deployer.here("apply", "staging", "--output", "json")

    said_well(said, COULD_NOT, "warrant.key")
    assert deployer.records(RecordKind.WARRANTED, RecordKind.APPLY_INTENT) == []


def test_a_custom_kind_and_its_object_are_deployed_from_one_commit(cluster: Sandbox, tmp_path: Path) -> None:
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig, environments=("staging",))
    group = f"{deployer.prefix}.example.com"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": {"type": "object", "properties": {"size": {"type": "integer"}}}
                            },
                        }
                    },
                }
            ],
        },
    }
    widget = {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"size": 3}}
    deployer.settings["tenant"]["grants"]["staging"]["kinds"] = ["*", f"Widget.{group}"]
    deployer.land({"staging/widget.yaml": yaml.safe_dump_all([widget, definition])})

    applied = deployer.here("apply", "staging", "--output", "json")
    drift = deployer.here("drift", "staging")
    deployer.land({"staging/widget.yaml": yaml.safe_dump(definition)})
    removed = deployer.here("apply", "staging", "--output", "json")

    assert applied.status == DONE, applied
    assert drift.status == DONE, drift
    assert removed.status == DONE, removed
    assert [item["key"]["name"] for item in objects_of(removed, "deleted")] == ["one"]


def objects_of(said: Said, result: str) -> list[dict[str, Any]]:
    """The objects that met this result, as `apply --output json` tells."""
    return [item for item in json.loads(said.out)["applied"]["objects"] if item["result"] == result]


def without_promotion(text: str, *names: str) -> str:
    """An environments file with `promotion_source` taken out of these."""
    file = yaml.safe_load(text)
    for name in names:
        del file["stages"][name]["promotion_source"]
    return yaml.safe_dump(file)


def test_what_does_not_act_yet_is_refused_and_what_is_not_there_is_named(
    cluster: Sandbox, tmp_path: Path
) -> None:
    """`promotion_source` until promotion exists; an environment that nobody defined, or nobody granted."""
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig)
    text = environments_file(
        deployer.prefix, ("production", "staging", "other"), promotion_source="production"
    )
    text = without_promotion(text, "production", "other")
    files = {".gitwarrant/environments.yaml": text, ".gitwarrant/trust.yaml": trust_file(2)}
    deployer.land({**files, "other/web.yaml": config_map("web")}, by="grace")

    promoted = deployer.here("apply", "staging", "--output", "json")
    nowhere = deployer.here("apply", "nowhere", "--output", "json")
    ungranted = deployer.here("apply", "other", "--output", "json")
    good = deployer.here("apply", "production")

    said_well(promoted, REFUSED, "is to be promoted from 'production'")
    assert promoted.error["stage"] == "authorise"
    assert promoted.error["place"]["path"] == ".gitwarrant/environments.yaml"
    said_well(nowhere, COULD_NOT, "there is no environment 'nowhere'")
    assert ungranted.status in (REFUSED, COULD_NOT)
    assert "other" in ungranted.out
    assert "Traceback" not in ungranted.out + ungranted.err
    assert good.status == DONE, good
