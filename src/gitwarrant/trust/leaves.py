"""The leaves of a warrant as a hash tree: one object proves itself without the others."""

import re
from functools import partial

from gitwarrant.model.canonical import Digest, NotCanonical, decode, encode
from gitwarrant.model.plan import Leaf, LeafList, Piece
from gitwarrant.model.warrant import LeafProof
from gitwarrant.trust import merkle

MAX_PROOF_BYTES = 64 * 1024  # a path through a million leaves takes some 2 KiB
HASH = re.compile(r"[0-9a-f]{64}")


def leaves_root(leaves: LeafList) -> Digest:
    """The RFC 6962 root over the leaves' canonical bytes.

    Of a list that was spliced from one whose tree is known, only what moved is hashed again.
    """
    return _digest(leaves.derived("tree", lambda: _tree(leaves)).root)


def _tree(leaves: LeafList) -> merkle.Tree:
    hashes = b"".join(piece.derived("hashes", partial(_hashes, piece)) for piece in leaves.pieces)
    base = leaves.base
    if base is None or not base.knows("tree"):
        return merkle.Tree.of(hashes)
    known: merkle.Tree = base.derived("tree", lambda: _tree(base))
    return known.changed(hashes)


def _hashes(piece: Piece) -> bytes:
    return b"".join(map(merkle.leaf_hash, piece.encoded))


def prove_leaf(leaves: LeafList, leaf: Leaf) -> LeafProof:
    """Prove that a leaf is in the list.

    Raises:
        ValueError: the leaf is not in the list.
    """
    index = leaves.leaves.index(leaf)
    path = merkle.inclusion_proof(leaves.encoded, index)
    return LeafProof(leaf, index, len(leaves.leaves), tuple(sibling.hex() for sibling in path))


def proven_root(proof: LeafProof) -> Digest:
    """The root that a proof leads to; compare it with the root of a warrant that was verified.

    Raises:
        ProofError: it cannot belong to any tree.
    """
    if not all(HASH.fullmatch(sibling) for sibling in proof.path):
        raise merkle.ProofError("a hash is not written in 64 hexadecimal digits")
    path = [bytes.fromhex(sibling) for sibling in proof.path]
    return _digest(merkle.root_from_inclusion(encode(proof.leaf), proof.index, proof.size, path))


def read_proof(data: bytes) -> LeafProof:
    """Read a proof from its canonical form.

    Raises:
        ProofError: too large, or not a proof's canonical form.
    """
    if len(data) > MAX_PROOF_BYTES:
        raise merkle.ProofError(f"{len(data)} bytes exceed the limit of {MAX_PROOF_BYTES}")
    try:
        return decode(LeafProof, data)
    except NotCanonical as error:
        raise merkle.ProofError(error.what) from error


def _digest(root: bytes) -> Digest:
    return Digest(f"sha256:{root.hex()}")
