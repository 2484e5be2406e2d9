"""Attacks on warrants: who stops them, authority or applier."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.chain import NOW
from tests.support.warrants import (
    BOTH,
    CLUSTER,
    HOUR,
    KEYS,
    LEAVES,
    OTHER_SIGNER,
    SIGNER,
    WEB,
    config_map,
    issue,
    leaf,
    leaf_list,
)

from gitwarrant.model.canonical import decode, dumps, encode, loads
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.plan import LeafList, Operation
from gitwarrant.model.warrant import Envelope, Signature, Warrant, WarrantBundle
from gitwarrant.trust.dsse import IN_TOTO, from_json, pre_authentication, to_json
from gitwarrant.trust.leaves import prove_leaf, proven_root
from gitwarrant.trust.merkle import ProofError
from gitwarrant.trust.signer import UnusableKey
from gitwarrant.trust.summary import EXTENSION, FIRST_EXTENSION, BadWarrant, payload_digest
from gitwarrant.trust.warrant import admit, check_follows, open_warrant, seal
from gitwarrant.trust.warrant_keys import WarrantKeys

SIGNED_BY_BOTH = issue(signers=[SIGNER, OTHER_SIGNER])


def opened() -> Warrant:
    return open_warrant(issue().envelope, KEYS)


def stopped_before_apply(
    bundle: WarrantBundle,
    *,
    keys: WarrantKeys = KEYS,
    cluster: str = CLUSTER,
    highest: int = 0,
    hours: int = 0,
) -> str:
    """What the applier says, before it writes anything."""
    with pytest.raises(Refused) as caught:
        admit(bundle, keys, cluster=cluster, highest_sequence=highest, now=NOW + hours * HOUR)
    assert caught.value.stage == "apply"
    return caught.value.what


def test_an_honest_warrant_is_admitted() -> None:
    """And again, to continue or to heal: its own number passes."""
    for highest in (0, 1):
        admitted = admit(issue(), KEYS, cluster=CLUSTER, highest_sequence=highest, now=NOW)
        assert admitted == opened()


def test_an_honest_warrant_with_two_signatures_is_admitted() -> None:
    """And gives the same warrant: who signed is no part of what was signed."""
    assert admit(SIGNED_BY_BOTH, BOTH, cluster=CLUSTER, highest_sequence=0, now=NOW) == opened()


def test_warrant_from_the_future() -> None:
    """Issued for later, or the applier's clock was set back."""
    assert "was issued in the future" in stopped_before_apply(issue(), hours=-1)


ADDED = leaf(config_map("backdoor"))


@pytest.mark.parametrize(
    "leaves",
    [
        pytest.param(leaf_list(*LEAVES.leaves, ADDED), id="leaf_added"),
    ],
)
def test_leaves_that_the_warrant_does_not_name(leaves: LeafList) -> None:
    """Whatever is done to the list on its way, it is no longer the one that was signed."""
    what = stopped_before_apply(replace(issue(), leaves=leaves))

    assert "names other leaves than the ones at hand" in what


def test_second_signature_missing() -> None:
    """A hostile authority has its own key only: the applier waits for the second signer."""
    assert stopped_before_apply(issue(), keys=BOTH) == (
        "not a valid warrant: it has 1 signature(s) of 2 that are needed"
    )


def test_second_signature_stripped() -> None:
    """What two signed does not act with one of the signatures taken away."""
    for kept in SIGNED_BY_BOTH.envelope.signatures:
        alone = replace(SIGNED_BY_BOTH.envelope, signatures=(kept,))

        assert "1 signature(s) of 2" in stopped_before_apply(
            replace(SIGNED_BY_BOTH, envelope=alone), keys=BOTH
        )


def test_two_signatures_of_one_key() -> None:
    """One signer who signs twice is one signer: in the envelope, in its JSON, and when it is signed."""
    [signature] = issue().envelope.signatures
    again = replace(signature, value=issue().envelope.signatures[0].value)  # ECDSA: another one each time
    twice = json.loads(to_json(issue().envelope))
    twice["signatures"] *= 2

    with pytest.raises(ValueError, match="two signatures of one key"):
        replace(issue().envelope, signatures=(signature, again))
    with pytest.raises(Refused, match="two signatures of one key"):
        from_json(json.dumps(twice).encode())
    with pytest.raises(UnusableKey, match="one and the same key"):
        seal(opened(), [SIGNER, SIGNER])


