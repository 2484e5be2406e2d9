"""Kubeconfigs: what is read, and what is refused because it would be ignored or unverified."""

import asyncio
import json
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gitwarrant.cluster.connection import Connection, from_kubeconfig, from_service_account
from gitwarrant.cluster.credentials import KubeconfigError, exec_credential

Entry = dict[str, Any]


@pytest.fixture(scope="module")
def authority() -> bytes:
    """A self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    start = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


Load = Callable[..., Connection]


@pytest.fixture
def load(tmp_path: Path, authority: bytes) -> Load:
    """Write a kubeconfig with these changes and read it."""
    (tmp_path / "ca.crt").write_bytes(authority)

    def write(cluster: Entry | None = None, user: Entry | None = None) -> Connection:
        entry = {"server": "https://127.0.0.1:6443/", "certificate-authority": "ca.crt", **(cluster or {})}
        plain = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": entry}],
            "users": [{"name": "u", "user": {"token": "t"} if user is None else user}],
        }
        path = tmp_path / "config"
        path.write_text(yaml.safe_dump(plain))
        return from_kubeconfig(path, environment={"PATH": "/usr/bin:/bin", "HOME": "/nowhere"})

    return write


def authorization(connection: Connection, *, fresh: bool = False) -> str | None:
    return asyncio.run(connection.credentials.authorization(fresh=fresh))


def test_a_token_and_a_verified_server(load: Load) -> None:
    connection = load()

    assert connection.server == "https://127.0.0.1:6443"
    assert (connection.tls.verify_mode, connection.tls.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert authorization(connection) == "Bearer t"
    assert "Bearer" not in repr(connection)


def test_a_password(load: Load) -> None:
    assert authorization(load(user={"username": "a", "password": "b"})) == "Basic YTpi"


def test_whom_to_act_as_is_sent_with_every_request(load: Load) -> None:
    acting = {
        "as": "deployer",
        "as-uid": "7",
        "as-groups": ["a", "b"],
        "as-user-extra": {"example.com/scope": ["x", "y"]},
    }

    connection = load(user={"token": "t", **acting})

    assert connection.impersonation is not None
    assert list(connection.impersonation.headers()) == [
        ("Impersonate-User", "deployer"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-example.com%2Fscope", "x"),
        ("Impersonate-Extra-example.com%2Fscope", "y"),
    ]


def test_no_credential_but_a_client_certificate(load: Load) -> None:
    assert authorization(load(user={})) is None


@pytest.mark.parametrize(
    ("cluster", "user", "what"),
    [
        pytest.param(
            {"insecure-skip-tls-verify": True}, None, "insecure-skip-tls-verify", id="no verification"
        ),
        pytest.param({"server": "http://127.0.0.1"}, None, "is not reached by https", id="no TLS"),
        pytest.param({"proxy-url": "http://p"}, None, "sets proxy-url", id="proxy"),
        pytest.param({"tls-server-name": "x"}, None, "sets tls-server-name", id="another name"),
        pytest.param({}, {"token": "t", "as-groups": ["g"]}, "whom to act as", id="groups of nobody"),
        pytest.param({}, {"token": "t", "as": "a\r\nb"}, "whom to act as", id="a name that is two headers"),
        pytest.param({"certificate-authority": "none"}, None, "cannot be used", id="missing authority"),
        pytest.param(
            {"certificate-authority-data": "AAAA", "certificate-authority": None},
            None,
            "cannot be used",
            id="damaged authority",
        ),
        pytest.param(
            {}, {"exec": {"apiVersion": "x/v9", "command": "a"}}, "speaks x/v9", id="plugin version"
        ),
    ],
)
def test_what_would_be_unverified_or_ignored_is_refused(
    load: Load, cluster: Entry, user: Entry | None, what: str
) -> None:
    with pytest.raises(KubeconfigError, match=what):
        load(cluster, user)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("a: [", id="no YAML"),
        pytest.param("[]", id="a list"),
        pytest.param("clusters: []\ncontexts: []", id="no context"),
        pytest.param("current-context: x\nclusters: []\ncontexts: []", id="unknown context"),
        pytest.param("clusters: 7\ncontexts: 8", id="wrong types"),
    ],
)
def test_an_unusable_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)

    with pytest.raises(KubeconfigError):
        from_kubeconfig(path, environment={})


def test_a_missing_kubeconfig_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="cannot be read"):
        from_kubeconfig(tmp_path / "none", environment={})


def test_a_service_account_token_is_read_again_when_refused(tmp_path: Path, authority: bytes) -> None:
    (tmp_path / "ca.crt").write_bytes(authority)
    (tmp_path / "token").write_text("first\n")
    connection = from_service_account("::1", "443", tmp_path)
    first = authorization(connection)
    (tmp_path / "token").write_text("second")

    assert connection.server == "https://[::1]:443"
    assert (first, authorization(connection)) == ("Bearer first", "Bearer first")
    assert authorization(connection, fresh=True) == "Bearer second"


def plugin(program: str) -> Entry:
    version = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": version, "command": sys.executable, "args": ["-c", program]}}


def test_a_credential_plugin_is_asked_once_until_it_is_refused(load: Load, tmp_path: Path) -> None:
    """The plugin sees the request in its environment, and its token is kept."""
    program = (
        "import json, os; from pathlib import Path; p = Path(os.environ['COUNT']);"
        "n = len(p.read_text()) if p.exists() else 0; p.write_text('x' * (n + 1));"
        "asked = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "print(json.dumps({**asked, 'status': {'token': f'token-{n}'}}))"
    )
    user = plugin(program)
    user["exec"]["env"] = [{"name": "COUNT", "value": str(tmp_path / "count")}]

    async def ask() -> list[str | None]:
        credentials = load(user=user).credentials
        return [await credentials.authorization(fresh=fresh) for fresh in (False, False, True)]

    assert asyncio.run(ask()) == ["Bearer token-0", "Bearer token-0", "Bearer token-1"]


@pytest.mark.parametrize(
    ("program", "what"),
    [
        pytest.param("raise SystemExit('log in first')", "log in first", id="fails"),
        pytest.param("print('hello')", "answered something unusable", id="prints something else"),
    ],
)
def test_a_plugin_that_fails_is_said(load: Load, program: str, what: str) -> None:
    with pytest.raises(KubeconfigError, match=what):
        authorization(load(user=plugin(program)))


def test_a_plugin_that_is_not_there_is_said(load: Load) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin"}}

    with pytest.raises(KubeconfigError, match="cannot be started"):
        authorization(load(user=user))


@pytest.mark.parametrize(
    "status",
    [
        pytest.param({"token": "a\nb"}, id="a header in the token"),
        pytest.param({"token": ""}, id="empty"),
        pytest.param({"clientCertificateData": "x"}, id="a certificate"),
        pytest.param({"token": "a", "expirationTimestamp": "soon"}, id="no time"),
    ],
)
def test_an_unusable_exec_credential_is_refused(status: Entry) -> None:
    output = json.dumps({"kind": "ExecCredential", "apiVersion": "v", "status": status}).encode()

    with pytest.raises(KubeconfigError, match="answered something unusable"):
        exec_credential(output, "v")
