"""Whether a live object is as it was warranted, judged field by field against its baseline."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitwarrant.cluster.attribution import writers
from gitwarrant.cluster.baseline import with_uid
from gitwarrant.cluster.client import MANAGER
from gitwarrant.cluster.exemptions import exempt
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.model.live import Drift, DriftKind, Excuse, JudgedField
from gitwarrant.model.manifest import Content, Json, ObjectKey, Pointer
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import bare, compare, hide_secrets

# Admission gives every Pod a token volume with a random name; what it holds is compared all the same.
TOKEN_VOLUME = re.compile(r"kube-api-access-[a-z0-9]{5}")
REPLICAS = ("spec", "replicas")
UPGRADED = Excuse(
    "server upgrade",
    "it is as the server made it when it was deployed; a clean create gives something else since",
    "kept baseline",
)
NO_RULES = Ignoring()


@dataclass(frozen=True, slots=True)
class Terms:
    """What one object is judged by, whatever its live state is.

    Args:
        uid: the inventory's; another one means that somebody made it again.
        truth: the baseline, with the values that the server picked for that very object.
        fresh: the baseline of any other object, such as one that is made anew.
        earlier: the baseline as it was made first, by an older server or schema.
        autoscaled: a warranted autoscaler targets it.
    """

    key: ObjectKey
    uid: str
    truth: Content
    fresh: Content
    earlier: Content | None = None
    autoscaled: bool = False
    ignoring: Ignoring = NO_RULES

    def truth_of(self, live: Mapping[str, Any]) -> Content:
        """The baseline that a live object is compared with, its own uid filled in."""
        uid = live["metadata"]["uid"]
        return with_uid(self.truth if uid == self.uid else self.fresh, uid)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is seen of one object. `drift` is None where it is as warranted.

    `fields` are all differences, exempt ones too, as they are shown;
    `differences` those that are drift, with their real values, to undo them.
    """

    drift: Drift | None
    fields: tuple[JudgedField, ...] = ()
    differences: tuple[FieldDifference, ...] = ()

    @property
    def keeps(self) -> bool:
        """Whether a declared or defaulted field may stay otherwise: an apply of the whole would undo that."""
        return any(field.excuse and field.difference.before for field in self.fields)


def judge(terms: Terms, live: Mapping[str, Any] | None) -> Judged:
    """Compare a live object with its baseline.

    managedFields decide nothing here: they name who wrote what differs, and
    they are one condition of an exemption.

    Args:
        live: as the server gives it; None where it is not there.
    """
    key = terms.key
    if live is None:
        return Judged(Drift(key, DriftKind.MISSING, (), ()))
    fields, complaints = _fields(terms, live)
    left = tuple(field for field in fields if field.excuse is None)
    differences = tuple(field.difference for field in left)
    kind, note = _kind(terms, live), "; ".join(complaints)
    deleting = live["metadata"].get("deletionTimestamp")
    if deleting:
        kind = DriftKind.DELETING
        note = f"since {deleting}; it waits for {_finalizers(live)}"
    drift = None
    if differences or kind is not DriftKind.CHANGED:
        drift = Drift(key, kind, hide_secrets(differences, key.kind), _managers(left), note)
    return Judged(drift, _shown(fields, key), differences)


def remaining(terms: Terms, live: Mapping[str, Any]) -> tuple[FieldDifference, ...]:
    """The differences from the baseline to the live object that nothing excuses."""
    return tuple(field.difference for field in _fields(terms, live)[0] if field.excuse is None)


def scaled(differences: Sequence[FieldDifference]) -> bool:
    """Whether the number of replicas differs: only then it matters whether an autoscaler is about."""
    return any(item.pointer == REPLICAS for item in differences)


def unjudged(key: ObjectKey, note: str) -> Drift:
    """Say that an object could not be compared, and why."""
    return Drift(key, DriftKind.UNJUDGED, (), (), note)


def _kind(terms: Terms, live: Mapping[str, Any]) -> DriftKind:
    return DriftKind.CHANGED if live["metadata"]["uid"] == terms.uid else DriftKind.RECREATED


def _finalizers(live: Mapping[str, Any]) -> str:
    return ", ".join(map(str, live["metadata"].get("finalizers") or ())) or "what depends on it"


def _fields(terms: Terms, live: Mapping[str, Any]) -> tuple[list[JudgedField], list[str]]:
    """Every difference with its verdict, and the complaints about ignore rules."""
    key, truth, seen = terms.key, terms.truth_of(live), _settled(bare(live), terms.key)
    fields: list[JudgedField] = []
    complaints: list[str] = []
    for difference in compare(_settled(truth, key), seen):
        written = tuple(sorted(writers(live, difference.pointer))) if difference.after else ()
        excuse = exempt(difference, key, truth, written, autoscaled=terms.autoscaled)
        if excuse is None:
            excuse, unclear = terms.ignoring.excuse(difference, key, truth, live)
            complaints += unclear
        fields.append(JudgedField(difference, written, excuse))
    if terms.earlier is None or all(field.excuse for field in fields):
        return fields, complaints
    earlier = with_uid(terms.earlier, live["metadata"]["uid"])
    still = [item.pointer for item in compare(_settled(earlier, key), seen)]
    return [_upgraded(field, still) for field in fields], complaints


def _upgraded(field: JudgedField, still: Sequence[Pointer]) -> JudgedField:
    """Let be what differs from today's baseline, but in no part from the one that it was deployed by."""
    if field.excuse or any(_meet(field.difference.pointer, pointer) for pointer in still):
        return field
    return JudgedField(field.difference, field.writers, UPGRADED)


def _meet(one: Pointer, other: Pointer) -> bool:
    """Whether one field holds the other. Items of one list meet: removed ones have no place of their own."""
    common = [step if isinstance(step, str) else "*" for step in one]
    against = [step if isinstance(step, str) else "*" for step in other]
    return all(mine == theirs for mine, theirs in zip(common, against, strict=False))


def _shown(fields: Sequence[JudgedField], key: ObjectKey) -> tuple[JudgedField, ...]:
    hidden = hide_secrets([field.difference for field in fields], key.kind)
    return tuple(
        JudgedField(difference, field.writers, field.excuse)
        for difference, field in zip(hidden, fields, strict=True)
    )


def _managers(fields: Sequence[JudgedField]) -> tuple[str, ...]:
    written = {writer.manager for field in fields for writer in field.writers}
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
