"""`gitwarrant rbac`: the Roles that deploying takes, and what power a change gives to whom."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.deployers import Deployer, open_deployer
from tests.support.desks import desk
from tests.support.rbac import account, binding, given, role, rule

from gitwarrant.cluster.applyset import PART_OF, applyset_id, parent_key
from gitwarrant.demo.forge import run_git
from gitwarrant.model.manifest import Content, Manifest

ROLES = "production/roles.yaml"


@pytest.fixture
def shop(tmp_path: Path) -> Deployer:
    return open_deployer(tmp_path, environments=["production"])


def written(shop: Deployer, *manifests: Manifest) -> str:
    """Manifests as a file of the environment: in its namespace."""
    text = yaml.safe_dump_all(dict(item.content) for item in manifests)
    return text.replace("namespace: shop\n", f"namespace: {shop.namespace('production')}\n")


def rules_of(objects: list[Content], kind: str) -> list[dict[str, Any]]:
    [found] = [item for item in objects if item["kind"] == kind]
    return list(found["rules"])


def about(resource: str, objects: list[Content]) -> list[dict[str, Any]]:
    """The rules of the Role that are about one resource alone."""
    return [found for found in rules_of(objects, "Role") if found["resources"] == [resource]]


def objects(shop: Deployer, *arguments: str) -> list[Content]:
    said = shop.here("rbac", "production", "--fetched", *arguments)
    assert said.status == 0, said.err
    return list(yaml.safe_load_all(said.out))


def test_the_roles_reach_as_far_as_the_grant_and_name_what_is_of_the_cluster(shop: Deployer) -> None:
    space = shop.namespace("production")

    found = objects(shop)

    assert [(item["kind"], item["metadata"]["name"]) for item in found] == [
        ("Namespace", space),
        ("Namespace", "gitwarrant-system"),
        ("ServiceAccount", "gitwarrant-applier"),
        ("ClusterRole", "gitwarrant:shop:production"),
        ("Role", "gitwarrant:shop:production"),
        ("ClusterRoleBinding", "gitwarrant:shop:production"),
        ("RoleBinding", "gitwarrant:shop:production"),
    ]
    verbs = ["get", "create", "patch", "delete", "list", "watch"]
    assert about("configmaps", found) == [{"apiGroups": [""], "resources": ["configmaps"], "verbs": verbs}]
    assert {
        "apiGroups": [""],
        "resources": ["namespaces"],
        "verbs": ["get", "patch"],
        "resourceNames": [space],
    } in (rules_of(found, "ClusterRole"))


def test_exact_roles_name_every_object_and_the_parent(shop: Deployer) -> None:
    parent = parent_key("production", shop.namespace("production")).name

    found = about("configmaps", objects(shop, "--exact"))

    maps: dict[str, Any] = {"apiGroups": [""], "resources": ["configmaps"]}
    assert found == [
        {**maps, "verbs": ["create", "list", "watch"]},
        {**maps, "verbs": ["get", "patch", "delete"], "resourceNames": ["web"]},
        {**maps, "verbs": ["get", "patch"], "resourceNames": [parent]},
    ]


def test_secrets_are_never_listed_as_a_whole(shop: Deployer) -> None:
    """Who may list Secrets may read all of them; each is watched by its name."""
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\ntype: Opaque\n"
    shop.land({"production/secret.yaml": secret})

    found = about("secrets", objects(shop))

    secrets: dict[str, Any] = {"apiGroups": [""], "resources": ["secrets"]}
    assert found == [
        {**secrets, "verbs": ["create"]},
        {**secrets, "verbs": ["get", "patch", "delete", "list", "watch"], "resourceNames": ["db"]},
    ]


def test_every_rule_has_its_reasons_above_it(shop: Deployer) -> None:
    said = shop.here("rbac", "production", "--fetched")

    assert "# delete: apply deletes it when a change removes it\n  # list: observe lists its kind" in said.out
    data = json.loads(shop.here("rbac", "production", "--fetched", "--output", "json").out)
    assert all(item["reasons"] for item in data["rules"])


@pytest.mark.parametrize(
    ("holder", "subject"),
    [
        pytest.param(
            ("user", "deployer"),
            {"kind": "User", "name": "deployer", "apiGroup": "rbac.authorization.k8s.io"},
            id="a user",
        ),
        pytest.param(
            ("serviceaccount", "ci/deployer"),
            {"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"},
            id="a service account",
        ),
    ],
)
def test_the_roles_go_to_whom_they_are_for(
    shop: Deployer, holder: tuple[str, str], subject: Mapping[str, str]
) -> None:
    found = objects(shop, "--for", *holder)

    assert [item["subjects"] for item in found if item["kind"] == "RoleBinding"] == [[subject]]
    assert any(item["kind"] == "ServiceAccount" for item in found) is (holder[0] == "serviceaccount")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(["--for", "robot", "x"], "'robot' is nobody whom a binding can name", id="no such kind"),
        pytest.param(
            ["--for", "serviceaccount", "x"], "the ServiceAccount 'x' has no namespace", id="no namespace"
        ),
        pytest.param(
            ["a", "b", "--fetched"], "one revision of one environment at a time", id="two revisions"
        ),
        pytest.param(
            ["a", "--fetched"], "--fetched takes what the Git server holds", id="a revision, fetched"
        ),
    ],
)
def test_a_wrong_call_says_what_is_wrong(shop: Deployer, arguments: list[str], what: str) -> None:
    said = shop.here("rbac", "production", *arguments)

    assert said.status == 2
    assert what in said.err


def test_a_custom_kind_whose_resource_nobody_knows_is_refused_with_its_place(shop: Deployer) -> None:
    widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: one}\n"
    shop.settings["tenant"]["custom_kinds"] = ["Widget.example.com"]
    shop.settings["tenant"]["grants"]["production"]["kinds"].append("Widget.example.com")
    shop.land({"production/widget.yaml": widget})

    said = shop.here("rbac", "production", "--fetched")

    assert said.status == 2
    assert (
        "production/widget.yaml:1:1: nobody here says what the cluster calls Widget.example.com" in said.err
    )


def test_a_namespace_that_is_made_beforehand_is_handed_over_by_its_label(shop: Deployer) -> None:
    space = shop.namespace("production")

    [made] = [item for item in objects(shop) if item["metadata"]["name"] == space]

    assert made["metadata"]["labels"] == {PART_OF: applyset_id(parent_key("production", space))}


def test_what_the_grant_does_not_allow_gets_no_role(shop: Deployer) -> None:
    shop.land({"production/more.yaml": written(shop, role("r", rule("-", "pods", "get"), namespace=""))})

    said = shop.here("rbac", "production", "--fetched")

    assert said.status == 1
    assert "refused by plan" in said.err


def test_the_applier_has_what_it_hands_on_and_never_escalates(shop: Deployer) -> None:
    shop.land({ROLES: written(shop, *given(account("web"), rule("-", "secrets", "get", "db")))})

    rules = rules_of(objects(shop), "Role")

    assert {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["db"]} in rules
    assert {
        "apiGroups": ["rbac.authorization.k8s.io"],
        "resources": ["roles"],
        "verbs": ["get", "patch", "delete", "bind"],
        "resourceNames": ["r"],
    } in rules
    assert not any("escalate" in item["verbs"] for item in rules)


def test_an_object_that_leaves_may_still_be_deleted(shop: Deployer) -> None:
    """Roles for the branch that removes it: made before it lands."""
    ada = desk(shop, shop.ada)
    run_git(ada.clone, "checkout", "-q", "-b", "less")
    run_git(ada.clone, "rm", "-q", "production/web.yaml")
    run_git(ada.clone, "commit", "-q", "-S", "-m", "Less", person=shop.ada)

    said = ada.gitwarrant("rbac", "production", "less", "--exact")

    leaving = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "verbs": ["get", "delete"],
        "resourceNames": ["web"],
    }
    assert leaving in rules_of(list(yaml.safe_load_all(said.out)), "Role")


def test_a_branch_that_gives_power_says_to_whom_and_what_follows(shop: Deployer) -> None:
    ada, space = desk(shop, shop.ada), shop.namespace("production")
    run_git(ada.clone, "checkout", "-q", "-b", "more")
    more = given(account("web"), rule("apps", "deployments", "create patch"))
    strong = binding("strong", "admin", account("strong"), cluster_role=True)
    (ada.clone / ROLES).write_text(written(shop, *more, strong))
    run_git(ada.clone, "add", "-A")
    run_git(ada.clone, "commit", "-q", "-S", "-m", "More", person=shop.ada)

    said = ada.gitwarrant("rbac", "diff", "production", "more")
    failing = ada.gitwarrant("rbac", "diff", "production", "more", "--fail-on-added")

    assert (said.status, failing.status) == (0, 1)
    lines = said.out.splitlines()
    assert f"+ ServiceAccount {space}/web" in lines
    assert f"    + create, patch deployments.apps in {space}" in lines
    assert (
        f"    + decides what runs as a ServiceAccount (create, patch deployments.apps in {space}): "
        f"so it has the power of ServiceAccount {space}/strong" in lines
    )
    assert "~ gitwarrant itself needs more to deploy it: gitwarrant rbac production" in lines


def test_a_branch_that_gives_nothing_says_so(shop: Deployer) -> None:
    ada = desk(shop, shop.ada)
    ada.branch("mode", "fast")

    said = ada.gitwarrant("rbac", "diff", "production", "--fail-on-added")

    assert (said.status, said.out.startswith("no power is added to anybody by ")) == (0, True)


def test_a_plan_and_its_approver_see_what_power_it_gives(shop: Deployer) -> None:
    ada, space = desk(shop, shop.ada), shop.namespace("production")
    ada.branch("mode", "fast")
    assert "\npower\n" not in ada.gitwarrant("plan", "production").out
    (ada.clone / ROLES).write_text(written(shop, *given(account("web"), rule("-", "secrets", "get"))))
    run_git(ada.clone, "add", "-A")
    run_git(ada.clone, "commit", "-q", "-S", "-m", "More", person=shop.ada)

    said = ada.gitwarrant("plan", "production").out.splitlines()

    at = said.index("power")
    assert said[at + 1 : at + 4] == [
        f"  + ServiceAccount {space}/web",
        f"      + get secrets in {space}",
        f"      + reads Secrets, and what they let in to (get secrets in {space})",
    ]
