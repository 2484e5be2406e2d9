"""What an API server's refusal means to a person: its `Status` answer as one of our errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gitwarrant.cluster.managers import remedy as managed_remedy
from gitwarrant.cluster.managers import told
from gitwarrant.model.errors import GitwarrantError, Unreachable

MAX_MESSAGE = 2_000  # characters; a webhook may answer with a book
MAX_CAUSE = 300  # characters of one field's complaint, which may repeat a whole Pod before it says why

# The authorizer's sentence; admission (quotas, Pod Security, webhooks) answers 403 in other words.
FORBIDDEN = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)"'
    r'(?: in API group "(?P<group>[^"]*)")?(?P<where>.*)',
    re.DOTALL,
)
MANAGER = re.compile(r'conflict with "(?P<manager>[^"]*)"')

# Server-side apply answers an unknown field with 500, though only the request is at fault.
UNTYPED = re.compile(r"failed to create typed patch object \([^)]*\): (?P<fields>.*)", re.DOTALL)


WEBHOOK_BROKE = re.compile(r'failed calling webhook "(?P<webhook>[^"]*)"')
TOO_LARGE = re.compile(r"request is too large|request entity too large", re.IGNORECASE)

REMEDIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r'admission webhook "(?P<by>[^"]*)" denied the request'),
        "mend the manifest as {by} says, or ask who runs that webhook",
    ),
    (
        re.compile(r"ValidatingAdmissionPolicy '(?P<by>[^']*)'"),
        "mend the manifest as the policy {by} says, or ask who wrote it",
    ),
    (re.compile(r"exceeded quota: (?P<by>[^,]*)"), "ask for less, or raise the ResourceQuota {by}"),
    (
        re.compile(r"because it is being terminated"),
        "wait until its namespace is gone, and see which finalizers keep it; then apply again",
    ),
    (TOO_LARGE, "split the object: etcd takes one and a half megabytes"),
)
"""What the API server's words ask for; each may name who refused as `by`."""


class ClusterError(GitwarrantError):
    """Anything that went wrong between gitwarrant and a cluster and that waiting will not mend."""


class ClusterRefused(ClusterError):
    """The API server answered no. `status` is the HTTP status, `reason` its machine-readable word."""

    def __init__(self, what: str, *, remedy: str, status: int, reason: str = "") -> None:
        self.status, self.reason = status, reason
        super().__init__(what, remedy=remedy)


class Denied(ClusterRefused):
    """Authentication or RBAC stopped us: nothing about the object itself was judged."""


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A field that another manager holds with another value; `field` in the server's spelling."""

    manager: str
    field: str


class Conflict(ClusterRefused):
    """Somebody else holds fields that we want, or the object moved on since it was read."""

    def __init__(
        self,
        what: str,
        *,
        remedy: str,
        status: int,
        reason: str = "",
        conflicts: tuple[FieldConflict, ...] = (),
    ) -> None:
        self.conflicts = conflicts
        super().__init__(what, remedy=remedy, status=status, reason=reason)


@dataclass(frozen=True, slots=True)
class Cause:
    """One field that the server did not accept, in its own spelling, and why."""

    field: str
    message: str


class Invalid(ClusterRefused):
    """The object itself was judged and refused: schema, validation, admission."""

    def __init__(
        self, what: str, *, remedy: str, status: int, reason: str = "", causes: tuple[Cause, ...] = ()
    ) -> None:
        self.causes = causes
        super().__init__(what, remedy=remedy, status=status, reason=reason)


class NotFound(ClusterRefused):
    """The object, its namespace or its kind is not there."""


class Expired(ClusterRefused):
    """The server no longer knows the moment that was asked for: list anew."""


class ServerTrouble(Unreachable):
    """The server answered, but not about the request: overloaded, restarting, a webhook that broke."""


class WebhookTrouble(ServerTrouble):
    """A webhook that must be asked did not answer: it concerns the objects that it judges, not the server."""


def refusal(status: int, answer: Any, subject: str) -> GitwarrantError:
    """Translate an answer of 400 and above.

    Args:
        status: HTTP status.
        answer: the decoded body; usually a `Status` object, but anything may come.
        subject: what was asked, for the message (`apply Deployment.apps web/shop`).

    Source: k8s.io/apimachinery, `metav1.Status` and its reasons.
    """
    body: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
    message = _shortened(str(body.get("message") or f"HTTP {status}"), MAX_MESSAGE)
    reason = str(body.get("reason") or "")
    causes = _causes(body)
    match status:
        case 401:
            return _unauthenticated(subject)
        case 403:
            return _forbidden(subject, message, reason, causes)
        case 404:
            return NotFound(
                f"{subject}: {message}",
                remedy="create it first, or check the name",
                status=status,
                reason=reason,
            )
        case 409:
            return _conflict(subject, message, reason, causes)
        case 410:
            return Expired(
                f"{subject}: {message}",
                remedy="run again: what was read meanwhile is too old",
                status=status,
                reason=reason,
            )
        case 429 | _ if status == 429 or status >= 500:
            return _trouble(subject, message, status, reason)
    return _invalid(subject, message, status, reason, causes)


