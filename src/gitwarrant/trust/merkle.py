"""The hash tree over a warrant's leaves, so that one object proves itself without the others.

Source: RFC 6962, section 2.1; proofs are checked as in RFC 9162, section 2.1.3.2.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import ne
from typing import Self

from gitwarrant.model.errors import GitwarrantError

HASH_BYTES = 32


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
    return root_of_hashes([leaf_hash(leaf) for leaf in leaves])


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """As `root`, over leaf hashes."""
    return Tree.of(hashes).root


@dataclass(frozen=True, slots=True)
class Tree:
    """All hashes of one tree, level by level, the leaves' first: for one that differs little."""

    levels: tuple[Sequence[bytes], ...]

    @classmethod
    def of(cls, hashes: Sequence[bytes]) -> Self:
        """The tree over leaf hashes."""
        return cls(tuple(_levels(hashes)))

    @property
    def root(self) -> bytes:
        """The topmost hash; of no leaves, the hash of nothing."""
        return self.levels[-1][0] if self.levels[-1] else hashlib.sha256().digest()

    def changed(self, before: Sequence[bytes], after: Sequence[bytes]) -> "Tree":
        """The tree over other leaves: what is the same at the same place is not hashed again.

        Args:
            before: the leaves of this tree.
            after: those of the other; behind an inserted one every place is another.
        """
        if len(before) != len(after):
            same = next(compress(count(), map(ne, before, after)), min(len(before), len(after)))
            rest = [leaf_hash(leaf) for leaf in after[same:]]
            return Tree.of([*self.levels[0][:same], *rest])
        moved = list(compress(count(), map(ne, before, after)))
        levels = [list(self.levels[0])]
        for at in moved:
            levels[0][at] = leaf_hash(after[at])
        for known in self.levels[1:]:
            below, level, moved = levels[-1], list(known), sorted({at // 2 for at in moved})
            for at in moved:
                pair = below[2 * at : 2 * at + 2]
                level[at] = node_hash(*pair) if len(pair) == 2 else pair[0]
            levels.append(level)
        return Tree(tuple(levels))


def _levels(hashes: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    level = hashes
    yield level
    while len(level) > 1:
        pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = [*pairs, *level[len(level) - len(level) % 2 :]]  # an odd one moves up unchanged
        yield level


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
