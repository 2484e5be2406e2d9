"""Inputs that fuzzing starts from: what the parsers' own tests hold for right."""

import base64
from collections.abc import Iterator
from functools import cache

import pysequoia

from gitwarrant.model.canonical import encode, sha256
from gitwarrant.model.statement import Heartbeat, RefTip
from gitwarrant.trust.dsse import to_json
from tests.support import chain
from tests.support.certificates import Issued
from tests.support.warrants import issue

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


def codeowners() -> Iterator[bytes]:
    """Each dialect's own inventions."""
    yield b"* @ada\n/docs/ @shop/writers ada@example.com # note\n"
    yield b"^[Docs][2] @ada\n*.md @@maintainer\n!README.md\n\\#x @bob\n"
    yield b"docs/.*\\.md$ @ada\n!docs/x @shop/writers\n"


def envelopes() -> Iterator[bytes]:
    """A warrant's envelope."""
    yield to_json(issue().envelope)


def heartbeats() -> Iterator[bytes]:
    """A heartbeat with a ref and a negative."""
    tips = (RefTip("refs/heads/main", chain.BASE),)
    yield encode(Heartbeat(chain.REPOSITORY, tips, (sha256(b"x"),), 7, chain.NOW, "0a" * 16))


def statements() -> Iterator[bytes]:
    """One of each of the usual types."""
    made = chain.Chain()
    made.land({"notes/a": "x"}, by="alice")
    statement = made.approve("bob")
    made.withdraw("bob", statement)
    made.revoke("bob", "bob")
    return (signed.body for signed in made.statements)


def names() -> Iterator[bytes]:
    """Paths, one of them not what it seems."""
    yield b"staging/web.yaml"
    yield "b\u0308/.git\u200c".encode()


def addresses() -> Iterator[bytes]:
    """Each form."""
    yield b"https://git.example.com/shop.git?x=1"
    yield b"file:///srv/shop"


def trees() -> Iterator[bytes]:
    """A file and a folder, under both hashes."""
    for length in (20, 32):
        yield b"100644 a\0" + b"x" * length + b"40000 b\0" + b"y" * length


def rules() -> Iterator[bytes]:
    """Pieces of each file."""
    yield b"repository: shop/environments\nversion: 1\nexpires: 2027-01-01\n"
    key = chain.public_key("ada")
    yield f"ada: {{kind: person, emails: [a@b.cd], keys: [{{public: {key!r}}}]}}\n".encode()
    yield b'- {path: "*", change: [a], approvals: 1, from: [b]}\n'
    window = b"{name: a, kind: freeze, begins: 2026-12-20T00:00, lasts: 1d}"
    yield b"stages: {p: {branch: main, policies: [x], windows: [" + window + b"]}}\n"


def yaml() -> Iterator[bytes]:
    """Scalars, anchors, blocks."""
    yield b"a: &x [0644, on, 22:22, ~]\nb: *x\nc: |\n  text\n---\n{d: 1e3}\n"
