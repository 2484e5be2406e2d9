"""Which landings of a change a statement covers. Source: docs/trust-protocol.md, section 5, sentence 7."""

from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import Change, PathChange, compose, diff_digest
from gitwarrant.model.statement import Bind, Statement

MAX_INTERVAL = 100  # landings that one approval bound by `diff` may span; each costs a digest


class Intervals:
    """Where statements lie in a change's chain. Digests are computed when first asked for, once."""

    def __init__(self, change: Change) -> None:
        self._landings = change.landings
        self._starts = {landing.parent: place for place, landing in enumerate(change.landings)}
        self._single: dict[Digest, int] | None = None
        self._from: dict[int, dict[Digest, int]] = {}

    def covered(self, statement: Statement) -> range:
        """The landings that a statement covers; empty when it covers none.

        Bound by tree: from `from_commit` to the first landing with exactly that
        tree, if the difference between them is the one that was signed. Bound
        by diff: from `from_commit` to the first landing where the difference so
        far is the one that was signed; else the first landing anywhere that
        makes exactly this difference, so that an approval survives unrelated
        merges before it. Each statement covers one place, so landing the same
        difference again after a revert needs a new one.
        """
        start = self._starts.get(statement.from_commit)
        if statement.bind is Bind.TREE:
            return self._to_tree(start, statement) if start is not None else range(0)
        if start is not None:
            end = self._differences(start).get(statement.diff)
            if end is not None:
                return range(start, end + 1)
        place = self._singles().get(statement.diff)
        return range(0) if place is None else range(place, place + 1)

    def _to_tree(self, start: int, statement: Statement) -> range:
        for end in range(start, len(self._landings)):
            if self._landings[end].tree == statement.to_tree:
                difference = compose([landing.changes for landing in self._landings[start : end + 1]])
                return range(start, end + 1) if diff_digest(difference) == statement.diff else range(0)
        return range(0)

    def _differences(self, start: int) -> dict[Digest, int]:
        """From the digest of the difference so far to the first landing that reaches it."""
        if start not in self._from:
            reached: dict[Digest, int] = {}
            so_far: tuple[PathChange, ...] = ()
            for end in range(start, min(start + MAX_INTERVAL, len(self._landings))):
                so_far = compose([so_far, self._landings[end].changes])
                reached.setdefault(diff_digest(so_far), end)
            self._from[start] = reached
        return self._from[start]

    def _singles(self) -> dict[Digest, int]:
        if self._single is None:
            self._single = {}
            for place, landing in enumerate(self._landings):
                self._single.setdefault(diff_digest(landing.changes), place)
        return self._single
