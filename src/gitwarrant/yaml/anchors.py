"""Anchors and aliases: what a name stands for, and what it costs to use it.

An alias shares its value in memory, but whoever writes the document out again
pays for every use. So each use is counted as if it was written out; a file
that grows too large that way ("billion laughs") is refused.
"""

from dataclasses import dataclass
from typing import Final

from gitwarrant.model.manifest import Json

MAX_ALIASED: Final = 400_000  # values that aliases stand for: where Kubernetes begins to call it excessive


class BadAlias(ValueError):
    """An alias that stands for nothing, for itself, or for too much."""


@dataclass(slots=True)
class _Anchored:
    """A value with its number of nodes, and its levels: 0 for a scalar. Still open: no nodes yet."""

    value: Json = None
    nodes: int = 0
    levels: int = 0


class Anchors:
    """The anchors of one document, and what the aliases of the whole file have used up."""

    def __init__(self, max_depth: int) -> None:
        self.max_depth = max_depth
        self.aliased = 0
        self.clear()

    def clear(self) -> None:
        """Begin a document: no anchor reaches into another one."""
        self.named: dict[str, _Anchored] = {}
        self.nodes = 0
        self.open: list[tuple[_Anchored | None, int]] = []  # each with the nodes before it
        self.levels = [0]  # of the document, then of each open collection

    def scalar(self, name: str | None, value: Json) -> None:
        """Note a scalar, anchored or not."""
        self.nodes += 1
        if name is not None:
            self.named[name] = _Anchored(value, 1)

    def begin(self, name: str | None) -> None:
        """Note that a collection begins. Its name counts from here, as a name inside it may replace it."""
        anchored = None
        if name is not None:
            anchored = self.named[name] = _Anchored()
        self.open.append((anchored, self.nodes))
        self.levels.append(0)
        self.nodes += 1

    def end(self, value: Json) -> None:
        """Note that the innermost collection is complete."""
        anchored, before = self.open.pop()
        levels = self.levels.pop() + 1
        if anchored is not None:
            anchored.value, anchored.nodes, anchored.levels = value, self.nodes - before, levels
        self.levels[-1] = max(self.levels[-1], levels)

    def use(self, name: str) -> Json:
        """The value that an alias stands for.

        Raises:
            BadAlias: no such anchor, one that contains the alias, or beyond the budgets.
        """
        anchored = self.named.get(name)
        if anchored is None:
            raise BadAlias(f"the alias *{name} has no anchor before it")
        if not anchored.nodes:
            raise BadAlias(f"the alias *{name} stands inside its own anchor")
        self.nodes += anchored.nodes
        self.aliased += anchored.nodes
        if self.aliased > MAX_ALIASED:
            raise BadAlias(f"aliases stand for more than {MAX_ALIASED} values")
        if len(self.open) + anchored.levels > self.max_depth:
            raise BadAlias(f"with its aliases, nested deeper than {self.max_depth}")
        self.levels[-1] = max(self.levels[-1], anchored.levels)
        return anchored.value
