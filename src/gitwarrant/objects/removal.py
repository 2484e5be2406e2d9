"""What an object says about being deleted, and what its kind does."""

from collections.abc import Collection, Mapping

from gitwarrant.model.manifest import Manifest
from gitwarrant.objects.annotations import DELETE, annotations, protected
from gitwarrant.objects.turns import is_hook

HOLDS_DATA: Mapping[str, str] = {
    # These delete objects that no plan shows and no bound counts.
    "Namespace": "and everything in it",
    "CustomResourceDefinition.apiextensions.k8s.io": "and everything in it",
    "PersistentVolume": "and what it stores may be lost",
    "PersistentVolumeClaim": "and what it stores may be lost",
    "StatefulSet.apps": "whose Pods hold data",
}
"""Kinds of which no commit gives back what is deleted with them."""


def may_be_deleted(manifest: Manifest, data_kinds: Collection[str]) -> bool:
    """Whether plan would let the next change delete this object, as it is.

    Args:
        data_kinds: further kinds that hold data, by the environment.
    """
    if protected(manifest.content):
        return False
    if is_hook(manifest.content) or annotations(manifest.content).get(DELETE) == "allow":
        return True
    return not holds_data(manifest.kind, data_kinds)


def holds_data(kind: str, data_kinds: Collection[str]) -> bool:
    """Whether no commit gives back what is deleted with an object of this kind."""
    return kind in HOLDS_DATA or kind in data_kinds
