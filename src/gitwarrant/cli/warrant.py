"""`gitwarrant warrant`: show, verify and hand over warrants."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from gitwarrant.audit.answers import parse_query
from gitwarrant.audit.log import Log
from gitwarrant.audit.queries import LastWarrant, warranted_environments, warrants
from gitwarrant.cli.terminal import Terminal
from gitwarrant.cli.warrant_words import evidence_data, leaf_line, shown_data, tell_evidence, tell_warrant
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.warrant import LeafProof
from gitwarrant.pipeline.exporting import ENVELOPE, LEAVES, export
from gitwarrant.trust.dsse import MAX_ENVELOPE_BYTES, from_json
from gitwarrant.trust.evidence import Evidence, check_proof, examine, read_leaves, show_included
from gitwarrant.trust.leaves import MAX_PROOF_BYTES, read_proof
from gitwarrant.trust.signer import MAX_KEY_BYTES, UnusableKey, public_blocks
from gitwarrant.trust.summary import BadWarrant
from gitwarrant.trust.warrant import check_follows
from gitwarrant.trust.warrant_keys import WarrantKeys

if TYPE_CHECKING:
    from gitwarrant.config.agent import Agent

MAX_LEAVES_BYTES = 64 * 1024 * 1024  # a hundred thousand objects are a third of it


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 shown, verified or written; 1 not a valid warrant; 2 could not run."""
    match arguments.action:
        case "show":
            return _show(arguments, terminal)
        case "export":
            return _export(arguments, terminal)
        case _:
            return _verify(arguments, terminal)


def _show(arguments: argparse.Namespace, terminal: Terminal) -> int:
    with _log(arguments) as log:
        if arguments.environment or arguments.sequence:
            found = [_warrant(log, arguments.environment, arguments.sequence)]
        else:
            found = [_warrant(log, name, None) for name in warranted_environments(log)]
        whole = arguments.environment is not None
        for one in found:  # their leaves are read from the log as they are told
            for text, style in tell_warrant(one, now=datetime.now(UTC), whole=whole):
                terminal.say(text, style)
        terminal.result([shown_data(one) for one in found])
    if not found:
        terminal.note("the log has no warrant yet")
    return 0


def _export(arguments: argparse.Namespace, terminal: Terminal) -> int:
    with _log(arguments) as log:
        last = _warrant(log, arguments.environment, arguments.sequence)
        objects = [leaf for text in arguments.object for leaf in _wanted(last.leaves, text)]
        files = export(last.warrant, last.bundle, public_blocks(last.public_key), objects)
    folder = Path(arguments.out)
    if folder.exists() and any(folder.iterdir()):
        raise GitwarrantError(f"the folder {folder} is not empty", remedy="name one that is, or is not there")
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    terminal.result({"folder": str(folder), "files": sorted(files)})
    terminal.say(f"warrant {last.warrant.sequence} of {last.warrant.environment}: {folder}/", "good")
    for name in sorted(files):
        terminal.say(f"  {name}")
    terminal.say("how others verify it stands in README.md", "dim")
    return 0


def _verify(arguments: argparse.Namespace, terminal: Terminal) -> int:
    try:
        evidence, proofs, chain = _judged(arguments)
    except Refused as refusal:
        # Nothing is applied here: who asks wants to know whether it would be believed.
        raise Refused(refusal.what, stage="verification", remedy=refusal.remedy) from refusal
    now = datetime.now(UTC)
    for text, style in tell_evidence(evidence, chain, now=now):
        terminal.say(text, style)
    for proof in proofs:
        terminal.say(f"  object     {leaf_line(proof.leaf)}, proven by {len(proof.path)} hashes", "good")
    terminal.result(evidence_data(evidence, proofs, chain))
    return 0


def _judged(arguments: argparse.Namespace) -> tuple[Evidence, list[LeafProof], int]:
    if "/" in arguments.target or "." in arguments.target:
        evidence, chain = _examine_file(arguments), 0
    else:
        evidence, chain = _examine_logged(arguments)
    proofs: list[LeafProof] = []
    if arguments.proof:
        proofs.append(read_proof(_read(Path(arguments.proof), MAX_PROOF_BYTES)))
        check_proof(evidence.warrant, proofs[0])
    for text in arguments.object:
        if evidence.leaves is None:
            raise GitwarrantError(
                "whether an object is covered cannot be said without the leaves or a proof",
                remedy="name them with --leaves, or a proof of it with --proof",
            )
        leaves = evidence.leaves
        proofs += [show_included(evidence.warrant, leaves, leaf) for leaf in _wanted(leaves, text)]
    return evidence, proofs, chain


