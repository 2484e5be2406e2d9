"""wildcard-rbac: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, said

RULE = "wildcard-rbac"
API = "apiVersion: rbac.authorization.k8s.io/v1\n"


def role(body: str, kind: str = "ClusterRole") -> str:
    return f"{API}kind: {kind}\nmetadata: {{name: x}}\n{body}"


@pytest.mark.parametrize("kind", ["Role", "ClusterRole"])
@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        pytest.param(
            "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}",
            ["apiGroups", "resources", "verbs"],
            id="all",
        ),
        pytest.param(
            "{apiGroups: ['*'], resources: [pods], verbs: [get]}", ["apiGroups"], id="only the groups"
        ),
        pytest.param(
            "{apiGroups: [''], resources: [pods], verbs: [get, '*']}", ["verbs"], id="beside another verb"
        ),
        pytest.param("{apiGroups: [''], resources: [pods], verbs: [get, list]}", [], id="clean"),
        pytest.param(
            "{apiGroups: [''], resources: ['*/scale'], verbs: [get]}", ["resources"], id="evading: '*/scale'"
        ),
        pytest.param(
            "{apiGroups: [''], resources: ['pods/*'], verbs: [get]}", [], id="'pods/*' stands for nothing"
        ),
        pytest.param("{nonResourceURLs: ['/*'], verbs: [get]}", ["nonResourceURLs"], id="every URL"),
        pytest.param("{nonResourceURLs: [/healthz/*], verbs: [get]}", [], id="clean: URLs below one"),
    ],
)
def test_wildcard_rbac(kind: str, rule: str, fields: list[str]) -> None:
    """One finding per field."""
    assert [line.split()[1] for line in said(role(f"rules: [{rule}]", kind), RULE)] == fields


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        pytest.param("{}", 1, id="evading: an empty selector takes in everything"),
        pytest.param(
            "{matchLabels: {kubernetes.io/bootstrapping: rbac-defaults}}", 1, id="evading: its own label"
        ),
        pytest.param(
            "{matchExpressions: [{key: kubernetes.io/bootstrapping, operator: Exists}]}",
            1,
            id="evading: exists",
        ),
        pytest.param(
            "{matchLabels: {rbac.example.com/to-team: 'true'}}", 0, id="clean: a label of one's own"
        ),
    ],
)
def test_an_aggregation_that_takes_in_cluster_admin_is_found(selector: str, found: int) -> None:
    """It has the wildcards without showing one."""
    text = role(f"aggregationRule: {{clusterRoleSelectors: [{selector}]}}")

    assert len(said(text, RULE)) == found


def test_a_selector_with_an_unknown_operator_is_not_judged() -> None:
    """Nobody knows what it takes in."""
    expression = "{key: kubernetes.io/bootstrapping, operator: Like}"

    report = judged(
        role(f"aggregationRule: {{clusterRoleSelectors: [{{matchExpressions: [{expression}]}}]}}"), RULE
    )

    assert len(report.unjudged) == 1


def test_a_kind_of_the_same_name_in_another_group_is_none_of_its_business() -> None:
    """Other systems have roles as well."""
    text = "apiVersion: iam.example.com/v1\nkind: Role\nmetadata: {name: x}\nrules: [{verbs: ['*']}]"

    assert [one.not_applicable for one in judged(text, RULE).tallies] == [1]
