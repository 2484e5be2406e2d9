"""The parts of a sandbox as data: what each is called, is started with and waits for.

Every part runs with the sandbox's folder as its working folder, so paths here are relative to it. That
also keeps etcd's socket within the 107 characters a socket's path may have, wherever the folder is.
"""

from collections.abc import Callable
from dataclasses import dataclass

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"  # the API server's own, first of the range
NODES = ("sandbox-1", "sandbox-2")
KWOK_USER = "gitwarrant-sandbox-kwok"
OWN_USER = "gitwarrant-sandbox"  # who the sandbox itself is to the API server
ETCD_SOCKET = "etcd.sock"


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the sandbox."""

    name: str
    arguments: Callable[[int], tuple[str, ...]]
    """From the API server's port to the command line after the program."""
    after: str | None = None
    """The part that must be ready before this one is started; a crash loop would only cost time."""


def _etcd(_port: int) -> tuple[str, ...]:
    # A socket in a private folder needs no certificates: only its owner can open it.
    return (
        "--name=sandbox",
        "--data-dir=etcd",
        f"--listen-client-urls=unix://{ETCD_SOCKET}",
        f"--advertise-client-urls=unix://{ETCD_SOCKET}",
        "--listen-peer-urls=unix://etcd-peer.sock",
        "--initial-advertise-peer-urls=unix://etcd-peer.sock",
        "--initial-cluster=sandbox=unix://etcd-peer.sock",
        "--auto-compaction-retention=10m",
        # A killed process loses nothing by it, only a power cut; a slow disk would make every write slow.
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def _apiserver(port: int) -> tuple[str, ...]:
    return (
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--etcd-servers=unix://{ETCD_SOCKET}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--tls-cert-file=pki/apiserver.crt",
        "--tls-private-key-file=pki/apiserver.key",
        "--client-ca-file=pki/ca.crt",
        "--anonymous-auth=false",
        "--authorization-mode=RBAC",
        f"--service-account-issuer=https://127.0.0.1:{port}",
        "--service-account-key-file=pki/service-account.key",
        "--service-account-signing-key-file=pki/service-account.key",
        "--audit-policy-file=audit-policy.json",
        "--audit-log-path=logs/audit.log",
        "--audit-log-maxsize=64",
        "--audit-log-maxbackup=2",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
        "--shutdown-delay-duration=0s",
    )


def _controller_manager(_port: int) -> tuple[str, ...]:
    return (
        "--kubeconfig=pki/kube-controller-manager.kubeconfig",
        "--use-service-account-credentials=true",
        "--service-account-private-key-file=pki/service-account.key",
        "--root-ca-file=pki/ca.crt",
        "--cluster-signing-cert-file=pki/ca.crt",
        "--cluster-signing-key-file=pki/ca.key",
        "--leader-elect=false",
        "--secure-port=0",
        # With the shipped limits 200 Deployments take 38 s to be observed instead of 0.1 s.
        "--kube-api-qps=2000",
        "--kube-api-burst=4000",
    )


def _scheduler(_port: int) -> tuple[str, ...]:
    return (
        "--kubeconfig=pki/kube-scheduler.kubeconfig",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=2000",
        "--kube-api-burst=4000",
    )


def _kwok(_port: int) -> tuple[str, ...]:
    return (
        "--config=kwok.yaml",
        "--kubeconfig=pki/kwok.kubeconfig",
        "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
        "--node-ip=127.0.0.1",
        # Without leases the nodes would be NotReady after the controllers' grace period of 50 s.
        "--node-lease-duration-seconds=40",
    )


PARTS: tuple[Part, ...] = (
    Part("etcd", _etcd),
    Part("kube-apiserver", _apiserver, after="etcd"),
    Part("kube-controller-manager", _controller_manager, after="kube-apiserver"),
    Part("kube-scheduler", _scheduler, after="kube-apiserver"),
    Part("kwok", _kwok, after="kube-apiserver"),
)
"""In the order they are started; ended in the reverse order."""
