"""From files to manifests: what is read, where it says it came from, and into which namespace it goes."""

import json

import pytest

from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.change import BlobId, CommitId, File, Tree, TreeId
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Manifest, ObjectKey, Source
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.render.plain import is_manifest_file, read_manifests
from gitwarrant.render.render import render

COMMIT, TREE = CommitId("c" * 40), TreeId("d" * 40)


def tree(**files: str) -> Tree:
    """A tree of `env`; the names' first underscore is the point of the suffix."""
    found = {f"env/{name.replace('_', '.', 1)}": text.encode() for name, text in files.items()}
    return Tree.of(
        COMMIT, TREE, "env", tuple(File(path, 0o100644, BlobId(""), found[path]) for path in sorted(found))
    )


def test_files_become_manifests_with_namespace_and_place() -> None:
    """In the order of paths and documents; only files that gave a manifest are kept as sources."""
    web = "# web\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n---\n---\n"
    web += "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'a:B_c'}\n"
    given = '{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "other"}}'

    rendered = render(
        tree(web_yml=web, a_json=given, b_yaml="# nothing\n"), namespace="shop", custom_kinds=frozenset()
    )

    deployment = json.loads(given)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "a:B_c"},
    }
    rbac = "rbac.authorization.k8s.io"
    assert rendered == Rendered(
        COMMIT,
        TREE,
        "env",
        (
            Unit(
                "env",
                (
                    Manifest(
                        ObjectKey("apps", "Deployment", "other", "a"),
                        "v1",
                        deployment,
                        Place("env/a.json", 1, 1),
                        0,
                        (),
                    ),
                    Manifest(
                        ObjectKey("", "Service", "shop", "web"),
                        "v1",
                        service,
                        Place("env/web.yml", 2, 1),
                        0,
                        (),
                    ),
                    Manifest(
                        ObjectKey(rbac, "ClusterRole", "", "a:B_c"),
                        "v1",
                        role,
                        Place("env/web.yml", 7, 1),
                        2,
                        (),
                    ),
                ),
                (Source("env/a.json", given.encode()), Source("env/web.yml", web.encode())),
            ),
        ),
    )
    assert decode(Rendered, encode(rendered)) == rendered


def test_a_list_is_its_items_with_pointers_into_it() -> None:
    """Lists of any kind, nested ones too; every item knows its own line."""
    text = (
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
        "- apiVersion: v1\n  kind: SecretList\n  items:\n"
        "  - {apiVersion: v1, kind: Secret, metadata: {name: b}}\n"
    )

    found = render(tree(a_yaml=text), namespace="shop", custom_kinds=frozenset()).manifests

    assert [(str(manifest.key), manifest.pointer, manifest.place) for manifest in found] == [
        ("ConfigMap shop/a", ("items", 0), Place("env/a.yaml", 4, 3)),
        ("Secret shop/b", ("items", 1, "items", 0), Place("env/a.yaml", 8, 5)),
    ]


def test_a_definition_in_the_same_rendering_gives_its_kind_a_scope() -> None:
    """A CRD and its objects may come in one commit, in any order, of both scopes."""
    definition = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %(plural)s.a.example}
