"""Computed Roles as objects and as text."""

import yaml
from tests.support.rbac import account, user

from gitwarrant.cluster.applyset import PART_OF
from gitwarrant.cluster.power.needs import Needed
from gitwarrant.cluster.power.roles import grantings
from gitwarrant.cluster.power.text import manifest_text
from gitwarrant.objects.power.atoms import Power, powers_of

NEEDED = (
    Needed(Power("", "configmaps", "get", "shop"), "it is read"),
    Needed(Power("", "services", "get", "shop"), "it is read"),
    Needed(Power("", "secrets", "get", "shop", "db"), "it is read"),
    Needed(Power("", "secrets", "get", "shop", "web"), "it is read"),
    Needed(Power("", "secrets", "patch", "shop", "db"), "it is written"),
    Needed(Power("", "namespaces", "get", name="kube-system"), "its uid"),
    Needed(Power("", "", "get", url="/metrics"), "it is handed on"),
)


def test_rules_say_exactly_what_is_needed_in_as_few_as_it_takes() -> None:
    granted = grantings(NEEDED, "mine", user("me"))

    [cluster, role] = [item for item in granted.objects if "rules" in item]
    assert cluster["rules"] == [
        {"nonResourceURLs": ["/metrics"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"], "resourceNames": ["kube-system"]},
    ]
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["configmaps", "services"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["db", "web"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["patch"], "resourceNames": ["db"]},
    ]


def test_no_rule_gives_more_than_its_parts() -> None:
    granted = grantings(NEEDED, "mine", user("me"))

    given = {power for item in granted.objects if "rules" in item for power in powers_of(item)}
    assert given == {Power(p.group, p.resource, p.verb, "", p.name, p.url) for p in (n.power for n in NEEDED)}


def test_what_the_roles_stand_on_comes_first() -> None:
    granted = grantings(NEEDED, "mine", account("agent", "own"), ["shop"], "applyset-x-v1")

    assert [(item["kind"], item["metadata"]) for item in granted.heads] == [
        ("Namespace", {"name": "shop", "labels": {PART_OF: "applyset-x-v1"}}),
        ("Namespace", {"name": "own"}),
        ("ServiceAccount", {"name": "agent", "namespace": "own"}),
    ]


def test_the_text_is_the_objects_with_their_reasons() -> None:
    granted = grantings(NEEDED, "mine", user("me"))

    text = manifest_text(granted, ["a remark", ""])

    assert text.startswith("# a remark\n#\n---\n")
    assert "  # patch: it is written\n  - apiGroups: ['']\n    resources: [secrets]\n" in text
    assert list(yaml.safe_load_all(text)) == [dict(item) for item in granted.objects]


def test_a_name_cannot_end_the_comment_it_stands_in() -> None:
    """Else a file of the repository would write rules that an administrator applies."""
    evil = "x\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n"
    granted = grantings([Needed(Power("", "pods", "get", "shop"), evil)], "mine", user("me"))

    read = list(yaml.safe_load_all(manifest_text(granted, [evil])))

    assert read == [dict(item) for item in granted.objects]
