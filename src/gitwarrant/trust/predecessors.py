"""Environments that another one waits for: whether they came to rest before it changes."""

from collections.abc import Iterable
from dataclasses import dataclass

from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.live import ObjectHealth


@dataclass(frozen=True, slots=True)
class Predecessor:
    """What the log says of an environment that another one waits for."""

    name: str
    sequence: int
    """Of its last warrant; 0: it has none."""
    complete: bool
    """That warrant was applied to its end."""
    was_healthy: bool
    """All that it names was seen healthy at once since."""
    unhealthy: tuple[ObjectHealth, ...]
    """What was not, when it was last seen."""


def check_predecessors(environment: Environment, found: Iterable[Predecessor]) -> None:
    """Whether all environments that this one depends on are deployed and healthy.

    Raises:
        Refused: stage `authorise`: one is not, or nothing is known of it; or promotion is asked for.
    """
    known = {item.name: item for item in found}
    for name in environment.depends_on:
        what = _missing(known.get(name))
        if what:
            raise Refused(
                f"environment {environment.name!r} depends on {name!r}: {what}",
                stage="authorise",
                remedy=f"mend {name!r}; where it is not watched, 'gitwarrant drift {name}' looks at it now",
                place=environment.place,
            )
    if environment.promotion_source:
        raise Refused(
            f"environment {environment.name!r} is to be promoted from {environment.promotion_source!r}, "
            "which this version cannot judge yet",
            stage="authorise",
            remedy="write 'depends_on' instead, which waits for its health, and ask for approvals",
            place=environment.place,
        )


def _missing(item: Predecessor | None) -> str:
    """What an environment lacks that another waits for; empty: nothing."""
    if item is None or not item.sequence:
        return "nothing was deployed there by this agent"
    if not item.complete:
        return f"its warrant {item.sequence} is not applied to its end"
    if item.unhealthy:
        first, more = item.unhealthy[0], len(item.unhealthy) - 1
        others = f", and {more} more" if more else ""
        return f"{first.key} is {first.health.value}: {first.reason or 'no reason is known'}{others}"
    if not item.was_healthy:
        return f"it was not seen healthy since warrant {item.sequence} was applied"
    return ""