spec: {group: a.example, scope: %(scope)s, names: {kind: %(kind)s, plural: %(plural)s}}
"""
    near = "apiVersion: a.example/v1\nkind: Near\nmetadata: {name: near}\n"
    far = "apiVersion: a.example/v1\nkind: Far\nmetadata: {name: far}\n"
    near_kind = definition % {"kind": "Near", "plural": "nears", "scope": "Namespaced"}
    far_kind = definition % {"kind": "Far", "plural": "fars", "scope": "Cluster"}
    text = "---\n".join([near, far, near_kind, far_kind])

    found = render(tree(a_yaml=text), namespace="shop", custom_kinds=frozenset()).manifests

    assert [str(manifest.key) for manifest in found] == [
        "Near.a.example shop/near",
        "Far.a.example far",
        "CustomResourceDefinition.apiextensions.k8s.io nears.a.example",
        "CustomResourceDefinition.apiextensions.k8s.io fars.a.example",
    ]


def test_the_tenant_knows_custom_kinds() -> None:
    """They are namespaced."""
    text = "apiVersion: a.example/v1\nkind: Near\nmetadata: {name: near}\n"

    [found] = render(
        tree(a_yaml=text), namespace="shop", custom_kinds=frozenset({"Near.a.example"})
    ).manifests

    assert found.key == ObjectKey("a.example", "Near", "shop", "near")


def test_without_a_namespace_of_the_environment_every_manifest_needs_its_own() -> None:
    """Nothing goes into `default` because somebody forgot a line."""
    with pytest.raises(Refused) as refusal:
        render(
            tree(a_yaml="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
            namespace="",
            custom_kinds=frozenset(),
        )

    error = refusal.value
    assert (error.what, error.remedy, error.place) == (
        "ConfigMap a has no namespace",
        "write metadata.namespace, or give the environment a namespace",
        Place("env/a.yaml", 1, 1),
    )


@pytest.mark.parametrize(
    ("body", "what", "line", "column"),
    [
        pytest.param("- a\n", "a manifest is a mapping", 1, 1, id="a list"),
        pytest.param(
            "kind: ConfigMap\nmetadata: {name: a}\n", "a manifest without apiVersion", 1, 1, id="no version"
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: no}\n",
            "metadata.name is read as false, not as text",
            3,
            18,
            id="the Norway problem",
        ),
        pytest.param("apiVersion: a/b/c\nkind: Pod\n", "'a/b/c' is no apiVersion", 1, 13, id="two slashes"),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n",
            "generateName makes another object each time, and no warrant can name it beforehand",
            3,
            26,
            id="a generated name",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\n", "a manifest without metadata.name", 1, 1, id="no metadata"
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: Web\n",
            "'Web' is no object name",
            4,
            9,
            id="a capital letter",
        ),
        pytest.param(
            f"apiVersion: v1\nkind: Pod\nmetadata:\n  name: {'a' * 254}\n",
            f"{'a' * 80!r} is no object name",
            4,
            9,
            id="a name too long",
        ),
        pytest.param(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: ..}\n",
            "'..' is no object name",
            3,
            18,
            id="a name that climbs",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a, uid: 1-2}\n",
            "metadata.uid is set by the API server",
            3,
            26,
            id="a uid",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nstatus: {phase: Running}\n",
            "status is written by controllers",
            4,
            9,
            id="a status",
        ),
    ],
)
def test_what_is_no_manifest_is_refused_at_its_place(body: str, what: str, line: int, column: int) -> None:
    """By render, with file, line and column."""
    with pytest.raises(Refused) as refusal:
        render(tree(a_yaml=body), namespace="shop", custom_kinds=frozenset())

    error = refusal.value
    assert (error.stage, error.what, error.place) == ("render", what, Place("env/a.yaml", line, column))


@pytest.mark.parametrize("status", ["{}", "null", "{acceptedNames: {kind: ''}, conditions: []}"])
def test_what_generators_leave_behind_passes(status: str) -> None:
    """`creationTimestamp: null` and a status of empty values say nothing."""
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: a, creationTimestamp: null}}\nstatus: {status}\n"

    [found] = render(tree(a_yaml=text), namespace="shop", custom_kinds=frozenset()).manifests

    assert found.key.name == "a"


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("env/a.yaml", True),
        ("env/b/a.yml", True),
        ("a.json", True),
        ("env/README.md", False),
        ("env/.github/a.yaml", False),
        (".gitwarrant/rules.yaml", False),
        ("env/.hidden.yaml", False),
    ],
)
def test_only_manifest_files_are_read(path: str, read: bool) -> None:
    """YAML and JSON outside hidden folders."""
    assert is_manifest_file(path) is read


def test_too_many_manifests_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """One environment has a bound of its own, whatever its settings say."""
    monkeypatch.setattr("gitwarrant.render.render.MAX_MANIFESTS", 2)
    text = "---\n".join(f"{{apiVersion: v1, kind: Pod, metadata: {{name: a{n}}}}}\n" for n in range(3))

    with pytest.raises(Refused, match="3 manifests; at most 2 make one environment"):
        render(tree(a_yaml=text), namespace="shop", custom_kinds=frozenset())


def test_one_file_can_be_read_alone() -> None:
    """For `check FILE`: namespaces stay as they are written."""
    file = File("a.yaml", 0o100644, BlobId(""), b"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n")

    [found] = read_manifests(file)

    assert found.key == ObjectKey("", "Pod", "", "a")