def _trouble(subject: str, message: str, status: int, reason: str) -> GitwarrantError:
    """Tell what the object or a webhook is to blame for from what the server is."""
    if found := UNTYPED.search(message):
        return _invalid(subject, message, status, reason, _untyped(found["fields"]))
    if TOO_LARGE.search(message):
        return _invalid(subject, message, status, reason, ())
    if found := WEBHOOK_BROKE.search(message):
        return WebhookTrouble(
            f"{subject}: the webhook {found['webhook']} could not be asked: {message}",
            remedy=f"see why {found['webhook']} does not answer: by its failurePolicy it must be asked",
        )
    return ServerTrouble(f"{subject}: the API server answered {status}: {message}", remedy="try again later")


def _unauthenticated(subject: str) -> Denied:
    return Denied(
        f"{subject}: the API server does not accept our credential",
        remedy="renew the kubeconfig's credential",
        status=401,
        reason="Unauthorized",
    )


def _forbidden(subject: str, message: str, reason: str, causes: tuple[Cause, ...]) -> ClusterRefused:
    found = FORBIDDEN.search(message)
    if found is None:  # authorized, then refused by admission: it is about the object
        return _invalid(subject, message, 403, reason, causes)
    resource = ".".join(filter(None, (found["resource"], found["group"])))
    where = " ".join(found["where"].split())
    return Denied(
        f"{subject}: {found['user']} may not {found['verb']} {resource} {where}".rstrip(),
        remedy=f"grant the verb {found['verb']!r} on {resource} to {found['user']} by RBAC",
        status=403,
        reason=reason,
    )


def _conflict(subject: str, message: str, reason: str, causes: tuple[Cause, ...]) -> Conflict:
    conflicts = tuple(
        FieldConflict(found["manager"], cause.field)
        for cause in causes
        if (found := MANAGER.search(cause.message))
    )
    if not conflicts:
        return Conflict(
            f"{subject}: {message}",
            remedy="it changed since it was read: run again",
            status=409,
            reason=reason,
        )
    held = ", ".join(f"{conflict.field} by {told(conflict.manager)}" for conflict in conflicts)
    remedies = dict.fromkeys(managed_remedy(conflict.manager) for conflict in conflicts)
    return Conflict(
        f"{subject}: fields are held by another manager: {held}",
        remedy="; ".join(remedies),
        status=409,
        reason=reason,
        conflicts=conflicts,
    )


def _invalid(subject: str, message: str, status: int, reason: str, causes: tuple[Cause, ...]) -> Invalid:
    named = "; ".join(f"{cause.field}: {cause.message}" for cause in causes if cause.field)
    return Invalid(
        f"{subject}: {named or message}",
        remedy=_mend(message),
        status=status,
        reason=reason,
        causes=causes,
    )


def _mend(message: str) -> str:
    """What to do about an object that was refused: some say who refused it, and why."""
    for pattern, remedy in REMEDIES:
        if found := pattern.search(message):
            return remedy.format(**found.groupdict())
    return "mend the manifest as the API server says"


def _untyped(text: str) -> tuple[Cause, ...]:
    """Read `.spec.replica: field not declared in schema`, one or a list of them."""
    lines = [line.strip() for line in text.removeprefix("errors:").splitlines()]
    parts = [line.partition(": ") for line in lines if line]
    return tuple(Cause(field.removeprefix("."), message) for field, _, message in parts)


def _shortened(text: str, most: int) -> str:
    """A text without its middle: what is wrong often stands at the end."""
    return text if len(text) <= most else f"{text[: most // 2]} ... {text[-most // 2 :]}"


def _causes(body: Mapping[str, Any]) -> tuple[Cause, ...]:
    details = body.get("details")
    listed = details.get("causes") if isinstance(details, dict) else None
    if not isinstance(listed, list):
        return ()
    return tuple(
        Cause(str(cause.get("field") or ""), _shortened(str(cause.get("message") or ""), MAX_CAUSE))
        for cause in listed
        if isinstance(cause, dict)
    )
