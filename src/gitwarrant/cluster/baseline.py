"""The truth that drift is measured against: what a clean create of a manifest gives.

It is the answer to our own create; or the baseline before it, moved on by what
a warranted change declares; or the answer to a dry run under a name that nobody
has. Into none of these can come what somebody put into the live object, and
none is ever read again from there.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from gitwarrant.cluster.allocation import allocated, with_allocated, without_allocated
from gitwarrant.cluster.applyset import as_member
from gitwarrant.cluster.attribution import writers
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.discovery import Kind
from gitwarrant.cluster.exemptions import exempt
from gitwarrant.cluster.refusal import ClusterError, Conflict
from gitwarrant.model.canonical import Digest, sha256
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import Content, Json, Manifest, ObjectKey
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import bare, compare, restored
from gitwarrant.objects.scope import scope

UID = "\0uid"
"""Stands in a baseline for the object's own uid (a Job's selector carries it)."""

UID_AS_JSON = json.dumps(UID).strip('"')

FORM = "baseline-3"
"""Raised whenever baselines are made in another way: older ones are then made again."""

SHORT_NAME = 41  # with the suffix 52 characters: the least that any kind allows
SUFFIX_BYTES = 5
TRIES = 3
TOGETHER = 64  # baselines of one write
CUSTOM = "CustomResourceDefinition"


class BaselineStore(Protocol):
    """Where baselines are kept: a content cache that no less trusted role can write."""

    def get(self, key: str) -> bytes | None:
        """What was put under this key, or None."""
        ...

    def put_many(self, values: Mapping[str, bytes], *, replace: bool = True) -> None:
        """Keep each, instead of what was there under its key; unless `replace` only where nothing was."""
        ...


class MemoryBaselines:
    """Baselines of one process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """What was put under this key, or None."""
        return self._kept.get(key)

    def put_many(self, values: Mapping[str, bytes], *, replace: bool = True) -> None:
        """Keep each."""
        self._kept = {**self._kept, **values} if replace else {**values, **self._kept}


@dataclass(frozen=True, slots=True)
class Truth:
    """A baseline, and the manifest's content that it is the baseline of."""

    declared: Content
    content: Content


