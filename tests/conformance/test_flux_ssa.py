"""The object sets that Flux's own server-side apply is tested with, applied on the real API server.

Each set is rendered as a file of an environment, applied, found to be as it was applied (no drift
where the server defaults, allocates, encodes or orders), and applied again without a change.
"""

import os
import re
import secrets
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.support.cluster_workshop import Workshop, run

from gitwarrant.model.change import NO_BLOB, CommitId, File, Tree, TreeId
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import Applied, Drift, Result
from gitwarrant.model.manifest import Manifest
from gitwarrant.render.render import render
from gitwarrant.sandbox.find import Sandbox

CORPORA = Path(os.environ.get("GITWARRANT_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
SETS = CORPORA / "flux-ssa"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SETS.is_dir(), reason=f"the outside corpora are not at {CORPORA}"),
]

REFUSED = {
    # A namespace on what has none: Flux drops it in silence; who wrote it believed that it means something.
    "test12.yaml": r"test12\.yaml:15:1: StorageClass.* belongs to the whole cluster",
    "test5.yaml": r"test5\.yaml:65:1: ClusterTest.* belongs to the whole cluster",
}
"""Sets that are refused where Flux applies them."""
INVALID = {"test11.yaml": r"must be spec\.names\.plural\+\"\.\"\+spec\.group"}
"""Sets that the API server refuses; what stands beside is applied."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a set: applied once, looked at, applied again."""

    applied: Applied
    drifts: tuple[Drift, ...]
    again: Applied


def rendered(name: str, unique: str) -> tuple[Manifest, ...]:
    """The manifests of a set, `%[1]s` filled in as Flux's tests do."""
    data = (SETS / name).read_bytes().replace(b"%[1]s", unique.encode())
    file = File(f"set/{name}", 0o100644, NO_BLOB, data)
    tree = Tree.of(CommitId("1" * 40), TreeId("2" * 40), "set", (file,))
    return render(tree, namespace=unique, custom_kinds=frozenset()).manifests


def outcome(cluster: Sandbox, name: str) -> Outcome:
    async def test(shop: Workshop) -> Outcome:
        unique = f"ssa-{secrets.token_hex(4)}"
        manifests, home = rendered(name, unique), replace(shop, namespace=unique)
        if not declares(manifests, unique):  # it goes where an earlier set has made the namespace
            manifests, home = rendered(name, shop.namespace), shop
        applied = await home.apply(*manifests)
        seen = await home.observe(*manifests)
        return Outcome(applied, seen.drifts, await home.apply(*manifests, changed=frozenset()))

    return run(cluster.kubeconfig, test)


def declares(manifests: tuple[Manifest, ...], namespace: str) -> bool:
    return any(item.kind == "Namespace" and item.key.name == namespace for item in manifests)


@pytest.mark.parametrize("name", sorted(file.name for file in SETS.glob("*.yaml")) or ["no corpora"])
def test_a_set_is_applied_and_stays_as_it_was(cluster: Sandbox, name: str) -> None:
    if name in REFUSED:
        with pytest.raises(Refused, match=REFUSED[name]):
            rendered(name, "ssa")
        return

    found = outcome(cluster, name)

    failed = [item.message for item in found.applied.objects if item.result is Result.FAILED]
    if name in INVALID:
        [message] = failed
        assert re.search(INVALID[name], message)
        return
    assert failed == []
    assert found.drifts == ()
    assert {item.result for item in found.again.objects} == {Result.UNCHANGED}
