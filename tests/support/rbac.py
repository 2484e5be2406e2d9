"""Objects of RBAC in few words: roles, bindings, accounts, workloads."""

from collections.abc import Mapping, Sequence
from typing import Any

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.objects.power.subjects import Subject

RBAC = "rbac.authorization.k8s.io/v1"
SHOP = "shop"


def declared(
    api: str,
    kind: str,
    name: str,
    namespace: str = SHOP,
    *,
    metadata: Mapping[str, Any] | None = None,
    **rest: Any,
) -> Manifest:
    """A manifest; an empty namespace for what belongs to the whole cluster."""
    group, _, version = api.rpartition("/")
    named = {"name": name, **({"namespace": namespace} if namespace else {}), **(metadata or {})}
    content = {"apiVersion": api, "kind": kind, "metadata": named, **rest}
    return Manifest(ObjectKey(group, kind, namespace, name), version, content, Place("rbac.yaml", 1), 0, ())


def rule(groups: str, resources: str, verbs: str, names: str = "") -> dict[str, Any]:
    """A rule of words with blanks between them; `-` is the core group."""
    listed = ["" if group == "-" else group for group in groups.split()]
    found: dict[str, Any] = {"apiGroups": listed, "resources": resources.split(), "verbs": verbs.split()}
    return {**found, "resourceNames": names.split()} if names else found


def role(name: str, *rules: Mapping[str, Any], namespace: str = SHOP) -> Manifest:
    """A Role; with an empty namespace, a ClusterRole."""
    return declared(RBAC, "Role" if namespace else "ClusterRole", name, namespace, rules=[*rules])


def binding(
    name: str, to: str, *subjects: Subject, namespace: str = SHOP, cluster_role: bool = False
) -> Manifest:
    """A RoleBinding; with an empty namespace, a ClusterRoleBinding."""
    kind = "ClusterRole" if cluster_role or not namespace else "Role"
    return declared(
        RBAC,
        "RoleBinding" if namespace else "ClusterRoleBinding",
        name,
        namespace,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": to},
        subjects=[_subject(subject) for subject in subjects],
    )


def _subject(subject: Subject) -> dict[str, str]:
    if subject.kind == "ServiceAccount":
        return {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name}
    return {"kind": subject.kind, "name": subject.name, "apiGroup": "rbac.authorization.k8s.io"}


def account(name: str, namespace: str = SHOP) -> Subject:
    """A ServiceAccount as a subject."""
    return Subject("ServiceAccount", namespace, name)


def user(name: str) -> Subject:
    """A User."""
    return Subject("User", "", name)


def deployment(name: str, runs_as: str = "", namespace: str = SHOP) -> Manifest:
    """A Deployment that runs as an account."""
    pod = {"containers": [{"name": "web", "image": "web"}]} | (
        {"serviceAccountName": runs_as} if runs_as else {}
    )
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    return declared("apps/v1", "Deployment", name, namespace, spec=spec)


def given(
    to: Subject, *rules: Mapping[str, Any], name: str = "r", namespace: str = SHOP
) -> Sequence[Manifest]:
    """A role with these rules, bound to somebody."""
    return [
        role(name, *rules, namespace=namespace),
        binding(name, name, to, namespace=namespace),
    ]
