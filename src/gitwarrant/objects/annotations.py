"""Annotations by which an object says how it wants to be written and deleted."""

from collections.abc import Mapping

from gitwarrant.model.manifest import Content

WAVE = "gitwarrant.dev/wave"
"""A whole number: lower waves are written first, and are healthy before the next one begins."""

DELETE = "gitwarrant.dev/delete"
"""`allow` on an object as it was warranted lets a later change delete it: two reviews, not one slip."""

PROTECT = "gitwarrant.dev/protect"
"""`true` on an object as it was warranted: no change deletes it until one has removed the annotation."""

RECREATE = "gitwarrant.dev/recreate"
"""`allow` on an object lets it be made again for whatever reason the API server refuses its change."""


def annotations(content: Content) -> Mapping[str, str]:
    """The annotations that are text, as all should be: the API server refuses any other."""
    found = (content.get("metadata") or {}).get("annotations")
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in pairs if isinstance(value, str)}


def protected(content: Content) -> bool:
    """Whether an object says that it must not be deleted."""
    return annotations(content).get(PROTECT) == "true"
