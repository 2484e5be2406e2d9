"""Everything a sandbox needs on disk before its parts start: keys, certificates, kubeconfigs, policies."""

import json
from datetime import datetime
from ipaddress import IPv4Address

from gitwarrant.sandbox.certificates import Credential, issue_client, issue_server, new_authority, new_key
from gitwarrant.sandbox.content import AUDIT_POLICY
from gitwarrant.sandbox.folder import Folder, write_private
from gitwarrant.sandbox.kubeconfig import kubeconfig
from gitwarrant.sandbox.parts import KWOK_USER, OWN_USER, SERVICE_ADDRESS
from gitwarrant.sandbox.stages import STAGES

ADMIN = "sandbox-admin"
SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
IDENTITIES = {
    "kube-controller-manager": "system:kube-controller-manager",
    "kube-scheduler": "system:kube-scheduler",
    "kwok": KWOK_USER,
}
"""Who each part is to the API server; each has the roles Kubernetes gives it, and no more."""


def prepare(folder: Folder, port: int, *, now: datetime) -> None:
    """Write what is missing, and issue certificates anew; the authority and the token key stay.

    So a sandbox that is started again after a year still works, and what was signed before still counts.
    """
    for path in (folder.pki, folder.logs, folder.path / "tmp"):
        path.mkdir(mode=0o700, exist_ok=True)
    authority = _authority(folder, now=now)
    token_key = folder.pki / "service-account.key"
    if not token_key.exists():
        write_private(token_key, new_key())
    addresses = (IPv4Address("127.0.0.1"), IPv4Address(SERVICE_ADDRESS))
    _write(folder, "apiserver", issue_server(authority, SERVER_NAMES, addresses, now=now))
    _write(folder, "own", issue_client(authority, OWN_USER, ("system:masters",), now=now))
    admin = issue_client(authority, ADMIN, ("system:masters",), now=now)
    write_private(folder.kubeconfig, _kubeconfig(folder, port, authority, ADMIN, admin))
    for part, user in IDENTITIES.items():
        credential = issue_client(authority, user, (), now=now)
        text = _kubeconfig(folder, port, authority, user, credential)
        write_private(folder.pki / f"{part}.kubeconfig", text)
    write_private(folder.path / "audit-policy.json", json.dumps(AUDIT_POLICY, indent=2).encode())
    write_private(folder.path / "kwok.yaml", "\n---\n".join(map(json.dumps, STAGES)).encode())


def credential_text(folder: Folder, port: int, user: str, groups: tuple[str, ...], *, now: datetime) -> bytes:
    """A kubeconfig for `user` in `groups`, good for as long as a certificate of the sandbox is."""
    authority = read_credential(folder, "ca")
    credential = issue_client(authority, user, groups, now=now)
    return _kubeconfig(folder, port, authority, user, credential)


def read_credential(folder: Folder, name: str) -> Credential:
    """A certificate and key of the sandbox by file name."""
    return Credential((folder.pki / f"{name}.crt").read_bytes(), (folder.pki / f"{name}.key").read_bytes())


def _authority(folder: Folder, *, now: datetime) -> Credential:
    if not (folder.pki / "ca.crt").exists():
        _write(folder, "ca", new_authority(f"gitwarrant sandbox {folder.name}", now=now))
    return read_credential(folder, "ca")


def _write(folder: Folder, name: str, credential: Credential) -> None:
    # The certificate comes last: where it is, its key is too.
    write_private(folder.pki / f"{name}.key", credential.key)
    write_private(folder.pki / f"{name}.crt", credential.certificate)


def _kubeconfig(folder: Folder, port: int, authority: Credential, user: str, credential: Credential) -> bytes:
    return kubeconfig(
        cluster=f"gitwarrant-{folder.name}",
        port=port,
        user=user,
        authority=authority.certificate,
        credential=credential,
    )
