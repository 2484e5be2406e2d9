"""How to reach a cluster: read from a kubeconfig or from a Pod's service account."""

import os
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from lightkube.config.client_adapter import verify_cluster
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import Cluster as ClusterEntry
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from gitwarrant.cluster.credentials import (
    PLUGIN_VERSIONS,
    Credentials,
    Fixed,
    KubeconfigError,
    Plugin,
    TokenFile,
    basic,
)

MAX_KUBECONFIG_BYTES = 4 * 1024 * 1024
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

# What the library would silently leave out, although it changes where we go or who we are there.
UNSUPPORTED = {
    "cluster": ("proxy-url", "tls-server-name"),
    "user": ("auth-provider",),
}


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Whom we act as: the server allows it only to whoever may `impersonate` them."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    """(name, value); a name may come several times."""

    def __post_init__(self) -> None:
        values = (self.user, self.uid, *self.groups, *(value for _, value in self.extra))
        if not self.user or not all(value.isprintable() for value in values):
            raise ValueError("impersonation needs a user, and no text with control characters")

    def headers(self) -> Iterator[tuple[str, str]]:
        """As the server reads them.

        Source: k8s.io/apiserver, `endpoints/filters/impersonation`.
        """
        yield "Impersonate-User", self.user
        if self.uid:
            yield "Impersonate-Uid", self.uid
        for group in self.groups:
            yield "Impersonate-Group", group
        for name, value in self.extra:
            yield f"Impersonate-Extra-{quote(name, safe='')}", value


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API server is, how its certificate is judged, and who we are to it."""

    server: str
    tls: ssl.SSLContext
    credentials: Credentials
    impersonation: Impersonation | None = None


def from_kubeconfig(path: Path, *, environment: Mapping[str, str], context: str | None = None) -> Connection:
    """Read one context of a kubeconfig.

    Args:
        path: the file; paths inside it are relative to its folder.
        environment: what credential plugins are started with.
        context: its name; None takes the current one.

    Raises:
        KubeconfigError: unreadable, incomplete, without TLS verification, or
            with settings that we would have to ignore.
    """
    plain = _read(path)
    try:
        chosen = KubeConfig.from_dict(plain, fname=path.absolute()).get(context)
    except (ConfigError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise KubeconfigError(
            f"{path} has no usable context: {error}", remedy="check it with kubectl config view"
        ) from error
    if chosen is None:
        raise KubeconfigError(f"{path} names no current context", remedy="set current-context")
    _refuse_unsupported(path, plain, chosen)
    connection = _connection(chosen, environment)
    return replace(connection, impersonation=_impersonation(path, _entry(plain, "user", chosen.context.user)))


def from_service_account(host: str, port: str, folder: Path = SERVICE_ACCOUNT) -> Connection:
    """Connect from inside a Pod; the token is read again as the kubelet rotates it.

    Args:
        host: `KUBERNETES_SERVICE_HOST`.
        port: `KUBERNETES_SERVICE_PORT`.
        folder: where the service account is mounted.
    """
    address = f"[{host}]" if ":" in host else host
    entry = ClusterEntry(server=f"https://{address}:{port}", certificate_auth=str(folder / "ca.crt"))
    chosen = KubeConfig.from_one(cluster=entry, user=User(token_file=str(folder / "token"))).get()
    if chosen is None:
        raise KubeconfigError("no service account", remedy="run it in a Pod with one")
    return _connection(chosen, {})


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_KUBECONFIG_BYTES + 1)
        if len(data) > MAX_KUBECONFIG_BYTES:
            raise ValueError(f"larger than {MAX_KUBECONFIG_BYTES} bytes")
        plain = yaml.safe_load(data)
        if not isinstance(plain, dict):
            raise ValueError("not a mapping")
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise KubeconfigError(
            f"the kubeconfig {path} cannot be read: {error}", remedy="name another file, or check its mode"
        ) from error
    return plain


