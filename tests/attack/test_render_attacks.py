"""Attacks through the files of a tree. Each is stopped by the render stage, before a check sees anything."""

import time
from collections.abc import Callable

import pytest

from gitwarrant.model.change import BlobId, CommitId, File, Tree, TreeId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.rendered import Rendered
from gitwarrant.render.render import render

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def rendered(data: str | bytes, path: str = "env/a.yaml", namespace: str = "shop", **more: str) -> Rendered:
    """Render one file, and others named with their folder's slashes as two underscores."""
    body = data.encode() if isinstance(data, str) else data
    files = {path: body, **{name.replace("__", "/"): text.encode() for name, text in more.items()}}
    found = tuple(File(name, 0o100644, BlobId(""), files[name]) for name in sorted(files))
    tree = Tree(CommitId("c" * 40), TreeId("d" * 40), "env", found)
    return render(tree, namespace=namespace, custom_kinds=frozenset())


def chain() -> str:
    """Aliases that nest a thousand levels deep while the text stays flat."""
    return "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 1000))])


def quadratic() -> str:
    """One large anchor used many times: no nesting, yet fifty million values."""
    return "a: &a [" + "x," * 5000 + "x]\nb: [" + "*a," * 10_000 + "*a]"


@pytest.mark.parametrize(
    ("attack", "what"),
    [
        pytest.param(quadratic, "aliases stand for more than 400000 values", id="alias_budget"),
        pytest.param(chain, "with its aliases, nested deeper than 200", id="alias_depth"),
        pytest.param(lambda: "[" * 1_000_000, "nested deeper than 200", id="deep_nesting"),
        pytest.param(lambda: '{"a":' * 100_000, "nested deeper than 200", id="deep_nesting_json"),
        pytest.param(lambda: "- " * 1_000_000, "nested deeper than 200", id="deep_nesting_block"),
        pytest.param(lambda: "[],\n" * 600_000, "more than 500000 lists and mappings", id="many_collections"),
        pytest.param(lambda: "---\na\n" * 20_001, "more than 20000 documents", id="many_documents"),
    ],
)
def test_a_small_file_that_grows_is_refused_at_once(attack: Callable[[], str], what: str) -> None:
    """Mallory wants the memory or the time of whoever renders: stopped by budgets, within seconds."""
    text = attack()
    text = f"[{text}]" if text.startswith("[],") else text
    begin = time.monotonic()

    with pytest.raises(Refused) as refusal:
        rendered(text)

    assert (refusal.value.stage, refusal.value.what) == ("render", what)
    assert refusal.value.place is not None
    assert refusal.value.place.line
    assert time.monotonic() - begin < 10


def test_100_mb_file() -> None:
    """Refused by its size, before a parser sees it."""
    data = b"a: " + b"x" * 100 * 1024 * 1024

    with pytest.raises(Refused, match="the file has 100 MiB; at most 16 MiB are read"):
        rendered(data)


@pytest.mark.parametrize(
    ("data", "what", "place"),
    [
        pytest.param(
            (CONFIG_MAP + "data: {k: \xe9}").encode("latin-1"),
            "not UTF-8: invalid continuation byte",
            Place("env/a.yaml", 4, 11),
            id="invalid_utf8",
        ),
        pytest.param(
            "apiVersion: v1\nmetadata: {name: a}\n",
            "a manifest without kind",
            Place("env/a.yaml", 1, 1),
            id="manifest_without_kind",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n",
            "generateName makes another object each time, and no warrant can name it beforehand",
            Place("env/a.yaml", 3, 26),
            id="generated_name_escapes_the_leaf_list",
        ),
        pytest.param(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n---\n"
            "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: a, namespace: shop}\n",
            "Deployment.apps shop/a is also declared at env/a.yaml:1:1",
            Place("env/a.yaml", 5, 1),
            id="object_twice_in_two_versions",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: shop}\n",
            "Namespace a belongs to the whole cluster",
            Place("env/a.yaml", 1, 1),
            id="cluster_scoped_dressed_as_namespaced",
        ),
        pytest.param(
            "apiVersion: evil.example/v1\nkind: Anything\nmetadata: {name: a}\n",
            "nobody says whether Anything.evil.example lives in a namespace",
            Place("env/a.yaml", 1, 1),
            id="unknown_kind",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ../kube-system}\n",
            "'../kube-system' is no namespace name",
            Place("env/a.yaml", 3, 32),
            id="namespace_escape_by_path",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ../Pod\nmetadata: {name: a}\n",
            "'../Pod' is no kind",
            Place("env/a.yaml", 2, 7),
            id="kind_escape_by_path",
        ),
        pytest.param(
            CONFIG_MAP
            + "---\napiVersion: v1\nkind: List\nitems:\n- kind: List\n  apiVersion: v1\n  items: [1]\n",
            "a manifest is a mapping",
            Place("env/a.yaml", 10, 11),
            id="list_inside_a_list",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  managedFields: []\n",
            "metadata.managedFields is set by the API server",
            Place("env/a.yaml", 5, 18),
            id="forged_managed_fields",
        ),
        pytest.param(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: pods.x}\n"
            "spec: {group: '', names: {kind: Namespace}, scope: Namespaced}\n"
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n"
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: shop}\n",
            "Namespace a belongs to the whole cluster",
            Place("env/a.yaml", 10, 1),
            id="definition_redefines_a_builtin_kind",
        ),
    ],
)
def test_a_manifest_that_is_not_what_it_seems_is_refused(data: str | bytes, what: str, place: Place) -> None:
    """With its place and a remedy."""
    with pytest.raises(Refused) as refusal:
        rendered(data)

    error = refusal.value
    assert (error.stage, error.what, error.place) == ("render", what, place)
    assert error.remedy


@pytest.mark.parametrize(
    ("path", "tool"),
    [
        pytest.param("env/deep/er/kustomization.yaml", "Kustomize", id="hidden_kustomization"),
        pytest.param("env/kustomization.yml", "Kustomize", id="the other suffix"),
        pytest.param("env/Kustomization", "Kustomize", id="without suffix"),
        pytest.param("env/.hidden/kustomization.yaml", "Kustomize", id="in a hidden folder"),
        pytest.param("env/charts/x/Chart.yaml", "Helm", id="hidden_chart"),
    ],
)
def test_hidden_kustomization(path: str, tool: str) -> None:
    """Files that another tool would render otherwise than we do are refused by that tool's name."""
    with pytest.raises(Refused, match=f"{tool} is not rendered yet") as refusal:
        rendered(CONFIG_MAP, **{path.replace("/", "__"): "resources: []\n"})

    assert refusal.value.place == Place(path)
