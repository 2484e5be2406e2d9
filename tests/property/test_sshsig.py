"""Whatever trust reads: any bytes give a value or our error, and any flipped byte fails."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.chain import Chain, armor, public_key, sign
from tests.support.warrants import KEYS, issue

from gitwarrant.model.canonical import NotCanonical, encode
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.warrant import Signature
from gitwarrant.trust.covering import Intervals
from gitwarrant.trust.dsse import BadEnvelope, from_json, to_json
from gitwarrant.trust.opened import read
from gitwarrant.trust.sshkey import BadKey, read_line
from gitwarrant.trust.sshsig import BadSignature, parse, verify
from gitwarrant.trust.statements import Ignored, judge
from gitwarrant.trust.summary import BadWarrant
from gitwarrant.trust.warrant import open_warrant

MESSAGE = b"tree 0000\n\nmessage\n"
GOOD = sign("alice", MESSAGE, "git")
BLOB = base64.b64decode(b"".join(GOOD.split(b"\n")[1:-2]))
ENVELOPE = issue().envelope
[SIGNATURE] = ENVELOPE.signatures


def flip(data: bytes, place: int, mask: int) -> bytes:
    flipped = bytearray(data)
    flipped[place % len(data)] ^= mask
    return bytes(flipped)


FLIP = {"place": st.integers(0, 10_000), "mask": st.integers(1, 255)}


@settings(max_examples=200)
@given(**FLIP)
def test_a_flipped_byte_of_a_signature_fails(place: int, mask: int) -> None:
    """In the armor or inside of it; never another key, never another meaning."""
    for changed in (flip(GOOD, place, mask), armor(flip(BLOB, place, mask))):
        with pytest.raises(BadSignature):
            verify(changed, MESSAGE, "git")


@settings(max_examples=100)
@given(**FLIP)
def test_a_flipped_byte_of_the_message_fails(place: int, mask: int) -> None:
    with pytest.raises(BadSignature):
        verify(GOOD, flip(MESSAGE, place, mask), "git")


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.binary().map(armor), st.binary().map(lambda end: armor(BLOB[:60] + end))))
def test_any_bytes_give_a_signature_or_our_error(data: bytes) -> None:
    try:
        parse(data)
    except BadSignature:
        return
    assert parse(data).key.line


@settings(max_examples=100)
@given(st.one_of(st.text(), st.binary().map(lambda blob: f"ssh-ed25519 {base64.b64encode(blob).decode()}")))
def test_any_line_gives_a_key_or_our_error(line: str) -> None:
    try:
        read_line(line)
    except BadKey:
        return
    assert read_line(line).line


def statement() -> bytes:
    chain = Chain()
    chain.land({"web.yaml": "x"}, by="alice")
    return encode(chain.approve("bob"))


BODY = statement()


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.builds(lambda place, mask: flip(BODY, place, mask), **FLIP)))
def test_any_bytes_give_a_statement_or_our_error(data: bytes) -> None:
    try:
        read(data)
    except NotCanonical:
        return
    assert encode(read(data)) == data


@settings(max_examples=60)
@given(**FLIP)
def test_a_flipped_byte_of_a_statement_never_counts(place: int, mask: int) -> None:
    """Neither in its text nor in its signature; and judging never raises."""
    chain = Chain()
    chain.land({"web.yaml": "x"}, by="alice")
    chain.approve("bob")
    [good] = chain.statements
    hearing = chain.hearing()

    for changed in (
        SignedStatement(flip(good.body, place, mask), good.signature),
        SignedStatement(good.body, flip(good.signature, place, mask)),
    ):
        assert isinstance(judge(changed, hearing, Intervals(hearing.change)), Ignored)


@settings(max_examples=100)
@given(**FLIP)
def test_a_flipped_byte_of_a_warrant_fails(place: int, mask: int) -> None:
    changed = (
        replace(ENVELOPE, payload=flip(ENVELOPE.payload, place, mask)),
        replace(ENVELOPE, signatures=(Signature(SIGNATURE.keyid, flip(SIGNATURE.value, place, mask)),)),
    )
    for envelope in changed:
        with pytest.raises(BadWarrant):
            open_warrant(envelope, KEYS)


@settings(max_examples=150)
@given(st.one_of(st.binary(), st.builds(lambda place, mask: flip(to_json(ENVELOPE), place, mask), **FLIP)))
def test_any_bytes_give_an_envelope_or_our_error(data: bytes) -> None:
    try:
        envelope = from_json(data)
    except BadEnvelope:
        return
    assert from_json(to_json(envelope)) == envelope


def test_the_unflipped_ones_pass() -> None:
    """Else the tests above would prove nothing."""
    assert verify(GOOD, MESSAGE, "git") == public_key("alice")
    assert open_warrant(ENVELOPE, KEYS).sequence == 1
