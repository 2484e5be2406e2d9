"""Who holds what by a set of manifests."""

from collections.abc import Sequence

import pytest
from tests.support.rbac import RBAC, account, binding, declared, deployment, given, role, rule, user

from gitwarrant.model.manifest import Manifest
from gitwarrant.objects.power.atoms import Power
from gitwarrant.objects.power.builtin import BUILT_IN
from gitwarrant.objects.power.subjects import (
    AGGREGATES,
    NOT_HERE,
    Role,
    Run,
    Subject,
    Unknown,
    holdings,
)

WEB = account("web")
GET_PODS = rule("-", "pods", "get")
HERE, EVERYWHERE = Power("", "pods", "get", "shop"), Power("", "pods", "get")


@pytest.mark.parametrize(
    ("manifests", "subject", "powers"),
    [
        pytest.param(given(WEB, GET_PODS), WEB, {HERE}, id="a Role"),
        pytest.param(given(WEB, GET_PODS, namespace=""), WEB, {EVERYWHERE}, id="a ClusterRole, everywhere"),
        pytest.param(
            [role("r", GET_PODS, namespace=""), binding("b", "r", WEB, cluster_role=True)],
            WEB,
            {HERE},
            id="a ClusterRole, in one namespace",
        ),
        pytest.param(
            given(user("system:serviceaccount:shop:web"), GET_PODS),
            WEB,
            {HERE},
            id="an account by its user name",
        ),
        pytest.param(
            [role("r", GET_PODS)],
            Subject("holders of Role", "shop", "r"),
            {HERE},
            id="a role that nobody is bound to",
        ),
        pytest.param(
            given(Subject("Group", "", "system:serviceaccounts:shop"), GET_PODS),
            WEB,
            {HERE},
            id="an account's group",
        ),
        pytest.param(
            given(Subject("Group", "", "system:authenticated"), GET_PODS),
            user("ada"),
            {HERE},
            id="everybody's group",
        ),
    ],
)
def test_bindings_give_the_rules_of_a_role(
    manifests: Sequence[Manifest], subject: Subject, powers: set[Power]
) -> None:
    found = holdings(manifests)

    assert found.of(subject) == powers
    assert not found.unknown


def test_a_role_of_kubernetes_itself_is_known() -> None:
    found = holdings([binding("b", "view", WEB, cluster_role=True)])

    assert Power("", "configmaps", "list", "shop") in found.of(WEB)
    assert Power("", "secrets", "list", "shop") not in found.of(WEB)


def test_a_role_that_is_not_among_the_manifests_is_said_to_be_unknown() -> None:
    found = holdings([binding("b", "theirs", WEB, namespace="")])

    assert found.unknown == {Unknown(WEB, Role("", "theirs"), "", NOT_HERE)}
    assert found.empowers(WEB)


def test_a_label_that_aggregates_gives_to_everybody_bound_to_the_greater_role() -> None:
    labels = {"labels": {"rbac.authorization.k8s.io/aggregate-to-view": "true"}}
    extra = declared(RBAC, "ClusterRole", "extra", "", metadata=labels, rules=[rule("-", "secrets", "get")])

    found = holdings([extra])

    reads = Power("", "secrets", "get")
    assert reads not in BUILT_IN["view"]
    for name in ("view", "edit", "admin"):
        assert reads in found.of(Role("", name).holders)


def test_an_aggregated_role_has_the_rules_it_selects_and_may_have_more() -> None:
    labelled = declared(RBAC, "ClusterRole", "part", "", metadata={"labels": {"to": "sum"}}, rules=[GET_PODS])
    total = declared(
        RBAC,
        "ClusterRole",
        "sum",
        "",
        aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"to": "sum"}}]},
    )

    found = holdings([total, labelled, binding("b", "sum", WEB, namespace="")])

    assert found.of(WEB) == {EVERYWHERE}
    assert found.unknown == {Unknown(WEB, Role("", "sum"), "", AGGREGATES)}


def test_workloads_run_as_the_account_they_name_or_the_default_one() -> None:
    web, plain = deployment("web", runs_as="web"), deployment("plain")

    found = holdings([web, plain])

    assert found.runs == {Run(web.key, WEB), Run(plain.key, account("default"))}
    assert found.accounts == {WEB, account("default")}
