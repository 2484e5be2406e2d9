"""What the engine asks of an API server, as data. A test on a real one compares it with the audit log.

Reading the discovery and the version needs no rule: `system:discovery` gives it to everybody who is known.
"""

from dataclasses import dataclass

BY_NAME = frozenset({("", "Secret")})
"""Kinds whose objects are watched one by one: who may list Secrets may read all of them."""


BOOKKEEPING = frozenset(
    {
        "Event",
        "Event.events.k8s.io",
        "Lease.coordination.k8s.io",
        "VerticalPodAutoscalerCheckpoint.autoscaling.k8s.io",
    }
)
"""Kinds that controllers write all the time, and that run nothing and grant nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """A verb that is used on every object of an environment."""

    verb: str
    named: bool
    """The request names the object, so a rule can name it too."""
    reason: str


OBJECT_CALLS: tuple[Call, ...] = (
    Call("get", True, "plan, apply and observe read it"),
    # Server-side apply names what it creates, but the copy that is tried has a name that nobody has.
    Call("create", False, "apply creates it; a copy is tried (dry run) to know what a clean create gives"),
    Call("patch", True, "apply and revert write it; plan tries the write (dry run)"),
    Call("delete", True, "apply deletes it when a change removes it"),
    Call("list", False, "observe lists its kind once, and after a break"),
    Call("watch", False, "observe is told of every change; apply waits for the end of a hook"),
)


def names(call: Call, group: str, kind: str) -> bool:
    """Whether a call on an object of this kind names it."""
    return call.named or (call.verb in ("list", "watch") and (group, kind) in BY_NAME)


@dataclass(frozen=True, slots=True)
class Watched:
    """A kind that is read although the environment may have none of it, because of kinds that it has."""

    group: str
    resource: str
    verbs: tuple[str, ...]
    for_kinds: frozenset[str]
    reason: str


WORKLOADS = frozenset(
    {"CronJob.batch", "DaemonSet.apps", "Deployment.apps", "Job.batch", "ReplicaSet.apps", "StatefulSet.apps"}
)
BETWEEN = "status shows what stands between it and its Pods"

WATCHED: tuple[Watched, ...] = (
    Watched("", "pods", ("list",), WORKLOADS, "the Pods of a workload that waits say why"),
    Watched("apps", "replicasets", ("list",), WORKLOADS, BETWEEN),
    Watched("batch", "jobs", ("list",), WORKLOADS, BETWEEN),
    Watched(
        "autoscaling",
        "horizontalpodautoscalers",
        ("list",),
        frozenset({"Deployment.apps", "ReplicaSet.apps", "StatefulSet.apps"}),
        "an autoscaler may have set the replicas that differ",
    ),
)

CLUSTER_UID = "its uid tells one cluster from another"
PARENT = "the ApplySet's parent keeps the highest sequence that was applied"
STRANGERS = "observe tells what nobody declared, of any kind but Secrets"
SCHEMA = "the defaults of a custom kind can change without the server's version"
PARENT_VERBS = ("get", "create", "patch")
"""All of them name it: it is only ever written by server-side apply."""
