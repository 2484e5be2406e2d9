"""Who usually stands behind the name of a field manager, and what to do about a conflict, as data."""

from dataclasses import dataclass

MANIFEST = "take the field out of the manifest: {who} decides it"


@dataclass(frozen=True, slots=True)
class Known:
    """Managers whose names begin alike."""

    prefixes: tuple[str, ...]
    who: str
    remedy: str


MANAGERS: tuple[Known, ...] = (
    Known(
        ("kubectl", "before-first-apply"), "somebody with kubectl", "let the environment 'adopt: [kubectl]'"
    ),
    Known(
        ("kustomize-controller",),
        "Flux",
        "suspend its Kustomization, set to 'prune: false', and let the environment 'adopt: [flux]'",
    ),
    Known(("helm-controller",), "Flux", "suspend its HelmRelease, and let the environment 'adopt: [flux]'"),
    Known(
        ("argocd",),
        "Argo CD",
        "delete its Application with --cascade=orphan, and let the environment 'adopt: [argocd]'",
    ),
    Known(("helm",), "Helm", "let the environment 'adopt: [helm]', and no longer upgrade the release"),
    Known(
        ("Terraform", "terraform", "HashiCorp"), "Terraform", "make Terraform forget it: terraform state rm"
    ),
    Known(("pulumi",), "Pulumi", "make Pulumi forget it: pulumi state delete"),
    Known(("horizontal-pod-autoscaler", "keda", "vpa-"), "an autoscaler", MANIFEST),
    Known(("kube-", "kubelet", "cloud-controller-manager"), "Kubernetes itself", MANIFEST),
    Known(("cainjector", "cert-manager"), "cert-manager", MANIFEST),
    Known(("istio", "linkerd", "pilot-discovery"), "a service mesh", MANIFEST),
)
UNKNOWN = Known(
    (), "", "find out who writes as this manager; stop it, or take the fields out of the manifest"
)


def known(manager: str) -> Known:
    """What is known of a manager by its name; a name proves nothing, anybody may write as anything."""
    return next((item for item in MANAGERS if manager.startswith(item.prefixes)), UNKNOWN)


def told(manager: str) -> str:
    """A manager's name with who that usually is."""
    who = known(manager).who
    return f"{manager!r} ({who})" if who else repr(manager)


def remedy(manager: str) -> str:
    """What to do about a conflict with a manager."""
    found = known(manager)
    return found.remedy.format(who=found.who)