def _examine_file(arguments: argparse.Namespace) -> Evidence:
    target = Path(arguments.target)
    file = target / ENVELOPE if target.is_dir() else target
    beside = file.with_name(LEAVES)
    path = Path(arguments.leaves) if arguments.leaves else beside if beside.exists() else None
    previous = arguments.previous
    return examine(
        from_json(_read(file, MAX_ENVELOPE_BYTES)),
        _keys(arguments, None if arguments.key else _agent(arguments)),
        leaves=read_leaves(_read(path, MAX_LEAVES_BYTES)) if path else None,
        previous=from_json(_read(Path(previous), MAX_ENVELOPE_BYTES)) if previous else None,
    )


def _examine_logged(arguments: argparse.Namespace) -> tuple[Evidence, int]:
    """A warrant of the log; with --chain, how many follow one another from the first one on."""
    agent = None if arguments.file and arguments.key else _agent(arguments)
    keys = _keys(arguments, agent)
    with _log(arguments) as log:
        last = _warrant(log, arguments.target, arguments.sequence)
        older = (
            one for one in warrants(log, arguments.target) if one.warrant.sequence < last.warrant.sequence
        )
        before = next(older, None)
        previous = before.envelope if before else None
        evidence = examine(last.envelope, keys, leaves=last.leaves, previous=previous)
        if not arguments.chain:
            return evidence, 0
        return evidence, _follow(last, [before, *older] if before else [])


def _follow(last: LastWarrant, older: list[LastWarrant]) -> int:
    chain = [last, *older]
    for one, before in pairwise(chain):
        check_follows(one.warrant, before.warrant)
    if chain[-1].warrant.sequence != 1:
        raise BadWarrant(
            f"its chain ends at number {chain[-1].warrant.sequence}, and the log has none before it",
            "ask the log that was in use before this one",
        )
    return len(chain)


def _wanted(leaves: LeafList, text: str) -> list[Leaf]:
    query = parse_query(text)
    found = [leaf for leaf in leaves.leaves if query.matches(leaf.key)]
    if not found:
        raise BadWarrant(
            f"no leaf of it is about {text!r}, so it allows nothing about that object",
            "see what it covers: gitwarrant warrant show",
        )
    return found


def _warrant(log: Log, environment: str | None, sequence: int | None) -> LastWarrant:
    names = () if environment else warranted_environments(log)
    if len(names) == 1:
        [environment] = names
    if environment is None:
        raise GitwarrantError("which environment?", remedy=f"name one of: {', '.join(names) or 'none yet'}")
    numbered = (one for one in warrants(log, environment) if sequence in (None, one.warrant.sequence))
    found = next(numbered, None)
    if found is None:
        which = f"no warrant {sequence}" if sequence else "no warrant"
        known = ", ".join(warranted_environments(log)) or "none yet"
        raise GitwarrantError(
            f"the log has {which} of {environment!r}", remedy=f"environments that have warrants: {known}"
        )
    return found


def _keys(arguments: argparse.Namespace, agent: "Agent | None") -> WarrantKeys:
    """The keys that are named; else those of the agent's configuration. Revoked are those of both."""
    revoked = frozenset(arguments.revoked) | (agent.warrant.revoked if agent else frozenset())
    if arguments.signatures is not None and arguments.signatures < 1:
        raise GitwarrantError("at least one signature is needed", remedy="give --signatures 1 or more")
    if arguments.key:
        public = tuple(pem for path in arguments.key for pem in _public(Path(path)))
        return WarrantKeys(public, arguments.signatures or len(arguments.key), revoked)
    from gitwarrant.pipeline.warranting import warrant_keys  # noqa: PLC0415 - imports Pydantic and Git

    keys = warrant_keys((agent or _agent(arguments)).warrant)
    return WarrantKeys(keys.public, arguments.signatures or keys.needed, revoked)


def _public(path: Path) -> tuple[bytes, ...]:
    blocks = public_blocks(_read(path, MAX_KEY_BYTES))
    if not blocks:
        raise UnusableKey(f"{path} holds no public key in PEM", remedy="give the file that ends in .pub")
    return blocks


def _read(path: Path, most: int) -> bytes:
    """A file's bytes, one more than the limit at most: who reads them refuses what is too long."""
    with path.open("rb") as file:
        return file.read(most + 1)


@contextmanager
def _log(arguments: argparse.Namespace) -> Iterator[Log]:
    path = Path(arguments.file) if arguments.file else _agent(arguments).log
    with Log(path, lambda: datetime.now(UTC), read_only=True) as log:
        yield log


def _agent(arguments: argparse.Namespace) -> "Agent":
    from gitwarrant.cli.configured import agent_at  # noqa: PLC0415 - imports Pydantic

    return agent_at(arguments.config)
