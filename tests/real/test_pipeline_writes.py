"""What an API server received, by its own audit log, is what our log announced: nothing else was written."""

from pathlib import Path

import pytest
from tests.support.audited import INTENTS, settled, unrecorded
from tests.support.deployers import config_map, open_deployer

from gitwarrant.model.record import RecordKind
from gitwarrant.sandbox.find import Sandbox

pytestmark = pytest.mark.real


def test_every_surface_writes_only_what_the_log_announced(cluster: Sandbox, tmp_path: Path) -> None:
    """`plan --cluster`, `apply`, `run`, `drift --revert`: all their writes, and no write beside them."""
    deployer = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig)
    for command in (
        ("plan", "staging", "--cluster"),
        ("apply", "staging", "--dry-run"),
        ("apply", "staging"),
        ("run", "--rounds", "1"),
        ("drift", "staging"),
        ("drift", "production", "--revert"),
    ):
        said = deployer.here(*command)
        assert said.status == 0, said
    deployer.land({"staging/web.yaml": None, "staging/other.yaml": config_map("other")})
    assert deployer.here("apply", "staging").status == 0

    records = deployer.records()
    intents = {record.body["audit_id"] for record in records if record.kind in INTENTS}
    seen = settled(cluster.audit_log, deployer.prefix, expected=len(intents))

    assert seen.keys() == intents
    assert unrecorded(seen.values(), records) == []
    sequences = {record.body["sequence"] for record in records if record.kind is RecordKind.WARRANTED}
    assert {
        record.body["sequence"] for record in records if record.kind is RecordKind.APPLY_INTENT
    } <= sequences
