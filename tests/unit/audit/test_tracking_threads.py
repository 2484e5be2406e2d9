"""Inventories that several threads ask for while the log grows: none loses a record."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from gitwarrant.audit.memory import MemoryLog
from gitwarrant.audit.recorder import object_body
from gitwarrant.audit.tracking import Tracking
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.record import RecordKind


def test_what_one_thread_takes_in_no_other_forgets() -> None:
    log = MemoryLog(lambda: datetime.now(UTC))
    tracking = Tracking(log)

    def write(number: int) -> None:
        key = ObjectKey("", "ConfigMap", "shop", f"c{number}")
        body = {
            "sequence": 1,
            "operation": "apply",
            "object": object_body(key, "v1"),
            "digest": "sha256:" + "0" * 64,
            "audit_id": str(number),
            "result": "created",
            "uid": str(number),
            "resource_version": "1",
            "message": "",
        }
        log.append(RecordKind.APPLIED, "production", body)
        tracking.inventory("production")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(400)))

    assert len(tracking.inventory("production").by_key) == 400
