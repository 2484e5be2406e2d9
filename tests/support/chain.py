"""An environment repository in memory: landings, signatures and statements that a test changes in one line.

    chain = Chain()
    chain.land(by="alice", files={"web.yaml": "replicas: 3"})
    chain.approve("bob")
    chain.verify()

Signatures are real SSHSIGs, made in process from keys that follow from a name,
so no test needs a file, a process or a clock.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gitwarrant.git.commit import object_id
from gitwarrant.model.authorship import Authorship
from gitwarrant.model.canonical import Digest, digest, encode, sha256
from gitwarrant.model.change import (
    NO_BLOB,
    Blob,
    BlobId,
    Change,
    Commit,
    CommitId,
    Landing,
    OwnersFile,
    PathChange,
    SignedStatement,
    TreeId,
)
from gitwarrant.model.environment import Bounds, DriftMode, Environment
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import Identity, IdentityKind, Key, PathRule, RootKey, TrustPolicy, TrustRoot
from gitwarrant.model.owners import OWNERS_PATHS
from gitwarrant.model.review import Testimony
from gitwarrant.model.statement import (
    STATEMENT_NAMESPACE,
    AnyStatement,
    Bind,
    KeyRevocation,
    Statement,
    StatementKind,
    Withdrawal,
)
from gitwarrant.model.witnessed import Witnessed
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.negatives import Negatives
from gitwarrant.trust.opened import mark_of
from gitwarrant.trust.sshkey import read_line
from gitwarrant.trust.sshwire import UINT32, string
from gitwarrant.trust.statements import Hearing, Interval, make
from gitwarrant.trust.verdicts import Verdicts
from gitwarrant.trust.verify import verify

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
REPOSITORY = "example/shop"
MAIN = "refs/heads/main"
BASE = CommitId("b" * 40)
DAY = timedelta(days=1)

SECURITY_KEY = b"sk-ssh-ed25519@openssh.com"
CONFIRMED = {"untouched": 0x00, "touched": 0x01, "pin": 0x05}

Files = Mapping[str, str | None]


@cache
def private_key(name: str) -> Ed25519PrivateKey:
    """The key of this name, the same in every run."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


@cache
def key_blob(name: str) -> bytes:
    """A key's wire form; of `alice+pin` and the like, that of alice's security key."""
    device, plus, _ = name.partition("+")
    if plus:
        public = private_key(f"{device}+").public_key().public_bytes_raw()
        return string(SECURITY_KEY) + string(public) + string(b"ssh:")
    return string(b"ssh-ed25519") + string(private_key(name).public_key().public_bytes_raw())


def public_key(name: str) -> str:
    """The public key's line, without comment."""
    kind = SECURITY_KEY.decode() if "+" in name else "ssh-ed25519"
    return f"{kind} {base64.b64encode(key_blob(name)).decode()}"


def fingerprint(name: str) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(key_blob(name)).digest()).decode().rstrip("=")


def armor(blob: bytes) -> bytes:
    """Write an SSHSIG as ssh-keygen does."""
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + 70] for at in range(0, len(text), 70)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def to_sign(message: bytes, namespace: str) -> bytes:
    """What a key signs for a message."""
    hashed = hashlib.sha512(message).digest()
    return b"SSHSIG" + string(namespace.encode()) + string(b"") + string(b"sha512") + string(hashed)


def envelope(public: bytes, namespace: str, signature: bytes) -> bytes:
    """An SSHSIG around a key and its signature."""
    version = UINT32.pack(1)
    parts = (public, namespace.encode(), b"", b"sha512", signature)
    return armor(b"SSHSIG" + version + b"".join(string(part) for part in parts))


def sign(key: str, message: bytes, namespace: str) -> bytes:
    """Sign in process as ssh-keygen would; `alice+touched` is alice's security key, touched."""
    device, plus, confirmed = key.partition("+")
    if plus:
        return _sign_on_device(device, CONFIRMED[confirmed], message, namespace)
    raw = private_key(key).sign(to_sign(message, namespace))
    return envelope(key_blob(key), namespace, string(b"ssh-ed25519") + string(raw))


