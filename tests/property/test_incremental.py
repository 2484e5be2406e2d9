"""What was judged before saves work and changes nothing: step by step or from scratch, the same answers."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.chain import NOW
from tests.support.repositories import Simulator

from gitwarrant.audit import leaf_lists
from gitwarrant.audit.leaf_lists import FEW, LONGEST_CHAIN, kept_difference, read_leaves
from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.queries import read_warrant, warranted_body
from gitwarrant.audit.recorder import EVERYTHING, Selection
from gitwarrant.git.reading import Repository
from gitwarrant.model.canonical import Digest, encode, sha256
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Bounds, DriftMode, Environment, Grant, Tenant
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.inventory import Inventory
from gitwarrant.model.layered import changed
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import PIECE, Leaf, LeafList
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.rendered import Rendered
from gitwarrant.model.warrant import Envelope, Signature, Warrant, WarrantBundle
from gitwarrant.pipeline.rendering import Renderings
from gitwarrant.plan.plan import plan
from gitwarrant.policy.check import check
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.trust.leaves import leaves_root

ENVIRONMENT = Environment(
    name="production",
    ref="refs/heads/main",
    path="env",
    namespace="shop",
    auto_deploy=True,
    promotion_source="",
    policies=(BUILTIN_SETS["basic-security"],),
    approval_required=False,
    approvers=(),
    bounds=Bounds(max_objects=6, max_deletes=2),
    drift=DriftMode.REPORT,
    place=Place(".gitwarrant/environments.yaml"),
    allow_links=("env/one/link.yaml",),
)
CUSTOM = "CustomResourceDefinition.apiextensions.k8s.io"
GRANT = Grant("production", frozenset({"shop"}), frozenset({"*", "Widget.a.example"}), frozenset({CUSTOM}))
TENANT = Tenant("shops", (GRANT,))
FOLDERS = ("env", "env/one", "env/one/more", "env/one-b", "env/two")
PATHS = [f"{folder}/{name}" for folder in FOLDERS for name in ("a.yaml", "b.json", "notes.md")]
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}{more}}}\ndata: {{k: '{value}'}}\n"
POD = (
    "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\n"
    "spec: {{containers: [{{name: c, image: 'i:{value}'}}]}}\n"
)
WIDGET = "apiVersion: a.example/v1\nkind: Widget\nmetadata: {{name: {name}}}\nspec: {{size: '{value}'}}\n"
DEFINITION = (
    "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
    "metadata: {name: widgets.a.example}\n"
    "spec: {group: a.example, names: {kind: Widget}, scope: SCOPE}\n"
)
ANNOTATIONS = (
    "",
    ", annotations: {argocd.argoproj.io/hook: PreSync}",
    ", annotations: {gitwarrant.dev/wave: x}",
)


def _texts() -> st.SearchStrategy[str]:
    """Manifests of few names, so that objects meet again in other files; and files that are none."""
    name, value = st.sampled_from("uvw"), st.sampled_from("12")
    map_ = st.builds(
        CONFIG_MAP.format, name=name, value=value, more=st.sampled_from(ANNOTATIONS[:1] * 6 + ANNOTATIONS[1:])
    )
    others = st.builds(POD.format, name=name, value=value) | st.builds(WIDGET.format, name=name, value=value)
    scope = st.sampled_from(["Namespaced", "Cluster"]).map(lambda text: DEFINITION.replace("SCOPE", text))
    both = st.tuples(map_, others).map("---\n".join)
    return (
        map_
        | map_
        | others
        | both
        | scope
        | st.sampled_from(["", "# nothing\n", "kind: [", "namespace: elsewhere\n"])
    )


CHANGES = st.lists(
    st.dictionaries(st.sampled_from(PATHS), st.none() | _texts(), min_size=1, max_size=3),
    min_size=2,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(CHANGES)
def test_a_sequence_of_changes_is_judged_as_each_of_them_alone(
    changes: Sequence[Mapping[str, str | None]],
) -> None:
    """Same refusals, manifests, findings, leaves, digests and plans, whatever was judged before."""
    folder = Path(tempfile.mkdtemp())
    try:
        repository, kept = Simulator(folder / "forge.git"), Renderings()
        files: dict[str, str] = {"env/a.yaml": CONFIG_MAP.format(name="u", value="1", more="")}
        step = _commit(repository, files)
        before = [step]
        for change in changes:
            files = {path: text for path, text in {**files, **change}.items() if text is not None}
            step = _commit(repository, files)
            for earlier in before[-2:]:
                assert _judged(repository, kept, earlier, step) == _judged(
                    repository, Renderings(), earlier, step
                )
            before.append(step)
    finally:
        shutil.rmtree(folder)


def _commit(repository: Simulator, files: Mapping[str, str]) -> CommitId:
    kept = {**files, "README.md": "# here\n"}
    return CommitId(repository.commit(by="alice", tree=repository.tree(kept), signed=False))


def _judged(repository: Simulator, renderings: Renderings, before: CommitId, after: CommitId) -> list[object]:
    """Everything that the stages say of a change, in bytes."""
    reading, said = Repository(repository.path), list[object]()
    try:
        rendered = renderings.of(reading, ENVIRONMENT, TENANT.custom_kinds, after)
    except GitwarrantError as error:
        return [str(error)]
    said += [encode(rendered), encode(rendered.leaves), rendered.leaves.digest, leaves_root(rendered.leaves)]
    said.append(encode(check(rendered, ENVIRONMENT.policies)))
    previous: Rendered | None = None
    try:
        previous = renderings.of(reading, ENVIRONMENT, TENANT.custom_kinds, before)
    except GitwarrantError as error:
        said.append(str(error))
    try:
        planned = plan(ENVIRONMENT, TENANT, rendered, previous, previous.leaves if previous else None)
        said += [encode(planned), planned.digest, encode(planned.leaves.wanted), leaves_root(planned.leaves)]
    except GitwarrantError as error:
        said.append(str(error))
    return said


ONE, TWO, THREE = (Digest(f"sha256:{n}") for n in (1, 2, 3))
NAMES = st.text("abc", min_size=1, max_size=4)
LEAF = st.builds(
    Leaf,
    group=st.sampled_from(["", "apps"]),
    version=st.sampled_from(["v1", "v2"]),
    kind=st.sampled_from(["ConfigMap", "Secret"]),
    namespace=NAMES,
    name=NAMES,
    operation=st.sampled_from(["apply", "delete", "recreate"]),
    digest=st.sampled_from([ONE, TWO]),
)
LEAVES = st.frozensets(LEAF, max_size=60)


def listed(leaves: frozenset[Leaf]) -> LeafList:
    return LeafList(tuple(sorted(leaves)))


@settings(deadline=None)
@given(LEAVES, LEAVES, st.booleans(), st.sampled_from([1, 2, 5, PIECE]))
def test_a_spliced_list_is_the_list_of_its_leaves(
    before: frozenset[Leaf], after: frozenset[Leaf], asked: bool, piece: int
) -> None:
    """In every respect, whether or not anything was worked out from the earlier one; cut alike, too."""
    with patch("gitwarrant.model.plan.PIECE", piece):
        old, new = listed(before), listed(after)
        if asked:
            _facts(old)

        gone, come = old.apart(new)
        spliced = old.spliced(gone, come)

        assert (frozenset(gone), frozenset(come)) == (before - after, after - before)
        assert _facts(spliced) == _facts(listed(after))
        assert spliced == new
        assert [row.leaves for row in spliced.pieces] == [row.leaves for row in new.pieces]


def _facts(leaves: LeafList) -> tuple[object, ...]:
    keyed = leaves.by_key if len(leaves.by_key) == len(leaves) else None
    facts = (leaves.encoded, leaves.digest, leaves_root(leaves), leaves.special, dict(leaves.places))
    unique = len({leaf.key for leaf in leaves.leaves}) == len(leaves)
    return (*facts, encode(leaves), keyed, leaves.standing.leaves, leaves.wanted.leaves if unique else None)


def test_large_lists_are_spliced_leaf_by_leaf() -> None:
    """The way that only large lists take: replace, insert and remove, at the ends and between."""
    leaves = [Leaf("", "v1", "ConfigMap", "shop", f"a{n:04}", "apply", ONE) for n in range(2500)]
    old = LeafList(tuple(leaves))
    _facts(old)
    new = [Leaf("", "v1", "ConfigMap", "shop", name, "apply", TWO) for name in ("a", "a0500", "b")]

    spliced = old.spliced([leaves[0], leaves[500], leaves[2499]], new)

    same = LeafList(tuple(sorted([*leaves[1:500], *leaves[501:2499], *new])))
    assert _facts(spliced) == _facts(same)
    assert spliced.digest == sha256(encode(spliced))
    with pytest.raises(ValueError, match="already there"):
        spliced.spliced((), new[:1])
    with pytest.raises(ValueError, match="no such leaf"):
        spliced.spliced(leaves[:1], ())


NUMBERED = st.dictionaries(st.integers(0, 300), st.integers(0, 2), max_size=5)


@settings(deadline=None)
@given(
    st.integers(0, 300), st.lists(st.tuples(st.sets(st.integers(0, 300), max_size=5), NUMBERED), max_size=6)
)
def test_a_mapping_that_was_changed_is_the_mapping_with_its_changes(
    size: int, changes: Sequence[tuple[set[int], Mapping[int, int]]]
) -> None:
    """Change upon change, whether it is layered or flattened; what it was stays what it was."""
    plainly = dict.fromkeys(range(size), 0)
    found: Mapping[int, int] = dict(plainly)
    for gone, come in changes:
        before, was = found, dict(found)
        found = changed(found, gone, come)
        plainly = {key: value for key, value in plainly.items() if key not in gone} | dict(come)

        assert (dict(before), len(found), dict(found)) == (was, len(plainly), plainly)
        assert all((key in found) == (key in plainly) for key in range(301))
        assert all(found.get(key) == plainly.get(key) for key in range(301))


KEYS = st.builds(ObjectKey, st.just(""), st.sampled_from(["Secret", "ConfigMap"]), st.just("shop"), NAMES)
ENTRIES = st.dictionaries(KEYS, st.sampled_from([ONE, TWO]), max_size=20)


@given(ENTRIES, st.dictionaries(KEYS, st.sampled_from([ONE, THREE, None]), max_size=8))
def test_an_inventory_moves_on_as_if_it_had_begun_there(
    before: Mapping[ObjectKey, Digest], changes: Mapping[ObjectKey, Digest | None]
) -> None:
    entries = {key: InventoryEntry(key, "v1", "u", digest) for key, digest in before.items()}
    moved = {
        key: InventoryEntry(key, "v1", "w", digest) if digest else None for key, digest in changes.items()
    }
    after = {key: entry for key, entry in {**entries, **moved}.items() if entry is not None}

    found, fresh = Inventory.of(entries.values()).after(moved), Inventory.of(after.values())

    assert (dict(found.by_key), found.leaves, dict(found.unusual)) == (
        after,
        fresh.leaves,
        dict(fresh.unusual),
    )


class CountedLog(MemoryLog):
    """A log that counts how often it is read."""

    count = 0

    def read(self, after: int = 0, selection: Selection = EVERYTHING) -> Iterator[Record]:
        self.count += 1
        return super().read(after, selection)


def warranted(log: MemoryLog, sequence: int, leaves: LeafList, last: int | None) -> int:
    """Record a warrant of these leaves; the record's number."""
    warrant = Warrant(
        "shop", "production", "uid", sequence, "", "shop", "refs/heads/main", CommitId("1" * 40), NOW, NOW,
        leaves.digest, leaves_root(leaves), (),
    )  # fmt: skip
    bundle = WarrantBundle(Envelope("t", b"{}", (Signature("k", b"s"),)), leaves)
    difference = kept_difference(log, "production", last, leaves)
    return log.append(
        RecordKind.WARRANTED, "production", warranted_body(warrant, bundle, b"PEM", difference=difference)
    ).number


