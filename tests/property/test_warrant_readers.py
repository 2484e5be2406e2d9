"""Whatever is read of a warrant: arbitrary bytes give a value or one of our errors, and nothing is lost."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError
from tests.support.warrants import LEAVES, WEB, issue, leaf

from gitwarrant.config.signers import signer_address
from gitwarrant.model.canonical import NotCanonical, decode, dumps, encode
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.plan import Leaf, LeafList, Operation
from gitwarrant.model.warrant import Warrant, WarrantBundle
from gitwarrant.model.warrant_forms import lift_bundle, lift_warrant
from gitwarrant.trust.evidence import read_leaves
from gitwarrant.trust.leaves import leaves_root, prove_leaf, proven_root, read_proof
from gitwarrant.trust.merkle import ProofError
from gitwarrant.trust.signer import UnusableKey, public_blocks, read_public
from gitwarrant.trust.summary import BadWarrant, payload, read_payload

PAYLOAD, PROOF = issue().envelope.payload, encode(prove_leaf(LEAVES, leaf(WEB)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.text("abcdefgh-", min_size=1, max_size=6)
LEAF = st.builds(
    Leaf,
    group=st.sampled_from(["", "apps"]),
    version=st.just("v1"),
    kind=st.sampled_from(["ConfigMap", "Secret"]),
    namespace=NAMES,
    name=NAMES,
    operation=st.sampled_from([operation.value for operation in Operation]),
    digest=st.just(leaf(WEB).digest),
)
LEAF_LIST = st.sets(LEAF, min_size=1, max_size=40).map(lambda leaves: LeafList(tuple(sorted(leaves))))


def cut(data: bytes) -> st.SearchStrategy[bytes]:
    """The bytes with a part replaced by others."""
    place = st.integers(0, len(data) - 1)
    return st.builds(lambda at, to, new: data[:at] + new + data[to:], place, place, st.binary(max_size=8))


@settings(max_examples=150)
@given(st.binary() | cut(PAYLOAD))
def test_any_bytes_give_a_warrant_or_our_error(data: bytes) -> None:
    try:
        warrant = read_payload(data)
    except BadWarrant:
        return
    assert payload(warrant) == data


@settings(max_examples=150)
@given(st.binary() | cut(PROOF))
def test_any_bytes_give_a_proof_or_our_error(data: bytes) -> None:
    try:
        proof = read_proof(data)
        proven_root(proof)
    except ProofError:
        return
    assert encode(proof) == data


@settings(max_examples=100)
@given(st.binary() | cut(encode(LEAVES)))
def test_any_bytes_give_leaves_or_our_error(data: bytes) -> None:
    try:
        leaves = read_leaves(data)
    except BadWarrant:
        return
    assert encode(leaves) == data


@settings(max_examples=60)
@given(LEAF_LIST, st.data())
def test_each_leaf_of_a_list_proves_itself_and_no_other(leaves: LeafList, data: st.DataObject) -> None:
    """With a proof that was written and read again; any hash of it changed leads elsewhere."""
    chosen = data.draw(st.sampled_from(leaves.leaves))
    root = leaves_root(leaves)

    proof = read_proof(encode(prove_leaf(leaves, chosen)))

    assert (proof.leaf, proven_root(proof)) == (chosen, root)
    for other in leaves.leaves:
        assert other == chosen or proven_root(replace(proof, leaf=other)) != root
    for index in range(len(proof.path)):
        changed = (*proof.path[:index], "0" * 64, *proof.path[index + 1 :])
        assert proven_root(replace(proof, path=changed)) != root


@settings(max_examples=100)
@given(JSON, JSON)
@example({"envelope": {"keyid": 1, "signature": None}}, {})
def test_lifting_what_an_old_log_holds_never_fails(warrant: Any, bundle: Any) -> None:
    """What cannot be lifted is refused where it is read, as everything else."""
    for kind, lifted in ((Warrant, lift_warrant(warrant)), (WarrantBundle, lift_bundle(bundle))):
        with pytest.raises(NotCanonical):
            decode(kind, dumps(lifted))


PARTS = [
    "file:",
    "pkcs11:",
    "exec:",
    "token=",
    "object=",
    ";",
    "?",
    "&",
    "module-path=",
    "pin-source=",
    "%",
    "[",
]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=4), max_size=10).map("".join))
@example("exec:" + json.dumps(["/bin/sign", "\ud800"]))
@example("exec:" + "[" * 5000)
@example('exec:["/bin/sign", "\\u0000"]')
@example("pkcs11:token=a;object=%00?module-path=b&pin-source=file:c")
@example("pkcs11:token=%ff;object=a?module-path=b&pin-source=file:c")
def test_any_text_is_a_signer_or_says_why_not(text: str) -> None:
    try:
        address = signer_address(text, Path("/etc"))
    except PydanticCustomError:
        return
    assert address == signer_address(text, Path("/etc"))


@settings(max_examples=100)
@given(st.binary() | cut(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" * 2))
def test_any_bytes_hold_public_keys_or_our_error(data: bytes) -> None:
    for block in public_blocks(data):
        with pytest.raises(UnusableKey):
            read_public(block)
    assert issubclass(UnusableKey, GitwarrantError)
