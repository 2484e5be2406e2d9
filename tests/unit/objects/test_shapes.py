"""Reading fields, amounts and image names; and that no object whatever breaks a check."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.manifests import DIGEST, manifest

from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Rendered
from gitwarrant.objects.fields import WrongShape, flag, number, sequence, spell, text
from gitwarrant.objects.images import digest_of, without_tag
from gitwarrant.objects.pods import POD_SPECS
from gitwarrant.objects.quantities import amount
from gitwarrant.policy.check import check
from gitwarrant.policy.registry import CHECKS


@pytest.mark.parametrize(
    ("value", "positive"),
    [
        *((value, True) for value in ("1", "128Mi", "0.5", ".5", "100m", "1e3", "1E-3", "2k", 1, 0.25)),
        *((value, False) for value in (None, "0", "0Mi", "0.0", 0, "-1")),
    ],
)
def test_an_amount_is_above_zero_or_as_good_as_nothing(value: object, positive: bool) -> None:
    """Every form that resource.Quantity takes."""
    assert amount({"memory": value}, "memory", ()) is positive


@pytest.mark.parametrize("value", ["", "lots", "1 Gi", "1gi", "1Gi\n", "Mi", "1e", True, [], {}], ids=repr)
def test_what_is_no_amount_is_not_guessed(value: object) -> None:
    """The field is named."""
    with pytest.raises(WrongShape, match=r"limits\.memory should be an amount"):
        amount({"memory": value}, "memory", ("limits",))


@pytest.mark.parametrize(
    ("image", "name", "digest"),
    [
        ("web", "web", None),
        ("web:1", "web", None),
        (f"web@{DIGEST}", "web", DIGEST),
        (f"localhost:5000/a/web:1@{DIGEST}", "localhost:5000/a/web", DIGEST),
        ("web@sha512:" + "a" * 128, "web", "sha512:" + "a" * 128),
        ("web@md5:" + "a" * 32, "web", None),
    ],
)
def test_an_image_name_is_taken_apart(image: str, name: str, digest: str | None) -> None:
    """The port of a registry is no tag."""
    assert (without_tag(image), digest_of(image)) == (name, digest)


@pytest.mark.parametrize(
    ("pointer", "spelled"),
    [
        ((), "the object"),
        (("spec", "containers", 0, "image"), "spec.containers[0].image"),
        (("metadata", "annotations", "a.b/c"), "metadata.annotations['a.b/c']"),
    ],
)
def test_a_pointer_is_spelled_as_people_write_it(pointer: tuple[str | int, ...], spelled: str) -> None:
    """For messages."""
    assert spell(pointer) == spelled


@pytest.mark.parametrize("read", [text, flag, number, sequence], ids=lambda read: read.__name__)
def test_null_is_absent(read: Any) -> None:
    """As the API server has it."""
    assert read({"a": None}, "a", ()) == read({}, "a", ())


NAMES = st.sampled_from(
    (
        *("spec", "template", "metadata", "annotations", "containers", "initContainers", "image", "name"),
        *("securityContext", "capabilities", "add", "privileged", "runAsUser", "hostNetwork", "volumes"),
        *("hostPath", "rules", "verbs", "roleRef", "subjects", "kind", "apiVersion", "data", "stringData"),
        *("resources", "limits", "memory", "jobTemplate", "aggregationRule", "clusterRoleSelectors", "ports"),
    )
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 1), st.sampled_from(("", "*", "1Gi", "Secret", "v1"))
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=12,
)
KINDS = st.sampled_from(
    (
        *((f"{group}/v1" if group else "v1", kind) for group, kind in POD_SPECS),
        *(("v1", "Secret"), ("v1", "PersistentVolume"), ("example.com/v1", "Thing")),
        *(("rbac.authorization.k8s.io/v1", "ClusterRole"), ("rbac.authorization.k8s.io/v1", "RoleBinding")),
    )
)


@settings(max_examples=150, deadline=None)
@given(KINDS, st.dictionaries(NAMES, JSON, max_size=5))
def test_no_object_breaks_a_check(kind: tuple[str, str], fields: dict[str, Any]) -> None:
    """Whatever the fields hold, each check judges or says which field stops it; none fails of itself."""
    fields.pop("metadata", None)
    content = {**fields, "apiVersion": kind[0], "kind": kind[1]}
    rendered = Rendered(CommitId(""), TreeId(""), "", (manifest(content),), ())

    report = check(rendered, [PolicySet("all", tuple(one.id for one in CHECKS), Severity.LOW)])

    assert [one.reason for one in report.unjudged if "failed" in one.reason] == []
    assert [sum((t.passed, t.violated, t.not_applicable, t.not_judged)) for t in report.tallies] == [1] * 10
