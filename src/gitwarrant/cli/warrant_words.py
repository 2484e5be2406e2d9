"""Warrants in words for people, and as plain data for programs."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from gitwarrant.audit.queries import LastWarrant
from gitwarrant.audit.telling import time_text
from gitwarrant.model.canonical import plain
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.warrant import LeafProof, Warrant
from gitwarrant.trust.evidence import Evidence
from gitwarrant.trust.summary import levels, payload_digest

Line: TypeAlias = tuple[str, str]
"""A line and the style it is shown in."""

STYLES = {"apply": "", "delete": "remove", "recreate": "change"}


def tell_warrant(last: LastWarrant, *, now: datetime, whole: bool) -> Iterator[Line]:
    """A warrant as the log keeps it; its signatures are not judged here."""
    warrant = last.warrant
    yield (f"warrant {warrant.sequence} of {warrant.environment}", "bold")
    yield from _said(warrant, now)
    for signature in last.envelope.signatures:
        yield (f"  signed by  {signature.keyid}", "")
    yield (f"  digest     {last.digest}", "")
    yield (f"  previous   {warrant.previous or 'none, it is the first'}", "")
    yield (f"  levels     {', '.join(levels(warrant))}", "")
    if whole:
        for name, value in warrant.evidence:
            yield (f"  {name:<10} {value}", "dim")
    yield (f"  objects    {_counted(last.leaves)}", "")
    if whole:
        for leaf in last.leaves.leaves:
            yield (f"    {leaf_line(leaf)}", STYLES.get(leaf.operation, ""))


def tell_evidence(evidence: Evidence, chain: int, *, now: datetime) -> Iterator[Line]:
    """What was verified, and what was not at hand."""
    warrant = evidence.warrant
    yield (f"verified: warrant {warrant.sequence} of {warrant.environment}", "good")
    yield from _said(warrant, now)
    for name in evidence.keyids:
        yield (f"  signed by  {name}", "")
    if evidence.leaves is None:
        yield ("  objects    not judged: their list is not at hand (--leaves)", "warn")
    else:
        yield (f"  objects    {_counted(evidence.leaves)}, as the warrant names them", "")
    if chain:
        yield (f"  previous   {chain} warrants follow one another, from number 1 on", "")
    elif evidence.previous:
        yield (f"  previous   follows warrant {evidence.previous.sequence}", "")
    elif warrant.previous:
        yield (f"  previous   not judged: warrant {warrant.sequence - 1} is not at hand (--previous)", "warn")
    else:
        yield ("  previous   none, it is the first", "")


def leaf_line(leaf: Leaf) -> str:
    """One object: what is allowed with it."""
    return f"{leaf.operation} {leaf.key} {leaf.digest[:19]}"


def shown_data(last: LastWarrant) -> dict[str, Any]:
    """A warrant of the log as plain data."""
    return {
        "record": last.number,
        "time": last.time.isoformat(),
        "digest": last.digest,
        "signed_by": sorted(last.envelope.keyids),
        **_data(last.warrant, last.leaves),
    }


def evidence_data(evidence: Evidence, proofs: Sequence[LeafProof], chain: int) -> dict[str, Any]:
    """What was verified as plain data; what was not at hand is null."""
    return {
        "verified": True,
        "digest": payload_digest(evidence.warrant),
        "signed_by": list(evidence.keyids),
        "follows": evidence.previous and evidence.previous.sequence,
        "chain": chain or None,
        "proofs": [plain(proof) for proof in proofs],
        **_data(evidence.warrant, evidence.leaves),
    }


def _data(warrant: Warrant, leaves: LeafList | None) -> dict[str, Any]:
    return {
        "warrant": plain(warrant),
        "levels": list(levels(warrant)),
        "leaves": None if leaves is None else [plain(leaf) for leaf in leaves.leaves],
    }


def _said(warrant: Warrant, now: datetime) -> Iterator[Line]:
    yield (f"  revision   {warrant.commit} of {warrant.repository}, {warrant.ref}", "")
    yield (f"  cluster    {warrant.cluster}", "")
    over = ", which is over" if now >= warrant.not_after else ""
    yield (f"  in force   {time_text(warrant.issued)} to {time_text(warrant.not_after)}{over}", "")


def _counted(leaves: LeafList) -> str:
    counts = Counter(leaf.operation for leaf in leaves.leaves)
    return ", ".join(f"{counts[name]} {name}" for name in sorted(counts)) or "none"
