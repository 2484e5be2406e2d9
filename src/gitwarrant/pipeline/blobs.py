"""The bytes of files that verify needs: CODEOWNERS, and what bots with bounds changed.

Whatever cannot be read, or is beyond the limits, is left out: verify refuses
where it would have needed it, and says so.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain

from gitwarrant.git.reading import Repository
from gitwarrant.model.change import NO_BLOB, Blob, BlobId, Change, CommitId, Landing
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Identity, TrustPolicy
from gitwarrant.model.owners import MAX_OWNERS_BYTES
from gitwarrant.trust.identities import writes_as
from gitwarrant.yaml.encoding import MAX_FILE_BYTES

MAX_TOTAL_BYTES = 256 * 1024 * 1024  # what one folder that is rendered may have, too


def with_blobs(repository: Repository, change: Change, policies: Mapping[CommitId, TrustPolicy]) -> Change:
    """A change with the bytes that verify may ask for.

    Args:
        policies: the policy in force for each landing's commit.
    """
    found: dict[BlobId, bytes] = {}
    total = 0
    for blob, limit in _wanted(repository, change, policies):
        if blob in found or total >= MAX_TOTAL_BYTES:
            continue
        with suppress(Refused):
            found[blob] = repository.blob(blob, limit)
            total += len(found[blob])
    return replace(change, blobs=tuple(Blob(blob, found[blob]) for blob in sorted(found)))


def _wanted(
    repository: Repository, change: Change, policies: Mapping[CommitId, TrustPolicy]
) -> Iterator[tuple[BlobId, int]]:
    for landing in change.landings:
        policy = policies[landing.commit]
        files = {rule.owners.file for rule in policy.rules if rule.owners}
        yield from ((file.blob, MAX_OWNERS_BYTES) for file in landing.owners if file.path in files)
        bots = [identity for identity in policy.identities if identity.may]
        if bots:
            yield from ((blob, MAX_FILE_BYTES) for blob in _by_bots(repository, landing, bots))


def _by_bots(repository: Repository, landing: Landing, bots: Iterable[Identity]) -> Iterator[BlobId]:
    """Both sides of what commits in these bots' names changed, and of what came of it."""
    own = [commit for commit in landing.commits if _is_by(repository, commit.id, bots)]
    if own:
        for path in chain(landing.changes, *(commit.changes for commit in own)):
            yield from (blob for blob in (path.old_blob, path.new_blob) if blob != NO_BLOB)


def _is_by(repository: Repository, commit: CommitId, bots: Iterable[Identity]) -> bool:
    author = repository.objects.commit(commit)[1].author.email
    return any(writes_as(bot, author) for bot in bots)