def _sign_on_device(device: str, flags: int, message: bytes, namespace: str) -> bytes:
    """Source: OpenSSH, PROTOCOL.u2f."""
    end = bytes([flags]) + UINT32.pack(7)
    hashed = hashlib.sha256(to_sign(message, namespace)).digest()
    raw = private_key(f"{device}+").sign(hashlib.sha256(b"ssh:").digest() + end + hashed)
    return envelope(key_blob(f"{device}+"), namespace, string(SECURITY_KEY) + string(raw) + end)


def person(name: str, *teams: str, kind: IdentityKind = IdentityKind.PERSON, keys: int = 1) -> Identity:
    """An identity with keys `name`, `name-2`, ... and one address."""
    names = [name, *(f"{name}-{number}" for number in range(2, keys + 1))]
    return Identity(
        name=name,
        kind=kind,
        emails=frozenset([f"{name}@example.com"]),
        keys=tuple(Key(public_key(key), place=Place(".gitwarrant/identities.yaml", 9)) for key in names),
        teams=frozenset(teams),
        place=Place(".gitwarrant/identities.yaml", 5),
    )


def rule(
    pattern: str, line: int, *, writers: Sequence[str], approvals: int, approvers: Sequence[str]
) -> PathRule:
    place = Place(".gitwarrant/rules.yaml", line, 3)
    return PathRule(pattern, frozenset(writers), approvals, frozenset(approvers), place)


PEOPLE = (
    person("alice", "developers", "platform"),
    person("bob", "developers", "platform", keys=2),
    person("carol", "security"),
    person("mallory", "interns"),
    person("robot", "developers", "platform", kind=IdentityKind.BOT),
)
RULES = (
    rule("*", 3, writers=["developers"], approvals=1, approvers=["platform", "security"]),
    rule("/database/", 7, writers=["platform"], approvals=2, approvers=["platform", "security"]),
    rule("/notes/", 11, writers=[], approvals=0, approvers=[]),
)
POLICY = TrustPolicy(REPOSITORY, 1, NOW + 90 * DAY, PEOPLE, RULES)
ROOT = TrustRoot(
    repository=REPOSITORY,
    url="https://git.example.com/example/shop",
    trust_ref=MAIN,
    trusted_at=BASE,
    keys=(RootKey("alice", public_key("alice")), RootKey("carol", public_key("carol"))),
    threshold=2,
)


def environment(*approvers: str, path: str = ".", ref: str = MAIN, required: bool = True) -> Environment:
    return Environment(
        name="production",
        ref=ref,
        path=path,
        namespace="shop",
        auto_deploy=True,
        promotion_source="",
        policies=(),
        approval_required=required,
        approvers=approvers,
        bounds=Bounds(),
        drift=DriftMode.REPORT,
        place=Place(".gitwarrant/environments.yaml", 4, 3),
    )


def with_key(policy: TrustPolicy, name: str, **fields: object) -> TrustPolicy:
    """The policy with the first key of an identity changed."""
    changed = [
        replace(who, keys=(replace(who.keys[0], **fields), *who.keys[1:])) if who.name == name else who  # type: ignore[arg-type]  # fields of Key, by name
        for who in policy.identities
    ]
    return replace(policy, identities=tuple(changed))


def difference(before: Files, after: Files) -> tuple[PathChange, ...]:
    """What differs between two sets of files."""

    def side(files: Files, path: str) -> tuple[int, BlobId]:
        content = files.get(path)
        return (0, NO_BLOB) if content is None else (0o100644, blob_id(content))

    paths = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
    return tuple(PathChange(path, *side(before, path), *side(after, path)) for path in paths)


def blob_id(content: str) -> BlobId:
    return BlobId(object_id("blob", content.encode()))


def contents(files: Mapping[str, str]) -> dict[BlobId, bytes]:
    """The bytes of files by their ids."""
    return {blob_id(content): content.encode() for content in files.values()}


def owners_files(files: Mapping[str, str]) -> tuple[OwnersFile, ...]:
    """The CODEOWNERS files among these."""
    return tuple(OwnersFile(path, blob_id(files[path])) for path in OWNERS_PATHS if path in files)


