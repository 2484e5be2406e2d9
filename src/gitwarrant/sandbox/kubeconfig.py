"""The file that tells a client where a cluster is and who it acts as."""

from base64 import b64encode

import yaml

from gitwarrant.sandbox.certificates import Credential


def kubeconfig(*, cluster: str, port: int, user: str, authority: bytes, credential: Credential) -> bytes:
    """A complete kubeconfig, everything embedded: it works wherever it is copied to on this machine."""
    context = f"{user}@{cluster}"
    value = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": cluster,
                "cluster": {
                    "server": f"https://127.0.0.1:{port}",
                    "certificate-authority-data": _base64(authority),
                },
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": _base64(credential.certificate),
                    "client-key-data": _base64(credential.key),
                },
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": cluster, "user": user}}],
        "current-context": context,
    }
    return yaml.safe_dump(value, sort_keys=False).encode()


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")
