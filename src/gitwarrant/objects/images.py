"""Image references: what a name promises about the bytes behind it."""

import re

WHOLE_DIGEST = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")
"""The two algorithms of the OCI image specification, in the only spelling registries accept."""


def digest_of(image: str) -> str | None:
    """The digest of a reference `name[:tag]@algorithm:hex`; None when it has none that is whole."""
    name, at, digest = image.rpartition("@")
    return digest if name and at and WHOLE_DIGEST.match(digest) else None


def without_tag(image: str) -> str:
    """The reference's name alone: neither tag nor digest. The port of a registry stays."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]
