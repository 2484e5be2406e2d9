"""Orders about one environment of a deployer, signed by hand, and what stands in its cluster then."""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import yaml

from gitwarrant.cluster.client import Cluster
from gitwarrant.git.statements import push, store
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Order, OrderKind
from gitwarrant.trust.sshsig import sign as sign_by_file
from tests.support.chain import sign
from tests.support.deployers import REPOSITORY, Deployer
from tests.support.one_approval import now


def order(
    shop: Deployer,
    by: str,
    kind: OrderKind = OrderKind.ROLLBACK,
    *,
    environment: str = "production",
    **fields: Any,
) -> SignedStatement:
    """Somebody signs an order by hand and pushes it; carol touches her security key."""
    at = now()
    told: dict[str, Any] = {"commit": "", "made": at, "expires": at + timedelta(hours=1)}
    told = {**told, "nonce": secrets.token_hex(16), "reason": "checkout fails", "incident": "", **fields}
    body = encode(Order(kind, by, REPOSITORY, environment, **told))
    if by == "carol":
        signature = sign("carol+touched", body, STATEMENT_NAMESPACE)
    else:
        signature = sign_by_file(str(getattr(shop, by).key), body, STATEMENT_NAMESPACE)
    signed = SignedStatement(body, signature)
    push(shop.forge.clone, "origin", [store(shop.forge.clone, signed)])
    return signed


def live(shop: Deployer, key: ObjectKey, version: str = "v1") -> dict[str, Any] | None:
    """An object as it stands in the deployer's cluster; None: it does not."""

    async def ask() -> Any:
        async with Cluster(shop.connection("")) as cluster:
            return await cluster.get(key, version)

    found: dict[str, Any] | None = asyncio.run(ask())
    return found


def deployment(name: str, *, fits: bool = True, replicas: int = 1) -> str:
    """A Deployment's YAML; without a node that it fits on, it is given up after a second."""
    container = {
        "name": name,
        "image": f"oci.example/{name}@sha256:{'0' * 64}",
        "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    labels = {"app": name}
    pod = {"containers": [container], "nodeSelector": {} if fits else {"nowhere": "to-be-found"}}
    return yaml.safe_dump(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "progressDeadlineSeconds": 1,
                "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
    )
