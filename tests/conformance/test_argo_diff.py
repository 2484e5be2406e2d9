"""Whether a live object differs, side by side with Argo CD's own cases of its diff.

A case is a manifest, a live object and, of some, what a server made of an apply.
Baselines come from the real API server. Argo's verdicts are those of its tests
(gitops-engine/pkg/diff/diff_test.go); where ours is another one, it says why.
"""

import copy
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.cluster_workshop import Workshop, manifest, run

from gitwarrant.cluster.applyset import applyset_id, as_member, parent_key
from gitwarrant.cluster.baseline import Baselines
from gitwarrant.cluster.drift import Terms, judge
from gitwarrant.model.manifest import Content, Json
from gitwarrant.objects.difference import bare
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

CORPORA = Path(os.environ.get("GITWARRANT_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
CASES = CORPORA / "argo-diff"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
INJECTED: Json = {
    "f:webhooks": {'k:{"name":"webhook.cert-manager.io"}': {"f:clientConfig": {"f:caBundle": {}}}}
}


@dataclass(frozen=True)
class Case:
    """`config` and `live` are files; `argo` is whether Argo finds them different.

    `controller`: the live object is older than managedFields; this is what they
    would say today of who wrote what (a manager, and the fields).
    `ours`: whether we do, where that is another verdict, and `why`.
    """

    config: str
    live: str
    argo: bool
    controller: tuple[str, Json] | None = None
    ours: bool | None = None
    why: str = ""

    @property
    def expected(self) -> bool:
        return self.argo if self.ours is None else self.ours


NO_WRITER = (
    "without managedFields nobody can be named who wrote the field, and an unnamed writer excuses nothing; "
    "a server of today always names one"
)
TABLE = [
    Case("smd-service-config.yaml", "smd-service-live.yaml", argo=True),
    Case("smd-service-config-2-ports.yaml", "smd-service-live.yaml", argo=True),
    Case("smd-service-config-ports.yaml", "smd-service-live.yaml", argo=True),
    Case("smd-service-config.yaml", "smd-service-live-with-type.yaml", argo=True),
    Case("ssd-deploy-nested-config.yaml", "ssd-deploy-nested-live.yaml", argo=True),
    Case("ssd-svc-no-label-config.yaml", "ssd-svc-no-label-predicted-live.json", argo=False),
    Case(
        "ssd-service-config.yaml",
        "ssd-service-live.yaml",
        argo=True,
        ours=False,
        why="Argo's verdict comes from the server of its test, whose webhook adds to the Service; without "
        "it nothing differs, and with that server's answer as the baseline something does: see the next test",
    ),
    Case("grafana-clusterrole-config.json", "grafana-clusterrole-live.json", argo=False),
    Case("endpoints-config.json", "endpoints-live.json", argo=False),
    Case(
        "aggr-clusterrole-config.json",
        "aggr-clusterrole-live.json",
        argo=False,
        controller=("clusterrole-aggregation-controller", {"f:rules": {}}),
    ),
    Case("aggr-clusterrole-config.json", "aggr-clusterrole-live.json", argo=False, ours=True, why=NO_WRITER),
    Case(
        "spinnaker-sa-config.json",
        "spinnaker-sa-live.json",
        argo=False,
        controller=("kube-controller-manager", {"f:secrets": {}}),
    ),
    Case("spinnaker-sa-config.json", "spinnaker-sa-live.json", argo=False, ours=True, why=NO_WRITER),
    Case(
        "mutatingwebhookconfig-config.json",
        "mutatingwebhookconfig-live.json",
        argo=False,
        controller=("cainjector", INJECTED),
    ),
    Case(
        "mutatingwebhookconfig-config.json",
        "mutatingwebhookconfig-live.json",
        argo=False,
        ours=True,
        why=NO_WRITER,
    ),
]


def read(name: str) -> dict[str, Any]:
    if not CASES.is_dir():
        pytest.skip(f"the corpus is not at {CORPORA.name}/argo-diff: set GITWARRANT_CORPORA")
    data: dict[str, Any] = yaml.safe_load((CASES / name).read_text())
    return data


def served(content: Mapping[str, Json]) -> dict[str, Any]:
    """A webhook configuration of v1beta1, which no server knows now, as v1 with what v1beta1 defaulted."""
    if content["apiVersion"] != "admissionregistration.k8s.io/v1beta1":
        return dict(content)
    beta = {"matchPolicy": "Exact", "timeoutSeconds": 30}
    asked = {"admissionReviewVersions": ["v1"], "sideEffects": "None"}
    hooks = [{**beta, **hook, **asked} for hook in content["webhooks"]]
    return {**content, "apiVersion": "admissionregistration.k8s.io/v1", "webhooks": hooks}


def at(shop: Workshop, content: Content) -> dict[str, Any]:
    """The same object in the test's own namespace, as our tool applied it: less Argo's own bookkeeping."""
    moved = copy.deepcopy(served(content))
    metadata = moved["metadata"]
    if "namespace" in metadata:
        metadata["namespace"] = shop.namespace
    metadata.get("annotations", {}).pop(LAST_APPLIED, None)
    return as_member(moved, applyset_id(parent_key(shop.name, shop.namespace)))


def written(live: dict[str, Any], case: Case) -> dict[str, Any]:
    if case.controller is None:
        return live
    manager, fields = case.controller
    live["metadata"]["managedFields"] = [{"manager": manager, "operation": "Update", "fieldsV1": fields}]
    return live


def name(case: Case) -> str:
    return f"{case.config} / {case.live}" + (" / today" if case.controller else "")


@pytest.mark.parametrize("case", [pytest.param(case, id=name(case)) for case in TABLE])
def test_a_live_object_differs_where_argo_finds_that_it_does(cluster: Sandbox, case: Case) -> None:
    config, live = read(case.config), read(case.live)

    async def test(shop: Workshop) -> None:
        declared = manifest(at(shop, config))
        baselines = Baselines(
            applyset_id(parent_key(shop.name, shop.namespace)), shop.cluster, shop.baselines
        )
        truth = await baselines.probed(declared)
        seen = written(at(shop, live), case)
        seen["metadata"].setdefault("uid", "")  # one of them was written by hand
        terms = Terms(declared.key, seen["metadata"]["uid"], truth, truth)

        judged = judge(terms, seen)

        assert (judged.drift is not None) is case.expected, judged.drift
        assert bool(case.why) is (case.ours is not None)

    run(cluster.kubeconfig, test)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param("ssd-service", id="a webhook's label"),
        pytest.param("ssd-deploy-nested", id="a port and a variable more"),
    ],
)
def test_what_a_server_made_of_an_apply_is_the_baseline(case: str) -> None:
    """The live object before it differs, as Argo finds; the predicted one itself does not."""
    predicted, live = read(f"{case}-predicted-live.json"), read(f"{case}-live.yaml")
    for item in (live, predicted):
        item["metadata"].setdefault("uid", "")
    key = manifest(predicted).key
    truth = bare(predicted)

    before = judge(Terms(key, live["metadata"]["uid"], truth, truth), live)
    after = judge(Terms(key, predicted["metadata"]["uid"], truth, truth), predicted)

    assert before.drift is not None
    assert after.drift is None
