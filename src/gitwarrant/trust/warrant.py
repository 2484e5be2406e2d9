"""A warrant's bytes: an in-toto Statement with the SLSA verification summary, in a DSSE envelope.

One warrant has one payload, and the payload is read back only if writing it
again gives the same bytes: what others see in the summary's fields and what
our applier acts on cannot differ.

Source: in-toto attestation v1 (statement, envelope), SLSA v1.2 (verification
summary). Our own fields stand under one member, named by a URI as in-toto asks
of extensions.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from gitwarrant.model.canonical import (
    Digest,
    NotCanonical,
    decode,
    digest,
    dumps,
    encode,
    loads,
    plain,
    sha256,
)
from gitwarrant.model.change import OBJECT_ID
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.warrant import Envelope, Warrant
from gitwarrant.trust import merkle
from gitwarrant.trust.dsse import IN_TOTO, MAX_ENVELOPE_BYTES, pre_authentication
from gitwarrant.trust.signer import Signer, is_signed, keyid, read_public

STATEMENT = "https://in-toto.io/Statement/v1"
SUMMARY = "https://slsa.dev/verification_summary/v1"
SLSA_VERSION = "1.2"
VERIFIER = "urn:x-gitwarrant:authority"
EXTENSION = "urn:x-gitwarrant:warrant:v1"
LEVELS = ("GITWARRANT_AUTHORSHIP_PROVEN", "GITWARRANT_CHECKS_PASSED")  # SLSA's own levels are not claimed
MAX_SKEW = timedelta(minutes=5)  # how far the authority's clock may be ahead of the applier's
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class BadWarrant(GitwarrantError):
    """An envelope that is not a warrant signed by the expected key."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not a valid warrant: {what}", remedy="let the authority issue it again")


def leaves_root(leaves: LeafList) -> Digest:
    """The RFC 6962 root over the leaves' canonical bytes."""
    return Digest("sha256:" + merkle.root([encode(leaf) for leaf in leaves.leaves]).hex())


def prove_leaf(leaves: LeafList, leaf: Leaf) -> tuple[int, tuple[bytes, ...]]:
    """Prove that a leaf is in the list: its place, and the hashes for `merkle.root_from_inclusion`.

    Raises:
        ValueError: the leaf is not in the list.
    """
    index = leaves.leaves.index(leaf)
    return index, merkle.inclusion_proof([encode(item) for item in leaves.leaves], index)


def payload(warrant: Warrant) -> bytes:
    """The one payload of a warrant, canonical."""
    evidence: Mapping[str, Digest] = dict(warrant.evidence)
    repository = quote(warrant.repository, safe="/:@")
    predicate = {
        "verifier": {"id": VERIFIER},
        "timeVerified": warrant.issued.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "resourceUri": f"git:{repository}",
        "policy": {"uri": f"git:{repository}#policy", "digest": _digests(evidence["policy"])},
        "inputAttestations": [
            {"uri": f"{EXTENSION}:{name}", "digest": _digests(value)} for name, value in warrant.evidence
        ],
        "verificationResult": "PASSED",
        "verifiedLevels": list(LEVELS),
        "slsaVersion": SLSA_VERSION,
        EXTENSION: plain(warrant),
    }
    leaves = {**_digests(warrant.leaves), "rfc6962Sha256": _digests(warrant.leaves_root)["sha256"]}
    return dumps(
        {
            "_type": STATEMENT,
            "subject": [
                {"name": f"git:{repository}", "digest": {"gitCommit": warrant.commit}},
                {"name": "leaves", "digest": leaves},
            ],
            "predicateType": SUMMARY,
            "predicate": predicate,
        }
    )


def _digests(value: Digest) -> dict[str, str]:
    algorithm, _, digits = value.partition(":")
    return {algorithm: digits}


def seal(warrant: Warrant, signer: Signer) -> Envelope:
    """Sign a warrant."""
    body = payload(warrant)
    signature = signer.sign(pre_authentication(IN_TOTO, body))
    return Envelope(IN_TOTO, body, signer.keyid, signature)


def payload_digest(warrant: Warrant) -> Digest:
    """How the next warrant names this one."""
    return sha256(payload(warrant))


