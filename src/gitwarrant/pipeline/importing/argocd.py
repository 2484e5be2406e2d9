"""Argo CD: every Application becomes an environment.

Source: argoproj/argo-cd, `docs/operator-manual/application.yaml`, `docs/user-guide/diffing.md`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitwarrant.model.environment import Adoptable, DriftMode
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.pipeline.importing.imported import (
    Imported,
    Note,
    Seen,
    Setting,
    Weight,
    folder,
    mappings,
    names,
    noted,
    texts,
)

GROUP = "argoproj.io"
KINDS = (("Application", GROUP), ("ApplicationSet", GROUP))
HERE = frozenset({"https://kubernetes.default.svc", ""})
MARKS = frozenset(
    {"argocd.argoproj.io/instance", "app.kubernetes.io/instance", "argocd.argoproj.io/tracking-id"}
)
"""The labels and the annotation by which Argo CD knows its objects."""

SETTINGS = (
    Setting(
        "spec.source.directory.include", Weight.DIFFERS, "only files of a pattern: move them to a folder"
    ),
    Setting("spec.source.directory.exclude", Weight.DIFFERS, "some files are left out: move them elsewhere"),
    Setting("spec.source.directory.jsonnet", Weight.DIFFERS, "Jsonnet makes the manifests"),
    Setting(
        "spec.source.helm", Weight.DIFFERS, "values are given beside the chart: write them into a values file"
    ),
    Setting(
        "spec.source.kustomize", Weight.DIFFERS, "it changes what the files say: write it into the overlay"
    ),
    Setting("spec.source.plugin", Weight.DIFFERS, "a plugin makes the manifests; none is ever run"),
    Setting("spec.source.chart", Weight.DIFFERS, "the chart comes from elsewhere, not from Git"),
    Setting("spec.sources", Weight.DIFFERS, "several sources make one application: one environment has one"),
    Setting("spec.info", Weight.SAME, "text for people"),
    Setting("spec.revisionHistoryLimit", Weight.SAME, "the log keeps everything"),
)
OPTIONS: Mapping[str, tuple[Weight, str]] = {
    "CreateNamespace=true": (Weight.LOOK, "declare the Namespace in the repository"),
    "PruneLast=true": (Weight.SAME, "deletes always come last"),
    "RespectIgnoreDifferences=true": (Weight.SAME, "what is ignored is never put back"),
    "ServerSideApply=true": (Weight.SAME, "server-side apply is all we use"),
    "ApplyOutOfSyncOnly=true": (Weight.SAME, "only what changed is ever written"),
    "FailOnSharedResource=true": (Weight.SAME, "an object of another environment is always refused"),
}


def imported(seen: Sequence[Seen]) -> Iterator[Imported]:
    """The environments that a set of Argo CD's objects describes."""
    called = names(seen)
    for one in seen:
        name = called[one.key]
        yield _environment(one, name) if one.key.kind == "Application" else _set(one, name)


def _environment(one: Seen, name: str) -> Imported:
    automated = one.get("spec.syncPolicy.automated")
    branch = str(one.get("spec.source.targetRevision", ""))
    return Imported(
        name=name,
        tool=Adoptable.ARGOCD,
        source=one.key,
        place=one.place,
        url=str(one.get("spec.source.repoURL", "")),
        branch="" if branch == "HEAD" else branch.removeprefix("refs/heads/"),
        path=folder(str(one.get("spec.source.path", "."))),
        namespace=str(one.get("spec.destination.namespace", "")),
        depends_on=(),
        automatic=automated is not None,
        drift=DriftMode.REVERT if one.get("spec.syncPolicy.automated.selfHeal") else DriftMode.REPORT,
        deletes=one.get("spec.syncPolicy.automated.prune") is True,
        ignored=tuple(_ignored(one)),
        stopped=automated is None or one.get("spec.syncPolicy.automated.enabled") is False,
        notes=(*noted(one, SETTINGS), *_notes(one)),
        owns=tuple(_inventory(one)),
    )


def _notes(one: Seen) -> Iterator[Note]:
    server = str(one.get("spec.destination.server", ""))
    if server not in HERE or one.get("spec.destination.name") not in (None, "in-cluster"):
        says = "it deploys to another cluster: name that one in the grant"
        yield Note(Weight.LOOK, "spec.destination", says, one.place)
    if one.get("spec.source.directory.recurse") is not True:
        says = "it reads its folder alone, we those below it too"
        yield Note(Weight.LOOK, "spec.source.directory.recurse", says, one.place)
    for option in texts(one.get("spec.syncPolicy.syncOptions")):
        weight, says = OPTIONS.get(option, (Weight.LOOK, "there is nothing like it"))
        yield Note(weight, f"spec.syncPolicy.syncOptions {option}", says, one.place)
    for rule in mappings(one.get("spec.ignoreDifferences")):
        for field in ("jqPathExpressions", "managedFieldsManagers"):
            if rule.get(field):
                says = "write what it ignores as a JSON pointer below 'drift.ignore'"
                yield Note(Weight.LOOK, f"spec.ignoreDifferences {field}", says, one.place)


def _ignored(one: Seen) -> Iterator[tuple[str, str]]:
    for rule in mappings(one.get("spec.ignoreDifferences")):
        group, kind = rule.get("group") or "", rule.get("kind") or ""
        for pointer in texts(rule.get("jsonPointers")):
            yield (f"{kind}.{group}" if group else str(kind)), pointer


def _set(one: Seen, name: str) -> Imported:
    says = "it makes Applications: import those from the cluster, where they are real"
    return Imported(
        name=name,
        tool=Adoptable.ARGOCD,
        source=one.key,
        place=one.place,
        url="",
        branch="",
        path=".",
        namespace="",
        depends_on=(),
        automatic=False,
        drift=DriftMode.REPORT,
        deletes=False,
        ignored=(),
        stopped=False,
        notes=(Note(Weight.DIFFERS, "kind", says, one.place),),
        owns=(),
    )


def _inventory(one: Seen) -> Iterator[ObjectKey]:
    for item in mappings(one.get("status.resources")):
        yield ObjectKey(*(_text(item, name) for name in ("group", "kind", "namespace", "name")))


def _text(item: Mapping[str, Any], name: str) -> str:
    return str(item.get(name) or "")
