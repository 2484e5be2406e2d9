"""Whether a part does its work, asked from outside."""

import socket
from collections.abc import Callable, Mapping

from gitwarrant.sandbox.api import Api
from gitwarrant.sandbox.parts import ETCD_SOCKET


def etcd_listens(_api: Api) -> bool:
    """Whether etcd accepts connections; asked from within the sandbox's folder."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(ETCD_SOCKET) == 0


def api_server_serves(api: Api) -> bool:
    """Whether the API server calls itself ready, its first roles made."""
    return api.is_ready()


PROBES: Mapping[str, Callable[[Api], bool]] = {
    "etcd": etcd_listens,
    "kube-apiserver": api_server_serves,
}
"""By part name. A part without a probe is ready when it runs: nothing waits for it."""
