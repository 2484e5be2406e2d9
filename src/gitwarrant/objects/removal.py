"""What an object says about being deleted, and what its kind does."""

from collections.abc import Collection, Mapping

from gitwarrant.model.manifest import Manifest
from gitwarrant.objects.turns import annotations

HOLDS_DATA: Mapping[str, str] = {
    # These delete objects that no plan shows and no bound counts.
    "Namespace": "and everything in it",
    "CustomResourceDefinition.apiextensions.k8s.io": "and everything in it",
    "PersistentVolume": "and what it stores may be lost",
    "PersistentVolumeClaim": "and what it stores may be lost",
    "StatefulSet.apps": "whose Pods hold data",
}
"""Kinds of which no commit gives back what is deleted with them."""

DELETE = "gitwarrant.dev/delete"
"""`allow` on an object as it was warranted lets a later change delete it: two reviews, not one slip."""

PROTECT = "gitwarrant.dev/protect"
"""`true` on an object as it was warranted: no change deletes it until one has removed the annotation."""


def may_be_deleted(manifest: Manifest, data_kinds: Collection[str]) -> bool:
    """Whether plan would let the next change delete this object, as it is.

    Args:
        data_kinds: further kinds that hold data, by the environment.
    """
    said = annotations(manifest.content)
    if said.get(PROTECT) == "true":
        return False
    holds_data = manifest.kind in HOLDS_DATA or manifest.kind in data_kinds
    return not holds_data or said.get(DELETE) == "allow"
