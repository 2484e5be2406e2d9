"""What was worked out from a value is kept with it, for as long as the value itself is."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
UNKNOWN: Any = object()


class Derived:
    """A frozen value that remembers what functions of it gave.

    Such a function hangs on the value and on the name it is kept under (which
    holds its other arguments), so remembering it changes nothing but time. It is
    no part of the value: not compared, not written, gone from a copy.
    """

    __slots__ = ("__weakref__", "_kept")
    _kept: dict[Hashable, Any]

    def derived(self, name: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, called at most once for each name; what it raises is not remembered."""
        kept = self._known()
        found: T = kept.get(name, UNKNOWN)
        if found is UNKNOWN:
            found = kept[name] = make()
        return found

    def seeded(self, name: Hashable, value: object) -> None:
        """Remember what is already known to be the answer."""
        self._known()[name] = value

    def knows(self, name: Hashable) -> bool:
        """Whether an answer is remembered."""
        return name in self._known()

    def _known(self) -> dict[Hashable, Any]:
        try:
            return self._kept
        except AttributeError:
            object.__setattr__(self, "_kept", {})
            return self._kept
