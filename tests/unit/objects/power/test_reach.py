"""Ways from one power to more: each is known, named, and followed to its end."""

from collections.abc import Sequence

import pytest
from tests.support.rbac import account, binding, given, role, rule, user

from gitwarrant.model.manifest import Manifest
from gitwarrant.objects.power.reach import Path, Target, anything, paths, telling
from gitwarrant.objects.power.subjects import holdings
from gitwarrant.objects.power.ways import WAYS

RBAC_GROUP = "rbac.authorization.k8s.io"
WEB, ADMIN = account("web"), account("admin")
STRONG = given(ADMIN, rule("-", "secrets", "get list"), name="strong")
THE_ADMIN = Target("ServiceAccount", "shop", "admin")
ACCOUNTS = Target("accounts", "shop")


def ways(manifests: Sequence[Manifest]) -> set[tuple[str, Target]]:
    """(way, what it leads to) of the account `web`."""
    return {(path.first.way, path.target) for path in paths(WEB, holdings(manifests))}


HERE = [
    pytest.param(rule("*", "*", "*"), ("everything", anything("shop")), id="every verb on everything"),
    pytest.param(
        rule(RBAC_GROUP, "roles", "escalate patch", "app"), ("escalate", anything("shop")), id="escalate"
    ),
    pytest.param(
        rule(RBAC_GROUP, "clusterroles rolebindings", "bind create"),
        ("bind-cluster-role", anything("shop")),
        id="bind of any ClusterRole",
    ),
    pytest.param(
        rule("-", "serviceaccounts", "impersonate", "admin"),
        ("impersonate-account", THE_ADMIN),
        id="impersonate",
    ),
    pytest.param(
        rule("-", "serviceaccounts/token", "create", "admin"), ("token", THE_ADMIN), id="a token of one"
    ),
    pytest.param(rule("-", "serviceaccounts/token", "create"), ("token", THE_ADMIN), id="a token of anyone"),
    pytest.param(
        rule("-", "secrets", "create get"), ("secret-token", THE_ADMIN), id="a Secret that is filled"
    ),
    pytest.param(rule("-", "secrets", "list"), ("secrets", Target("reach", "shop", "secrets")), id="Secrets"),
    pytest.param(rule("-", "pods/exec", "get"), ("exec", THE_ADMIN), id="exec, which a GET can do"),
    pytest.param(rule("-", "pods/ephemeralcontainers", "patch"), ("debug", THE_ADMIN), id="debug containers"),
    pytest.param(rule("-", "pods", "create"), ("workload", THE_ADMIN), id="a Pod"),
    pytest.param(rule("apps", "deployments", "patch", "web"), ("workload", ACCOUNTS), id="one Deployment"),
    pytest.param(rule("apps", "*", "update"), ("workload", THE_ADMIN), id="a Deployment by a wildcard"),
    pytest.param(rule("batch", "cronjobs", "create"), ("workload", THE_ADMIN), id="a CronJob"),
    pytest.param(
        rule("-", "namespaces", "patch"),
        ("pod-security", Target("reach", "shop", "pod-security")),
        id="labels of the namespace",
    ),
]
EVERYWHERE = [
    pytest.param(rule("-", "nodes/proxy", "get"), ("node-proxy", anything()), id="nodes/proxy"),
    pytest.param(rule("-", "users groups", "impersonate"), ("impersonate", anything()), id="any user"),
    pytest.param(rule("-", "pods", "create"), ("workload", anything()), id="Pods in kube-system too"),
    pytest.param(
        rule(RBAC_GROUP, "clusterroles", "escalate update"), ("escalate-cluster", anything()), id="escalate"
    ),
    pytest.param(
        rule(RBAC_GROUP, "clusterroles clusterrolebindings", "bind create"),
        ("bind-cluster", anything()),
        id="bind",
    ),
    pytest.param(
        rule("admissionregistration.k8s.io", "mutatingwebhookconfigurations", "patch"),
        ("mutating-admission", anything()),
        id="a webhook that mutates",
    ),
    pytest.param(
        rule("certificates.k8s.io", "certificatesigningrequests/approval signers", "update approve"),
        ("certificates", anything()),
        id="certificates",
    ),
    pytest.param(
        rule("apiregistration.k8s.io", "apiservices", "create"), ("api-service", anything()), id="APIServices"
    ),
    pytest.param(
        rule("-", "persistentvolumes", "create"),
        ("node-files", Target("reach", "", "node-files")),
        id="files of nodes",
    ),
    pytest.param(
        rule("admissionregistration.k8s.io", "validatingwebhookconfigurations", "create"),
        ("validating-admission", Target("reach", "", "validating-admission")),
        id="a webhook that sees everything",
    ),
    pytest.param(
        rule("admissionregistration.k8s.io", "validatingadmissionpolicies", "delete"),
        ("lift-admission", Target("reach", "", "lift-admission")),
        id="policies taken away",
    ),
]


