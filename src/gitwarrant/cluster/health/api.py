"""What the API itself is made of: definitions, services, namespaces, nodes, certificates, policies."""

from gitwarrant.cluster.health.reading import (
    NOTHING,
    WELL,
    Live,
    Verdict,
    conditions,
    holds,
    mappings,
    said,
    section,
    status_of,
    text,
)
from gitwarrant.model.live import Health


def custom_definition(live: Live) -> Verdict:
    """A CustomResourceDefinition: its kind is served."""
    told = conditions(status_of(live))
    for name in ("NamesAccepted", "KubernetesAPIApprovalPolicyConformant"):
        if holds(told, name, "False"):
            return Health.FAILED, said(told[name])
    if holds(told, "NonStructuralSchema"):
        return Health.FAILED, said(told["NonStructuralSchema"])
    return WELL if holds(told, "Established") else (Health.PROGRESSING, "it is not served yet")


def api_service(live: Live) -> Verdict:
    """An APIService: the server behind it answers."""
    told = conditions(status_of(live))
    if holds(told, "Available"):
        return WELL
    return Health.PROGRESSING, said(told["Available"]) if "Available" in told else "it was not tried yet"


def namespace(live: Live) -> Verdict:
    """A Namespace."""
    return (
        WELL
        if text(status_of(live), "phase") != "Terminating"
        else (Health.PROGRESSING, "it is being deleted")
    )


def node(live: Live) -> Verdict:
    """A Node."""
    told = conditions(status_of(live))
    if not holds(told, "Ready"):
        return Health.FAILED, said(told.get("Ready", {"type": "Ready", "status": "not known"}))
    return (
        (Health.SUSPENDED, "it takes no new Pods")
        if section(live, "spec").get("unschedulable") is True
        else WELL
    )


def signing_request(live: Live) -> Verdict:
    """A CertificateSigningRequest."""
    status = status_of(live)
    told = conditions(status)
    for name in ("Denied", "Failed"):
        if holds(told, name):
            return Health.FAILED, said(told[name])
    if text(status, "certificate"):
        return WELL
    return Health.PROGRESSING, "it waits for its signer" if holds(
        told, "Approved"
    ) else "it waits for an approval"


def admission_policy(live: Live) -> Verdict:
    """A ValidatingAdmissionPolicy: its expressions fit the kinds they are about."""
    warnings = mappings(section(status_of(live), "typeChecking"), "expressionWarnings")
    if warnings:
        first = warnings[0]
        told = text(first, "warning") or "an expression does not fit the kinds it is about"
        return Health.FAILED, f"{text(first, 'fieldRef')}: {told}".strip(": ")
    return WELL


def flow_schema(live: Live) -> Verdict:
    """A FlowSchema: the priority level it names is there."""
    dangling = conditions(status_of(live)).get("Dangling", NOTHING)
    return (Health.FAILED, said(dangling)) if text(dangling, "status") == "True" else WELL
