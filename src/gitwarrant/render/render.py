"""The render stage: from one tree to manifests, each in its namespace, none twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Protocol, TypeAlias

from gitwarrant.model.change import File, Folder, Tree
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Manifest, ObjectKey, Source
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.objects.scope import Scope, defined_scopes, scope
from gitwarrant.render.plain import PlainRenderer
from gitwarrant.render.waiting import WaitingRenderer

READ = "read"
MAX_MANIFESTS = 200_000  # twice the largest environment we measure with
Kind: TypeAlias = tuple[str, str]
"""Group and kind."""


class Renderer(Protocol):
    """Makes manifests of the files of one folder: no network, no credentials, no work tree."""

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


def render(
    tree: Tree, *, namespace: str, custom_kinds: frozenset[str], earlier: Sequence[Rendered] = ()
) -> Rendered:
    """Render the files of a tree, folder by folder.

    Args:
        namespace: filled in where a namespaced manifest names none; may be empty.
        custom_kinds: namespaced kinds known beforehand, spelled `Widget.example.com`.
        earlier: renderings whose tree shares folders with this one; saves time and changes nothing.

    Raises:
        Refused: by render: nothing to render, a manifest without name or scope,
            an object twice, or whatever the renderer refuses.
    """
    unread = [(folder, _renderer(folder)) for folder in tree.folders if not folder.knows(READ)]
    # Who cannot render any of it says so first: what lies beside may be meant for that tool.
    for folder, renderer in sorted(unread, key=lambda one: RENDERERS.index(one[1])):
        folder.derived(READ, partial(_read, folder, renderer))
    read = [(folder, found) for folder in tree.folders if (found := _known(folder)).manifests]
    total = sum(len(found.manifests) for _, found in read)
    if not total:
        raise Refused(
            "there is no manifest to render",
            stage="render",
            remedy="put YAML or JSON manifests there; an environment is never emptied by accident",
            place=Place(tree.folder or "."),
        )
    if total > MAX_MANIFESTS:
        raise Refused(
            f"{total} manifests; at most {MAX_MANIFESTS} make one environment",
            stage="render",
            remedy="split the environment",
            place=Place(tree.folder or "."),
        )
    defined = dict(chain.from_iterable(found.defined.items() for _, found in read))
    scopes = _Scopes(defined, custom_kinds)
    units = tuple(_unit(folder, found, namespace, scopes) for folder, found in read)
    rendered = Rendered(tree.commit, tree.id, tree.folder, units)
    any(rendered.follow(one) for one in earlier)
    if len(rendered.leaves.by_key) < total:
        _refuse_twice(rendered.manifests)
    return rendered


def _renderer(folder: Folder) -> Renderer:
    return next(renderer for renderer in RENDERERS if renderer.claims(folder.files))


@dataclass(frozen=True, slots=True)
class _Read:
    """What a folder's renderer has read there."""

    manifests: tuple[Manifest, ...]
    foreign: tuple[Manifest, ...]
    """One manifest of each kind that Kubernetes itself does not have."""
    defined: Mapping[Kind, Scope]
    """The kinds that definitions among them bring, with their scope."""


def _read(folder: Folder, renderer: Renderer) -> _Read:
    manifests = renderer.render(folder.files)
    defined = defined_scopes(manifest.content for manifest in manifests)
    return _Read(manifests, _foreign(manifests), defined)


def _known(folder: Folder) -> _Read:
    return folder.derived(READ, lambda: _read(folder, _renderer(folder)))


@dataclass(frozen=True, slots=True)
class _Scopes:
    """What is known of kinds that Kubernetes itself does not have."""

    defined: Mapping[Kind, Scope]
    custom: frozenset[str]

    def of(self, manifest: Manifest) -> Scope | None:
        """Where objects of this manifest's kind live."""
        kind = (manifest.key.group, manifest.key.kind)
        found = scope(*kind) or self.defined.get(kind)
        return Scope.NAMESPACE if found is None and manifest.kind in self.custom else found

    def told(self, foreign: Iterable[Manifest]) -> tuple[Scope | None, ...]:
        """What a unit with these manifests is told by other units, or by the tenant."""
        return tuple(map(self.of, foreign))


def _unit(folder: Folder, read: _Read, namespace: str, scopes: _Scopes) -> Unit:
    """The unit of a folder; a folder met again under the same conditions has the same one."""
    name = ("unit", namespace, scopes.told(read.foreign))
    return folder.derived(name, partial(_settle, folder, read.manifests, namespace, scopes))


def _foreign(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    kinds = {(one.key.group, one.key.kind): one for one in manifests}
    return tuple(one for kind, one in sorted(kinds.items()) if scope(*kind) is None)


def _settle(folder: Folder, manifests: Sequence[Manifest], namespace: str, scopes: _Scopes) -> Unit:
    """Put each manifest into its namespace, by the scope of its kind."""
    settled = []
    for manifest in manifests:
        known = scopes.of(manifest)
        if known is None:
            raise _refused(
                manifest,
                f"nobody says whether {manifest.kind} lives in a namespace",
                "add its CustomResourceDefinition here, or the kind to the tenant's 'custom_kinds'",
            )
        settled.append(_placed(manifest, known, namespace))
    used = {manifest.place.path for manifest in settled}
    sources = tuple(Source(file.path, file.data) for file in folder.files if file.path in used)
    return Unit(folder.path, tuple(settled), sources)


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
