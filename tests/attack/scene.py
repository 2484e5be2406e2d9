"""The stage of every attack: an environment repository, its people, and the deployer that follows it.

    scene.people["alice"]["keys"][0]["revoked"] = True   # before the first commit
    scene.land({"production/web.yaml": config_map("web", size="2")}, by="alice")
    scene.approve("bob")
    scene.deliver()

Objects, keys, signatures, fetches and the log are real; only the clock is ours.
Alice (developers) and carol (security) hold the two root keys, bob (developers,
platform) has two keys, mallory (interns) may change notes only, robot is a bot.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pygit2
import yaml
from tests.support.chain import sign as sign_by_name
from tests.support.repositories import Simulator, person
from tests.support.signatures import sign_by_file

from gitwarrant.config.agent import Agent
from gitwarrant.config.agent_reading import load
from gitwarrant.forge.forge import Forge
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import store
from gitwarrant.model.canonical import encode, sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.statement import (
    STATEMENT_NAMESPACE,
    STATEMENT_REFS,
    AnyStatement,
    Bind,
    KeyRevocation,
    Statement,
    StatementKind,
    Withdrawal,
)
from gitwarrant.model.warrant import WarrantBundle
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.warranting import passed_plan, warrant_for
from gitwarrant.trust.sshkey import read_line
from gitwarrant.trust.statements import interval, make

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
REPOSITORY = "example/shop"
MAIN = "refs/heads/main"
WEB = "production/web.yaml"
CLUSTER = "uid-of-production"

Files = Mapping[str, str | bytes | None]


def config_map(name: str, **data: str) -> str:
    """A ConfigMap's YAML."""
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


GOOD, MENDED, EVIL = (config_map("web", mode=mode) for mode in ("good", "mended", "evil"))


def signer(name: str) -> Callable[..., bytes]:
    """What signs as this person: bytes, and a namespace (`git` when not given).

    With a `+` it is a security key, `+touched` one that is touched (`tests.support.chain`).
    """
    if "+" in name:
        return lambda message, namespace="git": sign_by_name(name, message, namespace)
    return partial(sign_by_file, person(name).key)


def identity(name: str, *teams: str, kind: str = "person", keys: Sequence[str] = ()) -> dict[str, Any]:
    """One entry of identities.yaml."""
    public = [{"public": person(key).public} for key in keys or [name]]
    return {"kind": kind, "emails": [f"{name}@example.com"], "keys": public, "teams": list(teams)}


def rule(pattern: str, approvals: int, change: Sequence[str], by: Sequence[str]) -> dict[str, Any]:
    """One entry of rules.yaml."""
    return {"path": pattern, "change": list(change), "approvals": approvals, "from": list(by)}


def stage(branch: str = "main", **more: Any) -> dict[str, Any]:
    """One entry of environments.yaml."""
    told = {"branch": branch, "path": "production", "namespace": "shop", "policies": ["basic-security"]}
    return {**told, **more}


