"""Taking over objects that other tools made: their fields become ours, so that what we drop is dropped.

Without the transfer an object would have two declarers: a field that our manifest no longer has
would stay, because the earlier tool still owns it. Nothing but managedFields is written here;
server-side apply follows, so a Pod restarts only where our manifest says something else.

Source: client-go, `csaupgrade`, which does this for kubectl alone.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gitwarrant.cluster.client import MANAGER
from gitwarrant.cluster.fieldsets import LAST_APPLIED, declared, entries, union
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.manifest import Content, Json
from gitwarrant.model.plan import FieldDifference
from gitwarrant.objects.difference import bare, compare

MANAGERS: Mapping[Adoptable, frozenset[str]] = {
    Adoptable.KUBECTL: frozenset(
        {
            "before-first-apply",  # what the server calls the fields of a time without managedFields
            "kubectl",
            "kubectl-annotate",
            "kubectl-client-side-apply",
            "kubectl-create",
            "kubectl-edit",
            "kubectl-label",
            "kubectl-patch",
            "kubectl-replace",
            "kubectl-set",
        }
    ),
    Adoptable.FLUX: frozenset({"helm-controller", "kustomize-controller"}),
    Adoptable.ARGOCD: frozenset({"argocd-application-controller", "argocd-controller"}),
    Adoptable.HELM: frozenset({"helm"}),
}
"""By which names the tools write; older Argo CD and Helm write as kubectl's client-side apply."""
KUBECTLS = ("metadata", "annotations", LAST_APPLIED)


def earlier(tools: Iterable[Adoptable]) -> frozenset[str]:
    """The field managers of the tools whose objects may be taken over."""
    return frozenset().union(*(MANAGERS[tool] for tool in tools))


def takes_over(live: Content, managers: frozenset[str]) -> tuple[str, ...]:
    """Which of these managers declared fields of an object, sorted; none: it is not theirs to hand over."""
    return tuple(sorted({entry["manager"] for entry in entries(live, managers)}))


def declarers(live: Content) -> tuple[Adoptable, ...]:
    """The tools that declared fields of an object."""
    return tuple(tool for tool in Adoptable if takes_over(live, MANAGERS[tool]))


def ours_already(live: Content) -> bool:
    """Whether managedFields call fields of an object ours. Whoever may write it may forge that."""
    return bool(entries(live, frozenset({MANAGER})))


def transfer(live: Content, managers: frozenset[str]) -> list[dict[str, Json]]:
    """The JSON patch that makes the fields of these managers ours, bound to the object as it was read."""
    given = entries(live, managers | {MANAGER})
    fields: dict[str, Any] = {}
    for entry in given:
        fields = union(fields, entry["fieldsV1"]) if fields else dict(entry["fieldsV1"])
    ours = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    metadata = live["metadata"]
    others = [entry for entry in metadata["managedFields"] if entry not in given]
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*others, ours]},
    ]


def given_up(live: Content, content: Content, managers: frozenset[str]) -> tuple[FieldDifference, ...]:
    """The fields that the earlier managers declared and our manifest does not: they go.

    A dry run cannot tell: to the server they are the other manager's until they were transferred.
    Fields that stay because somebody else declares them too are among these.
    """
    theirs = declared(live, managers)
    if theirs is None:
        return ()
    found = compare(bare(theirs), bare(content))
    return tuple(item for item in found if not item.after and item.pointer != KUBECTLS)
