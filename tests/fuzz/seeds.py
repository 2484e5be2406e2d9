"""Inputs that fuzzing starts from: what the parsers' own tests hold for right."""

import base64
from collections.abc import Iterator
from functools import cache

import pysequoia

from tests.support import chain
from tests.support.certificates import Issued

MESSAGE = b"tree 0000\n\nmessage\n"


def armored(blob: bytes) -> bytes:
    """Bytes as ssh-keygen wraps them."""
    return chain.armor(blob)


def allowed_signers() -> Iterator[bytes]:
    """With and without options."""
    key = chain.public_key("ada")
    yield f"ada@example.com {key} comment\n# note\n".encode()
    yield f'"a,b" cert-authority,namespaces="git",valid-after="20260101Z" {key}\n'.encode()


def commits() -> Iterator[bytes]:
    """A signed, an unsigned and a merging commit."""
    made = chain.Chain()
    made.land({"notes/a": "x"}, by="alice")
    made.merge({"notes/b": "y"}, by="bob")
    made.land({"notes/a": "z"}, by="alice", signed=False)
    for landing in made.landings:
        yield landing.commits[-1].raw


def tags() -> Iterator[bytes]:
    """A signed tag and one without a signature."""
    payload = (
        b"object " + b"1" * 40 + b"\ntype commit\ntag v1.0\n"
        b"tagger Alice <alice@example.com> 1767225600 +0000\n\nFirst\n"
    )
    yield payload
    yield payload + chain.sign("alice", payload, "git")


def public_keys() -> Iterator[bytes]:
    """A plain key and one on a device."""
    for name in ("alice", "alice+touched"):
        yield f"{chain.public_key(name)} comment".encode()


def certificates() -> Iterator[bytes]:
    """With a plain key and one on a device."""
    yield Issued().blob
    yield Issued(subject="laptop+touched", options=[(b"verify-required", b"")]).blob


def pgp_armored(data: bytes, kind: str) -> bytes:
    """Packets in armor, without a checksum."""
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN PGP {kind}-----\n\n{lines}\n-----END PGP {kind}-----\n".encode()


@cache
def _openpgp_key() -> pysequoia.Tsk:
    return pysequoia.Tsk.generate("Ada <ada@example.com>")


def openpgp_certificate() -> bytes:
    """A certificate in armor."""
    return str(_openpgp_key().extract_certificate()).encode()


def openpgp_certificates() -> Iterator[bytes]:
    """Bare, of both versions."""
    yield bytes(_openpgp_key().extract_certificate())
    yield bytes(pysequoia.Tsk.generate("Ada", profile=pysequoia.Profile.RFC9580).extract_certificate())


def openpgp_signatures() -> Iterator[bytes]:
    """In armor, and bare."""
    for armor in (True, False):
        mode = pysequoia.SignatureMode.DETACHED
        yield pysequoia.sign(_openpgp_key().signer(), MESSAGE, mode=mode, armor=armor)


def ssh_signatures() -> Iterator[bytes]:
    """In armor, and bare."""
    for key in ("alice", "alice+touched"):
        text = chain.sign(key, MESSAGE, "git")
        yield text
        yield base64.b64decode(b"".join(text.split(b"\n")[1:-2]))
    yield Issued().sign(MESSAGE)
