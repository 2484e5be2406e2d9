"""Warrants and envelopes as earlier versions wrote them, brought into today's canonical form.

A log is never rewritten, so what it holds is lifted when it is read. Nothing is
believed on the way: a payload's bytes stay as they were signed.
"""

from collections.abc import Mapping
from typing import Any

from gitwarrant.model.canonical import TAG
from gitwarrant.model.warrant import FIRST_FORM

_ADDED: Mapping[str, Any] = {"form": FIRST_FORM, "source": "", "reviewers": 0, "statements": []}
"""What the second form added to the first."""


def lift_warrant(data: Any) -> Any:
    """Plain data of a `Warrant`; of the first form, with the members it did not have yet."""
    return {**_ADDED, **data} if isinstance(data, dict) and not _ADDED.keys() & data.keys() else data


def lower_warrant(data: Mapping[str, Any]) -> dict[str, Any]:
    """The members that the first form had, of plain data that `lift_warrant` gave."""
    return {name: value for name, value in data.items() if name not in _ADDED}


def lift_bundle(data: Any) -> Any:
    """Plain data of a `WarrantBundle`; an envelope with one `signature` becomes one with a list of one."""
    envelope = data.get("envelope") if isinstance(data, dict) else None
    if not isinstance(envelope, dict) or not {"keyid", "signature"} <= envelope.keys():
        return data
    kept = {name: value for name, value in envelope.items() if name not in ("keyid", "signature")}
    signature = {TAG: "Signature", "keyid": envelope["keyid"], "value": envelope["signature"]}
    return {**data, "envelope": {**kept, "signatures": [signature]}}
