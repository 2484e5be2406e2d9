"""Where an environment has a namespace to itself, and what may be there."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from gitwarrant.audit.queries import warranted_environments
from gitwarrant.cluster.applyset import applyset_id, parent_key
from gitwarrant.cluster.ignoring import Ignoring
from gitwarrant.cluster.undeclared import Estate, Makers
from gitwarrant.model.environment import Environment
from gitwarrant.model.live import InventoryEntry
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.objects.rbac import GROUP, rights_name
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.warranting import owners_here


def estate_of(
    work: Delivery,
    environment: Environment,
    makers: Makers,
    inventory: Iterable[InventoryEntry],
    now: datetime,
) -> Estate:
    """What nobody declared is told in namespaces that it declares, and in its own where it is asked to.

    What other environments of the same cluster declare there is no stranger.
    """
    whole = {entry.key.name for entry in inventory if entry.key.typed == "Namespace"}
    if environment.unmanaged:
        whole.add(environment.namespace)
    namespaces = whole | {entry.key.namespace for entry in inventory if entry.key.namespace}
    own = {
        key
        for name in warranted_environments(work.recorder)
        for namespace in namespaces
        for key in (parent_key(name, namespace), *_rights(work.agent.tenant.name, name, namespace))
    }
    return Estate(
        whole=frozenset(whole),
        shared=frozenset(namespaces - whole),
        identifier=applyset_id(parent_key(environment.name, environment.namespace)),
        declared=frozenset(owners_here(work, environment.name)) | own,
        uids={entry.uid: entry.key.typed for entry in inventory},
        makers=makers,
        ignoring=Ignoring.of(environment.ignore, now),
    )


def _rights(tenant: str, environment: str, namespace: str) -> Iterator[ObjectKey]:
    """The Role that the agent has there for an environment, and its binding: `gitwarrant rbac` names them."""
    for kind in ("Role", "RoleBinding"):
        yield ObjectKey(GROUP, kind, namespace, rights_name(tenant, environment))