def tree_id(files: Files) -> TreeId:
    """An id that follows from the files; verify never looks inside a tree."""
    return TreeId(object_id("tree", repr(sorted(files.items())).encode()))


@dataclass
class Chain:
    """A ref, grown landing by landing from a trusted base."""

    ref: str = MAIN
    policy: TrustPolicy = POLICY
    root: TrustRoot = ROOT
    base: CommitId = BASE
    files: dict[str, str] = field(default_factory=lambda: {"web.yaml": "replicas: 1", "notes/a": "hello"})
    landings: list[Landing] = field(default_factory=list)
    statements: list[SignedStatement] = field(default_factory=list)
    seen: dict[str, datetime] = field(default_factory=dict)
    negatives: list[SignedStatement] = field(default_factory=list)
    spent: set[Digest] = field(default_factory=set)
    reviews: list[Testimony] = field(default_factory=list)
    policies: dict[CommitId, TrustPolicy] = field(default_factory=dict)
    blobs: dict[BlobId, bytes] = field(default_factory=dict)

    @property
    def head(self) -> CommitId:
        return self.landings[-1].commit if self.landings else self.base

    def after(self, files: Files) -> dict[str, str]:
        """The files at head with these written, and removed where None."""
        merged = {**self.files, **files}
        return {path: content for path, content in merged.items() if content is not None}

    def raw(
        self,
        parents: Sequence[str],
        files: Files,
        *,
        by: str,
        signed: bool = True,
        key: str = "",
        author: str = "",
        namespace: str = "git",
        signature: bytes | None = None,
        when: datetime = NOW,
    ) -> bytes:
        """A commit's bytes. `by` commits; `author` wrote, `key` signs, both `by` when not given."""
        stamp = f"{int(when.timestamp())} +0000"
        lines = [f"tree {tree_id(files)}", *(f"parent {parent}" for parent in parents)]
        lines += [f"author A <{author or by}@example.com> {stamp}", f"committer C <{by}@example.com> {stamp}"]
        head, message = "\n".join(lines).encode(), b"\n\nChange something\n"
        if not signed:
            return head + message
        armored = signature or sign(key or by, head + message, namespace)
        return head + b"\ngpgsig " + armored.rstrip(b"\n").replace(b"\n", b"\n ") + message

    def land(self, files: Files, *, by: str, **how: object) -> Landing:
        """Land one commit on top."""
        after = self.after(files)
        raw = self.raw([self.head], after, by=by, **how)  # type: ignore[arg-type]  # options of raw, by name
        commit = Commit(CommitId(object_id("commit", raw)), raw, difference(self.files, after))
        return self._add((commit,), after)

    def merge(self, files: Files, *, by: str, hidden: Files | None = None, **how: object) -> Landing:
        """Land a merge of a branch by `by`, which has one signed commit per file.

        `hidden` edits stand only in the merge; `merged_by` makes and signs it, in the way `how` tells.
        """
        merged_by = str(how.pop("merged_by", by))
        side: list[Commit] = []
        tip: CommitId = self.base if not self.landings else self.head
        before = dict(self.files)
        for path, content in files.items():
            after = {name: text for name, text in {**before, path: content}.items() if text is not None}
            raw = self.raw([tip], after, by=by)
            tip = CommitId(object_id("commit", raw))
            side.append(Commit(tip, raw, difference(before, after)))
            before = after
            self.blobs |= contents(after)
        result = {name: text for name, text in {**before, **(hidden or {})}.items() if text is not None}
        raw = self.raw([self.head, tip], result, by=merged_by, **how)  # type: ignore[arg-type]  # options of raw
        own = Commit(CommitId(object_id("commit", raw)), raw, difference(before, result))
        return self._add((*side, own), result)

    def _add(self, commits: tuple[Commit, ...], after: dict[str, str]) -> Landing:
        landing = Landing(
            commit=commits[-1].id,
            parent=self.head,
            parent_tree=tree_id(self.files),
            tree=tree_id(after),
            commits=commits,
            changes=difference(self.files, after),
            owners=owners_files(self.files),
        )
        self.blobs |= contents(self.files) | contents(after)
        self.landings.append(landing)
        self.files = after
        return landing

    def about(self, first: int, last: int) -> Interval:
        """The interval from before landing `first` to landing `last`, counted from 0."""
        chosen = self.landings[first : last + 1]
        change = replace(self.change(), landings=tuple(chosen))
        return Interval(change.repository, self.ref, chosen[0].parent, chosen[-1].tree, change.changes)

    def say(
        self,
        kind: StatementKind,
        by: str,
        *,
        first: int = -1,
        last: int = -1,
        bind: Bind = Bind.DIFF,
        key: str = "",
        namespace: str = STATEMENT_NAMESPACE,
        at: datetime = NOW - timedelta(hours=1),
        nonce: bytes | None = None,
        **fields: object,
    ) -> Statement:
        """Sign a statement about landings (the last one when not given) and store it beside the change.

        `fields` replace what an honest statement would say.
        """
        first, last = first % len(self.landings), last % len(self.landings)
        drawn = nonce or hashlib.sha256(f"{len(self.statements)} {by}".encode()).digest()[:16]
        honest = make(kind, by, self.about(first, last), bind=bind, now=at, lifetime=7 * DAY, nonce=drawn)
        statement = replace(honest, **fields)  # type: ignore[arg-type]  # fields of Statement, by name
        body = encode(statement)
        self.statements.append(SignedStatement(body, sign(key or by, body, namespace)))
        return statement

    def approve(self, by: str, **how: object) -> Statement:
        return self.say(StatementKind.APPROVE, by, **how)  # type: ignore[arg-type]  # options of say, by name

    def propose(self, by: str, **how: object) -> Statement:
        return self.say(StatementKind.AUTHOR, by, **how)  # type: ignore[arg-type]  # options of say, by name

    def sign(self, by: str, statement: AnyStatement, *, key: str = "") -> SignedStatement:
        """Sign any statement and store it beside the change."""
        body = encode(statement)
        signed = SignedStatement(body, sign(key or by, body, STATEMENT_NAMESPACE))
        self.statements.append(signed)
        return signed

    def withdraw(self, by: str, statement: Statement, *, key: str = "") -> SignedStatement:
        return self.sign(
            by, Withdrawal(by, REPOSITORY, digest(statement), "a mistake", NOW, "ab" * 16), key=key
        )

    def revoke(self, by: str, owner: str, *, since: datetime | None = None, key: str = "") -> SignedStatement:
        fingerprint = read_line(public_key(owner)).fingerprint
        revocation = KeyRevocation(by, REPOSITORY, fingerprint, since, "laptop lost", NOW, "cd" * 16)
        return self.sign(by, revocation, key=key)

    def hearing(self, *, now: datetime = NOW) -> Hearing:
        """What the statements of the change are judged against."""
        registry = Registry(self.policy, self.root.keys)
        return Hearing(self.change(), "", registry, Negatives(), self.witnessed(), now)

    def witnessed(self) -> Witnessed:
        """What a log would remember; tests name statements by the digest of their bytes."""
        said = [(sha256(signed.body), signed) for signed in (*self.statements, *self.negatives)]
        marks: dict[str, datetime] = {
            mark: self.seen[name] for name, signed in said if name in self.seen and (mark := mark_of(signed))
        }
        return Witnessed(
            {**self.seen, **marks}, tuple(self.negatives), frozenset(self.spent), tuple(self.reviews)
        )

    def change(self) -> Change:
        blobs = tuple(Blob(blob, data) for blob, data in sorted(self.blobs.items()))
        parts = (tuple(self.landings), tuple(self.statements), blobs)
        return Change(REPOSITORY, self.ref, self.base, self.head, *parts)

    def verify(
        self,
        environment: Environment | None = None,
        *,
        now: datetime = NOW,
        waived: bool = False,
        verdicts: Verdicts | None = None,
    ) -> Authorship:
        policies = {landing.commit: self.policy for landing in self.landings} or {self.base: self.policy}
        return verify(
            self.change(),
            self.root,
            {**policies, **self.policies},
            environment,
            witnessed=self.witnessed(),
            now=now,
            waived=waived,
            verdicts=verdicts,
        )
