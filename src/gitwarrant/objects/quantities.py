"""Amounts of memory and processor, as Kubernetes writes them."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import WrongShape, spell

QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?\Z"
)
"""The grammar of `resource.Quantity` in k8s.io/apimachinery."""

FACTORS: Mapping[str, Decimal] = {
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in zip(range(-3, 0), "num", strict=True)},
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def size(value: Any) -> Decimal | None:
    """An amount as a number, to compare it with another; None: it is no quantity."""
    match = QUANTITY.match(str(value)) if isinstance(value, (str, int)) else None
    if match is None or isinstance(value, bool):
        return None
    unit = str(value)[match.end("number") :]
    if unit[:1] in ("e", "E") and unit[1:] not in ("", "i"):
        return Decimal(match["number"]) * Decimal(10) ** int(unit[1:])
    return Decimal(match["number"]) * FACTORS[unit]


def amount(parent: Content, name: str, at: Pointer) -> bool:
    """Whether `parent[name]` says an amount above zero; a zero is as good as nothing.

    Raises:
        WrongShape: it is no quantity.
    """
    value = parent.get(name)
    if value is None:
        return False
    match = QUANTITY.match(str(value)) if isinstance(value, (str, int, float)) else None
    if match is None or isinstance(value, bool):
        way = (*at, name)
        raise WrongShape(f"{spell(way)} should be an amount such as 128Mi or 100m, but is {value!r}", way)
    return float(match["number"]) > 0
