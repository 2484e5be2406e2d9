"""The signed authorisation for one change of one environment."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId
from gitwarrant.model.plan import Leaf, LeafList

FIRST_FORM, FORM = 1, 2
"""The forms a payload may have: old logs keep warrants of the first one, none is written any more."""
MAX_SIGNATURES = 8  # two are usual; more would only slow the reader down


@dataclass(frozen=True, slots=True)
class Warrant:
    """What an envelope's payload says, once its signatures were verified.

    `previous` is the digest of the previous warrant's payload (empty for the
    first); `sequence` counts from 1 per environment and cluster.
    """

    tenant: str
    environment: str
    cluster: str
    """uid of the cluster: that of its kube-system namespace."""
    sequence: int
    previous: str
    repository: str
    ref: str
    commit: CommitId
    issued: datetime
    not_after: datetime
    leaves: Digest
    leaves_root: Digest
    """RFC 6962 root over the leaves' canonical bytes, as `sha256:` and hexadecimal digits."""
    evidence: tuple[tuple[str, Digest], ...]
    """What was judged: (`authorship` | `checks` | `plan` | `policy`, digest), sorted."""
    form: int = FORM
    """Which form its payload has: `FORM`, or `FIRST_FORM` from an old log."""
    source: str = ""
    """Where the repository is fetched from, as a URI (`git+https://...`); empty in the first form."""
    reviewers: int = 0
    """How many distinct people approved each landing of the change, at least; 0: somebody's was not."""
    statements: tuple[Digest, ...] = ()
    """The signed statements that the authorship stands on, sorted."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature over an envelope, and the id of its key: SHA-256 of its DER form, hexadecimal."""

    keyid: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope: payload type, payload, and signatures by distinct keys, sorted by key id."""

    payload_type: str
    payload: bytes
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        names = [signature.keyid for signature in self.signatures]
        if not names or len(names) > MAX_SIGNATURES:
            raise ValueError(f"expected 1 to {MAX_SIGNATURES} signatures, got {len(names)}")
        if len(set(names)) < len(names):
            raise ValueError("two signatures of one key")
        if names != sorted(names):
            raise ValueError("the signatures are not sorted by key id")

    @property
    def keyids(self) -> frozenset[str]:
        """The keys that it says signed it; whether they did is judged by `trust.warrant`."""
        return frozenset(signature.keyid for signature in self.signatures)


@dataclass(frozen=True, slots=True)
class WarrantBundle:
    """All that an applier needs, self-verifying: the envelope and the leaves it names by digest."""

    envelope: Envelope
    leaves: LeafList


@dataclass(frozen=True, slots=True)
class LeafProof:
    """That one leaf is among those a warrant names, shown without the others.

    `path` holds the sibling hashes, lowest first, in hexadecimal digits; `index`
    counts from 0 and is below `size`.
    """

    leaf: Leaf
    index: int
    size: int
    path: tuple[str, ...]
