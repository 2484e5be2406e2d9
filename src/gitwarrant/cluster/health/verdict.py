"""The health of one object: generic signs first, then the rule of its kind, then conventions."""

from collections.abc import Callable, Mapping, Sequence

from gitwarrant.cluster.health import api, autoscaling, batch, network, storage, workloads
from gitwarrant.cluster.health.conventions import changing, conventional
from gitwarrant.cluster.health.pods import explained, pod
from gitwarrant.cluster.health.reading import WELL, Live, Verdict
from gitwarrant.cluster.health.rules import NO_RULES, Rules
from gitwarrant.cluster.health.shipped import awaits_status, operators
from gitwarrant.model.live import Health, ObjectHealth
from gitwarrant.model.manifest import ObjectKey

BUILTIN: Mapping[tuple[str, str], Callable[[Live], Verdict]] = {
    ("", "Namespace"): api.namespace,
    ("", "Node"): api.node,
    ("", "PersistentVolume"): storage.volume,
    ("", "PersistentVolumeClaim"): storage.volume_claim,
    ("", "Pod"): pod,
    ("", "ReplicationController"): workloads.replica_set,
    ("", "Service"): network.service,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): api.admission_policy,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): api.custom_definition,
    ("apiregistration.k8s.io", "APIService"): api.api_service,
    ("apps", "DaemonSet"): workloads.daemon_set,
    ("apps", "Deployment"): workloads.deployment,
    ("apps", "ReplicaSet"): workloads.replica_set,
    ("apps", "StatefulSet"): workloads.stateful_set,
    ("autoscaling", "HorizontalPodAutoscaler"): autoscaling.autoscaler,
    ("batch", "CronJob"): batch.cron_job,
    ("batch", "Job"): batch.job,
    ("certificates.k8s.io", "CertificateSigningRequest"): api.signing_request,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): api.flow_schema,
    ("networking.k8s.io", "Ingress"): network.ingress,
    ("policy", "PodDisruptionBudget"): autoscaling.disruption_budget,
    ("storage.k8s.io", "VolumeAttachment"): storage.attachment,
}


UNHEARD: Verdict = (Health.PROGRESSING, "its controller has said nothing of it yet")


def health(
    key: ObjectKey, live: Live | None, pods: Sequence[Live] = (), rules: Rules = NO_RULES
) -> ObjectHealth:
    """Judge one object.

    Args:
        key: which.
        live: as the server gives it; None where it is not there.
        pods: those it selects, where known: they tell why a workload waits.
        rules: of the environment; they come before what gitwarrant knows of a kind.

    Source: sigs.k8s.io/cli-utils, `kstatus/status`; Argo CD's `gitops-engine/pkg/health`.
    """
    if live is None:
        return ObjectHealth(key, Health.MISSING, "it is not in the cluster")
    verdict = changing(live) or rules.verdict(key.group, key.kind, live) or _known(key, live)
    if verdict[0] in (Health.PROGRESSING, Health.FAILED):
        verdict = explained(verdict, pods)
    return ObjectHealth(key, *verdict)


def _known(key: ObjectKey, live: Live) -> Verdict:
    """What gitwarrant knows of the kind, and without knowing it."""
    builtin = BUILTIN.get((key.group, key.kind))
    if builtin:
        return builtin(live)
    if "." not in key.group:  # the other kinds of Kubernetes itself have nothing to wait for
        return conventional(live)
    verdict = operators().rules.verdict(key.group, key.kind, live)
    return verdict or conventional(live, silent=UNHEARD if awaits_status(key.group, key.kind) else WELL)
