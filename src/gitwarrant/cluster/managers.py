"""Who usually stands behind the name of a field manager, and what to do about it, as data."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """Managers whose names begin alike."""

    prefixes: tuple[str, ...]
    who: str
    remedy: str


HUMAN = "land what was done by hand in Git, or adopt the object; then only gitwarrant writes it"
MANAGERS: tuple[Known, ...] = (
    Known(("kubectl-client-side-apply",), "somebody with kubectl apply", HUMAN),
    Known(("kubectl",), "somebody with kubectl", HUMAN),
    Known(
        ("helm",),
        "Helm",
        "uninstall the release with --keep-history and 'helm.sh/resource-policy: keep', or adopt its objects",
    ),
    Known(
        ("kustomize-controller",),
        "Flux",
        "suspend the Kustomization that holds it, with 'prune: false', or adopt its objects",
    ),
    Known(("helm-controller",), "Flux", "suspend the HelmRelease that holds it, or adopt its objects"),
    Known(
        ("argocd",),
        "Argo CD",
        "delete the Application without cascade (kubectl -n argocd delete application NAME --cascade=orphan), "
        "or adopt its objects",
    ),
    Known(
        ("Terraform", "terraform", "HashiCorp"), "Terraform", "terraform state rm what gitwarrant owns now"
    ),
    Known(("pulumi",), "Pulumi", "take it out of the stack: pulumi state delete"),
    Known(
        ("horizontal-pod-autoscaler", "vpa-", "keda"),
        "an autoscaler",
        "take the field out of the manifest: the autoscaler decides it",
    ),
    Known(
        ("kube-controller-manager", "kube-scheduler", "kubelet", "k3s", "rke2"),
        "Kubernetes itself",
        "take the field out of the manifest: the cluster decides it",
    ),
    Known(("cainjector", "cert-manager"), "cert-manager", "take the field out of the manifest"),
    Known(("istio", "pilot-discovery", "linkerd"), "a service mesh", "take the field out of the manifest"),
)
UNKNOWN = Known(
    (), "", "find out who writes as this manager; stop it, or take the fields out of the manifest"
)


def known(manager: str) -> Known:
    """What is known about a manager by its name; names are not proof of who wrote."""
    fits = (item for item in MANAGERS if manager.startswith(item.prefixes))
    return max(fits, key=lambda item: max(map(len, item.prefixes)), default=UNKNOWN)


def told(manager: str) -> str:
    """A manager's name with who that usually is."""
    who = known(manager).who
    return f"{manager!r} ({who})" if who else repr(manager)
