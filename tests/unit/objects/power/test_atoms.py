"""What one power covers, and what rules come to: as the API server evaluates them."""

import pytest
from tests.support.rbac import role, rule

from gitwarrant.objects.fields import WrongShape
from gitwarrant.objects.power.atoms import Power, concise, powers_of, spoken, uncovered, within

GET_PODS = Power("", "pods", "get", "shop")


@pytest.mark.parametrize(
    ("held", "asked", "covers"),
    [
        pytest.param(GET_PODS, GET_PODS, True, id="the same"),
        pytest.param(Power("", "pods", "get"), GET_PODS, True, id="everywhere covers one namespace"),
        pytest.param(GET_PODS, Power("", "pods", "get"), False, id="one namespace is not everywhere"),
        pytest.param(GET_PODS, Power("", "pods", "get", "bank"), False, id="another namespace"),
        pytest.param(GET_PODS, Power("", "pods", "get", "shop", "web"), True, id="any name covers a name"),
        pytest.param(Power("", "pods", "get", "shop", "web"), GET_PODS, False, id="a name is not any name"),
        pytest.param(Power("", "pods", "*", "shop"), GET_PODS, True, id="every verb"),
        pytest.param(Power("*", "pods", "get", "shop"), GET_PODS, True, id="every group"),
        pytest.param(Power("", "*", "get", "shop"), GET_PODS, True, id="every resource"),
        pytest.param(Power("", "*", "get"), Power("", "pods/log", "get"), True, id="and every subresource"),
        pytest.param(Power("", "pods", "get"), Power("", "pods/log", "get"), False, id="no subresource"),
        pytest.param(Power("", "*/log", "get"), Power("", "pods/log", "get"), True, id="that of every kind"),
        pytest.param(Power("", "*/log", "get"), Power("", "pods", "get"), False, id="but not the kind"),
        pytest.param(Power("", "pods/*", "get"), Power("", "pods/log", "get"), False, id="pods/* is nothing"),
        pytest.param(
            Power("", "", "get", url="/metrics*"),
            Power("", "", "get", url="/metrics/x"),
            True,
            id="below a url",
        ),
        pytest.param(Power("*", "*", "*"), Power("", "", "get", url="/metrics"), False, id="a url is apart"),
    ],
)
def test_a_power_covers_what_the_api_server_would_allow_by_it(
    held: Power, asked: Power, covers: bool
) -> None:
    assert held.covers(asked) is covers
    assert (uncovered([asked], [held]) == ()) is covers


def test_rules_multiply_out() -> None:
    written = role(
        "r", rule("- apps", "pods deployments", "get", "web"), {"nonResourceURLs": ["/x"], "verbs": ["get"]}
    )

    assert sorted(powers_of(written.content)) == [
        Power("", "", "get", url="/x"),
        Power("", "deployments", "get", name="web"),
        Power("", "pods", "get", name="web"),
        Power("apps", "deployments", "get", name="web"),
        Power("apps", "pods", "get", name="web"),
    ]


def test_a_rule_that_multiplies_beyond_measure_is_not_read() -> None:
    many = " ".join(f"r{index}" for index in range(400))
    written = role("r", rule(" ".join(f"g{index}" for index in range(400)), many, "get"))

    with pytest.raises(WrongShape, match="more than 100000 combinations"):
        list(powers_of(written.content))


def test_a_role_binding_gives_its_namespace_and_no_address() -> None:
    given = [Power("", "pods", "get"), Power("", "", "get", url="/metrics")]

    assert list(within(given, "shop")) == [GET_PODS]


def test_what_another_covers_is_left_out() -> None:
    assert concise([GET_PODS, Power("", "pods", "*"), Power("", "pods", "list", "shop", "web")]) == (
        Power("", "pods", "*"),
    )


def test_powers_are_spoken_with_all_verbs_of_a_thing_together() -> None:
    powers = [
        GET_PODS,
        Power("", "pods", "list", "shop"),
        Power("apps", "deployments", "patch", "shop", "web"),
        Power("", "", "get", url="/metrics"),
    ]

    assert spoken(powers) == [
        "get, list pods in shop",
        'patch deployments.apps "web" in shop',
        "get /metrics",
    ]
