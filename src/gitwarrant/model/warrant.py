"""The signed authorisation for one change of one environment."""

from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId
from gitwarrant.model.plan import LeafList


@dataclass(frozen=True, slots=True)
class Warrant:
    """What an envelope's payload says, once its signature was verified.

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


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope: payload type, payload, and one signature with its key id."""

    payload_type: str
    payload: bytes
    keyid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class WarrantBundle:
    """All that an applier needs, self-verifying: the envelope and the leaves it names by digest."""

    envelope: Envelope
    leaves: LeafList
