"""Propose to the repository what the cluster shows. Nothing is pushed: who wants it commits it."""

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from gitwarrant.model.live import Drift
from gitwarrant.model.manifest import Manifest
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.warranted import Manifests
from gitwarrant.plan.proposal import Proposal, propose

MAX_RECORDED = 64 * 1024  # characters of a proposal that a record carries; a person gets it whole


def proposed(work: Delivery, standing: Standing, drifts: Sequence[Drift]) -> Proposal:
    """A patch that makes all of these drifts what is declared. Raises as `Proposing` does."""
    keys = {drift.key for drift in drifts}
    kept = Manifests(work, standing)
    found = [kept.of(leaf) for leaf in standing.warrant.leaves.standing.leaves if leaf.key in keys]
    return Proposing(standing).proposal(drifts, found)


class Proposing:
    """Proposals against the revision of one standing warrant; its files are read as they are needed."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._files: dict[str, bytes] = {}
        self._read: set[str] = set()

    def proposal(self, drifts: Iterable[Drift], manifests: Sequence[Manifest]) -> Proposal:
        """A patch of the environment repository that makes these drifts what is declared.

        Raises:
            Refused: the revision's files cannot be read.
        """
        paths = {manifest.place.path for manifest in manifests}
        for path in sorted(paths):
            self._load(str(PurePosixPath(path).parent))
        found = {path: self._files[path] for path in sorted(paths) if path in self._files}
        return propose(drifts, manifests, found)

    def recorded(self, manifest: Manifest, drift: Drift) -> str:
        """The patch for one object as the log keeps it; empty where there is none, or it is too long."""
        patch = self.proposal([drift], [manifest]).patch
        return patch if len(patch) <= MAX_RECORDED else ""

    def _load(self, folder: str) -> None:
        folder = "" if folder == "." else folder
        if folder in self._read:
            return
        standing = self._standing
        links = frozenset(standing.environment.allow_links)
        tree = standing.repository.tree(standing.warrant.warrant.commit, folder, links=links)
        self._files |= {file.path: file.data for file in tree.files}
        self._read.add(folder)
