"""The computed Roles are enough and not more: counted in the API server's own audit log."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from tests.support.audited import whole_lines
from tests.support.broad import broad, broad_text
from tests.support.cluster_workshop import Workshop, run
from tests.support.deployers import Deployer, open_deployer

from gitwarrant.agent.loop import Mood
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import from_kubeconfig
from gitwarrant.cluster.power.needs import Naming, Needed, Served, needs
from gitwarrant.cluster.power.roles import grantings
from gitwarrant.cluster.wire import new_audit_id
from gitwarrant.model.environment import Bounds, DriftMode, Environment, Grant
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.live import Result
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import Action
from gitwarrant.objects.power.atoms import Power, powers_of
from gitwarrant.objects.power.subjects import Subject
from gitwarrant.sandbox import find
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

SETTLED_SECONDS = 10.0
KEPT = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: kept, annotations: {gitwarrant.dev/protect: "true"}}
"""


def environment(name: str, namespace: str) -> Environment:
    return Environment(
        name=name,
        ref="refs/heads/main",
        path=".",
        namespace=namespace,
        auto_deploy=True,
        promotion_source="",
        policies=(),
        approval_required=False,
        approvers=(),
        bounds=Bounds(),
        drift=DriftMode.REVERT,
        place=Place("environments.yaml", 1),
    )


def grant(namespace: str, manifests: Iterable[Manifest]) -> Grant:
    """What a tenant would write down: the kinds by name."""
    listed = tuple(manifests)
    return Grant(
        "test",
        frozenset({namespace}),
        frozenset(item.kind for item in listed if item.key.namespace),
        frozenset(item.kind for item in listed if not item.key.namespace),
    )


def needed(namespace: str, manifests: Sequence[Manifest], naming: Naming) -> tuple[Needed, ...]:
    return needs(
        environment("test", namespace), grant(namespace, manifests), manifests, naming=naming, served=Served()
    )


def plain(content: Content) -> Manifest:
    group, _, version = content["apiVersion"].rpartition("/")
    metadata = content["metadata"]
    key = ObjectKey(group, content["kind"], metadata.get("namespace", ""), metadata["name"])
    return Manifest(key, version, content, Place("computed"), 0, ())


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the API server's audit log has it."""

    power: Power
    denied: bool
    line: str


def requests(log: Path, username: str) -> list[Request]:
    """Every request of somebody, in order."""
    found = []
    for line in whole_lines(log):
        if username not in line:
            continue
        event = json.loads(line)
        about = event.get("objectRef")
        if event["user"]["username"] != username or about is None:
            continue
        below = f"/{about['subresource']}" if about.get("subresource") else ""
        cluster_wide = about["resource"] == "namespaces"
        power = Power(
            about.get("apiGroup", ""),
            about["resource"] + below,
            event["verb"],
            "" if cluster_wide else about.get("namespace", ""),
            about.get("name", ""),
        )
        denied = event["annotations"].get("authorization.k8s.io/decision") == "forbid"
        found.append(Request(power, denied or event["responseStatus"].get("code") == 403, line))
    return found


def settled(log: Path, username: str) -> list[Request]:
    """The same once the log is silent: the server writes it a little later."""
    until_, before = time.monotonic() + SETTLED_SECONDS, -1
    while (count := len(requests(log, username))) != before and time.monotonic() < until_:
        before = count
        time.sleep(0.5)
    return requests(log, username)


def used(found: Iterable[Request]) -> set[Power]:
    """The powers that requests took; a server-side apply that created took `create` too."""
    powers = set()
    for request in found:
        powers.add(request.power)
        event = json.loads(request.line)
        if event["verb"] == "patch" and event["responseStatus"].get("code") == 201:
            powers.add(replace(request.power, verb="create"))
    return powers


Life = Callable[[Workshop, Workshop, list[Manifest]], Awaitable[None]]


