"""Putting an object back to what was warranted, with as few and as narrow writes as it takes."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitwarrant.cluster.applyset import as_member
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.drift import Judged, Terms, remaining
from gitwarrant.cluster.ledger import RevertLedger
from gitwarrant.cluster.refusal import ClusterError, Conflict, Invalid
from gitwarrant.model.manifest import Manifest
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import path, undo

TRIES = 5  # controllers write an object's status some times in a row after each change
PAUSE = 0.1  # seconds, growing with each try: a controller writes its status in bursts


@dataclass(frozen=True, slots=True)
class Reverter:
    """What putting one object back needs. The manifest's digest was compared with the log before."""

    cluster: Cluster
    ledger: RevertLedger
    manifest: Manifest
    identifier: str
    terms: Terms

    async def revert(self, judged: Judged, live: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Put it back; each write has its record before it. Gives the object as it is then.

        Declared fields are restored by server-side apply, which takes them
        from whoever holds them. Fields that nobody declared are removed or
        reset by JSON patch, bound to the version that was compared. Where a
        declared field may stay otherwise (an autoscaler's replicas), all is
        done by JSON patch: an apply would put that field back as well.

        Raises:
            ClusterError: it cannot be put back; what was tried is in the log.
            Unreachable: the server does not answer.
        """
        current = await self._tried(judged, live)
        self.ledger.done(current, before=self.terms.uid)
        return current

    async def _tried(self, judged: Judged, live: Mapping[str, Any] | None) -> Mapping[str, Any]:
        """Compare anew whenever somebody, often a controller's status, was faster."""
        current, left = live, judged.differences
        for tried in range(1, TRIES):
            try:
                return await self._restore(current, left, keeps=judged.keeps)
            except Conflict:
                await asyncio.sleep(PAUSE * tried)
                current = await self.cluster.get(self.manifest.key, self.manifest.version)
                left = remaining(self.terms, current) if current is not None else ()
        return await self._restore(current, left, keeps=judged.keeps)

    async def _restore(
        self, current: Mapping[str, Any] | None, left: Sequence[FieldDifference], *, keeps: bool
    ) -> Mapping[str, Any]:
        if current is None or self._is_anothers(current) or (not keeps and any(item.before for item in left)):
            current = await self._apply_over(current, left)
            left = remaining(self.terms, current)
        if left:
            current = await self._patch(current, left)
            left = remaining(self.terms, current)
        if left:
            raise ClusterError(
                f"{self.manifest.key} still differs at {', '.join(path(item.pointer) for item in left)}",
                remedy="find the controller or webhook that writes these fields",
            )
        return current

    def _is_anothers(self, live: Mapping[str, Any]) -> bool:
        """Whether somebody made it again: even where nothing differs, it has to become ours."""
        return bool(live["metadata"]["uid"] != self.terms.uid)

    async def _apply_over(
        self, live: Mapping[str, Any] | None, differences: Sequence[FieldDifference]
    ) -> Mapping[str, Any]:
        try:
            return await self._apply()
        except Invalid:
            # What was added and what was declared exclude each other (two kinds of one
            # volume): only both changes at once give an object that the server accepts.
            if live is None:
                raise
        await self._patch(live, differences)
        return await self._apply()

    async def _apply(self) -> Mapping[str, Any]:
        audit_id = self.ledger.intend("apply")
        content = as_member(self.manifest.content, self.identifier)
        key, version = self.manifest.key, self.manifest.version
        return (await self.cluster.apply(key, version, content, force=True, audit_id=audit_id)).content

    async def _patch(
        self, live: Mapping[str, Any], differences: Sequence[FieldDifference]
    ) -> Mapping[str, Any]:
        metadata = live["metadata"]
        preconditions = [
            {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
            # Not `test`: a replaced resourceVersion is compared by the store itself, and says 409.
            {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        ]
        audit_id = self.ledger.intend("patch")
        operations = [*preconditions, *undo(differences)]
        return await self.cluster.json_patch(
            self.manifest.key, self.manifest.version, operations, audit_id=audit_id
        )
