"""The hash tree over a warrant's leaves, so that one object proves itself without the others.

Source: RFC 6962, section 2.1; proofs are checked as in RFC 9162, section 2.1.3.2.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Self

from gitwarrant.model.errors import GitwarrantError

HASH_BYTES = 32
BLOCK = 512 * HASH_BYTES  # compared at once


class ProofError(GitwarrantError):
    """An inclusion proof that cannot belong to a tree of this size."""

    def __init__(self, what: str) -> None:
        super().__init__(f"inclusion proof: {what}", remedy="ask for the proof again")


def leaf_hash(leaf: bytes) -> bytes:
    """Hash a leaf; the prefix keeps it from ever being taken for a node."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into one."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaves in their order; of no leaves, the hash of nothing. Time: two hashes per leaf."""
    return Tree.of(b"".join(map(leaf_hash, leaves))).root


@dataclass(frozen=True, slots=True)
class Tree:
    """All hashes of one tree, each level in one row, the leaves' first: to make one that differs little."""

    levels: tuple[bytes, ...]

    @classmethod
    def of(cls, hashes: bytes) -> Self:
        """The tree over leaf hashes, one behind the other."""
        return cls(tuple(_levels(hashes, ())))

    @property
    def root(self) -> bytes:
        """The topmost hash; of no leaves, the hash of nothing."""
        return self.levels[-1] or hashlib.sha256().digest()

    def changed(self, hashes: bytes) -> "Tree":
        """The tree over other leaf hashes: what is the same at the same place is not hashed again.

        Behind an inserted leaf every place is another.
        """
        return Tree(tuple(_levels(hashes, self.levels)))


def _levels(hashes: bytes, known: Sequence[bytes]) -> Iterator[bytes]:
    """Level by level, up to the root; nodes over the same leaves are taken from the `known` levels."""
    level, moved = hashes, _differing(hashes, known[0] if known else b"")
    yield level
    for above in chain(known[1:], repeat(b"")):
        if len(level) <= HASH_BYTES:
            return
        moved = sorted({at // 2 for at in moved})
        level = _above(level, above, moved)
        yield level


def _above(below: bytes, known: bytes, moved: Iterable[int]) -> bytes:
    """The level above: as it is known, but for the nodes that moved."""
    nodes = -(-len(below) // (2 * HASH_BYTES))
    level = bytearray(known[: nodes * HASH_BYTES].ljust(nodes * HASH_BYTES, b"\0"))
    for at in moved:
        pair = below[2 * at * HASH_BYTES : 2 * (at + 1) * HASH_BYTES]
        # An odd one moves up unchanged.
        level[at * HASH_BYTES : (at + 1) * HASH_BYTES] = _node(pair) if len(pair) > HASH_BYTES else pair
    return bytes(level)


def _node(pair: bytes) -> bytes:
    return node_hash(pair[:HASH_BYTES], pair[HASH_BYTES:])


def _differing(hashes: bytes, known: bytes) -> Sequence[int]:
    """The places at which rows of hashes differ; in a longer or shorter row, from the first one to the end.

    The last place is always among those: nodes at the edge are others in a tree of another size.
    """
    same, size = len(hashes) == len(known), len(hashes) // HASH_BYTES
    blocks = (at for at in range(0, len(hashes), BLOCK) if hashes[at : at + BLOCK] != known[at : at + BLOCK])
    places = (
        at // HASH_BYTES
        for block in blocks
        for at in range(block, min(block + BLOCK, len(hashes)), HASH_BYTES)
        if hashes[at : at + HASH_BYTES] != known[at : at + HASH_BYTES]
    )
    return list(places) if same else range(min(next(places, size), size - 1) if size else 0, size)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The sibling hashes that lead from one leaf to the root, lowest first.

    Raises:
        ValueError: there is no leaf at `index`.
    """
    if not 0 <= index < len(leaves):
        raise ValueError(f"no leaf {index} among {len(leaves)}")
    level = [leaf_hash(leaf) for leaf in leaves]
    path: list[bytes] = []
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level, index = pairs + level[len(level) - len(level) % 2 :], index // 2
    return tuple(path)


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Compute the root that an inclusion proof leads to.

    Args:
        leaf: the leaf's bytes, not yet hashed.
        index: its place in the list, from 0; below `size`.
        size: number of leaves in the tree the proof was made for.
        path: sibling hashes of 32 bytes each, lowest first.

    Returns:
        32 bytes. Nothing is trusted yet: compare them with a root whose
        signature was verified.

    Raises:
        ProofError: `index` is outside the tree, or `path` has a wrong length.

    Source: RFC 9162, section 2.1.3.2. Time: one hash per entry of `path`.
    """
    if not 0 <= index < size:
        raise ProofError(f"leaf {index} is outside a tree of {size}")
    if any(len(sibling) != HASH_BYTES for sibling in path):
        raise ProofError(f"a hash has not {HASH_BYTES} bytes")
    reached, last, rest = leaf_hash(leaf), size - 1, list(path)
    while last:
        if index & 1 or index < last:
            if not rest:
                raise ProofError("it is too short")
            sibling = rest.pop(0)
            reached = node_hash(sibling, reached) if index & 1 else node_hash(reached, sibling)
        index, last = index >> 1, last >> 1
    if rest:
        raise ProofError("it is too long")
    return reached
