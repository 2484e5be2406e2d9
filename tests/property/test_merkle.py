"""The hash tree: every leaf proves itself, and any flipped byte breaks the proof."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.trust.merkle import (
    BLOCK,
    HASH_BYTES,
    ProofError,
    Tree,
    inclusion_proof,
    leaf_hash,
    root,
    root_from_inclusion,
)

LEAVES = st.lists(st.binary(max_size=8), min_size=1, max_size=40)


def recursive_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    left, right = recursive_root(leaves[:split]), recursive_root(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@settings(max_examples=60)
@given(LEAVES)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert root(leaves) == recursive_root(leaves)


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert root([]) == recursive_root([])


def tree(leaves: list[bytes]) -> bytes:
    return b"".join(map(leaf_hash, leaves))


@settings(max_examples=200)
@given(
    st.lists(st.sampled_from([b"a", b"b"]), max_size=20), st.lists(st.sampled_from([b"a", b"b"]), max_size=20)
)
def test_a_tree_that_was_moved_on_is_the_tree_of_its_leaves(before: list[bytes], after: list[bytes]) -> None:
    """Longer, shorter or with other leaves: every level, not only the root."""
    assert Tree.of(tree(before)).changed(tree(after)) == Tree.of(tree(after))


def test_a_large_tree_is_moved_on_at_its_edges_and_between() -> None:
    """Where rows of hashes are compared block by block."""
    block = BLOCK // HASH_BYTES
    leaves = [str(number).encode() for number in range(2 * block + 3)]
    for places in ([0], [block - 1, block], [2 * block + 2], [5, 2 * block]):
        after = [b"new" if at in places else leaf for at, leaf in enumerate(leaves)]

        moved = Tree.of(tree(leaves)).changed(tree(after))

        assert moved == Tree.of(tree(after))
        assert moved.root == recursive_root(after)
    longer = [*leaves[:block], b"new", *leaves[block:]]
    assert Tree.of(tree(leaves)).changed(tree(longer)).root == recursive_root(longer)


@settings(max_examples=60)
@given(LEAVES, st.data())
def test_every_leaf_proves_itself(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))

    reached = root_from_inclusion(leaves[index], index, len(leaves), inclusion_proof(leaves, index))

    assert reached == root(leaves)


@settings(max_examples=100)
@given(LEAVES.filter(lambda leaves: len(leaves) > 1), st.data())
def test_a_proof_with_a_flipped_byte_fails(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = list(inclusion_proof(leaves, index))
    place = data.draw(st.integers(0, len(path) - 1))
    byte, mask = data.draw(st.integers(0, 31)), data.draw(st.integers(1, 255))
    flipped = bytearray(path[place])
    flipped[byte] ^= mask
    path[place] = bytes(flipped)

    assert root_from_inclusion(leaves[index], index, len(leaves), path) != root(leaves)


@settings(max_examples=100)
@given(st.binary(max_size=8), st.integers(-2, 40), st.integers(-2, 40), st.lists(st.binary(max_size=33)))
def test_any_proof_gives_a_root_or_our_error(leaf: bytes, index: int, size: int, path: list[bytes]) -> None:
    try:
        reached = root_from_inclusion(leaf, index, size, path)
    except ProofError:
        return
    assert len(reached) == 32


@settings(max_examples=60)
@given(LEAVES, st.data())
def test_a_proof_of_another_length_is_refused(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = inclusion_proof(leaves, index)

    with pytest.raises(ProofError, match="too long"):
        root_from_inclusion(leaves[index], index, len(leaves), (*path, bytes(32)))
    if path:
        with pytest.raises(ProofError, match="too short"):
            root_from_inclusion(leaves[index], index, len(leaves), path[:-1])