class Baselines:
    """The baselines of one environment's objects in one cluster.

    Made anew for each apply and each look: the schemas of custom kinds are
    asked for once.

    Args:
        identifier: the ApplySet label that our apply adds.
    """

    def __init__(self, identifier: str, cluster: Cluster, store: BaselineStore) -> None:
        self.identifier = identifier
        self._cluster, self._store = cluster, store
        self._schemas: dict[Kind, str] = {}
        self._unsettled: list[tuple[str, Manifest, bytes]] = []
        self._answers: dict[str, bytes] = {}

    async def of(self, manifest: Manifest) -> dict[str, Any]:
        """The object a clean create returns, less status and server metadata.

        Raises:
            ClusterError: the server refuses such an object now, so it cannot be judged.
            Unreachable: the server does not answer.
        """
        name = await self.name(manifest.key, manifest.version, manifest.digest)
        kept = self._read(name)
        if kept is not None:
            return dict(kept.content)
        made = await self.probed(manifest)
        self._keep({name: _written(manifest, made)})
        return made

    def anew(self) -> "Baselines":
        """The same for a later look."""
        return Baselines(self.identifier, self._cluster, self._store)

    def at_hand(self, key: ObjectKey, digest: Digest) -> Content | None:
        """The baseline of what was applied with this digest, if it is kept and takes no call; else None.

        Of a custom kind it always takes one: its schema may have changed.
        """
        known_as = self._cluster.known_as
        if known_as is None or _is_custom(key):
            return None
        kept = self._read(_name(known_as, self.identifier, digest, ""))
        return kept.content if kept else None

    async def name(self, key: ObjectKey, version: str, digest: Digest) -> str:
        """Under which name a baseline is kept.

        To be had before the write whose answer is kept: a schema of a custom
        kind that was changed and changed back meanwhile has another name.

        Raises:
            ClusterError: the kind is not served, or its schema may not be read.
            Unreachable: the server does not answer.
        """
        known_as = await self._cluster.uid(), await self._cluster.server_version()
        return _name(known_as, self.identifier, digest, await self._schema(key, version))

    async def known(self, key: ObjectKey, version: str, digest: Digest) -> Truth | None:
        """The baseline of what was applied with this digest, if it is kept; nothing is asked for it."""
        return self._read(await self.name(key, version, digest))

    def created(self, name: str, manifest: Manifest, answer: Content) -> None:
        """Keep what the server answered to our own create: it was made of the manifest and nothing else."""
        truth, uid = self.comparable(manifest, answer), str(answer["metadata"]["uid"])
        written = _written(manifest, truth)
        if uid.encode() in written:  # few kinds have it, and to look is cheaper than to walk
            written = _written(manifest, _replaced(truth, {uid: UID}))
        self._answered(name, manifest, written)

    async def updated(self, name: str, manifest: Manifest, before: InventoryEntry, answer: Content) -> None:
        """Keep the baseline moved on by our own update, where the object is then exactly so.

        Where it is not, nothing is kept: new fields got defaults, or somebody
        else wrote into the object. `of` will ask for a clean create.
        """
        if before.uid != answer["metadata"]["uid"]:
            return
        kept = await self.known(manifest.key, before.version, before.digest)
        truth = moved_on(kept, manifest) if kept else None
        if truth is not None and not self.beside(manifest, truth, answer):
            self._answered(name, manifest, _written(manifest, truth))

    def _answered(self, name: str, manifest: Manifest, written: bytes) -> None:
        if _is_custom(manifest.key):
            self._unsettled.append((name, manifest, written))
            return
        self._answers[name] = written
        if len(self._answers) >= TOGETHER:
            self.keep()

    def keep(self) -> None:
        """Put what was answered where it is kept: a write for each would take longer than the answer.

        Raises:
            StoreError: it cannot be kept.
        """
        answers, self._answers = self._answers, {}
        self._keep(answers)

    async def settle(self) -> None:
        """After the last write, keep what was answered.

        Of custom kinds only where the schemas stayed as they were: else a default
        that a definition had for a moment would be part of the truth.

        Raises:
            ClusterError: a schema may not be read, so nothing of its kind is kept.
            Unreachable: the server does not answer.
        """
        self.keep()
        unsettled, self._unsettled, self._schemas = self._unsettled, [], {}
        for name, manifest, written in unsettled:
            if await self.name(manifest.key, manifest.version, manifest.digest) == name:
                self._keep({name: written})

    def beside(self, manifest: Manifest, truth: Content, live: Content) -> list[FieldDifference]:
        """What an object holds beside a baseline, less what controllers of the cluster may write."""
        expected = with_uid(truth, live["metadata"]["uid"])
        found = compare(expected, self.comparable(manifest, live))
        return [item for item in found if not _excused(item, manifest.key, expected, live)]

    def comparable(self, manifest: Manifest, live: Content) -> dict[str, Any]:
        """An object less what the server alone writes; what it picks stays where the manifest says it."""
        kind, content = manifest.kind, manifest.content
        return with_allocated(kind, without_allocated(kind, bare(live)), allocated(kind, content))

    def _read(self, name: str) -> Truth | None:
        kept = self._answers.get(name) or self._store.get(name)
        digest, _, data = (kept or b"").partition(b"\n")
        if sha256(data).encode() != digest:  # there is none, or a damaged one, which is made again
            return None
        return Truth(**orjson.loads(data))

    def _keep(self, written: Mapping[str, bytes]) -> None:
        self._store.put_many(written)
        self._store.put_many({_first_name(name): name.encode() for name in written}, replace=False)

    async def first(self, manifest: Manifest) -> dict[str, Any] | None:
        """The baseline as it was made first, by whichever server and schema; None where it is not kept."""
        now = await self.name(manifest.key, manifest.version, manifest.digest)
        name = self._store.get(_first_name(now))
        kept = self._read(name.decode()) if name else None
        return dict(kept.content) if kept else None

    async def _schema(self, key: ObjectKey, version: str) -> str:
        """Names the schema of a custom kind, whose defaults can change without the server's version."""
        if not _is_custom(key):
            return ""
        kind = (key.group, version, key.kind)
        if kind not in self._schemas:
            resource = await self._cluster.resource(*kind)
            definition = ObjectKey("apiextensions.k8s.io", CUSTOM, "", f"{resource.plural}.{key.group}")
            live = await self._cluster.get(definition, "v1")
            self._schemas[kind] = (
                f"{live['metadata']['uid']}.{live['metadata']['generation']}" if live else ""
            )
        return self._schemas[kind]

    async def probed(self, manifest: Manifest) -> dict[str, Any]:
        """What a clean create of the manifest gives at this moment; nothing is kept.

        Raises:
            ClusterError: the server refuses such an object now.
            Unreachable: the server does not answer.
        """
        content = as_member(manifest.content, self.identifier)
        for _ in range(TRIES):
            key, probe, back = _probe(manifest, without_allocated(manifest.kind, content))
            try:
                made = await self._cluster.try_create(key, manifest.version, probe)
            except Conflict as error:
                if error.reason != "AlreadyExists":
                    raise
                continue  # somebody has that name: what it holds is theirs
            uid = str(made["metadata"].get("uid", ""))
            return self.comparable(manifest, _replaced(made, {**back, uid: UID}))
        raise ClusterError(
            f"no free name to try {manifest.key} under", remedy="find out who creates objects named like ours"
        )


