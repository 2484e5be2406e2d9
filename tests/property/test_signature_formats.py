"""Certificates and OpenPGP: any bytes give a value or our error, and any flipped byte fails."""

import base64
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz import seeds
from tests.property.test_sshsig import FLIP, flip
from tests.support.certificates import Issued
from tests.support.chain import NOW, armor

from gitwarrant.trust import openpgp, pgpcert
from gitwarrant.trust.proven import BadSignature
from gitwarrant.trust.sshcert import read_signer
from gitwarrant.trust.sshsig import examine
from gitwarrant.trust.sshwire import Malformed

MESSAGE = b"tree 0000\n\nmessage\n"
CERTIFICATE = Issued().blob
SIGNED = Issued().sign(MESSAGE)
BLOB = base64.b64decode(b"".join(SIGNED.split(b"\n")[1:-2]))


@settings(max_examples=200)
@given(**FLIP)
def test_a_flipped_byte_of_a_certificate_fails(place: int, mask: int) -> None:
    """Every byte of it is signed by its authority, or is that signature."""
    with pytest.raises(Malformed):
        read_signer(flip(CERTIFICATE, place, mask))


@settings(max_examples=200)
@given(**FLIP)
def test_a_flipped_byte_of_a_signature_by_a_certified_key_fails(place: int, mask: int) -> None:
    for changed in (flip(SIGNED, place, mask), armor(flip(BLOB, place, mask))):
        with pytest.raises(BadSignature):
            examine(changed, MESSAGE, "git")


@settings(max_examples=200)
@given(st.one_of(st.binary(), st.binary().map(lambda end: CERTIFICATE[:200] + end)))
def test_any_bytes_give_a_signer_or_our_error(data: bytes) -> None:
    try:
        read_signer(data)
    except Malformed:
        return


@cache
def certificate() -> pgpcert.Certificate:
    return pgpcert.read(seeds.openpgp_certificate().decode())


@cache
def detached() -> bytes:
    *_, bare = seeds.openpgp_signatures()
    return bare


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(), st.builds(lambda place, mask: flip(detached(), place, mask), **FLIP)))
def test_any_packets_give_a_frame_or_our_error_and_prove_nothing_new(data: bytes) -> None:
    """A changed signature is refused, or it is one in which only what nobody signed was changed."""
    try:
        frame = openpgp.read(seeds.pgp_armored(data, "SIGNATURE"))
        proven = openpgp.verify(frame, seeds.MESSAGE, certificate(), at=NOW.replace(year=2100))
    except BadSignature:
        return
    assert proven.key.line == certificate().line
    assert frame.frame.head == openpgp.read(seeds.pgp_armored(detached(), "SIGNATURE")).frame.head


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.binary(), st.builds(lambda place, mask: flip(certificate().data, place, mask), **FLIP)))
def test_any_packets_give_a_certificate_or_our_error(data: bytes) -> None:
    try:
        read = pgpcert.read(seeds.pgp_armored(data, "PUBLIC KEY BLOCK").decode())
    except pgpcert.BadCertificate:
        return
    assert read.keys


def test_the_unflipped_ones_pass() -> None:
    """Else the tests above would prove nothing."""
    frame = openpgp.read(seeds.pgp_armored(detached(), "SIGNATURE"))

    assert read_signer(CERTIFICATE)[1] is not None
    assert examine(SIGNED, MESSAGE, "git").certificate is not None
    assert openpgp.verify(frame, seeds.MESSAGE, certificate(), at=NOW.replace(year=2100)).key.line
