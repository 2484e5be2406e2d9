"""A warrant as evidence: what the public keys alone prove, at any time and without a cluster."""

from dataclasses import dataclass

from gitwarrant.model.canonical import NotCanonical, decode
from gitwarrant.model.plan import Leaf, LeafList
from gitwarrant.model.warrant import Envelope, LeafProof, Warrant
from gitwarrant.trust.leaves import prove_leaf, proven_root
from gitwarrant.trust.summary import BadWarrant, read_payload
from gitwarrant.trust.warrant import check_follows, check_leaves, open_warrant
from gitwarrant.trust.warrant_keys import WarrantKeys


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was verified of a warrant. What was not at hand is None, and nothing is said about it."""

    warrant: Warrant
    keyids: tuple[str, ...]
    leaves: LeafList | None
    previous: Warrant | None


def examine(
    envelope: Envelope,
    keys: WarrantKeys,
    *,
    leaves: LeafList | None = None,
    previous: Envelope | None = None,
) -> Evidence:
    """Verify what a warrant says.

    1. Its signatures are by the keys that are needed, none of them revoked.
    2. Its payload has the one form, and its summary says what its own fields say.
    3. The leaves are those it names, by digest and by root.
    4. It follows the previous one, number after number. That one needs no signature:
       this one names it by digest.

    Not checked here: the time and the cluster, which matter to who applies it
    (`trust.warrant.admit`); and whether the verdict was right, which the keys' holder vouches for.

    Raises:
        BadWarrant: one of these does not hold.
        UnusableKey: a public key cannot be read.
    """
    warrant = open_warrant(envelope, keys)  # 1, 2
    if leaves is not None:
        check_leaves(warrant, leaves)  # 3
    before = read_payload(previous.payload) if previous else None
    if before:
        check_follows(warrant, before)  # 4
    return Evidence(warrant, tuple(sorted(envelope.keyids)), leaves, before)


def check_proof(warrant: Warrant, proof: LeafProof) -> None:
    """Check that a proof leads to the root that a verified warrant names.

    Raises:
        BadWarrant: it leads elsewhere.
        ProofError: it leads nowhere.
    """
    if proven_root(proof) != warrant.leaves_root:
        raise BadWarrant(
            f"the proof of {proof.leaf.key} does not lead to the root of its leaves",
            "export the proof again, from the warrant that it is about",
        )


def show_included(warrant: Warrant, leaves: LeafList, leaf: Leaf) -> LeafProof:
    """Prove one leaf by inclusion, and check the proof as anybody would.

    Raises:
        BadWarrant: the list is not the warrant's.
        ValueError: the leaf is not in the list.
    """
    proof = prove_leaf(leaves, leaf)
    check_proof(warrant, proof)
    return proof


def read_leaves(data: bytes) -> LeafList:
    """Read a list of leaves from its canonical bytes.

    Raises:
        BadWarrant: they are not one.
    """
    try:
        return decode(LeafList, data)
    except NotCanonical as error:
        raise BadWarrant(f"its leaves cannot be read: {error.what}", "export them again") from error
