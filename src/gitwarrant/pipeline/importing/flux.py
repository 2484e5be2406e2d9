"""Flux: every Kustomization becomes an environment.

Source: fluxcd/kustomize-controller, `docs/spec/v1/kustomizations.md`; fluxcd/source-controller.
"""

from collections.abc import Iterator, Mapping, Sequence

from gitwarrant.model.environment import Adoptable, DriftMode
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.pipeline.importing.imported import (
    Imported,
    Note,
    Seen,
    Setting,
    Weight,
    folder,
    label,
    mappings,
    names,
    noted,
)

GROUP = "kustomize.toolkit.fluxcd.io"
SOURCES = "source.toolkit.fluxcd.io"
HELM = "helm.toolkit.fluxcd.io"
KINDS = (("Kustomization", GROUP), ("GitRepository", SOURCES), ("HelmRelease", HELM))
ITSELF = "flux-system"
"""The Kustomization that `flux bootstrap` makes: it installs Flux, and the Kustomizations themselves."""
MARKS = frozenset({f"{GROUP}/name", f"{GROUP}/namespace"})
"""The labels by which Flux knows its objects."""

OVERLAY = "it changes what the files say: write it into an overlay's kustomization.yaml"
SETTINGS = (
    Setting("spec.patches", Weight.DIFFERS, OVERLAY),
    Setting("spec.images", Weight.DIFFERS, OVERLAY),
    Setting("spec.components", Weight.DIFFERS, OVERLAY),
    Setting("spec.commonMetadata", Weight.DIFFERS, OVERLAY),
    Setting("spec.namePrefix", Weight.DIFFERS, OVERLAY),
    Setting("spec.nameSuffix", Weight.DIFFERS, OVERLAY),
    Setting("spec.postBuild", Weight.DIFFERS, "it fills in variables: write the values into an overlay"),
    Setting("spec.decryption", Weight.DIFFERS, "its Secrets are encrypted in Git"),
    Setting("spec.kubeConfig", Weight.LOOK, "it deploys to another cluster: name that one in the grant"),
    Setting("spec.force", Weight.LOOK, "what cannot be changed was made anew: see 'recreate'"),
    Setting("spec.healthCheckExprs", Weight.LOOK, "health rules of its own: see 'health'"),
    Setting("spec.serviceAccountName", Weight.SAME, "'gitwarrant rbac' computes what the applier needs"),
    Setting("spec.wait", Weight.SAME, "health is always watched"),
    Setting("spec.healthChecks", Weight.SAME, "health is always watched"),
    Setting("spec.retryInterval", Weight.SAME, "what failed is tried again by itself"),
)


def imported(seen: Sequence[Seen]) -> Iterator[Imported]:
    """The environments that a set of Flux's objects describes, by name."""
    repositories = {one.key: one for one in seen if one.key.kind == "GitRepository"}
    found = [one for one in seen if one.key.kind in ("Kustomization", "HelmRelease")]
    called = names(found)
    for one in found:
        yield (
            _release(one, called)
            if one.key.kind == "HelmRelease"
            else _environment(one, repositories, called)
        )


def _environment(
    one: Seen, repositories: Mapping[ObjectKey, Seen], called: Mapping[ObjectKey, str]
) -> Imported:
    reference = one.get("spec.sourceRef", {})
    source = ObjectKey(
        SOURCES,
        str(reference.get("kind", "")),
        str(reference.get("namespace") or one.key.namespace),
        str(reference.get("name", "")),
    )
    repository = repositories.get(source)
    after = (
        ObjectKey(
            GROUP, "Kustomization", str(item.get("namespace") or one.key.namespace), str(item.get("name"))
        )
        for item in mappings(one.get("spec.dependsOn"))
    )
    return Imported(
        name=called[one.key],
        tool=Adoptable.FLUX,
        source=one.key,
        place=one.place,
        url=str(repository.get("spec.url", "")) if repository else "",
        branch=str(repository.get("spec.ref.branch", "")) if repository else "",
        path=folder(str(one.get("spec.path", "."))),
        namespace=str(one.get("spec.targetNamespace", "")),
        depends_on=tuple(called.get(key, label(key.name)) for key in after),
        automatic=True,
        drift=DriftMode.REVERT,
        deletes=one.get("spec.prune") is True,
        ignored=(),
        stopped=one.get("spec.suspend") is True,
        notes=(*noted(one, SETTINGS), *_source_notes(one, source, repository)),
        owns=tuple(_inventory(one)),
    )


def _source_notes(one: Seen, source: ObjectKey, repository: Seen | None) -> Iterator[Note]:
    if one.key.name == ITSELF:
        says = "it installs Flux itself and names what else it deploys: leave it to Flux until all else moved"
        yield Note(Weight.DIFFERS, "metadata.name", says, one.place)
    if source.kind != "GitRepository":
        says = f"its manifests come from a {source.kind or 'source without a kind'}, not from Git"
        yield Note(Weight.DIFFERS, "spec.sourceRef", says, one.place)
    elif repository is None:
        says = f"its {source} was not found, so nothing says from which repository and branch it comes"
        yield Note(Weight.LOOK, "spec.sourceRef", says, one.place)
    elif fixed := [
        name for name in ("tag", "semver", "commit", "name") if repository.get(f"spec.ref.{name}")
    ]:
        says = f"it follows a {fixed[0]}, an environment of ours a branch"
        yield Note(Weight.LOOK, f"spec.ref.{fixed[0]}", says, repository.place)


def _release(one: Seen, called: Mapping[ObjectKey, str]) -> Imported:
    says = "it installs a Helm chart: a chart in the repository can be rendered, one from elsewhere not yet"
    return Imported(
        name=called[one.key],
        tool=Adoptable.FLUX,
        source=one.key,
        place=one.place,
        url="",
        branch="",
        path=".",
        namespace=str(one.get("spec.targetNamespace", one.key.namespace)),
        depends_on=(),
        automatic=True,
        drift=DriftMode.REPORT,
        deletes=True,
        ignored=(),
        stopped=one.get("spec.suspend") is True,
        notes=(Note(Weight.DIFFERS, "spec.chart", says, one.place),),
        owns=(),
    )


def _inventory(one: Seen) -> Iterator[ObjectKey]:
    """The objects in `status.inventory`: `NAMESPACE_NAME_GROUP_KIND`; RBAC names write `:` as `__`."""
    for item in mappings(one.get("status.inventory.entries")):
        parts = str(item.get("id", "")).rsplit("_", 2)
        namespace, _, name = parts[0].partition("_")
        if len(parts) == 3:
            yield ObjectKey(parts[1], parts[2], namespace, name.replace("__", ":"))