def _is_custom(key: ObjectKey) -> bool:
    return scope(key.group, key.kind) is None


def _excused(item: FieldDifference, key: ObjectKey, truth: Content, live: Content) -> bool:
    written = tuple(sorted(writers(live, item.pointer))) if item.after else ()
    return exempt(item, key, truth, written, autoscaled=False) is not None


def _written(manifest: Manifest, truth: Content) -> bytes:
    """A baseline as it is kept: its digest, so that damage is seen, and itself."""
    data = orjson.dumps({"declared": manifest.content, "content": truth})
    return sha256(data).encode() + b"\n" + data


def _name(known_as: tuple[str, str], identifier: str, digest: Digest, schema: str) -> str:
    return "/".join([FORM, *known_as, identifier, digest, schema])


def _first_name(name: str) -> str:
    """Where it is kept which baseline came first: the name less version and schema of the server."""
    form, uid, _, identifier, digest, _ = name.split("/")
    return "/".join([form, "first", uid, identifier, digest])


def moved_on(before: Truth, manifest: Manifest) -> dict[str, Any] | None:
    """A baseline with what the manifest declares anew; None where the two do not fit together.

    Every value in it is the earlier baseline's or the manifest's own.
    """
    try:
        return restored(before.content, tuple(compare(bare(manifest.content), bare(before.declared))))
    except (LookupError, TypeError):
        return None


def with_uid(content: Mapping[str, Any], uid: str) -> dict[str, Any]:
    """A baseline with the object's own uid filled in; few kinds have it anywhere."""
    if UID_AS_JSON not in json.dumps(content):
        return dict(content)
    return dict(_replaced(content, {UID: uid}))


def _probe(
    manifest: Manifest, content: Mapping[str, Any]
) -> tuple[ObjectKey, dict[str, Any], dict[str, str]]:
    """The object under a name that nobody has, and what to turn back in the answer."""
    suffix = secrets.token_hex(SUFFIX_BYTES)
    name = manifest.key.name
    if manifest.key.kind == CUSTOM:  # its name is made of its plural and group
        plural, _, group = name.partition(".")
        probed = f"{plural}{suffix}"
        back = {f"{probed}.{group}": name, probed: plural}
        content = {
            **content,
            "spec": {**content["spec"], "names": {**content["spec"]["names"], "plural": probed}},
        }
        name = f"{probed}.{group}"
    else:
        name = f"{name}-{suffix}" if len(name) <= SHORT_NAME else name[: -2 * SUFFIX_BYTES] + suffix
        back = {name: manifest.key.name}
    key = ObjectKey(manifest.key.group, manifest.key.kind, manifest.key.namespace, name)
    return key, {**content, "metadata": {**content["metadata"], "name": name}}, back


def _replaced(value: Json, texts: Mapping[str, str]) -> Any:
    """The same value with whole texts exchanged; itself where there is none of them."""
    if isinstance(value, str):
        return texts.get(value, value)
    if isinstance(value, dict):
        changed = {name: new for name, item in value.items() if (new := _replaced(item, texts)) is not item}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [_replaced(item, texts) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
