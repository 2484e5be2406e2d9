"""What a sandbox starts with: its audit policy, its nodes, and the permissions of KWOK."""

from typing import Any

from gitwarrant.sandbox.parts import KWOK_USER, NODES, OWN_USER

# The first rule that matches decides.
AUDIT_POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "omitManagedFields": True,
    "rules": [
        {"level": "None", "nonResourceURLs": ["/healthz*", "/livez*", "/readyz*", "/version", "/openapi*"]},
        # The heartbeat of the cluster itself: many a second, and no one asks for them.
        {
            "level": "None",
            "resources": [
                {"group": "", "resources": ["events"]},
                {"group": "events.k8s.io", "resources": ["events"]},
                {"group": "coordination.k8s.io", "resources": ["leases"]},
            ],
        },
        {
            "level": "None",
            "users": [
                OWN_USER,
                "system:kube-controller-manager",
                "system:kube-scheduler",
                "system:apiserver",
                KWOK_USER,
            ],
            "verbs": ["get", "list", "watch"],
        },
        # That somebody read or wrote a secret is worth a record; what it said is not.
        {
            "level": "Metadata",
            "resources": [
                {"group": "", "resources": ["secrets", "serviceaccounts/token"]},
                {"group": "authentication.k8s.io"},
            ],
        },
        {
            "level": "RequestResponse",
            "verbs": ["create", "update", "patch", "delete", "deletecollection"],
        },
        {"level": "Metadata"},
    ],
}

# Source: kustomize/rbac/role.yaml of KWOK v0.8.0, less its custom resources, which we do not install.
KWOK_ROLE: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": KWOK_USER},
    "rules": [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["nodes/status", "pods/status"], "verbs": ["patch", "update"]},
        {
            "apiGroups": [""],
            "resources": ["pods"],
            "verbs": ["delete", "get", "list", "patch", "update", "watch"],
        },
        {
            "apiGroups": ["", "events.k8s.io"],
            "resources": ["events"],
            "verbs": ["create", "get", "list", "patch", "update", "watch"],
        },
        {
            "apiGroups": ["coordination.k8s.io"],
            "resources": ["leases"],
            "verbs": ["create", "get", "list", "patch", "update", "watch"],
        },
    ],
}

KWOK_BINDING: dict[str, Any] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRoleBinding",
    "metadata": {"name": KWOK_USER},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": KWOK_USER},
    "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": KWOK_USER}],
}


def node(name: str) -> dict[str, Any]:
    """A node that KWOK plays: it has room, and whatever is scheduled to it becomes Ready."""
    room = {"cpu": "32", "memory": "256Gi", "pods": "1000"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "type": "kwok",
            },
        },
        "status": {"allocatable": room, "capacity": room},
    }


SEED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/apis/rbac.authorization.k8s.io/v1/clusterroles", KWOK_ROLE),
    ("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", KWOK_BINDING),
    *(("/api/v1/nodes", node(name)) for name in NODES),
)
"""What is created as soon as the API server serves: collection and object, in this order."""
