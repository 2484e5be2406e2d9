"""The render stage: from one tree to manifests, each in its namespace, none twice."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from gitwarrant.model.change import File, Tree
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Manifest, ObjectKey, Rendered, Source
from gitwarrant.objects.scope import Scope, defined_scopes, scope
from gitwarrant.render.plain import PlainRenderer
from gitwarrant.render.waiting import WaitingRenderer

MAX_MANIFESTS = 20_000  # twice the largest environments that people run


class Renderer(Protocol):
    """Makes manifests of the files of one tree: no network, no credentials, no work tree."""

    name: str

    def claims(self, files: tuple[File, ...]) -> bool:
        """Whether these files are for this renderer: the first in `RENDERERS` that claims them has them."""
        ...

    def render(self, files: tuple[File, ...]) -> tuple[Manifest, ...]:
        """The manifests, in an order that depends on the files alone.

        Raises:
            Refused: by render.
        """
        ...


RENDERERS: tuple[Renderer, ...] = (
    WaitingRenderer("Kustomize", frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})),
    WaitingRenderer("Helm", frozenset({"Chart.yaml"})),
    PlainRenderer(),
)


def render(tree: Tree, *, namespace: str, custom_kinds: frozenset[str]) -> Rendered:
    """Render the files of a tree.

    Args:
        namespace: filled in where a namespaced manifest names none; may be empty.
        custom_kinds: namespaced kinds known beforehand, spelled `Widget.example.com`.

    Raises:
        Refused: by render: nothing to render, a manifest without name or scope,
            an object twice, or whatever the renderer refuses.
    """
    renderer = next(renderer for renderer in RENDERERS if renderer.claims(tree.files))
    manifests = renderer.render(tree.files)
    if not manifests:
        raise Refused(
            "there is no manifest to render",
            stage="render",
            remedy="put YAML or JSON manifests there; an environment is never emptied by accident",
            place=Place(tree.folder or "."),
        )
    if len(manifests) > MAX_MANIFESTS:
        raise Refused(
            f"{len(manifests)} manifests; at most {MAX_MANIFESTS} make one environment",
            stage="render",
            remedy="split the environment",
            place=Place(tree.folder or "."),
        )
    settled = _settle(manifests, namespace, custom_kinds)
    _refuse_twice(settled)
    used = {manifest.place.path for manifest in settled}
    sources = tuple(Source(file.path, file.data) for file in tree.files if file.path in used)
    return Rendered(tree.commit, tree.id, tree.folder, settled, sources)


def _settle(
    manifests: Sequence[Manifest], namespace: str, custom_kinds: frozenset[str]
) -> tuple[Manifest, ...]:
    """Put each manifest into its namespace, by the scope of its kind."""
    defined = defined_scopes(manifest.content for manifest in manifests)
    settled = []
    for manifest in manifests:
        key = manifest.key
        known = scope(key.group, key.kind) or defined.get((key.group, key.kind))
        if known is None and manifest.kind in custom_kinds:
            known = Scope.NAMESPACE
        if known is None:
            raise _refused(
                manifest,
                f"nobody says whether {manifest.kind} lives in a namespace",
                "add its CustomResourceDefinition here, or the kind to the tenant's 'custom_kinds'",
            )
        settled.append(_placed(manifest, known, namespace))
    return tuple(settled)


def _placed(manifest: Manifest, known: Scope, namespace: str) -> Manifest:
    key = manifest.key
    if known is Scope.CLUSTER:
        if key.namespace:
            remedy = "remove metadata.namespace"
            raise _refused(manifest, f"{manifest.kind} {key.name} belongs to the whole cluster", remedy)
        return manifest
    if key.namespace:
        return manifest
    if not namespace:
        remedy = "write metadata.namespace, or give the environment a namespace"
        raise _refused(manifest, f"{manifest.kind} {key.name} has no namespace", remedy)
    metadata = {**manifest.content["metadata"], "namespace": namespace}
    return replace(
        manifest,
        key=ObjectKey(key.group, key.kind, namespace, key.name),
        content={**manifest.content, "metadata": metadata},
    )


def _refuse_twice(manifests: Sequence[Manifest]) -> None:
    first: dict[ObjectKey, Manifest] = {}
    for manifest in manifests:
        earlier = first.setdefault(manifest.key, manifest)
        if earlier is not manifest:
            raise _refused(
                manifest, f"{manifest.key} is also declared at {earlier.place}", "keep one of the two"
            )


def _refused(manifest: Manifest, what: str, remedy: str) -> Refused:
    return Refused(what, stage="render", remedy=remedy, place=manifest.place)
