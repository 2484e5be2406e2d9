"""Attacks on warrants: who stops them, authority or applier."""

from dataclasses import replace

import pytest
from tests.support.chain import NOW
from tests.support.warrants import (
    CLUSTER,
    HOUR,
    LEAVES,
    OTHER_SIGNER,
    SIGNER,
    config_map,
    issue,
    leaf,
    leaf_list,
)

from gitwarrant.model.canonical import dumps, loads
from gitwarrant.model.errors import Refused
from gitwarrant.model.plan import LeafList
from gitwarrant.model.warrant import Envelope, Warrant
from gitwarrant.trust.dsse import IN_TOTO, pre_authentication
from gitwarrant.trust.warrant import EXTENSION, BadWarrant, admit, open_warrant, seal


def opened() -> Warrant:
    return open_warrant(issue().envelope, SIGNER.public_pem)


def stopped_before_apply(
    warrant: Warrant, leaves: LeafList = LEAVES, *, cluster: str = CLUSTER, highest: int = 0, hours: int = 0
) -> str:
    """What the applier says, before it writes anything."""
    with pytest.raises(Refused) as caught:
        admit(warrant, leaves, cluster=cluster, highest_sequence=highest, now=NOW + hours * HOUR)
    assert caught.value.stage == "apply"
    return caught.value.what


def test_an_honest_warrant_is_admitted() -> None:
    """And again, to continue or to heal: its own number passes."""
    admit(opened(), LEAVES, cluster=CLUSTER, highest_sequence=0, now=NOW)
    admit(opened(), LEAVES, cluster=CLUSTER, highest_sequence=1, now=NOW)


def test_warrant_from_the_future() -> None:
    """Issued for later, or the applier's clock was set back."""
    assert "was issued in the future" in stopped_before_apply(opened(), hours=-1)


ADDED = leaf(config_map("backdoor"))


@pytest.mark.parametrize(
    "leaves",
    [
        pytest.param(leaf_list(*LEAVES.leaves, ADDED), id="leaf_added"),
    ],
)
def test_leaves_that_the_warrant_does_not_name(leaves: LeafList) -> None:
    """Whatever is done to the list on its way, it is no longer the one that was signed."""
    assert "names other leaves than the ones at hand" in stopped_before_apply(opened(), leaves)


def test_warrant_signed_by_other_key() -> None:
    """Mallory runs an authority of her own."""
    envelope = issue(signer=OTHER_SIGNER).envelope

    with pytest.raises(BadWarrant, match="it names key"):
        open_warrant(envelope, SIGNER.public_pem)
    with pytest.raises(BadWarrant, match="its signature was not made over it by the warrant key"):
        open_warrant(replace(envelope, keyid=SIGNER.keyid), SIGNER.public_pem)


def test_envelope_type_confusion() -> None:
    """Bytes signed as one type are not read as another, and the type is part of what is signed."""
    good = issue().envelope
    relabelled = replace(good, payload_type="application/json")
    as_other = Envelope(
        "text/plain", good.payload, good.keyid, SIGNER.sign(pre_authentication("text/plain", good.payload))
    )

    with pytest.raises(BadWarrant, match="has type 'application/json'"):
        open_warrant(relabelled, SIGNER.public_pem)
    with pytest.raises(BadWarrant, match="its signature was not made over it"):
        open_warrant(replace(as_other, payload_type=IN_TOTO), SIGNER.public_pem)


def signed(payload: bytes) -> Envelope:
    """What a confused signer could be made to sign."""
    return Envelope(IN_TOTO, payload, SIGNER.keyid, SIGNER.sign(pre_authentication(IN_TOTO, payload)))


def test_summary_that_says_something_else_than_the_warrant() -> None:
    """Others would read another commit in the summary than the applier acts on."""
    statement = loads(issue().envelope.payload)
    statement["subject"][0]["digest"]["gitCommit"] = "0" * 40

    with pytest.raises(BadWarrant, match="its summary does not say what its own fields say"):
        open_warrant(signed(dumps(statement)), SIGNER.public_pem)


def test_payload_in_another_spelling() -> None:
    """Two spellings of one warrant would have two digests."""
    payload = issue().envelope.payload.replace(b",", b", ", 1)

    with pytest.raises(BadWarrant, match="not in canonical form"):
        open_warrant(signed(payload), SIGNER.public_pem)


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"{}", id="nothing"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'{"predicate":{}}', id="somebody else's summary"),
        pytest.param(b'{"predicate":{"%b":{"is":"Statement"}}}' % EXTENSION.encode(), id="another value"),
    ],
)
def test_signed_bytes_that_are_no_warrant(payload: bytes) -> None:
    """The key alone does not make a warrant."""
    with pytest.raises(BadWarrant):
        open_warrant(signed(payload), SIGNER.public_pem)


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
    ],
)
def test_warrant_that_contradicts_itself(fields: dict[str, object]) -> None:
    """Refused although the right key signed it."""
    envelope = seal(replace(opened(), **fields), SIGNER)  # type: ignore[arg-type]  # fields by name

    with pytest.raises(BadWarrant):
        open_warrant(envelope, SIGNER.public_pem)
