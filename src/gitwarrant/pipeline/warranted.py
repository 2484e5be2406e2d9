"""The manifests behind a warrant: kept since they were warranted, or rendered again; by digest either way."""

from gitwarrant.model.canonical import decode, encode
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.plan import Leaf
from gitwarrant.model.rendered import Rendered
from gitwarrant.pipeline.candidates import Standing
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.warranting import MANIFESTS


class Manifests:
    """Those of one standing warrant, read one by one: all of them at once would fill the memory."""

    def __init__(self, work: Delivery, standing: Standing) -> None:
        self._work, self._standing = work, standing

    def of(self, leaf: Leaf) -> Manifest:
        """The manifest of a leaf.

        Raises:
            GitwarrantError: it is not kept, and the warrant's revision does not give it any more.
        """
        kept = self._work.content.get(MANIFESTS, leaf.digest)
        if kept is not None:
            found = decode(Manifest, kept)
            if found.digest == leaf.digest:
                return found
        again = self._rendered().find([leaf.key]).get(leaf.key)
        if again is None or again.digest != leaf.digest:
            last = self._standing.warrant.warrant
            raise GitwarrantError(
                f"what warrant {last.sequence} of {last.environment!r} names is not to be had: {leaf.key}",
                remedy="deploy the environment again: gitwarrant apply",
            )
        self._work.content.put(MANIFESTS, leaf.digest, encode(again))
        return again

    def all(self) -> tuple[Manifest, ...]:
        """Every one that should stand. Raises as `of` does."""
        return tuple(self.of(leaf) for leaf in self._standing.warrant.leaves.standing.leaves)

    def _rendered(self) -> Rendered:
        work, standing = self._work, self._standing
        kinds = work.agent.tenant.custom_kinds
        return work.renderings.of(
            standing.repository, standing.environment, kinds, standing.warrant.warrant.commit
        )