def _refuse_unsupported(path: Path, plain: Mapping[str, Any], chosen: SingleConfig) -> None:
    names = {"cluster": chosen.context.cluster, "user": chosen.context.user}
    for what, settings in UNSUPPORTED.items():
        entry = _entry(plain, what, names[what])
        for setting in settings:
            if entry.get(setting):
                raise KubeconfigError(
                    f"{path}: {what} {names[what]!r} sets {setting}, which gitwarrant does not support",
                    remedy="use a context without it",
                )


def _entry(plain: Mapping[str, Any], what: str, name: str | None) -> Mapping[str, Any]:
    """One cluster or user as it is written; the library keeps only what it knows."""
    return next((item[what] or {} for item in plain.get(f"{what}s", ()) if item["name"] == name), {})


def _impersonation(path: Path, user: Mapping[str, Any]) -> Impersonation | None:
    if not any(user.get(name) for name in ("as", "as-uid", "as-groups", "as-user-extra")):
        return None
    try:
        extra = dict(user.get("as-user-extra") or {})
        return Impersonation(
            _text(user["as"]),
            _text(user.get("as-uid") or ""),
            tuple(_text(group) for group in user.get("as-groups") or ()),
            tuple((_text(name), _text(value)) for name in sorted(extra) for value in extra[name]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise KubeconfigError(
            f"{path}: whom to act as cannot be read: {error}",
            remedy="write 'as' with a name, 'as-groups' with a list of names",
        ) from error


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _connection(chosen: SingleConfig, environment: Mapping[str, str]) -> Connection:
    entry = chosen.cluster
    if entry.insecure:
        raise KubeconfigError(
            f"cluster {chosen.context.cluster!r} sets insecure-skip-tls-verify",
            remedy="remove it and give certificate-authority-data: an unverified server can be anybody",
        )
    if not entry.server.startswith("https://"):
        raise KubeconfigError(
            f"the server {entry.server} is not reached by https", remedy="use the API server's https address"
        )
    return Connection(
        entry.server.rstrip("/"), _tls(chosen), _credentials(chosen.user or User(), chosen, environment)
    )


def _tls(chosen: SingleConfig) -> ssl.SSLContext:
    try:
        context = verify_cluster(chosen.cluster, chosen.user or User(), chosen.abs_file, trust_env=False)
    except (OSError, ValueError, ConfigError) as error:  # ssl.SSLError is an OSError
        raise KubeconfigError(
            f"the certificates of context {chosen.context_name!r} cannot be used: {error}",
            remedy="check certificate-authority and client-certificate in the kubeconfig",
        ) from error
    if context.verify_mode is not ssl.CERT_REQUIRED or not context.check_hostname:
        raise KubeconfigError("the server's certificate would not be verified", remedy="report this as a bug")
    return context


def _credentials(user: User, chosen: SingleConfig, environment: Mapping[str, str]) -> Credentials:
    if user.token_file is not None:
        return TokenFile(Path(chosen.abs_file(user.token_file)))
    if user.token is not None:
        return Fixed(f"Bearer {user.token}")
    if user.exec is not None:
        return _plugin(user, chosen, environment)
    if user.username and user.password:
        return basic(user.username, user.password)
    return Fixed()


def _plugin(user: User, chosen: SingleConfig, environment: Mapping[str, str]) -> Plugin:
    plugin = user.exec
    if plugin is None or plugin.apiVersion not in PLUGIN_VERSIONS:
        raise KubeconfigError(
            f"the credential plugin of {chosen.context.user!r} speaks {plugin and plugin.apiVersion}",
            remedy=f"use one that speaks {' or '.join(PLUGIN_VERSIONS)}",
        )
    command = str(chosen.abs_file(plugin.command)) if os.sep in plugin.command else plugin.command
    own = {item.name: item.value for item in plugin.env or ()}
    return Plugin((command, *(plugin.args or ())), plugin.apiVersion, {**environment, **own})
