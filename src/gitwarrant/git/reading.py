"""Reading a repository: what a ref did since it was last trusted, and the files of a folder.

Nothing here believes a name: refs say where to look, commits prove their own
bytes, and the way from the trusted revision to the candidate is walked step by
step. No work tree exists; no filter, hook or attribute is ever read.

Not checked here: signatures, people, rules (trust); what the files mean (render).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from itertools import islice
from pathlib import Path

from pygit2.enums import ObjectType

from gitwarrant.git.commit import ParsedCommit
from gitwarrant.git.difference import differences, merge_changes, path_changes
from gitwarrant.git.files import DEFAULT_BOUNDS, Bounds, read_files
from gitwarrant.git.history import common_folder, git_folder, refuse_bent_history
from gitwarrant.git.objects import Objects, refused
from gitwarrant.git.opening import open_store
from gitwarrant.git.owners import owners_files
from gitwarrant.model.change import (
    BlobId,
    Change,
    Commit,
    CommitId,
    Landing,
    PathChange,
    SignedStatement,
    Tree,
)
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import HEARTBEAT_REFS, STATEMENT_REFS

MAX_LANDINGS = 10_000  # a landing every ten minutes for ten weeks without a deploy
MAX_LINE = 1_000_000  # steps back to a checkpoint: a commit takes some 20 microseconds
MAX_COMMITS = 50_000  # in one change
MAX_STATEMENTS = 10_000  # a team of a hundred makes about as many in a year
MAX_STATEMENT_BYTES = 64 * 1024  # a statement is some 600 bytes, a signature under 2 KiB
MAX_HEARTBEAT_BYTES = 1024 * 1024  # it lists some 13,000 withdrawals and revocations at most
MAX_MERGE_BASES = 1_000  # commits at which one branch left or took in the other
STATEMENT_REF = re.compile(re.escape(STATEMENT_REFS) + "([0-9a-f]{64})")
HEARTBEAT_REF = re.compile(re.escape(HEARTBEAT_REFS) + r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
STATEMENT_FILES = [(0o100644, b"signature"), (0o100644, b"statement")]
UNKNOWN_BASE = (
    "correct 'trusted_at' in the agent's configuration; if it is right, the ref was replaced: put it back"
)
REWRITTEN = "find out who forced the push; then push a commit that descends from the trusted revision"


class Repository:
    """A bare repository, or a clone (by its top folder), read without its work tree.

    Raises:
        NotAStore: no repository is there.
        Refused: it bends history (`objects/info/alternates`, grafts, shallow,
            replace refs).
    """

    def __init__(self, path: Path) -> None:
        refuse_bent_history(common_folder(git_folder(path)))
        self._store = open_store(path)
        self.objects = Objects(self._store)

    def resolve(self, ref: str) -> CommitId:
        """Look up the commit of a full ref name (`refs/heads/main`).

        Raises:
            Refused: no such ref, or it does not point straight at a commit.
        """
        target = self._store.ref(ref)
        if target is None:
            raise refused(f"the ref {ref} does not exist", "push it, or correct its name")
        commit = CommitId(target)
        self.objects.size(commit, ObjectType.COMMIT)
        return commit

    def ref(self, name: str) -> str | None:
        """The id that a full ref name means, of whatever kind the object is; None: there is no such ref."""
        return self._store.ref(name)

    def refs(self, *prefixes: str) -> dict[str, str]:
        """Names and ids of the refs below some prefixes; a name that is not UTF-8 is none of ours."""
        return self._store.refs(*prefixes)

    def change(self, repository: str, ref: str, base: CommitId, head: CommitId) -> Change:
        """Gather all landings from `base` (the last trusted revision) to `head`, and all statements.

        Args:
            repository: the name that statements carry; kept as it is.
            ref: full name of the ref; kept as it is.
            base: must be on the first-parent line of `head`.
            head: the candidate.

        Raises:
            Refused: the ref moved backwards or was rewritten, an object is
                missing or malformed, or a commit joins more than two parents.
        """
        landings: list[Landing] = []
        left = MAX_COMMITS
        for parent, commit in self._line(ref, base, head):
            landing = self._landing(parent, commit, left)
            left -= len(landing.commits)
            landings.append(landing)
        return Change(repository, ref, base, head, tuple(landings), self.statements())

    def _line(self, ref: str, base: CommitId, head: CommitId) -> Sequence[tuple[CommitId, CommitId]]:
        """The (parent, commit) steps of the first-parent line from base to head, oldest first."""
        if not self.objects.has(base):
            raise refused(f"{ref} has no commit {base[:12]}, from which on it is trusted", UNKNOWN_BASE)
        self.objects.commit(head)  # by the strict reader first: its size is bounded, its reasons are clear
        if base != head and not self.objects.descends(head, base):
            if self.objects.descends(base, head):
                raise refused(f"{ref} moved backwards, from {base[:12]} to {head[:12]}", REWRITTEN)
            raise refused(f"{ref} was rewritten: {head[:12]} does not descend from {base[:12]}", REWRITTEN)
        steps: list[tuple[CommitId, CommitId]] = []
        commit = head
        while commit != base:
            parents = self.objects.commit(commit)[1].parents
            if not parents or len(steps) == MAX_LANDINGS:
                raise self._left_line(ref, base, head, landings=len(steps))
            steps.append((parents[0], commit))
            commit = parents[0]
        return steps[::-1]

    def _left_line(self, ref: str, base: CommitId, head: CommitId, landings: int) -> Exception:
        if landings == MAX_LANDINGS:
            return refused(
                f"{ref} has more than {MAX_LANDINGS:,} landings after {base[:12]}, or leaves its line",
                "trust a newer revision by a statement of the root keys, or merge main the right way round",
            )
        return refused(
            f"{ref} was rewritten: {base[:12]} is a side branch of {head[:12]}, not on its first-parent line",
            "merge the branch into the ref (not the ref into the branch), so that the ref only moves forward",
        )

    def _landing(self, parent: CommitId, commit: CommitId, left: int) -> Landing:
        commits: list[Commit] = []
        for new in self.objects.new_commits(commit, parent):
            if len(commits) == left:
                raise refused(f"more than {MAX_COMMITS:,} commits wait to be judged", "land them in parts")
            commits.append(self._commit(new))
        before, after = self.objects.commit(parent)[1].tree, self.objects.commit(commit)[1].tree
        changes = path_changes(differences(self.objects, before, after))
        owners = owners_files(self.objects, before)
        return Landing(commit, parent, before, after, tuple(commits), changes, owners)

    def _commit(self, id: CommitId) -> Commit:  # noqa: A002 - the glossary's name
        raw, parsed = self.objects.commit(id)
        return Commit(id, raw, self._own_changes(parsed))

    def _own_changes(self, commit: ParsedCommit) -> tuple[PathChange, ...]:
        match commit.parents:
            case ():
                return path_changes(differences(self.objects, None, commit.tree))
            case (parent,):
                before = self.objects.commit(parent)[1].tree
                return path_changes(differences(self.objects, before, commit.tree))
            case (ours, theirs):
                bases = self._merge_bases(ours, theirs)
                return path_changes(merge_changes(self.objects, commit, bases))
        raise refused(
            f"commit {commit.id[:12]} joins {len(commit.parents)} parents (an octopus merge)",
            "merge the branches one after the other",
        )

    def _merge_bases(self, ours: CommitId, theirs: CommitId) -> list[CommitId]:
        """All best common ancestors, and in a criss-cross history perhaps some that are not the best.

        Whatever is new in `theirs` hangs on commits that `ours` has too: the
        best ancestors are among those. One is found by walking; usually it
        reaches all others.
        """
        best = self.objects.merge_base(ours, theirs)
        if best is None or best in (ours, theirs):
            return [] if best is None else [best]
        new = set(islice(self.objects.new_commits(theirs, ours), MAX_COMMITS))
        shared = {parent for commit in new for parent in self.objects.commit(commit)[1].parents} - new
        if len(new) == MAX_COMMITS or len(shared) > MAX_MERGE_BASES:
            raise refused(
                f"the branches {ours[:12]} and {theirs[:12]} crossed too often to merge them again",
                "rebase the branch before it lands",
            )
        return [best, *sorted(other for other in shared - {best} if not self.objects.descends(best, other))]

    def first_parents(self, head: CommitId, until: CommitId | None) -> Iterator[CommitId]:
        """The first-parent line from `head` back to `until` (or to its begin), newest first.

        Ends early where `until` is not on it: after `MAX_LINE` commits at the latest.

        Raises:
            Refused: an object is missing or malformed.
        """
        commit = head
        for _ in range(MAX_LINE):
            yield commit
            parents = self.objects.commit(commit)[1].parents
            if commit == until or not parents:
                return
            commit = parents[0]

    def contains(self, tip: CommitId, commit: CommitId) -> bool:
        """Whether a commit is, or is an ancestor of, a tip; False where it is not here."""
        return tip == commit or (self.objects.has(commit) and self.objects.descends(tip, commit))

    def difference(self, before: CommitId, after: CommitId) -> tuple[PathChange, ...]:
        """The paths that differ between any two commits, sorted.

        Raises:
            Refused: too many, or an object is missing or malformed.
        """
        trees = (self.objects.commit(commit)[1].tree for commit in (before, after))
        return path_changes(differences(self.objects, *trees))

    def tree(
        self,
        commit: CommitId,
        folder: str,
        bounds: Bounds = DEFAULT_BOUNDS,
        links: AbstractSet[str] = frozenset(),
        earlier: Iterable[Tree] = (),
    ) -> Tree:
        """Read all files below a folder; see `files.read_files`."""
        return read_files(self.objects, commit, folder, bounds, links=links, earlier=earlier)

    def blob(self, id: BlobId, limit: int) -> bytes:  # noqa: A002 - the glossary's name
        """Read a file's bytes by their id.

        Raises:
            Refused: missing, not a file, or more than `limit` bytes.
        """
        return self.objects.blob(id, limit)

    def statements(self) -> tuple[SignedStatement, ...]:
        """Read all statements, sorted by digest. What is not one in form is left out: it proves nothing.

        Anybody who may push may write below these refs, so that a refusal here
        would let them stop every deploy; leaving one out only takes evidence away.

        Raises:
            Refused: more than `MAX_STATEMENTS`.
        """
        names = sorted(filter(STATEMENT_REF.fullmatch, self.refs(STATEMENT_REFS)))
        if len(names) > MAX_STATEMENTS:
            raise refused(
                f"{len(names):,} statements wait below {STATEMENT_REFS}; the limit is {MAX_STATEMENTS:,}",
                "delete those that expired: git push --delete, with their refs",
            )
        found = (self.statement(name) for name in names)
        return tuple(statement for statement in found if statement is not None)

    def statement(self, ref: str) -> SignedStatement | None:
        """Read one statement: a commit without parents over exactly two files, under its digest's name."""
        named = STATEMENT_REF.fullmatch(ref)
        signed = self._signed(ref, MAX_STATEMENT_BYTES)
        if named is None or signed is None or sha256(signed.body).hexdigest() != named[1]:
            return None
        return signed

    def heartbeat(self, name: str) -> SignedStatement | None:
        """Read what lies under a heart's name, kept as statements are; None: nothing in that form."""
        return self._signed(HEARTBEAT_REFS + name, MAX_HEARTBEAT_BYTES)

    def _signed(self, ref: str, limit: int) -> SignedStatement | None:
        try:
            parsed = self.objects.commit(self.resolve(ref))[1]
            entries = self.objects.tree(parsed.tree)
            if parsed.parents or [(entry.mode, entry.name) for entry in entries] != STATEMENT_FILES:
                return None
            signature, body = (self.objects.blob(BlobId(entry.id), limit) for entry in entries)
        except Refused:
            return None
        return SignedStatement(body, signature)
