"""Imported environments as text for `environments.yaml`, and the grants that the agent's file needs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gitwarrant.config.environment_files import EnvironmentsFile
from gitwarrant.config.problem import ConfigError
from gitwarrant.config.source import Source
from gitwarrant.model.environment import DriftMode
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.objects.scope import Scope, scope
from gitwarrant.pipeline.importing.imported import Imported, Note, Weight

ENVIRONMENTS = ".gitwarrant/environments.yaml"
POLICIES = "basic-security"
INDENT = "  "


@dataclass(frozen=True, slots=True)
class Reach:
    """What an environment must be granted to hold its objects: names of namespaces and kinds, sorted."""

    namespaces: tuple[str, ...]
    kinds: tuple[str, ...]
    cluster_kinds: tuple[str, ...]


def reach(manifests: Sequence[Manifest], namespace: str) -> Reach:
    """The least grant for these objects, and for the namespace in which the environment keeps its own."""
    keys = [item.key for item in manifests]
    named = {key.name for key in keys if (key.group, key.kind) == ("", "Namespace")}
    return Reach(
        tuple(sorted({namespace} | named | {key.namespace for key in keys} - {""})),
        tuple(sorted({key.typed for key in keys if not _of_cluster(key)})),
        tuple(sorted({key.typed for key in keys if _of_cluster(key)})),
    )


def _of_cluster(key: ObjectKey) -> bool:
    return scope(key.group, key.kind) is Scope.CLUSTER or not key.namespace


def stage_text(one: Imported, branch: str) -> str:
    """One environment below `stages:`, with what a person has to decide as comments.

    Args:
        branch: of the clone, where the other tool names none.
    """
    lines = [f"{one.name}:", f"{INDENT}# from {one.source}", *_notes(one)]
    lines += [
        f"{INDENT}branch: {_quoted(one.branch or branch)}",
        f"{INDENT}path: {_quoted(one.path)}",
        f"{INDENT}namespace: {namespace_of(one)}",
        f"{INDENT}auto_deploy: {json.dumps(one.automatic)}",
        f"{INDENT}policies: [{POLICIES}]",
        f"{INDENT}adopt: [{one.tool.value}, kubectl]",
    ]
    if one.drift is DriftMode.REVERT:
        lines.append(f"{INDENT}drift: revert")
    if not one.deletes:
        lines.append(f"{INDENT}bounds: {{max_deletes: 0}}  # it never deletes")
    return "".join(f"{INDENT}{line}\n" for line in lines)


def namespace_of(one: Imported) -> str:
    """The environment's own namespace: where the tool puts what names none, else called like it."""
    return one.namespace or one.name


def _notes(one: Imported) -> Iterator[str]:
    told = [f"it waited for {name}" for name in one.depends_on]
    told += [f"it did not compare {pointer} of {kind}" for kind, pointer in one.ignored]
    told += [said(note) for note in one.notes if note.weight is not Weight.SAME]
    for text in told:  # it comes from their files: nothing in it may end the comment
        yield f"{INDENT}# {' '.join(text.split())}"


def said(note: Note) -> str:
    """A note in one line."""
    return f"{note.field}: {note.says}"


def grant_text(one: Imported, needs: Reach) -> str:
    """One grant below `tenant.grants:` of the agent's configuration."""
    lines = [f"{one.name}:", f"{INDENT}cluster: main", *(f"{INDENT}{line}" for line in _reach_lines(needs))]
    return "".join(f"{INDENT * 2}{line}\n" for line in lines)


def _reach_lines(needs: Reach) -> Iterator[str]:
    yield f"namespaces: [{', '.join(needs.namespaces)}]"
    yield f"kinds: [{', '.join(needs.kinds) or 'ConfigMap'}]"
    if needs.cluster_kinds:
        yield f"cluster_kinds: [{', '.join(needs.cluster_kinds)}]"


def with_stages(data: bytes, found: Sequence[tuple[Imported, str]]) -> bytes:
    """environments.yaml with more stages behind those that are there; the rest as people wrote it.

    Args:
        data: the file as it stands; empty: there is none.
        found: each environment with its text.

    Raises:
        ConfigError: the file has problems.
        GitwarrantError: a stage of that name stands there already, or the file is
            not written one stage below the other.
    """
    before = _stages(data) if data else {}
    for one, _ in found:
        if one.name in before:
            raise GitwarrantError(
                f"{ENVIRONMENTS} has a stage {one.name!r} already",
                remedy="leave this one out with --only, or rename the stage",
            )
    head = data or b"stages:\n"
    if not head.endswith(b"\n"):
        head += b"\n"
    after = head + "".join(text for _, text in found).encode()
    try:
        read = _stages(after)
    except ConfigError as error:
        raise _by_hand() from error
    added = {one.name for one, _ in found}
    if read.keys() != before.keys() | added or any(read[name] != before[name] for name in before):
        raise _by_hand()
    return after


def _by_hand() -> GitwarrantError:
    return GitwarrantError(
        f"{ENVIRONMENTS} is not written one stage below the other, indented by two spaces, at its end",
        remedy="write the stages by hand, as shown without --write",
    )


def _stages(data: bytes) -> dict[str, object]:
    source = Source(data, ENVIRONMENTS)
    file = source.parse(EnvironmentsFile)
    if file is None:
        raise ConfigError(source.problems)
    return dict(file.stages)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
