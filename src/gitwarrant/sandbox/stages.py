"""What KWOK plays: how nodes become Ready, Pods run, Jobs complete, and Pods go.

A stage is a step that an object takes when its selector matches; the template is merged into its status.
Written as data because KWOK, as a Go module, has none built in.
"""

from typing import Any

HOLD = "sandbox.gitwarrant.dev/hold"
"""A Pod with this annotation stays Pending: how to see what an unhealthy workload looks like."""

_PRESENT = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
_READY = '.status.conditions.[] | select( .type == "Ready" ) | .status'

_NODE_STATUS = """
{{ $now := Now }}
phase: Running
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
- {type: Hostname, address: {{ NodeName | Quote }}}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  bootID: ""
  machineID: ""
  systemUUID: ""
  osImage: ""
  kernelVersion: kwok
  containerRuntimeVersion: kwok
  kubeProxyVersion: kwok
  kubeletVersion: kwok
"""

_POD_RUNNING = """
{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
{{ range $type := list "Initialized" "ContainersReady" "Ready" }}
- {type: {{ $type | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
  {{ end }}
{{ end }}
{{ $meta := .metadata }}
{{ with PodIPsWith .spec.nodeName (or .spec.hostNetwork false) $meta.uid $meta.name $meta.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs:
{{ range . }}
- ip: {{ . | Quote }}
{{ end }}
{{ end }}
"""

_POD_SUCCEEDED = """
{{ $now := Now }}
phase: Succeeded
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state:
    terminated:
      exitCode: 0
      reason: Completed
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
"""


def _stage(name: str, kind: str, conditions: list[dict[str, Any]], then: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": conditions},
            "next": then,
        },
    }


def _is_in(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": list(values)}


def _is_not_in(key: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": "NotIn", "values": list(values)}


STAGES: tuple[dict[str, Any], ...] = (
    _stage("node-ready", "Node", [_is_not_in(_READY, "True")], {"statusTemplate": _NODE_STATUS}),
    _stage(
        "pod-runs",
        "Pod",
        [
            _PRESENT,
            _is_in(".status.phase", "Pending"),
            _is_not_in(_READY, "True"),
            {"key": f'.metadata.annotations["{HOLD}"]', "operator": "DoesNotExist"},
        ],
        {"statusTemplate": _POD_RUNNING},
    ),
    _stage(
        "job-completes",
        "Pod",
        [_PRESENT, _is_in(".status.phase", "Running"), _is_in(".metadata.ownerReferences.[].kind", "Job")],
        {"statusTemplate": _POD_SUCCEEDED},
    ),
    _stage(
        "pod-goes",
        "Pod",
        [{"key": ".metadata.deletionTimestamp", "operator": "Exists"}],
        {"delete": True},
    ),
)
