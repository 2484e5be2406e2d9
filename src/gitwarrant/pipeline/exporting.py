"""A warrant as files that others verify without gitwarrant: by cosign, in-toto, or openssl and jq."""

import base64
import json
import re
from collections.abc import Mapping, Sequence

from gitwarrant.model.canonical import encode
from gitwarrant.model.plan import Leaf
from gitwarrant.model.warrant import Envelope, Signature, Warrant, WarrantBundle
from gitwarrant.pipeline.export_readme import HEAD, KEY, OBJECT, TAIL
from gitwarrant.trust.dsse import to_json
from gitwarrant.trust.leaves import prove_leaf
from gitwarrant.trust.signer import keyid, read_public

ENVELOPE, LEAVES, README, PROOFS = "warrant.dsse.json", "leaves.json", "README.md", "proofs"
SIGSTORE_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SHORT = 16  # digits of a key id in a file's name


def export(
    warrant: Warrant, bundle: WarrantBundle, public: Sequence[bytes], objects: Sequence[Leaf] = ()
) -> Mapping[str, bytes]:
    """The files, by their names.

    Args:
        public: PEM of each key that signed.
        objects: leaves to prove one by one.

    Raises:
        UnusableKey: a public key cannot be read.
        ValueError: an object is not among the leaves.
    """
    keys = {keyid(read_public(pem)): pem for pem in public}
    files = {ENVELOPE: to_json(bundle.envelope), LEAVES: encode(bundle.leaves)}
    for signature in bundle.envelope.signatures:
        name = signature.keyid[:SHORT]
        files[f"warrant.{name}.sigstore.json"] = sigstore_bundle(bundle.envelope, signature)
        if signature.keyid in keys:
            files[f"{name}.pub"] = keys[signature.keyid]
    proofs = {proof_name(leaf): encode(prove_leaf(bundle.leaves, leaf)) for leaf in objects}
    return {**files, **proofs, README: _readme(warrant, bundle.envelope, list(proofs)).encode()}


def sigstore_bundle(envelope: Envelope, signature: Signature) -> bytes:
    """The envelope with one of its signatures, as sigstore's tools take it.

    Without the key's id in the signature: they compare it with a name that they
    compute in another way. It stands there as a hint.

    Source: sigstore/protobuf-specs, bundle v0.3.
    """
    text = {
        "mediaType": SIGSTORE_BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": signature.keyid}},
        "dsseEnvelope": {
            "payload": base64.b64encode(envelope.payload).decode(),
            "payloadType": envelope.payload_type,
            "signatures": [{"sig": base64.b64encode(signature.value).decode()}],
        },
    }
    return json.dumps(text, separators=(",", ":")).encode()


def proof_name(leaf: Leaf) -> str:
    """The file that proves one object; what a file system or a shell could misread is replaced."""
    parts = (leaf.kind, leaf.group, leaf.namespace, leaf.name)
    return f"{PROOFS}/" + re.sub(r"[^A-Za-z0-9._-]", "_", ".".join(filter(None, parts))) + ".json"


def _readme(warrant: Warrant, envelope: Envelope, proofs: Sequence[str]) -> str:
    said = {
        "sequence": warrant.sequence,
        "environment": warrant.environment,
        "commit": warrant.commit,
        "algorithm": "gitCommit",
        "options": " ".join(f"--key {one.keyid[:SHORT]}.pub" for one in envelope.signatures),
    }
    keys = [
        KEY.format(key=one.keyid[:SHORT], keyid=one.keyid, index=index, **said)
        for index, one in enumerate(envelope.signatures)
    ]
    objects = [OBJECT.format(proof=proofs[0], **said)] if proofs else []
    return "\n".join([HEAD.format(**said), *keys, TAIL.format(**said), *objects])
