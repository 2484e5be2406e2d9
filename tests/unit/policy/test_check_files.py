"""Files as they lie in a folder: every one is judged, refused with its place, or named as not looked at."""

import pytest

from gitwarrant.model.change import NO_BLOB, File
from gitwarrant.model.errors import Place
from gitwarrant.pipeline.check import NothingChecked, check_files
from gitwarrant.policy.report.checked import Skipped, Unreadable
from gitwarrant.policy.sets import BUILTIN_SETS

SETS = [BUILTIN_SETS["basic-security"]]
CLEAN = b"{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}"
FAULTY = b"apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true, containers: [{name: web}]}"
CUSTOM = b"""\
apiVersion: example.com/v1
kind: Fleet
metadata: {name: blue, namespace: shop}
spec: {template: {spec: {hostPID: true, containers: [{name: web, image: web}]}}}
"""


def file(path: str, data: bytes) -> File:
    return File(path, 0o100644, NO_BLOB, data)


def test_files_without_a_manifest_are_named_and_do_not_refuse() -> None:
    """Helm's values, a workflow of the forge, an empty file: not ours, but said."""
    files = [
        file("a.yaml", CLEAN),
        file("values.yaml", b"image: web\nreplicas: 3"),
        file("empty.yaml", b"# nothing yet\n"),
        file("list.json", b"[1, 2]"),
        file(
            "kustomization.yaml",
            b"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]",
        ),
    ]

    checked = check_files(files, SETS)

    none = "nothing in it names a kind, so it holds no Kubernetes manifest"
    assert checked.skipped == (
        Skipped("values.yaml", none),
        Skipped("empty.yaml", "it is empty"),
        Skipped("list.json", none),
        Skipped(
            "kustomization.yaml",
            "it tells Kustomize how to make manifests; check what 'kustomize build' prints",
        ),
    )
    assert checked.unreadable == ()
    assert not checked.refused


@pytest.mark.parametrize(
    ("data", "place", "what"),
    [
        pytest.param(
            b"a: [1\n",
            (2, 1),
            "while parsing a flow sequence, did not find expected ',' or ']'",
            id="no YAML",
        ),
        pytest.param(b"kind: \xff\n", (1, 7), "not UTF-8: invalid start byte", id="no UTF-8"),
        pytest.param(
            b"kind: Pod\nmetadata: {name: web}", (1, 1), "a manifest without apiVersion", id="no apiVersion"
        ),
        pytest.param(
            b"{kind: Pod, apiVersion: v1}\n---\n- 1", (1, 1), "a manifest without metadata.name", id="no name"
        ),
        pytest.param(
            CLEAN + b"\n---\n- 1\n", (3, 1), "a manifest is a mapping", id="a list beside a manifest"
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_does_not_hide_the_others(
    data: bytes, place: tuple[int, int], what: str
) -> None:
    """With its place; the other file's finding is still told."""
    checked = check_files([file("bad.yaml", data), file("web.yaml", FAULTY)], SETS)

    assert [(one.place, one.what) for one in checked.unreadable] == [(Place("bad.yaml", *place), what)]
    assert [finding.rule for finding in checked.report.findings] == ["host-namespaces"]
    assert checked.refused


def test_a_file_that_cannot_be_read_refuses_by_itself() -> None:
    """Nobody knows what it would have held."""
    checked = check_files([file("bad.yaml", b"a: ["), file("a.yaml", CLEAN)], SETS)

    assert not checked.report.refused
    assert len(checked.unreadable) == 1
    assert isinstance(checked.unreadable[0], Unreadable)
    assert checked.refused


def test_a_custom_kind_of_unknown_scope_is_judged() -> None:
    """There is no environment here that could say whether it has a namespace."""
    checked = check_files([file("fleet.yaml", CUSTOM)], SETS)

    assert [(one.rule, one.object.kind) for one in checked.report.findings] == [("host-namespaces", "Fleet")]


@pytest.mark.parametrize(
    ("files", "what"),
    [
        pytest.param(
            [], "no Kubernetes manifest was read, and a check of nothing proves nothing", id="no file"
        ),
        pytest.param(
            [file("values.yaml", b"a: 1")],
            "no Kubernetes manifest was read (1 without any), and a check of nothing proves nothing",
            id="no manifest in any file",
        ),
        pytest.param(
            [file("bad.yaml", b"a: [")],
            "while parsing a flow node, did not find expected node content",
            id="unreadable",
        ),
    ],
)
def test_a_run_that_read_no_manifest_could_not_run(files: list[File], what: str) -> None:
    """It must not look like one that passed."""
    with pytest.raises(NothingChecked) as error:
        check_files(files, SETS)

    assert error.value.what == what
