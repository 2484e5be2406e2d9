"""Read live objects whose shape nobody promises: what is not as expected counts as not there."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from gitwarrant.model.live import Health

Live: TypeAlias = Mapping[str, Any]
Verdict: TypeAlias = tuple[Health, str]

WELL: Verdict = (Health.HEALTHY, "")
NOT_SEEN: Verdict = (Health.PROGRESSING, "its controller has not seen it yet")

NOTHING: Live = {}


def section(live: Live, *names: str) -> Live:
    """The mapping at this path; empty where there is none."""
    for name in names:
        found = live.get(name)
        if not isinstance(found, Mapping):
            return NOTHING
        live = found
    return live


def number(live: Live, name: str, otherwise: int = 0) -> int:
    """An integer field. An API server gives no other numbers where a count stands."""
    value = live.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def text(live: Live, name: str) -> str:
    """A text field; empty where it is none."""
    value = live.get(name)
    return value if isinstance(value, str) else ""


def mappings(live: Live, name: str) -> list[Live]:
    """The mappings of a list field."""
    value = live.get(name)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def conditions(holder: Live) -> dict[str, Live]:
    """The conditions of a status (or of a part of it) by their type; the last of a type counts."""
    return {text(item, "type"): item for item in mappings(holder, "conditions") if text(item, "type")}


def status_of(live: Live) -> Live:
    """The status."""
    return section(live, "status")


def holds(conditions: Mapping[str, Live], name: str, status: str = "True") -> bool:
    """Whether a condition is there and has this status."""
    return name in conditions and is_so(conditions[name], status)


def is_so(condition: Live, status: str = "True") -> bool:
    """Whether a condition has this status: text by convention, a bool of some custom kinds."""
    return str(condition.get("status")) == status


def said(condition: Live) -> str:
    """What a condition says of itself."""
    message = text(condition, "message") or text(condition, "reason")
    return message.strip() or f"{text(condition, 'type') or 'a condition'} is {condition.get('status')}"


def enough(there: int, wanted: int, word: str) -> Verdict:
    """Whether as many Pods are so as are wanted."""
    return WELL if there >= wanted else (Health.PROGRESSING, f"{there} of {wanted} Pods are {word}")
