"""Inputs that fuzzing starts from: what the parsers' own tests hold for right."""

import base64
from collections.abc import Iterator

from tests.support import chain
from tests.support.certificates import Issued

MESSAGE = b"tree 0000\n\nmessage\n"


def armored(blob: bytes) -> bytes:
    """Bytes as ssh-keygen wraps them."""
    return chain.armor(blob)


def commits() -> Iterator[bytes]:
    """A signed, an unsigned and a merging commit."""
    made = chain.Chain()
    made.land({"notes/a": "x"}, by="alice")
    made.merge({"notes/b": "y"}, by="bob")
    made.land({"notes/a": "z"}, by="alice", signed=False)
    for landing in made.landings:
        yield landing.commits[-1].raw


def public_keys() -> Iterator[bytes]:
    """A plain key and one on a device."""
    for name in ("alice", "alice+touched"):
        yield f"{chain.public_key(name)} comment".encode()


def certificates() -> Iterator[bytes]:
    """With a plain key and one on a device."""
    yield Issued().blob
    yield Issued(subject="laptop+touched", options=[(b"verify-required", b"")]).blob


def ssh_signatures() -> Iterator[bytes]:
    """In armor, and bare."""
    for key in ("alice", "alice+touched"):
        text = chain.sign(key, MESSAGE, "git")
        yield text
        yield base64.b64decode(b"".join(text.split(b"\n")[1:-2]))
    yield Issued().sign(MESSAGE)