@pytest.mark.parametrize(("power", "way"), HERE)
def test_a_way_in_a_namespace_is_known(power: dict[str, object], way: tuple[str, Target]) -> None:
    assert way in ways([*given(WEB, power), *STRONG])


@pytest.mark.parametrize(("power", "way"), EVERYWHERE)
def test_a_way_in_the_whole_cluster_is_known(power: dict[str, object], way: tuple[str, Target]) -> None:
    assert way in ways([*given(WEB, power, namespace=""), *STRONG])
    assert way not in ways([*given(WEB, power), *STRONG])


def test_every_way_of_the_table_has_its_case() -> None:
    tried = {case.values[1][0] for case in (*HERE, *EVERYWHERE)}  # type: ignore[index]

    assert {way.id for way in WAYS} == tried | {"bind"}


@pytest.mark.parametrize(
    "power",
    [
        pytest.param(rule("-", "pods", "get list watch delete"), id="Pods are read and deleted"),
        pytest.param(rule("-", "configmaps services", "create patch update"), id="no workload"),
        pytest.param(rule(RBAC_GROUP, "roles rolebindings", "create patch"), id="Roles, within what it has"),
        pytest.param(rule(RBAC_GROUP, "roles", "bind"), id="bind without a binding to write"),
        pytest.param(rule("-", "secrets", "create"), id="Secrets that it cannot read"),
        pytest.param(rule("certificates.k8s.io", "certificatesigningrequests", "create"), id="a request"),
        pytest.param(rule("-", "nodes/proxy", "get"), id="a node's, by a Role"),
    ],
)
def test_what_leads_nowhere_is_no_way(power: dict[str, object]) -> None:
    assert ways([*given(WEB, power), *STRONG]) == set()


def test_a_way_is_followed_over_accounts_to_its_end() -> None:
    """web creates Pods, so it is robot; robot binds cluster-admin, so it may do anything."""
    robot = account("robot", "build")
    manifests = [
        *given(WEB, rule("-", "pods", "create"), namespace="build"),
        *given(
            robot,
            rule(RBAC_GROUP, "clusterroles", "bind", "cluster-admin"),
            rule(RBAC_GROUP, "clusterrolebindings", "create"),
            name="robot",
            namespace="",
        ),
    ]

    found = {path.target: path.via for path in paths(WEB, holdings(manifests))}

    the_robot = Target("ServiceAccount", "build", "robot")
    rules = Target("rules of", "", "ClusterRole cluster-admin")
    assert found == {
        Target("accounts", "build"): (),
        the_robot: (),
        rules: (the_robot,),
        anything(): (the_robot, rules),
    }


def test_a_role_that_may_be_bound_gives_its_rules_where_it_may_be_bound() -> None:
    manifests = [
        role("app", rule("-", "secrets", "get")),
        *given(WEB, rule(RBAC_GROUP, "roles rolebindings", "bind create")),
    ]

    assert ("bind", Target("rules of", "shop", "Role shop/app")) in ways(manifests)


def test_accounts_in_a_circle_end() -> None:
    one, two = account("one", "a"), account("two", "b")
    manifests = [
        *given(one, rule("-", "pods", "create"), namespace="b"),
        *given(two, rule("-", "pods", "create"), namespace="a"),
    ]

    found = {path.target for path in paths(one, holdings(manifests))}

    assert found == {Target("accounts", "b"), Target("ServiceAccount", "b", "two"), Target("accounts", "a")}


def test_impersonating_one_user_gives_that_users_power() -> None:
    root = user("root")
    manifests = [
        *given(WEB, rule("-", "users", "impersonate", "root"), namespace=""),
        binding("root", "cluster-admin", root, namespace=""),
    ]

    assert ("impersonate", anything()) in ways(manifests)


def test_beside_anything_nothing_else_is_told() -> None:
    manifests = [*given(WEB, rule("*", "*", "*")), *STRONG]

    told: tuple[Path, ...] = telling(tuple(paths(WEB, holdings(manifests))))

    assert {path.target for path in told} == {anything("shop")}


def test_a_path_reads_as_a_sentence() -> None:
    [path] = paths(WEB, holdings(given(WEB, rule("apps", "deployments", "create patch", "web"))))

    assert (str(path.first), str(path.target)) == (
        'decides what runs as a ServiceAccount (create, patch deployments.apps "web" in shop)',
        "every ServiceAccount in shop",
    )
