"""Render and check files as they lie there: what a developer asks before committing.

The stages are those of a deploy; three answers differ, because nothing will be
deployed from here. A custom kind of unknown scope is judged (no check asks for
the scope), the same object may appear twice (a folder may hold several
environments), and one unreadable file does not keep the others from being judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gitwarrant.model.change import CommitId, File, TreeId
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.manifest import Json, Manifest, ObjectKey, Rendered, Source
from gitwarrant.objects.scope import Scope, scope
from gitwarrant.policy.check import check
from gitwarrant.policy.report import Checked, Skipped, Unreadable
from gitwarrant.render.plain import read_manifests
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.reader import read

NO_MANIFEST = "no Kubernetes manifest: nothing in it has an apiVersion or a kind"

_KUSTOMIZE = "Kustomize is not run here: judge 'kubectl kustomize DIR | gitwarrant check -'"
_HELM = "Helm is not run here: judge 'helm template CHART | gitwarrant check -'"
UNRENDERED: Mapping[str, str] = {
    "Kustomization": _KUSTOMIZE,
    "kustomization.yaml": _KUSTOMIZE,
    "kustomization.yml": _KUSTOMIZE,
    "Chart.yaml": _HELM,
}


def check_files(
    files: Sequence[File], *, sets: Sequence[PolicySet], namespace: str, skipped: Iterable[Skipped] = ()
) -> Checked:
    """Judge the manifests of some files, whatever else lies beside them.

    Args:
        namespace: of namespaced objects that name none.
        skipped: files that the caller did not look at; they are reported with ours.

    Raises:
        Refused: by check, when there was no manifest in any file, or no check to run.
    """
    manifests: list[Manifest] = []
    not_looked_at, unreadable = list(skipped), []
    for file in files:
        reason = UNRENDERED.get(file.path.rpartition("/")[2])
        try:
            manifests += [] if reason else [_placed(manifest, namespace) for manifest in read_manifests(file)]
        except Refused as refusal:
            if _has_objects(file):
                place = refusal.place or Place(file.path)
                unreadable.append(Unreadable(place, refusal.what, refusal.remedy))
            else:
                reason = NO_MANIFEST
        if reason:
            not_looked_at.append(Skipped(file.path, reason))
    rendered = _rendered(manifests, files)
    # With something unreadable there is a refusal to report already; a check of nothing would hide it.
    report = _NOTHING if unreadable and not manifests else check(rendered, sets)
    return Checked(report, rendered.sources, tuple(not_looked_at), tuple(unreadable))


_NOTHING = CheckReport(objects=0, findings=(), unjudged=(), tallies=(), refused_by=())


def _rendered(manifests: Sequence[Manifest], files: Iterable[File]) -> Rendered:
    used = {manifest.place.path for manifest in manifests}
    sources = tuple(Source(file.path, file.data) for file in files if file.path in used)
    return Rendered(CommitId(""), TreeId(""), "", tuple(manifests), sources)


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    key = manifest.key
    if key.namespace or scope(key.group, key.kind) is not Scope.NAMESPACE:
        return manifest
    return replace(manifest, key=ObjectKey(key.group, key.kind, namespace, key.name))


def _has_objects(file: File) -> bool:
    """Whether a file that could not be rendered was to hold objects. What is no YAML might have been."""
    try:
        return any(_is_object(document.value) for document in read(file.data, file.path))
    except YamlError:
        return True


def _is_object(value: Json) -> bool:
    return isinstance(value, dict) and ("kind" in value or "apiVersion" in value)
