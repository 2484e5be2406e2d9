"""One line of the table: what was measured, and what it is held against."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of ours beside the same of a peer, from the same run.

    `ratio` says how many times better than the peer ours is; below 1 it is
    worse. `target` is said in words, `met` is None where there is none.
    """

    name: str
    unit: str
    ours: float
    peer_name: str
    peer: float
    ratio: float
    target: str = ""
    met: bool | None = None


def rate(name: str, unit: str, ours: float, beside: tuple[str, float], *, times: float = 0) -> Figure:
    """A figure of which more is better; `times` as many as the peer's is the target."""
    ratio = ours / beside[1]
    target, met = (f">= {times:g} x", ratio >= times) if times else ("", None)
    return Figure(name, unit, ours, *beside, ratio, target, met)


def duration(name: str, ours: float, beside: tuple[str, float], *, limit: float) -> Figure:
    """Milliseconds, of which fewer are better; `limit` is the most that is allowed."""
    return Figure(name, "ms", ours, *beside, beside[1] / ours, f"<= {limit:g} ms", ours <= limit)


def most(name: str, unit: str, ours: float, limit: float) -> Figure:
    """A figure that has no peer, only a limit that it must not exceed."""
    ratio = limit / ours if ours else 1.0
    return Figure(name, unit, ours, "limit", limit, ratio, f"<= {limit:g} {unit}", ours <= limit)
