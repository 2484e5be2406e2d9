"""A free loopback port for the API server."""

import random
import socket

from gitwarrant.sandbox.errors import SandboxError

# Below what Linux hands out to outgoing connections (from 32768), which could take the port at any moment.
FIRST, LAST = 20_000, 32_000
ATTEMPTS = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(choose: random.Random) -> int:
    """A loopback port nobody listens on; picked at random so that two sandboxes rarely pick the same.

    Raises:
        SandboxError: none was found.
    """
    for _ in range(ATTEMPTS):
        port = choose.randint(FIRST, LAST)
        if is_free(port):
            return port
    raise SandboxError(
        f"no free port between {FIRST} and {LAST} on 127.0.0.1 in {ATTEMPTS} attempts",
        remedy="end what listens there; see: ss -ltn",
    )
