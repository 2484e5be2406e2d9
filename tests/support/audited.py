"""The API server's own audit log: what really reached it, whoever says otherwise."""

import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gitwarrant.model.record import Record, RecordKind

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
INTENTS = frozenset({RecordKind.APPLY_INTENT, RecordKind.REVERT_INTENT})
SETTLED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Write:
    """One write that the API server received from somebody who is no part of Kubernetes itself."""

    audit_id: str
    received: datetime
    verb: str
    about: str


def whole_lines(log: Path) -> list[str]:
    """The lines of a log that are written to their end; values may hold what Python takes for line ends."""
    return log.read_text().split("\n")[:-1]


def writes(log: Path, names: str) -> dict[str, Write]:
    """Every write whose namespace or name holds `names`, by Audit-ID; dry runs write nothing."""
    found = {}
    for line in whole_lines(log):
        if names not in line:
            continue
        event = json.loads(line)
        about = event.get("objectRef") or {}
        named = f"{about.get('resource')} {about.get('namespace', '')}/{about.get('name', '')}"
        outside = not event["user"]["username"].startswith("system:")
        if event["verb"] in WRITES and names in named and outside and "dryRun=All" not in event["requestURI"]:
            received = datetime.fromisoformat(event["requestReceivedTimestamp"])
            found[event["auditID"]] = Write(event["auditID"], received, event["verb"], named)
    return found


def unrecorded(written: Iterable[Write], records: Iterable[Record]) -> list[Write]:
    """The writes that have no intent in our log from before they arrived."""
    intents = {record.body["audit_id"]: record.time for record in records if record.kind in INTENTS}
    return [
        write
        for write in written
        if write.audit_id not in intents or intents[write.audit_id] > write.received
    ]


def settled(log: Path, names: str, expected: int) -> dict[str, Write]:
    """The writes once at least so many are there: the server writes its log a little later."""
    until = time.monotonic() + SETTLED_SECONDS
    while len(found := writes(log, names)) < expected and time.monotonic() < until:
        time.sleep(0.05)
    return found


def calls(log: Path, namespace: str, *, since: str = "") -> Counter[str]:
    """How often which verb (`dry-run patch`, `get`) came from gitwarrant about a namespace's own objects.

    Args:
        since: what an earlier request was about; only what came after it counts.
    """
    lines = whole_lines(log)
    start = next((index for index, line in enumerate(lines) if since and since in line), -1)
    events = (json.loads(line) for line in lines[start + 1 :] if f'"namespace":"{namespace}"' in line)
    return Counter(
        f"{'dry-run ' if 'dryRun=All' in event['requestURI'] else ''}{event['verb']}"
        for event in events
        if event["userAgent"].startswith("gitwarrant/")
        and not event["objectRef"]["name"].startswith(("gitwarrant-", "mark-"))  # the ApplySet's parent
    )
