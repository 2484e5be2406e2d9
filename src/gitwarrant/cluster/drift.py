"""Whether a live object is as it was warranted, judged field by field against its baseline."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitwarrant.cluster.attribution import owners
from gitwarrant.cluster.baseline import with_uid
from gitwarrant.cluster.client import MANAGER
from gitwarrant.cluster.exemptions import exempt
from gitwarrant.model.live import Drift, DriftKind
from gitwarrant.model.manifest import Content, Json, ObjectKey
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import bare, compare, hide_secrets

# Admission gives every Pod a token volume with a random name; what it holds is compared all the same.
TOKEN_VOLUME = re.compile(r"kube-api-access-[a-z0-9]{5}")
REPLICAS = ("spec", "replicas")


@dataclass(frozen=True, slots=True)
class Judged:
    """A drift as it is shown and recorded, and the differences with their real values, to undo them."""

    drift: Drift
    differences: tuple[FieldDifference, ...]


def judge(
    key: ObjectKey, truth: Content, live: Mapping[str, Any] | None, *, uid: str, autoscaled: bool
) -> Judged | None:
    """Compare a live object with its baseline; None where it is as warranted.

    managedFields decide nothing here: they name who wrote what differs, and
    they are one condition of an exemption.

    Args:
        truth: the baseline.
        live: as the server gives it; None where it is not there.
        uid: the inventory's; another one means that somebody made it again.
        autoscaled: a warranted autoscaler targets it.
    """
    if live is None:
        return Judged(Drift(key, DriftKind.MISSING, (), ()), ())
    differences = remaining(key, truth, live, autoscaled=autoscaled)
    recreated = live["metadata"]["uid"] != uid
    if not differences and not recreated:
        return None
    kind = DriftKind.RECREATED if recreated else DriftKind.CHANGED
    shown = hide_secrets(differences, key.kind)
    return Judged(Drift(key, kind, shown, _managers(live, differences)), differences)


def remaining(
    key: ObjectKey, truth: Content, live: Mapping[str, Any], *, autoscaled: bool
) -> tuple[FieldDifference, ...]:
    """The differences from the baseline to the live object that nothing exempts."""
    expected = _settled(with_uid(truth, live["metadata"]["uid"]), key)
    found = compare(expected, _settled(bare(live), key))
    return tuple(item for item in found if not exempt(item, key, live, autoscaled=autoscaled))


def scaled(differences: Sequence[FieldDifference]) -> bool:
    """Whether the number of replicas differs: only then it matters whether an autoscaler is about."""
    return any(item.pointer == REPLICAS for item in differences)


def unjudged(key: ObjectKey, note: str) -> Drift:
    """Say that an object could not be compared, and why."""
    return Drift(key, DriftKind.UNJUDGED, (), (), note)


def _managers(live: Mapping[str, Any], differences: Sequence[FieldDifference]) -> tuple[str, ...]:
    written = {owner.manager for item in differences if item.after for owner in owners(live, item.pointer)}
    others = written - {MANAGER}
    return tuple(sorted(others or written))


def _settled(content: Json, key: ObjectKey) -> Json:
    return _renamed(content) if (key.group, key.kind) == ("", "Pod") else content


def _renamed(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: _renamed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return "kube-api-access" if isinstance(value, str) and TOKEN_VOLUME.fullmatch(value) else value