async def as_applier(
    admin: Workshop, sandbox: Sandbox, wanted: Sequence[Needed], life: Life, manifests: list[Manifest]
) -> list[Request]:
    """Live with exactly these powers; what was asked of the API server meanwhile."""
    holder = Subject("User", "", f"applier-{admin.namespace}")
    granted = [plain(content) for content in grantings(wanted, admin.namespace, holder).objects]
    for item in granted:
        await admin.cluster.apply(item.key, item.version, item.content, force=True, audit_id=new_audit_id())
    root = sandbox.folder.path.parent
    kubeconfig = find.write_credentials(sandbox.name, holder.name, (), root=root)
    try:
        async with Cluster(from_kubeconfig(kubeconfig, environment={})) as cluster:
            await life(admin, Workshop(cluster, admin.namespace), manifests)
        return settled(sandbox.audit_log, holder.name)
    finally:
        for item in granted:
            live = await admin.cluster.get(item.key, item.version)
            if live is not None:  # a Role went with its namespace
                uid = live["metadata"]["uid"]
                await admin.cluster.delete(item.key, item.version, uid=uid, audit_id=new_audit_id())


def rules_applied(shop: Deployer, admin: Path, user: str, *arguments: str) -> list[Needed]:
    """Apply what `gitwarrant rbac` prints, as an administrator; the power it gives, rule by rule."""
    said = shop.here("rbac", "production", "--fetched", "--cluster", "--for", "user", user, *arguments)
    assert said.status == 0, said.err
    contents = list(yaml.safe_load_all(said.out))

    async def apply() -> None:
        async with Cluster(from_kubeconfig(admin, environment={})) as cluster:
            for item in map(plain, contents):
                await cluster.apply(item.key, item.version, item.content, force=True, audit_id=new_audit_id())

    asyncio.run(apply())
    return [
        Needed(replace(power, namespace=content["metadata"].get("namespace", "")), "")
        for content in contents
        if content["kind"] in ("Role", "ClusterRole")
        for power in powers_of(content)
    ]


def created(admin: Path, namespace: str) -> None:
    """Somebody else's namespace."""
    key = ObjectKey("", "Namespace", "", namespace)
    content = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}

    async def create() -> None:
        async with Cluster(from_kubeconfig(admin, environment={})) as cluster:
            await cluster.apply(key, "v1", content, force=False, audit_id=new_audit_id())

    asyncio.run(create())


def tampered(shop: Deployer, admin: Path, manifests: Sequence[Manifest]) -> None:
    """Somebody changes and adds to everything, scales, and deletes."""

    async def tamper() -> None:
        async with Cluster(from_kubeconfig(admin, environment={})) as cluster:
            workshop = Workshop(cluster, shop.namespace("production"))
            for item in manifests:
                await workshop.patch(item, {"metadata": {"annotations": {"added": "by-hand"}}})
            [web] = [item for item in manifests if (item.key.kind, item.key.name) == ("Deployment", "web")]
            await workshop.patch(web, {"spec": {"replicas": 2}})
            [gone] = [item for item in manifests if item.key.kind == "ServiceAccount"]
            await workshop.send("DELETE", gone)

    asyncio.run(tamper())


@pytest.mark.parametrize(
    ("arguments", "alone"),
    [
        pytest.param((), True, id="by the grant, in a namespace of its own"),
        pytest.param(("--exact",), False, id="exactly, in a namespace that it shares"),
    ],
)
def test_no_request_is_denied_and_no_rule_is_unused(
    cluster: Sandbox, tmp_path: Path, arguments: tuple[str, ...], alone: bool
) -> None:
    """A life with what `rbac` printed: deploy, watch, put back, look for strangers, change, delete."""
    user = f"applier-{secrets.token_hex(4)}"
    kubeconfig = find.write_credentials(cluster.name, user, (), root=cluster.folder.path.parent)
    bounds = {"max_objects": 100, "max_deletes": 100}
    shop = open_deployer(tmp_path, kubeconfig=kubeconfig, environments=["production"], bounds=bounds)
    namespace = shop.namespace("production")
    manifests = broad(namespace)
    allowed = shop.settings["tenant"]["grants"]["production"]
    allowed["kinds"] = sorted({item.kind for item in manifests if item.key.namespace})
    allowed["cluster_kinds"] = sorted(
        {"Namespace", *(item.kind for item in manifests if not item.key.namespace)}
    )
    shop.land({"production/broad.yaml": broad_text(namespace), "production/keep.yaml": KEPT})

    if not alone:
        shop.land({"production/namespace.yaml": None})
        created(cluster.kubeconfig, namespace)

    given = rules_applied(shop, cluster.kubeconfig, user, *arguments)
    deployed = shop.loop(rounds=5)
    assert deployed[-1].mood is not Mood.BAD, deployed
    tampered(shop, cluster.kubeconfig, manifests)
    healed = shop.loop(rounds=5)
    looked = shop.here("drift", "production", "--revert"), shop.here("status", "production")
    shop.land({"production/broad.yaml": broad_text(namespace).replace("{a: b}", "{a: c}")})
    changed = shop.loop(rounds=3)
    shop.land({"production/broad.yaml": None, "production/web.yaml": None})
    ended = shop.loop(rounds=3)

    asked = settled(cluster.audit_log, user)
    assert [request.line for request in asked if request.denied] == []
    assert "was declared by nobody" not in str([deployed, healed, changed]), "its own rights are no strangers"
    taken = used(asked)
    unused = {str(item.power) for item in given if not any(item.power.covers(power) for power in taken)}
    assert unused == only_to_hand_on(manifests), [deployed, healed, looked, changed, ended]


