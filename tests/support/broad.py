"""An object of every kind that environments are made of, but for the namespace that they lie in."""

import yaml

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.sandbox.stages import HOLD

IMAGE = "registry.example/web@sha256:" + "a" * 64

# The Roles are there for what the API server asks of whoever writes them; the Deployment `waits` and the
# autoscaler for what is read beside the objects.
TEXT = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.NS.example.com, annotations: {gitwarrant.dev/delete: allow}}
spec:
  group: NS.example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: low-NS}, value: 5}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reads-NS}
rules:
  - {apiGroups: [""], resources: [nodes], verbs: [get]}
  - {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reads-NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reads-NS}
subjects: [{kind: ServiceAccount, namespace: NS, name: web}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: elects, namespace: NS}
rules:
  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, update], resourceNames: [web]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: elects, namespace: NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: elects}
subjects: [{kind: ServiceAccount, namespace: NS, name: web}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: views, namespace: NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, namespace: NS, name: web}]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: NS}, data: {a: b}}
---
{apiVersion: v1, kind: Secret, metadata: {name: password, namespace: NS}, type: Opaque}
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: web, namespace: NS}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: NS}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: NS}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "IMAGE"}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: waits, namespace: NS}
spec:
  selector: {matchLabels: {app: waits}}
  template:
    metadata: {labels: {app: waits}, annotations: {HOLD: "yes"}}
    spec: {containers: [{name: web, image: "IMAGE"}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: NS, annotations: {gitwarrant.dev/delete: allow}}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "IMAGE"}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node, namespace: NS}
spec:
  selector: {matchLabels: {app: node}}
  template:
    metadata: {labels: {app: node}}
    spec: {containers: [{name: node, image: "IMAGE"}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: NS}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: nightly, image: "IMAGE"}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: NS}
spec: {minReplicas: 1, maxReplicas: 2, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: NS}
spec: {podSelector: {}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: NS}
spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: NS}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
---
{apiVersion: NS.example.com/v1, kind: Widget, metadata: {name: one, namespace: NS}, spec: {size: 3}}
"""


def broad_text(namespace: str) -> str:
    """As YAML; names outside of the namespace hold its name, so that environments stay apart."""
    return TEXT.replace("NS", namespace).replace("IMAGE", IMAGE).replace("HOLD", HOLD)


def broad(namespace: str) -> list[Manifest]:
    """As manifests."""
    found = []
    for content in yaml.safe_load_all(broad_text(namespace)):
        group, _, version = content["apiVersion"].rpartition("/")
        metadata = content["metadata"]
        key = ObjectKey(group, content["kind"], metadata.get("namespace", ""), metadata["name"])
        found.append(Manifest(key, version, content, Place("broad.yaml", 1), 0, ()))
    return found
