"""Amounts of memory and processor, as Kubernetes writes them."""

import re

from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.fields import WrongShape, spell

QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?\Z"
)
"""The grammar of `resource.Quantity` in k8s.io/apimachinery."""


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
