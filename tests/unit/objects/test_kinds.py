"""Kubernetes knowledge: amounts, images, selectors, wrapped objects, hostile shapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Source
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.objects.embedded import is_a, objects_within
from gitwarrant.objects.fields import WrongShape
from gitwarrant.objects.images import digest_of, without_tag
from gitwarrant.objects.pods import POD_SPECS, pods_of
from gitwarrant.objects.quantities import amount
from gitwarrant.objects.rbac import CLUSTER_ADMIN_LABELS, selects
from gitwarrant.policy.check import check
from gitwarrant.policy.registry import CHECKS

EVERYTHING = [PolicySet("test", tuple(check.id for check in CHECKS), Severity.LOW)]


def manifest(content: Json, group: str = "example.com", kind: str = "Widget") -> Manifest:
    return Manifest(ObjectKey(group, kind, "", "x"), "v1", content, Place("x.yaml", 1, 1), 0, ())


@pytest.mark.parametrize("text", ["1", "0.5", ".5", "5.", "100m", "64Mi", "1e3", "1E-3", "2Ei", "+1", 2, 0.1])
def test_an_amount_above_zero_counts(text: Json) -> None:
    """In every spelling that Kubernetes knows."""
    assert amount({"memory": text}, "memory", ())


@pytest.mark.parametrize("text", [None, "0", "0.0", "0Mi", "-1", 0])
def test_no_amount_and_zero_do_not_count(text: Json) -> None:
    """A limit of zero is no limit."""
    assert not amount({"memory": text}, "memory", ())


@pytest.mark.parametrize("text", ["", "lots", "1 Gi", "64mi", "1e", True, [], "1\n"])
def test_what_is_no_amount_is_refused(text: Json) -> None:
    """The API server would refuse it as well."""
    with pytest.raises(WrongShape, match="should be an amount"):
        amount({"memory": text}, "memory", ())


@pytest.mark.parametrize(
    ("image", "name", "has_digest"),
    [
        pytest.param("web", "web", False, id="name"),
        pytest.param("registry:5000/web", "registry:5000/web", False, id="port"),
        pytest.param("registry:5000/web:1", "registry:5000/web", False, id="port and tag"),
        pytest.param("web@sha512:" + "0" * 128, "web", True, id="sha512"),
        pytest.param("web@sha256:" + "0" * 63, "web", False, id="a digit short"),
        pytest.param("web@sha256:" + "0" * 64 + "\n", "web", False, id="a line break after it"),
    ],
)
def test_an_image_reference_is_taken_apart(image: str, name: str, has_digest: bool) -> None:
    """Name without tag; digest only when it is whole."""
    assert (without_tag(image), digest_of(image) is not None) == (name, has_digest)


@pytest.mark.parametrize(
    ("selector", "takes"),
    [
        pytest.param({}, True, id="empty"),
        pytest.param({"matchLabels": {"kubernetes.io/bootstrapping": "other"}}, False, id="another value"),
        pytest.param(
            {
                "matchExpressions": [
                    {"key": "kubernetes.io/bootstrapping", "operator": "In", "values": ["rbac-defaults"]}
                ]
            },
            True,
            id="In",
        ),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, True, id="NotIn"
        ),
        pytest.param({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, False, id="Exists"),
        pytest.param(
            {"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, True, id="DoesNotExist"
        ),
    ],
)
def test_a_selector_takes_labels_as_kubernetes_does(selector: Json, takes: bool) -> None:
    """Asked about the labels of cluster-admin."""
    assert selects(selector, CLUSTER_ADMIN_LABELS, ()) is takes


def test_objects_wrapped_in_a_custom_kind_are_found() -> None:
    """At any depth; a built-in kind carries none."""
    inner = {"apiVersion": "v1", "kind": "Secret"}
    content = {"spec": {"parts": [{"object": inner}]}}

    assert list(objects_within(manifest(content))) == [((), content), (("spec", "parts", 0, "object"), inner)]
    assert list(objects_within(manifest(content, "apps", "Deployment"))) == [((), content)]
    assert is_a(inner, "", "Secret")


@pytest.mark.parametrize("kind", POD_SPECS)
def test_a_workload_without_its_pod_cannot_be_judged(kind: tuple[str, str]) -> None:
    """It should hold a Pod; that none was found must not pass as "not applicable"."""
    with pytest.raises(WrongShape, match="has no containers"):
        pods_of(manifest({"spec": {}}, *kind))


def test_a_very_deep_object_is_walked_without_recursion() -> None:
    """Attack: depth that ends the interpreter's stack. Stopped by the check stage's own stack."""
    content: Json = {"containers": [{"image": "web", "securityContext": {"privileged": True}}]}
    for _ in range(5_000):
        content = {"x": content}

    assert len(pods_of(manifest(content))) == 1
    # Taken apart by hand: freeing it whole would recurse in the interpreter.
    while "x" in content:
        content = content.pop("x")


POD_WORDS = (
    "spec",
    "template",
    "containers",
    "initContainers",
    "image",
    "name",
    "ports",
    "volumes",
    "hostPath",
)
SECURITY_WORDS = (
    "securityContext",
    "privileged",
    "runAsUser",
    "capabilities",
    "add",
    "drop",
    "windowsOptions",
)
OTHER_WORDS = (
    "os",
    "resources",
    "limits",
    "memory",
    "metadata",
    "annotations",
    "data",
    "rules",
    "verbs",
    "roleRef",
)
NAMES = st.sampled_from((*POD_WORDS, *SECURITY_WORDS, *OTHER_WORDS, "subjects", "apiVersion", "kind"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 2) | st.floats(allow_nan=False) | st.text(max_size=3) | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
KINDS = [*POD_SPECS, ("", "Secret"), ("rbac.authorization.k8s.io", "ClusterRole"), ("example.com", "Widget")]
KINDS += [("rbac.authorization.k8s.io", "RoleBinding"), ("", "PersistentVolume")]


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(KINDS), content=st.dictionaries(NAMES, VALUES, max_size=5))
def test_every_object_comes_to_one_outcome_of_every_check(
    kind: tuple[str, str], content: dict[str, Json]
) -> None:
    """Whatever its shape: nothing is raised, and no check fails by a fault of its own."""
    content = {**content, "apiVersion": f"{kind[0]}/v1".lstrip("/"), "kind": kind[1]}
    one = manifest(content, *kind)
    source = Source("x.yaml", b"{}")

    report = check(Rendered(CommitId("a"), TreeId("b"), "", (Unit("", (one,), (source,)),)), EVERYTHING)

    for tally in report.tallies:
        assert tally.passed + tally.violated + tally.not_applicable + tally.not_judged == 1
    assert [one.reason for one in report.unjudged if "the check itself failed" in one.reason] == []
