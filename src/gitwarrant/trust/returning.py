"""Who brings an environment back to an earlier revision, and who lets go of it again.

Here it is judged which orders (`orders.judge_orders`) together are enough. That
the revision stood there before, and that a sink heard the alarm, is asked by the
pipeline. Source: docs/trust-protocol.md, section 7, 4 to 7.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, PathChange
from gitwarrant.model.environment import Environment
from gitwarrant.model.identity import Hardware, PathRule
from gitwarrant.model.statement import OrderKind
from gitwarrant.trust.orders import Given
from gitwarrant.trust.paths import rule_for


@dataclass(frozen=True, slots=True)
class Needed:
    """How many people must order a return, and what each signature must prove about its device."""

    people: int
    hardware: Hardware = Hardware.NONE


def needed_for(changes: Iterable[PathChange], rules: Sequence[PathRule], environment: Environment) -> Needed:
    """Who must order a return that makes these changes (7.4.2): as many as a landing takes that does.

    Its author counts, too: going back must not take fewer people than going forward.
    """
    paths = [change.path for change in changes if environment.covers(change.path)]
    found = [rule for path in paths if (rule := rule_for(path, rules))]
    approvals = max((rule.approvals + (rule.owners is not None) for rule in found), default=0)
    asked = {rule.hardware for rule in found}
    hardware = next((one for one in reversed(Hardware) if one in asked), Hardware.NONE)
    return Needed(1 + max(approvals, 1 if environment.approval_required else 0), hardware)


def returns(given: Iterable[Given], spent: AbstractSet[Digest]) -> tuple[tuple[Given, ...], ...]:
    """The rollbacks that are ordered and count (7.4.3), by revision; the newest order's comes last."""
    given = tuple(given)
    released = last_release(given)
    wanted: dict[str, list[Given]] = {}
    for item in given:
        late = released is not None and item.order.made <= released.order.made
        if item.order.kind is OrderKind.ROLLBACK and not (item.reason or late or item.digest in spent):
            wanted.setdefault(item.order.commit, []).append(item)
    groups = sorted(wanted.values(), key=lambda group: max(item.order.made for item in group))
    return tuple(map(tuple, groups))


def enough(group: Sequence[Given], needed: Needed) -> bool:
    """Whether different people who order the same are as many as it takes (7.4.2)."""
    return alone(group) is not None or len(people(group, needed)) >= needed.people


def people(group: Sequence[Given], needed: Needed) -> frozenset[str]:
    """Who orders it with such a device as it takes."""
    return frozenset(item.order.identity for item in group if item.hardware.proves(needed.hardware))


def alone(group: Sequence[Given]) -> Given | None:
    """The order of somebody who may break glass, given with a touched security key; None: there is none."""
    return next((item for item in group if item.security_key), None)


def last_release(given: Iterable[Given], *, after: datetime | None = None) -> Given | None:
    """The newest release that counts (7.7).

    Args:
        after: only one that was made later.
    """
    found = [item for item in given if item.order.kind is OrderKind.RELEASE and not item.reason]
    if after is not None:
        found = [item for item in found if item.order.made > after]
    return max(found, key=lambda item: item.order.made, default=None)


def agreed(group: Sequence[Given]) -> tuple[CommitId, str]:
    """The revision of orders that agree, and why, in the words of all."""
    reasons = dict.fromkeys(item.order.reason for item in group)
    return CommitId(group[0].order.commit), "; ".join(reasons)
