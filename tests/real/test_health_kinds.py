"""Every built-in kind that has a status is judged by a rule of its own, or there is a reason why not."""

from collections.abc import Mapping

import pytest
from tests.support.cluster_workshop import Workshop, run

from gitwarrant.cluster.health.verdict import BUILTIN
from gitwarrant.cluster.transport import Request
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real

NO_RULE: Mapping[tuple[str, str], str] = {
    ("", "ResourceQuota"): "it counts; that it is used up shows in what it stops",
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): "its conditions are not written",
    ("networking.k8s.io", "ServiceCIDR"): "its Ready is judged by conventions",
    ("resource.k8s.io", "ResourceClaim"): "it is allocated when a Pod uses it, and may wait until then",
}


async def kinds_with_status(shop: Workshop) -> set[tuple[str, str]]:
    found = set()
    for served in await shop.cluster.served():
        path = f"/apis/{served.group}/{served.version}" if served.group else f"/api/{served.version}"
        listed = await shop.cluster._transport.call(Request("get", "GET", path, "discover"))
        parts = {item["name"] for item in listed["resources"]}
        if f"{served.plural}/status" in parts:
            found.add((served.group, served.kind))
    return found


def test_every_builtin_kind_with_a_status_is_judged(cluster: Sandbox) -> None:
    async def test(shop: Workshop) -> None:
        ours = {kind for kind in await kinds_with_status(shop) if not kind[0].endswith("example.com")}

        assert ours - BUILTIN.keys() == NO_RULE.keys()

    run(cluster.kubeconfig, test)
