"""Bytes of files that are handed in by their ids, which whoever hands them in cannot choose."""

from collections.abc import Mapping

from gitwarrant.git.commit import object_id
from gitwarrant.model.change import NO_BLOB, BlobId


def bytes_of(blob: BlobId, blobs: Mapping[BlobId, bytes]) -> bytes | None:
    """The bytes of this id, computed again; none of a path that is not there. None: not at hand."""
    if blob == NO_BLOB:
        return b""
    data = blobs.get(blob)
    return data if data is not None and object_id("blob", data, len(blob)) == blob else None