def only_to_hand_on(manifests: Iterable[Manifest]) -> set[str]:
    """What the applier never asks for itself: the API server wants it to have what it gives."""
    roles = [item for item in manifests if item.key.kind in ("Role", "ClusterRole")]
    held = {
        str(replace(power, namespace=item.key.namespace))
        for item in roles
        for power in powers_of(item.content)
    }
    bound = {
        str(
            Power(
                "rbac.authorization.k8s.io",
                f"{ref['kind'].lower()}s",
                "bind",
                item.key.namespace,
                ref["name"],
            )
        )
        for item in manifests
        if (ref := item.content.get("roleRef"))
    }
    return held | bound


@pytest.mark.parametrize(
    ("left_out", "kind"),
    [
        pytest.param("update leases", "Role", id="a Role that gives more than the applier has"),
        pytest.param("get nodes", "ClusterRole", id="a ClusterRole that does"),
        pytest.param('bind clusterroles.rbac.authorization.k8s.io "view"', "RoleBinding", id="a binding"),
    ],
)
def test_what_is_only_handed_on_is_needed_too(cluster: Sandbox, left_out: str, kind: str) -> None:
    """Without it the API server refuses that one object, whoever wrote it."""

    async def life(_: Workshop, applier: Workshop, manifests: list[Manifest]) -> None:
        applied = await applier.apply(*manifests)
        failed = {item.key.kind: item.message for item in applied.objects if item.result is Result.FAILED}
        assert failed.keys() == {kind}
        assert "is attempting to grant RBAC permissions not currently held" in failed[kind]
        await applier.apply(deletes=[item for item in manifests if item.key.kind not in failed])

    async def test(admin: Workshop) -> None:
        manifests = [item for item in broad(admin.namespace) if item.key.kind != "ClusterRoleBinding"]
        wanted = [
            item
            for item in needed(admin.namespace, manifests, Naming.EXACT)
            if not str(item.power).startswith(left_out)
        ]

        await as_applier(admin, cluster, wanted, life, manifests)

    run(cluster.kubeconfig, test)


def test_a_first_plan_asks_for_a_role_that_does_not_exist_yet(cluster: Sandbox) -> None:
    """To have a Role's rules is not enough to bind it then: the server cannot look them up."""

    async def life(_: Workshop, applier: Workshop, manifests: list[Manifest]) -> None:
        elects = next(
            item for item in manifests if (item.key.kind, item.key.name) == ("RoleBinding", "elects")
        )
        with pytest.raises(Refused, match='"elects" not found'):
            await applier.refine((elects, Action.CREATE))

    async def test(admin: Workshop) -> None:
        manifests = broad(admin.namespace)
        wanted = [
            item
            for item in needed(admin.namespace, manifests, Naming.EXACT)
            if not str(item.power).startswith("bind roles")
        ]

        await as_applier(admin, cluster, wanted, life, manifests)

    run(cluster.kubeconfig, test)