def open_warrant(envelope: Envelope, public_key: bytes) -> Warrant:
    """Read a warrant from its envelope, once its signature was verified.

    Not checked here: whether it is for this cluster, in order and in time
    (`admit`), and whether its leaves are at hand (`admit`).

    Args:
        public_key: PEM of the only key that may sign warrants here.

    Raises:
        BadWarrant: another type, key or signature, or not the payload of a warrant.
        UnusableKey: the public key cannot be read.
    """
    public = read_public(public_key)
    if envelope.payload_type != IN_TOTO:
        raise BadWarrant(f"its payload has type {envelope.payload_type[:60]!r}, not {IN_TOTO!r}")
    if len(envelope.payload) > MAX_ENVELOPE_BYTES:
        raise BadWarrant(f"{len(envelope.payload)} bytes exceed the limit of {MAX_ENVELOPE_BYTES}")
    if envelope.keyid != keyid(public):
        raise BadWarrant(f"it names key {envelope.keyid[:16]!r}, not {keyid(public)[:16]!r}")
    message = pre_authentication(envelope.payload_type, envelope.payload)
    if not is_signed(public, message, envelope.signature):
        raise BadWarrant("its signature was not made over it by the warrant key")
    return _read(envelope.payload)


def _read(body: bytes) -> Warrant:
    try:
        warrant = decode(Warrant, dumps(_extension(loads(body))))
        _check(warrant)
        written = payload(warrant)
    except NotCanonical as error:
        raise BadWarrant(error.what) from error
    if written != body:
        raise BadWarrant("its summary does not say what its own fields say")
    return warrant


def _extension(statement: Any) -> Any:
    predicate = statement.get("predicate") if isinstance(statement, dict) else None
    if not isinstance(predicate, dict) or EXTENSION not in predicate:
        raise BadWarrant("its payload is not a verification summary of gitwarrant")
    return predicate[EXTENSION]


def _check(warrant: Warrant) -> None:
    digests = [warrant.leaves, warrant.leaves_root, *(value for _, value in warrant.evidence)]
    if warrant.previous:
        digests.append(Digest(warrant.previous))
    names = [name for name, _ in warrant.evidence]
    what = ""
    if not all(DIGEST.fullmatch(value) for value in digests):
        what = "a digest in it is not written as one"
    elif not OBJECT_ID.fullmatch(warrant.commit):
        what = "its commit is not an object id"
    elif names != sorted(set(names)) or "policy" not in names:
        what = "its evidence is not sorted, or names no policy"
    elif warrant.sequence < 1 or bool(warrant.previous) is (warrant.sequence == 1):
        what = "its sequence and its previous warrant contradict each other"
    elif warrant.not_after <= warrant.issued:
        what = "it was never valid"
    if what:
        raise BadWarrant(what)


def admit(warrant: Warrant, leaves: LeafList, *, cluster: str, highest_sequence: int, now: datetime) -> None:
    """Judge, before anything is written, whether a warrant may act here and now on these leaves.

    The highest sequence itself passes: the same warrant continues an
    interrupted apply and heals drift.

    Args:
        cluster: uid of the cluster that would be written to.
        highest_sequence: of all warrants that acted here for this environment; 0 for none.

    Raises:
        Refused: stage `apply`: for another cluster, out of sequence, expired,
            from the future, or the leaves are not those it names.
    """
    what = ""
    if warrant.cluster != cluster:
        what = f"is for cluster {warrant.cluster!r}, and this is {cluster!r}"
    elif warrant.sequence < highest_sequence:
        what = f"has number {warrant.sequence}, and number {highest_sequence} already acted here"
    elif now >= warrant.not_after:
        what = f"expired {warrant.not_after:%Y-%m-%d %H:%M}"
    elif warrant.issued > now + MAX_SKEW:
        what = f"was issued in the future, at {warrant.issued:%Y-%m-%d %H:%M}"
    elif digest(leaves) != warrant.leaves or leaves_root(leaves) != warrant.leaves_root:
        what = "names other leaves than the ones at hand: something was added, changed or left out"
    if what:
        raise Refused(
            f"the warrant of environment {warrant.environment!r} {what}",
            stage="apply",
            remedy="let the authority judge the change again: gitwarrant apply issues a new warrant",
        )