class Scene:
    """A repository built from nothing; its `.gitwarrant/` may be changed until the first commit.

    Of the deployer's own configuration, `settings` are added and `given` says
    whether it names the first trusted revision; `asked` is the forge that it asks
    for reviews. Git is asked about the commit `accused` (the tip of main when
    None), or about a `tag`, with the OpenPGP keys of `gnupg`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.forge = Simulator(folder / "forge.git")
        self.people = {
            "alice": identity("alice", "developers"),
            "bob": identity("bob", "developers", "platform", keys=["bob", "bob-2"]),
            "carol": identity("carol", "security"),
            "mallory": identity("mallory", "interns"),
            "robot": identity("robot", "developers", kind="bot"),
        }
        self.rules = [
            rule("*", 1, ["developers"], ["platform", "security"]),
            rule("/database/", 2, ["developers"], ["platform", "security"]),
            rule("/notes/", 0, [], []),
        ]
        self.stages = {"production": stage()}
        self.trust = {"repository": REPOSITORY, "version": 1, "expires": "2026-08-30"}
        self.files: dict[str, str | bytes | None] = {WEB: GOOD}
        self.root = [("alice", "alice"), ("carol", "carol")]
        self.settings: dict[str, Any] = {}
        self.asked: Forge | None = None
        self.url, self.trusted_at, self.max_bytes = self.forge.url, "", 2 * 1024**3
        self.given = True
        self.accused: CommitId | None = None
        self.shown_in, self.tag = self.forge.path, ""
        self.gnupg: Path | None = None
        self.unwanted: list[CommitId] = []
        self._made = 0

    # The repository.

    def configuration(self) -> dict[str, str]:
        """The files of `.gitwarrant/` as this scene has them now."""
        told = {
            "trust": self.trust,
            "identities": self.people,
            "rules": self.rules,
            "environments": {"stages": self.stages},
        }
        return {f".gitwarrant/{name}.yaml": yaml.safe_dump(value) for name, value in told.items()}

    @property
    def base(self) -> CommitId:
        """The revision that the operator looked at; made at first use."""
        if not self.trusted_at:
            tree = self.forge.tree({**self.files, **self.configuration()})
            self.trusted_at = self._write("main", self.raw([], tree, by="carol"))
        return CommitId(self.trusted_at)

    def begin(self) -> CommitId:
        """Make the first commit now: what is changed from here on, is changed for `change_rules`."""
        return self.base

    def tip(self, branch: str = "main") -> CommitId:
        """The tip of a branch; one that is not there yet starts at main."""
        self.begin()
        if f"refs/heads/{branch}" not in self.forge.git.references:
            self.forge.branch(branch, self.forge.tip())
        return self.forge.tip(branch)

    def parent(self, commit: str) -> str:
        """The first parent of a commit."""
        return str(self.forge.git[commit].peel(pygit2.Commit).parent_ids[0])

    def land(self, files: Files, *, by: str = "alice", on: str = "main", **how: Any) -> CommitId:
        """Commit on top of a branch (which starts at main), and move it.

        `how` is of `raw`, or `tree` for the commit's tree.
        """
        parent = self.tip(on)
        tree = how.pop("tree", None) or self.forge.tree(files, base=parent)
        return self._write(on, self.raw([parent], tree, by=by, **how))

    def merge(
        self,
        branch: str,
        *,
        by: str,
        into: str = "main",
        files: Files | None = None,
        tree: str | None = None,
        **how: Any,
    ) -> CommitId:
        """Merge a branch into another; `files` hide in the merge, `tree` replaces its result."""
        ours, theirs = self.tip(into), self.tip(branch)
        if tree is None:
            clean = self.forge.git.merge_commits(ours, theirs).write_tree(self.forge.git)
            tree = self.forge.tree(files or {}, base=clean)
        return self._write(into, self.raw([ours, theirs], tree, by=by, **how))

    def raw(
        self,
        parents: Sequence[str],
        tree: str,
        *,
        by: str,
        key: str = "",
        author: str = "",
        committer: str = "",
        signed: bool = True,
        sign: Callable[[bytes], bytes] | None = None,
        headers: Sequence[bytes] = (),
        trailing: Sequence[bytes] = (),
        message: bytes = b"Change something\n",
        when: datetime | None = None,
    ) -> bytes:
        """A commit's bytes.

        Args:
            by: who wrote, committed and signed it; `author` and `committer` (addresses) and `key` differ.
            sign: gives the armored signature instead.
            headers: header lines that are signed, `trailing` ones that stand behind the signature.
        """
        self._made += 1
        stamp = int((when or NOW - 10 * DAY + timedelta(minutes=self._made)).timestamp())
        written, made = (email or f"{by}@example.com" for email in (author, committer))
        lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author {by} <{written}> {stamp} +0000", f"committer {by} <{made}> {stamp} +0000"]
        header = b"\n".join(["\n".join(lines).encode(), *headers])
        if signed:
            armored = (sign or signer(key or by))(b"\n".join([header, *trailing]) + b"\n\n" + message)
            header += b"\ngpgsig " + armored.rstrip(b"\n").replace(b"\n", b"\n ")
        return b"\n".join([header, *trailing]) + b"\n\n" + message

    def _write(self, branch: str, raw: bytes) -> CommitId:
        commit = self.forge.raw_commit(raw)
        self.forge.point(f"refs/heads/{branch}", commit)
        return commit

    def replace_tip(self, change: Callable[[bytes], bytes]) -> CommitId:
        """Put another commit in the place of the tip of main: its bytes, changed."""
        return self._write("main", change(self.forge.git[self.tip()].read_raw()))

    def change_rules(self, **how: Any) -> CommitId:
        """Land `.gitwarrant/` as this scene has it now, as it should be done: both root holders consent."""
        self.trust["version"] = how.pop("version", int(str(self.trust["version"])) + 1)
        commit = self.land({**self.configuration(), **how.pop("files", {})}, by="alice", **how)
        self.approve("carol")
        return commit

    # Statements.

    def approve(self, by: str, **how: Any) -> SignedStatement:
        return self.say(StatementKind.APPROVE, by, **how)

    def try_approve(self, by: str) -> None:
        """Approve the last landing where it can be read at all; else the attack is met before."""
        with suppress(GitwarrantError):
            self.approve(by)

    def propose(self, by: str, **how: Any) -> SignedStatement:
        return self.say(StatementKind.AUTHOR, by, **how)

    def say(
        self,
        kind: StatementKind,
        by: str,
        *,
        on: str = "main",
        base: str = "",
        head: str = "",
        bind: Bind = Bind.DIFF,
        at: datetime | None = None,
        key: str = "",
        namespace: str = STATEMENT_NAMESPACE,
        nonce: bytes = b"",
        edit: Callable[[bytes], bytes] | None = None,
        resign: bool = False,
        **fields: object,
    ) -> SignedStatement:
        """Sign a statement about the last landing of a branch, or from `base` to `head`, and push it.

        Args:
            at: when it was made; an hour ago when not given.
            fields: what an honest statement would not say, by name.
            edit: changes the bytes afterwards; with `resign` before they are signed.
        """
        last = CommitId(head or self.tip(on))
        first = CommitId(base or self.parent(last))
        change = Repository(self.forge.path).change(REPOSITORY, f"refs/heads/{on}", first, last)
        self._made += 1
        drawn = nonce or hashlib.sha256(f"{self._made} {by}".encode()).digest()[:16]
        made = at or self.now - HOUR
        told = make(kind, by, interval(change), bind=bind, now=made, lifetime=7 * DAY, nonce=drawn)
        honest = encode(Statement(**{**{name: getattr(told, name) for name in told.__slots__}, **fields}))
        body = edit(honest) if edit and resign else honest
        signature = signer(key or by)(body, namespace)
        return self._push(SignedStatement(edit(body) if edit and not resign else body, signature))

    def withdraw(self, by: str, statement: SignedStatement) -> SignedStatement:
        """Take a statement back, in somebody's name."""
        value = Withdrawal(by, REPOSITORY, sha256(statement.body), "a mistake", self.now, "ab" * 16)
        return self.sign(by, value)

    def revoke(self, by: str, owner: str, *, since: datetime | None = None) -> SignedStatement:
        """Revoke somebody's key, in somebody's name."""
        fingerprint = read_line(person(owner).public).fingerprint
        value = KeyRevocation(by, REPOSITORY, fingerprint, since, "laptop lost", self.now, "cd" * 16)
        return self.sign(by, value)

    def hide(self, statement: SignedStatement) -> None:
        """Serve a statement no longer."""
        self.forge.git.references.delete(STATEMENT_REFS + sha256(statement.body).removeprefix("sha256:"))

    def show(self, statement: SignedStatement) -> None:
        """Serve a statement again."""
        self._push(statement)

    def sign(self, by: str, value: AnyStatement) -> SignedStatement:
        """Sign any statement with a key of this name, and push it."""
        body = encode(value)
        return self._push(SignedStatement(body, signer(by)(body, STATEMENT_NAMESPACE)))

    def nonce(self) -> str:
        """A nonce that this scene did not use before."""
        self._made += 1
        return f"{self._made:032x}"

    def _push(self, signed: SignedStatement) -> SignedStatement:
        store(self.forge.path, signed)
        return signed

    # The deployer.

    @property
    def quarantine(self) -> Path:
        return self.folder / "state" / "quarantine.git"

    def agent(self) -> Agent:
        """The deployer's own configuration."""
        grants = {name: _grant() for name in self.stages}
        told: dict[str, Any] = {
            "version": 1,
            "state": str(self.folder / "state"),
            "root": {
                "repository": REPOSITORY,
                "url": self.url,
                "trusted_at": str(self.base),
                "keys": [{"holder": holder, "public": person(key).public} for holder, key in self.root],
                "threshold": 2,
            },
            "tenant": {"name": "shop", "grants": grants},
            "clusters": {"main": {"uid": CLUSTER}},
            "git": {"limits": {"bytes": self.max_bytes}},
            **self.settings,
        }
        if not self.given:
            del told["root"]["trusted_at"]
        return load(yaml.safe_dump(told).encode(), str(self.folder / "gitwarrant.yaml"))

    def work(self) -> Any:
        """The deployer, opened; used as a context."""
        return open_delivery(self.agent(), lambda: self.now, self.asked)

    def deliver(self, environment: str = "production") -> Judgement:
        """Fetch and judge as the deployer does, and record it.

        Raises:
            GitwarrantError: fetch, or verify of the trust ref, refuses.
        """
        with self.work() as work:
            return examine(work, candidate(work, environment))

    def warrant(self, environment: str = "production") -> WarrantBundle:
        """Fetch, judge and authorise: from now on this is what the environment was."""
        with self.work() as work:
            judgement = examine(work, candidate(work, environment))
            return warrant_for(work, judgement, passed_plan(judgement), CLUSTER)


def _grant() -> dict[str, Any]:
    return {"cluster": "main", "namespaces": ["shop"], "kinds": ["*"]}
