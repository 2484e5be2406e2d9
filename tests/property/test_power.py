"""Power only grows by what is added, and what covers another never has less."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.rbac import account, binding, deployment, role, rule

from gitwarrant.model.manifest import Manifest
from gitwarrant.objects.power.atoms import Power, concise, is_covered, uncovered
from gitwarrant.objects.power.change import compare
from gitwarrant.objects.power.reach import paths
from gitwarrant.objects.power.subjects import Subject, holdings

GROUPS = st.sampled_from(["", "apps", "rbac.authorization.k8s.io", "*"])
RESOURCES = st.sampled_from(
    [
        "pods",
        "secrets",
        "serviceaccounts/token",
        "deployments",
        "roles",
        "clusterroles",
        "rolebindings",
        "*",
        "*/exec",
    ]
)
VERBS = st.sampled_from(["get", "create", "patch", "bind", "escalate", "impersonate", "*"])
NAMES = st.sampled_from(["", "web"])
NAMESPACES = st.sampled_from(["", "shop", "kube-system"])
POWERS = st.builds(Power, GROUPS, RESOURCES, VERBS, NAMESPACES, NAMES)

RULES = st.builds(
    lambda group, resource, verb, name: rule(group or "-", resource, verb, name),
    GROUPS,
    RESOURCES,
    VERBS,
    NAMES,
)
ACCOUNTS = st.sampled_from(
    [account(name, space) for name in ("web", "admin") for space in ("shop", "kube-system")]
)


GRANTS = st.tuples(NAMESPACES, RULES, ACCOUNTS)
Grant = tuple[str, dict[str, Any], Subject]


def scene(grants: Sequence[Grant]) -> list[Manifest]:
    """A role with a rule, bound to an account, for each; and a workload."""
    found = [deployment("app", "web")]
    for index, (namespace, allowed, to) in enumerate(grants):
        name = f"r{index}"
        found += [role(name, allowed, namespace=namespace), binding(name, name, to, namespace=namespace)]
    return found


@given(st.lists(GRANTS, max_size=4), GRANTS)
@settings(deadline=None)
def test_adding_a_grant_takes_no_power_from_anybody(grants: list[Grant], more: Grant) -> None:
    before, after = holdings(scene(grants)), holdings(scene([*grants, more]))

    change = compare(before, after)

    assert change.removed == ()
    for subject, powers in before.direct.items():
        assert uncovered(powers, after.of(subject)) == ()


@given(st.lists(GRANTS, max_size=4))
@settings(deadline=None)
def test_nothing_changes_between_the_same_objects_in_another_order(grants: list[Grant]) -> None:
    objects = scene(grants)

    change = compare(holdings(objects), holdings(reversed(objects)))

    assert (change.added, change.removed) == ((), ())


@given(st.lists(GRANTS, max_size=4))
@settings(deadline=None)
def test_every_way_ends(grants: list[Grant]) -> None:
    found = holdings(scene(grants))

    for subject in found.direct:
        assert len(list(paths(subject, found))) < 10_000


@given(POWERS, POWERS, POWERS)
def test_covering_is_an_order(one: Power, two: Power, three: Power) -> None:
    assert one.covers(one)
    if one.covers(two) and two.covers(three):
        assert one.covers(three)


@given(st.lists(POWERS, max_size=12), POWERS)
def test_the_quick_answer_is_the_plain_one(held: list[Power], asked: Power) -> None:
    plainly = any(power.covers(asked) for power in held)

    assert is_covered(asked, frozenset(held)) is plainly
    assert is_covered(asked, frozenset(concise(held))) is plainly