def test_two_signatures_of_one_key_under_two_names() -> None:
    """The second is named after the other key, and does not hold for it."""
    message = pre_authentication(IN_TOTO, issue().envelope.payload)
    signatures = (
        Signature(SIGNER.keyid, SIGNER.sign(message)),
        Signature(OTHER_SIGNER.keyid, SIGNER.sign(message)),
    )
    forged = replace(
        issue().envelope, signatures=tuple(sorted(signatures, key=lambda signature: signature.keyid))
    )

    what = stopped_before_apply(replace(issue(), envelope=forged), keys=BOTH)

    assert "its signature was not made over it by the warrant key" in what


def test_one_public_key_given_twice_does_not_count_twice() -> None:
    """A slip in the configuration must not turn one signer into two."""
    keys = WarrantKeys((SIGNER.public_pem, SIGNER.public_pem), needed=2)

    assert "1 signature(s) of 2" in stopped_before_apply(issue(), keys=keys)


def test_signature_of_a_stranger_added() -> None:
    """A good signature beside one by nobody known: the envelope is not what the authority issued."""
    assert "it names key" in stopped_before_apply(SIGNED_BY_BOTH)


def test_warrant_of_a_compromised_key() -> None:
    """The key was stolen and is revoked: what it signed no longer acts, though the key is still listed."""
    keys = replace(KEYS, revoked=frozenset([SIGNER.keyid]))

    assert stopped_before_apply(issue(), keys=keys) == (
        f"not a valid warrant: it is signed by key {SIGNER.keyid[:16]!r}, which is revoked here"
    )


def test_compromised_key_beside_an_honest_one() -> None:
    """That the other signer's key is good does not help: he may have been shown something else."""
    keys = replace(BOTH, needed=1, revoked=frozenset([OTHER_SIGNER.keyid]))

    assert "which is revoked here" in stopped_before_apply(SIGNED_BY_BOTH, keys=keys)


def test_warrant_signed_by_other_key() -> None:
    """Mallory runs an authority of her own."""
    bundle = issue(signers=[OTHER_SIGNER])
    [signature] = bundle.envelope.signatures
    renamed = replace(bundle.envelope, signatures=(replace(signature, keyid=SIGNER.keyid),))

    assert "it names key" in stopped_before_apply(bundle)
    assert "its signature was not made over it by the warrant key" in stopped_before_apply(
        replace(bundle, envelope=renamed)
    )


def test_warrant_of_another_chain() -> None:
    """A second history with its own number 1 does not continue ours, nor does a number left out."""
    first = opened()
    second = open_warrant(issue(previous=first).envelope, KEYS)
    forked = replace(first, cluster="another-uid")
    other_first = replace(first, reviewers=1)

    check_follows(second, first)
    for before, what in (
        (forked, "the one before it is of 'production' in cluster 'another-uid'"),
        (second, "it has number 2, the one before it 2"),
        (other_first, "it does not name this warrant 1 as the one before it"),
    ):
        with pytest.raises(BadWarrant, match=what):
            check_follows(second, before)
    assert second.previous == payload_digest(first)


def test_envelope_type_confusion() -> None:
    """Bytes signed as one type are not read as another, and the type is part of what is signed."""
    good = issue().envelope
    relabelled = replace(good, payload_type="application/json")
    signature = Signature(SIGNER.keyid, SIGNER.sign(pre_authentication("text/plain", good.payload)))

    with pytest.raises(BadWarrant, match="has type 'application/json'"):
        open_warrant(relabelled, KEYS)
    with pytest.raises(BadWarrant, match="its signature was not made over it"):
        open_warrant(Envelope(IN_TOTO, good.payload, (signature,)), KEYS)


def signed(payload: bytes) -> Envelope:
    """What a confused signer could be made to sign."""
    signature = Signature(SIGNER.keyid, SIGNER.sign(pre_authentication(IN_TOTO, payload)))
    return Envelope(IN_TOTO, payload, (signature,))


def other_commit(statement: dict[str, Any]) -> None:
    statement["subject"][0]["digest"]["gitCommit"] = "0" * 40


def other_ref(statement: dict[str, Any]) -> None:
    statement["subject"][0]["annotations"]["sourceRefs"] = ["refs/heads/release"]


def other_repository(statement: dict[str, Any]) -> None:
    statement["predicate"]["resourceUri"] = "git+https://git.example.com/other.git"


def higher_level(statement: dict[str, Any]) -> None:
    statement["predicate"]["verifiedLevels"][0] = "SLSA_SOURCE_LEVEL_4"


def more_reviewers(statement: dict[str, Any]) -> None:
    statement["predicate"]["verifiedLevels"].append("GITWARRANT_REVIEWED_BY_2")


def both_forms(statement: dict[str, Any]) -> None:
    statement["predicate"][FIRST_EXTENSION] = statement["predicate"][EXTENSION]


