"""What power an environment takes to be deployed, and what power a change gives to whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from gitwarrant.cluster.applyset import applyset_id, parent_key
from gitwarrant.cluster.power.needs import Naming, Needed, Served, needs
from gitwarrant.cluster.power.roles import Grantings, grantings
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Environment, Tenant
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Content, Manifest, ObjectKey
from gitwarrant.model.plan import Action, PlannedObject
from gitwarrant.objects.fields import WrongShape
from gitwarrant.objects.pods import POD_SPECS
from gitwarrant.objects.power.atoms import Power, uncovered
from gitwarrant.objects.power.change import PowerChange, compare
from gitwarrant.objects.power.reach import Path, paths, telling
from gitwarrant.objects.power.subjects import SERVICE_ACCOUNT, Subject, holdings
from gitwarrant.objects.rbac import BINDINGS, GROUP, ROLES, rights_name
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.rendering import rendering
from gitwarrant.plan.plan import OWN_NAMESPACE, plan

APPLIER = Subject(SERVICE_ACCOUNT, OWN_NAMESPACE, "gitwarrant-applier")
"""Who the agent is to a cluster, unless an operator says otherwise."""

MATTERS = frozenset(
    {*((GROUP, kind) for kind in (*ROLES, *BINDINGS)), ("", SERVICE_ACCOUNT), *POD_SPECS},
)
"""Kinds without which a change moves nobody's power."""

ACCOUNT_FIELDS = frozenset({"serviceAccountName", "serviceAccount"})


@dataclass(frozen=True, slots=True)
class Site:
    """Where power is asked about: an environment of a tenant, in a repository."""

    repository: Repository
    environment: Environment
    tenant: Tenant
    served: Served


@dataclass(frozen=True, slots=True)
class Computed:
    """The Roles that deploying an environment takes, and what a thief of them could do beyond."""

    granted: Grantings
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change does to power: of those whom the environment's objects empower, and of the applier."""

    change: PowerChange
    applier: tuple[Power, ...]
    """What the applier needs and did not before: an administrator gives it before the change can deploy."""


def computed(
    site: Site, commit: CommitId, standing: CommitId | None, *, naming: Naming, holder: Subject
) -> Computed:
    """The Roles for one revision.

    Args:
        standing: what is deployed; what it has and the revision has not will have to be deleted.
        holder: who gets the power.

    Raises:
        Refused: by fetch, render or plan: the revision could not be deployed at all.
        GitwarrantError: a custom kind's resource is not known.
    """
    manifests = _manifests(site, commit)
    needed = _needed(site, manifests, _gone(site, manifests, standing), naming)
    namespaces = [item.key.name for item in manifests if (item.key.group, item.key.kind) == ("", "Namespace")]
    name = rights_name(site.tenant.name, site.environment.name)
    identifier = applyset_id(parent_key(site.environment.name, site.environment.namespace))
    granted = grantings(needed, name, holder, namespaces, identifier)
    found = paths(holder, holdings([*manifests, *map(_manifest, granted.objects)]))
    return Computed(granted, telling(tuple(found)))


def moved(site: Site, before: CommitId | None, after: CommitId) -> Moved:
    """What power a change of an environment adds and takes away.

    Args:
        before: what it is compared with; None: there was nothing.

    Raises:
        Refused: by fetch, render or plan: one of the two could not be deployed.
        GitwarrantError: a custom kind's resource is not known.
    """
    earlier = _manifests(site, before) if before else ()
    later = _manifests(site, after)
    needed_before = _needed(site, earlier, (), Naming.GRANT) if earlier else ()
    needed = _needed(site, later, _gone(site, later, before), Naming.GRANT)
    return Moved(
        compare(holdings(earlier), holdings(later)),
        uncovered((item.power for item in needed), (item.power for item in needed_before)),
    )


def power_of(judgement: Judgement) -> PowerChange | None:
    """What a judged change does to power; None where it moves nothing that power comes from.

    None as well where what stood before cannot be shown, or a role cannot be
    read: the API server refuses that one, and `rbac diff` says why.
    """
    planned, rendered, before = judgement.plan, judgement.rendered, judgement.before
    hidden = judgement.question.previous is not None and before is None
    if planned is None or rendered is None or hidden or not any(map(_moves_power, planned.objects)):
        return None
    try:
        return compare(holdings(before.manifests if before else ()), holdings(rendered.manifests))
    except WrongShape:
        return None


def _moves_power(planned: PlannedObject) -> bool:
    """Whether power may come from this change: of a workload, only as which account it runs matters."""
    kind = (planned.key.group, planned.key.kind)
    if kind in POD_SPECS and planned.action is Action.UPDATE:
        return any(ACCOUNT_FIELDS.intersection(map(str, item.pointer)) for item in planned.differences)
    return kind in MATTERS and planned.action is not Action.UNCHANGED


def _manifests(site: Site, commit: CommitId) -> tuple[Manifest, ...]:
    rendered = rendering(site.repository, site.environment, site.tenant.custom_kinds, commit)
    plan(site.environment, site.tenant, rendered, None, None)  # refuses what is out of the grant
    return rendered.manifests


def _gone(site: Site, manifests: Sequence[Manifest], standing: CommitId | None) -> tuple[Manifest, ...]:
    if standing is None:
        return ()
    keys = {item.key for item in manifests}
    before = rendering(site.repository, site.environment, site.tenant.custom_kinds, standing)
    return tuple(item for item in before.manifests if item.key not in keys)


def _needed(
    site: Site, manifests: Sequence[Manifest], leaving: Sequence[Manifest], naming: Naming
) -> tuple[Needed, ...]:
    grant = site.tenant.grant(site.environment.name)
    if grant is None:
        raise ValueError("plan lets nothing pass without a grant")
    return needs(site.environment, grant, manifests, naming=naming, served=site.served, leaving=leaving)


def _manifest(content: Content) -> Manifest:
    """One of the computed objects, to be read like any other."""
    group, _, version = str(content["apiVersion"]).rpartition("/")
    metadata = content["metadata"]
    key = ObjectKey(group, str(content["kind"]), metadata.get("namespace", ""), metadata["name"])
    return Manifest(key, version, content, Place("computed"), 0, ())
