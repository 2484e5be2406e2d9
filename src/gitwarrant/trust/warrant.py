"""From a warrant to a signed envelope, and back: what the applier believes.

What a payload says is written and read by `trust.summary`, who may sign it is
judged by `trust.warrant_keys`, what its leaves are by `trust.leaves`.

Source: secure-systems-lab/dsse (envelope).
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import OBJECT_ID
from gitwarrant.model.errors import Refused
from gitwarrant.model.plan import LeafList
from gitwarrant.model.warrant import FIRST_FORM, FORM, Envelope, Signature, Warrant, WarrantBundle
from gitwarrant.trust.dsse import IN_TOTO, MAX_ENVELOPE_BYTES, pre_authentication
from gitwarrant.trust.leaves import leaves_root
from gitwarrant.trust.signer import Signer, UnusableKey
from gitwarrant.trust.summary import BadWarrant, payload, payload_digest, read_payload
from gitwarrant.trust.warrant_keys import WarrantKeys, check_signatures

OTHER_LEAVES = "names other leaves than the ones at hand: something was added, changed or left out"
MAX_SKEW = timedelta(minutes=5)  # how far the authority's clock may be ahead of the applier's
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
SOURCE = re.compile(r"git\+[a-z][a-z0-9+.-]*://[!-~]+")


def seal(warrant: Warrant, signers: Sequence[Signer]) -> Envelope:
    """Sign a warrant with each signer.

    Raises:
        UnusableKey: a key is gone or refuses, or two signers have one key.
        ValueError: there is no signer.
    """
    body = payload(warrant)
    message = pre_authentication(IN_TOTO, body)
    if len({signer.keyid for signer in signers}) < len(signers):
        raise UnusableKey(
            "two signers have one and the same key, so the second signature would prove nothing",
            remedy="give 'warrant.cosigner' a key of its own, held by somebody else",
        )
    signatures = [Signature(signer.keyid, signer.sign(message)) for signer in signers]
    return Envelope(IN_TOTO, body, tuple(sorted(signatures, key=lambda signature: signature.keyid)))


def open_warrant(envelope: Envelope, keys: WarrantKeys) -> Warrant:
    """Read a warrant from its envelope, once its signatures were verified.

    Not checked here: whether it is for this cluster, in order and in time, and
    whether its leaves are at hand (`admit`).

    Raises:
        BadWarrant: another type, key or signature, or not the payload of a warrant.
        UnusableKey: a public key cannot be read.
    """
    if envelope.payload_type != IN_TOTO:
        raise BadWarrant(f"its payload has type {envelope.payload_type[:60]!r}, not {IN_TOTO!r}")
    if len(envelope.payload) > MAX_ENVELOPE_BYTES:
        raise BadWarrant(f"{len(envelope.payload)} bytes exceed the limit of {MAX_ENVELOPE_BYTES}")
    check_signatures(envelope, keys)
    warrant = read_payload(envelope.payload)
    _check(warrant)
    return warrant


def check_leaves(warrant: Warrant, leaves: LeafList) -> None:
    """Compare a list of leaves with the digest and the root that a warrant names.

    Raises:
        BadWarrant: it is another list.
    """
    if not _names(warrant, leaves):
        raise BadWarrant(f"it {OTHER_LEAVES}", "take the leaves that belong to it: export them again")


def _names(warrant: Warrant, leaves: LeafList) -> bool:
    return leaves.digest == warrant.leaves and leaves_root(leaves) == warrant.leaves_root


def check_follows(warrant: Warrant, previous: Warrant) -> None:
    """Check that a warrant follows another one of the same environment and cluster without a gap.

    Raises:
        BadWarrant: it does not.
    """
    here = (warrant.tenant, warrant.environment, warrant.cluster)
    what = ""
    if (previous.tenant, previous.environment, previous.cluster) != here:
        what = f"the one before it is of {previous.environment!r} in cluster {previous.cluster!r}"
    elif previous.sequence != warrant.sequence - 1:
        what = f"it has number {warrant.sequence}, the one before it {previous.sequence}"
    elif warrant.previous != payload_digest(previous):
        what = f"it does not name this warrant {previous.sequence} as the one before it"
    if what:
        raise BadWarrant(what, "take the previous warrant from the log of this environment and cluster")


def _check(warrant: Warrant) -> None:
    digests = [warrant.leaves, warrant.leaves_root, *(value for _, value in warrant.evidence)]
    digests += warrant.statements
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
    elif warrant.form not in (FIRST_FORM, FORM):
        what = "its payload has a form that is not known"
    elif warrant.form == FORM and not SOURCE.fullmatch(warrant.source):
        what = "its source is not a repository's address"
    elif list(warrant.statements) != sorted(set(warrant.statements)):
        what = "its statements are not sorted"
    elif warrant.reviewers < 0:
        what = "it counts fewer reviewers than none"
    if what:
        raise BadWarrant(what)


def admit(
    bundle: WarrantBundle, keys: WarrantKeys, *, cluster: str, highest_sequence: int, now: datetime
) -> Warrant:
    """Judge, before anything is written, whether a warrant may act here and now on its leaves.

    All is judged here, signatures included, so that no applier can forget one.
    The highest sequence itself passes: the same warrant continues an
    interrupted apply and heals drift.

    Args:
        cluster: uid of the cluster that would be written to.
        highest_sequence: of all warrants that acted here for this environment; 0 for none.

    Raises:
        Refused: stage `apply`: not signed by the keys that are needed, for another
            cluster, out of sequence, expired, from the future, or the leaves are
            not those it names.
        UnusableKey: a public key cannot be read.
    """
    warrant = open_warrant(bundle.envelope, keys)
    what = ""
    if warrant.cluster != cluster:
        what = f"is for cluster {warrant.cluster!r}, and this is {cluster!r}"
    elif warrant.sequence < highest_sequence:
        what = f"has number {warrant.sequence}, and number {highest_sequence} already acted here"
    elif now >= warrant.not_after:
        what = f"expired {warrant.not_after:%Y-%m-%d %H:%M}"
    elif warrant.issued > now + MAX_SKEW:
        what = f"was issued in the future, at {warrant.issued:%Y-%m-%d %H:%M}"
    elif not _names(warrant, bundle.leaves):
        what = OTHER_LEAVES
    if what:
        raise Refused(
            f"the warrant of environment {warrant.environment!r} {what}",
            stage="apply",
            remedy="let the authority judge the change again: gitwarrant apply issues a new warrant",
        )
    return warrant
