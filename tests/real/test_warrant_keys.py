"""Warrant keys in tokens, behind programs and revoked: from the command to a real cluster."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.deployers import Deployer, config_map, open_deployer
from tests.support.programs import program
from tests.support.soft_token import OBJECT, TOKEN, SoftToken, signing_program, soft_token

from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

PRODUCTION = ("production",)


def kubectl(deployer: Deployer, *arguments: str) -> str:
    """Somebody with rights of their own in the cluster."""
    namespace = deployer.namespace("production")
    command = [str(program("kubectl", "make tools")), "--kubeconfig", str(deployer.kubeconfig)]
    return subprocess.check_output([*command, "-n", namespace, *arguments], text=True, timeout=30)


def data(deployer: Deployer) -> Any:
    return json.loads(kubectl(deployer, "get", "configmap", "web", "-o", "json"))["data"]


def told(deployer: Deployer, *arguments: str) -> Any:
    said = deployer.here("warrant", *arguments, "--output", "json")
    assert said.status == 0, said
    return json.loads(said.out)


def address(token: SoftToken) -> str:
    return (
        f"pkcs11:token={TOKEN};object={OBJECT}?module-path={token.library}&pin-source=file:{token.pin_file}"
    )


def test_a_token_and_a_program_sign_together(
    cluster: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is made in the token at the first deploy. One of the two alone deploys nothing."""
    token = soft_token(tmp_path / "softhsm", monkeypatch)
    service = signing_program(tmp_path / "service")
    deployer = open_deployer(tmp_path / "shop", kubeconfig=cluster.kubeconfig, environments=PRODUCTION)
    deployer.settings["warrant"] = {
        "signer": address(token),
        "cosigner": f"exec:{json.dumps(service.command)}",
    }

    done = deployer.here("apply", "production")
    verified = told(deployer, "verify", "production", "--chain")

    assert (done.status, data(deployer)) == (0, {"mode": "safe"})
    assert (len(verified["signed_by"]), verified["chain"]) == (2, 1)

    token.take_out()
    deployer.land({"production/web.yaml": config_map("web", mode="next")})
    refused = deployer.here("apply", "production")
    token.put_back()
    again = deployer.here("apply", "production")

    assert (refused.status, refused.err.splitlines()[0]) == (2, f"error: there is no token {TOKEN!r}")
    assert (again.status, data(deployer)) == (0, {"mode": "next"})
    assert told(deployer, "verify", "production", "--chain")["chain"] == 2


def test_what_a_revoked_key_signed_heals_nothing(cluster: Sandbox, tmp_path: Path) -> None:
    """Drift is still seen. A new key warrants the environment anew, and then heals it."""
    deployer = open_deployer(
        tmp_path, kubeconfig=cluster.kubeconfig, environments=PRODUCTION, drift="revert", auto_deploy=True
    )
    deployer.loop()
    [stolen] = told(deployer, "show", "production")[0]["signed_by"]
    kubectl(deployer, "patch", "configmap", "web", "--type", "merge", "-p", '{"data": {"added": "by hand"}}')

    deployer.settings["warrant"]["revoked_keys"] = [stolen]
    revoked = [event.what for event in deployer.loop(rounds=2)]
    during = data(deployer)
    (deployer.folder / "warrant.key").unlink()
    renewed = [event.what for event in deployer.loop(rounds=2)]

    assert any(what.startswith(f"the warrant key {stolen} is in 'revoked_keys'") for what in revoked)
    assert any(what.startswith("drift: ConfigMap") for what in revoked)
    assert during == {"mode": "safe", "added": "by hand"}
    assert any("under warrant 2" in what for what in renewed)
    assert data(deployer) == {"mode": "safe"}
    assert len(deployer.records(RecordKind.REVERTED)) == 1
    assert told(deployer, "verify", "production", "--chain")["chain"] == 2
