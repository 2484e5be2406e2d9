"""Judge what a bot's change renders to: the same objects, which differ in permitted values only.

A file may be judged harmless and still render to something else: a template,
an overlay, a generator. So every environment's manifests are compared as well.
Permissions about files of any path count here by their kinds and fields.
"""

from collections.abc import Mapping, Sequence

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.permission import Permission
from gitwarrant.trust.scope.fields import OutOfScope, States, check, differences

REMEDY = "let a person make this change"


def check_rendered(before: Sequence[Manifest], after: Sequence[Manifest], may: Sequence[Permission]) -> None:
    """Judge the manifests of one environment before and after a change.

    Raises:
        OutOfScope: an object is new, gone, twice or of another version, or a
            field differs that no permission covers, or in a value that none allows.
    """
    old, new = _by_key(before), _by_key(after)
    for key, manifest in new.items():
        if key not in old:
            raise OutOfScope(f"{key} is new", remedy=REMEDY, place=manifest.place)
    for key, manifest in old.items():
        if key not in new:
            raise OutOfScope(f"{key} is gone", remedy=REMEDY, place=manifest.place)
        _check_object(manifest, new[key], may)


def _by_key(manifests: Sequence[Manifest]) -> Mapping[ObjectKey, Manifest]:
    found: dict[ObjectKey, Manifest] = {}
    for manifest in manifests:
        if manifest.key in found:
            raise OutOfScope(f"{manifest.key} is there twice", remedy="keep one", place=manifest.place)
        found[manifest.key] = manifest
    return found


def _check_object(old: Manifest, new: Manifest, may: Sequence[Permission]) -> None:
    if old.version != new.version:
        what = f"{new.key} changes from version {old.version} to {new.version}"
        raise OutOfScope(what, remedy=REMEDY, place=new.place)
    states = States(new.kind, old.content, new.content)
    for difference in differences(old.content, new.content):
        try:
            check(states, difference, may, lambda: new.place)
        except OutOfScope as error:
            raise OutOfScope(f"{new.key}: {error.what}", remedy=error.remedy, place=error.place) from error
        except GitwarrantError as error:  # an expression of the permissions
            raise OutOfScope(error.what, remedy=error.remedy, place=error.place) from error
