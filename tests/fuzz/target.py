"""What a fuzz target is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

SECONDS_EACH = 5  # longer for one input of some KiB is a hang


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: any bytes give a value or one of `errors`, soon; anything else is a finding.

    `seeds` gives inputs that the parser accepts, to start from: called in the
    child only, so they may cost something.
    """

    parse: Callable[[bytes], object]
    errors: type[Exception] | tuple[type[Exception], ...]
    seeds: Callable[[], Iterable[bytes]]

    def __call__(self, data: bytes) -> None:
        """Feed it once."""
        try:
            self.parse(data)
        except self.errors:
            return