@pytest.mark.parametrize("size", [pytest.param(FEW, id="few"), pytest.param(FEW + 50, id="many")])
def test_lists_come_back_from_the_log_as_they_were_warranted(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through more warrants than a chain may be long, small changes and one that replaces nearly all."""
    log, number = CountedLog(lambda: NOW), None
    names = [f"a{n:04}" for n in range(size)]
    leaves = LeafList(tuple(Leaf("", "v1", "ConfigMap", "shop", name, "apply", ONE) for name in names))
    lists, numbers = [], []
    for step in range(2 * LONGEST_CHAIN + 5):
        many = range(size - 1) if step == LONGEST_CHAIN + 3 else [step]
        gone = [leaves.leaves[at] for at in many]
        come = [
            Leaf("", "v1", "ConfigMap", "shop", leaf.name, "apply", Digest(f"sha256:{step + 2}"))
            for leaf in gone
        ]
        leaves = leaves.spliced(gone, come)
        number = warranted(log, step + 1, leaves, number)
        lists.append(leaves)
        numbers.append(number)

    for leaves, number in zip(lists, numbers, strict=True):
        monkeypatch.setattr(leaf_lists, "_RECENT", leaf_lists._Recent())
        [record] = [record for record in log.read() if record.number == number]
        log.count = 0
        assert read_leaves(record, log) == leaves
        assert log.count <= LONGEST_CHAIN + 1
        assert read_warrant(record, log).leaves.digest == leaves.digest
