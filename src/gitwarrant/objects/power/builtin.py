"""The ClusterRoles that people bind and no manifest declares, as Kubernetes 1.36 has them.

A test compares them with a running API server. A binding to any other role that is not among
the manifests is said to be unknown.
"""

from collections.abc import Mapping
from types import MappingProxyType

from gitwarrant.objects.power.atoms import Power
from gitwarrant.objects.rbac import CLUSTER_ADMIN_LABELS

_READ = "get list watch"
_WRITE = "create delete deletecollection patch update"

# Each line: API groups, resources, verbs; `-` is the core group. Of each role, what the one before has not.
_VIEW = f"""\
-|configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers \
replicationcontrollers/scale serviceaccounts services services/status|{_READ}
-|bindings limitranges namespaces namespaces/status pods/log pods/status replicationcontrollers/status \
resourcequotas resourcequotas/status|{_READ}
- events.k8s.io|events|{_READ}
discovery.k8s.io|endpointslices|{_READ}
apps|controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status \
replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status|{_READ}
autoscaling|horizontalpodautoscalers horizontalpodautoscalers/status|{_READ}
batch|cronjobs cronjobs/status jobs jobs/status|{_READ}
extensions|daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses \
ingresses/status networkpolicies replicasets replicasets/scale replicasets/status \
replicationcontrollers/scale|{_READ}
policy|poddisruptionbudgets poddisruptionbudgets/status|{_READ}
networking.k8s.io|ingresses ingresses/status networkpolicies|{_READ}
resource.k8s.io|resourceclaims resourceclaims/status resourceclaimtemplates|{_READ}
"""
_EDIT = f"""\
-|pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy|{_READ}
-|serviceaccounts|impersonate
-|pods pods/attach pods/exec pods/portforward pods/proxy|{_WRITE}
-|pods/eviction serviceaccounts/token|create
-|configmaps persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets \
serviceaccounts services services/proxy|{_WRITE}
- events.k8s.io|events|{_WRITE}
apps|daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale \
statefulsets statefulsets/scale|{_WRITE}
autoscaling|horizontalpodautoscalers|{_WRITE}
batch|cronjobs jobs|{_WRITE}
extensions|daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies \
replicasets replicasets/scale replicationcontrollers/scale|{_WRITE}
policy|poddisruptionbudgets|{_WRITE}
networking.k8s.io|ingresses networkpolicies|{_WRITE}
coordination.k8s.io|leases|{_READ} {_WRITE}
resource.k8s.io|resourceclaims resourceclaimtemplates|{_WRITE}
"""
_ADMIN = f"""\
authorization.k8s.io|localsubjectaccessreviews|create
rbac.authorization.k8s.io|rolebindings roles|{_READ} {_WRITE}
"""


def _powers(text: str) -> frozenset[Power]:
    rows = [[words.split() for words in line.split("|")] for line in text.splitlines()]
    return frozenset(
        Power("" if group == "-" else group, resource, verb)
        for groups, resources, verbs in rows
        for group in groups
        for resource in resources
        for verb in verbs
    )


BUILT_IN: Mapping[str, frozenset[Power]] = MappingProxyType(
    {
        "cluster-admin": frozenset({Power("*", "*", "*"), Power("", "", "*", url="*")}),
        "admin": _powers(_VIEW + _EDIT + _ADMIN),
        "edit": _powers(_VIEW + _EDIT),
        "view": _powers(_VIEW),
    }
)
"""By name."""

AGGREGATED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"view": ("view", "edit", "admin"), "edit": ("edit", "admin"), "admin": ("admin",)}
)
"""By the word of the label `rbac.authorization.k8s.io/aggregate-to-WORD`: which of them take up its rules."""

BUILT_IN_LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cluster-admin": CLUSTER_ADMIN_LABELS,
        "admin": CLUSTER_ADMIN_LABELS,
        "edit": {**CLUSTER_ADMIN_LABELS, "rbac.authorization.k8s.io/aggregate-to-admin": "true"},
        "view": {**CLUSTER_ADMIN_LABELS, "rbac.authorization.k8s.io/aggregate-to-edit": "true"},
    }
)
"""The labels that every API server gives them."""