@pytest.mark.parametrize(
    "change",
    [other_commit, other_ref, other_repository, higher_level, more_reviewers, both_forms],
    ids=lambda change: change.__name__,
)
def test_summary_that_says_something_else_than_the_warrant(change: Any) -> None:
    """Others would read another thing in the summary than the applier acts on."""
    statement = loads(issue().envelope.payload)
    change(statement)

    with pytest.raises(BadWarrant, match="its summary does not say what its own fields say"):
        open_warrant(signed(dumps(statement)), KEYS)


def test_payload_in_another_spelling() -> None:
    """Two spellings of one warrant would have two digests."""
    payload = issue().envelope.payload.replace(b",", b", ", 1)

    with pytest.raises(BadWarrant, match="not in canonical form"):
        open_warrant(signed(payload), KEYS)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"{}", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"predicate":{}}', id="somebody else's summary"),
        pytest.param(b'{"predicate":{"%b":{"is":"Statement"}}}' % EXTENSION.encode(), id="another value"),
        pytest.param(b'{"predicate":{"%b":[]}}' % FIRST_EXTENSION.encode(), id="the first form of nothing"),
    ],
)
def test_signed_bytes_that_are_no_warrant(payload: bytes) -> None:
    """The key alone does not make a warrant."""
    with pytest.raises(BadWarrant):
        open_warrant(signed(payload), KEYS)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"sequence": 0}, id="before the first"),
        pytest.param({"sequence": 2}, id="a later one without a previous one"),
        pytest.param({"previous": "sha256:" + "0" * 64}, id="a first one with a previous one"),
        pytest.param({"previous": "x", "sequence": 2}, id="a previous one that is no digest"),
        pytest.param({"commit": "main"}, id="a name for a commit"),
        pytest.param({"not_after": NOW}, id="never valid"),
        pytest.param({"leaves": "sha256:0"}, id="a short digest"),
        pytest.param({"source": "shop"}, id="a source that is no address"),
        pytest.param({"reviewers": -1}, id="fewer reviewers than none"),
        pytest.param({"statements": ("sha256:1",)}, id="a statement that is no digest"),
        pytest.param({"statements": ("sha256:" + "1" * 64,) * 2}, id="a statement that counts twice"),
        pytest.param({"form": 3}, id="a form that does not exist"),
    ],
)
def test_warrant_that_contradicts_itself(fields: dict[str, object]) -> None:
    """Refused although the right key signed it."""
    envelope = seal(replace(opened(), **fields), [SIGNER])  # type: ignore[arg-type]  # fields by name

    with pytest.raises(BadWarrant):
        open_warrant(envelope, KEYS)


def test_proof_of_an_object_that_is_not_in_the_warrant() -> None:
    """A proof leads to the warrant's root for its own leaf only."""
    honest = prove_leaf(LEAVES, leaf(WEB))

    assert proven_root(honest) == opened().leaves_root
    for forged in (
        replace(honest, leaf=ADDED),
        replace(honest, leaf=leaf(WEB, Operation.DELETE)),
        prove_leaf(leaf_list(*LEAVES.leaves, ADDED), ADDED),
    ):
        assert proven_root(forged) != opened().leaves_root
    with pytest.raises(ProofError):
        proven_root(replace(honest, path=("zz",)))
    with pytest.raises(ProofError):
        proven_root(replace(honest, size=2**70))


ENVELOPE_JSON, LEAVES_JSON = to_json(SIGNED_BY_BOTH.envelope), encode(LEAVES)


@settings(max_examples=200)
@given(at=st.integers(0, len(ENVELOPE_JSON) + len(LEAVES_JSON) - 1), mask=st.integers(1, 255))
def test_any_changed_byte_is_refused(at: int, mask: int) -> None:
    """Of the envelope as it travels, or of the leaves beside it: never admitted, and no other error."""
    data = bytearray(ENVELOPE_JSON + LEAVES_JSON)
    data[at] ^= mask
    envelope, leaves = bytes(data[: len(ENVELOPE_JSON)]), bytes(data[len(ENVELOPE_JSON) :])

    with pytest.raises(GitwarrantError):
        admit(
            WarrantBundle(from_json(envelope), decode(LeafList, leaves)),
            BOTH,
            cluster=CLUSTER,
            highest_sequence=0,
            now=NOW,
        )


def test_the_unchanged_bytes_are_admitted() -> None:
    """Else the test above would prove nothing."""
    bundle = WarrantBundle(from_json(ENVELOPE_JSON), decode(LeafList, LEAVES_JSON))

    assert admit(bundle, BOTH, cluster=CLUSTER, highest_sequence=0, now=NOW) == opened()
