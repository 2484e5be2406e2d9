"""Where a change may go and within which bounds."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Severity


class DriftMode(Enum):
    """What happens when live state differs from the baseline."""

    REPORT = "report"
    REVERT = "revert"
    PROPOSE = "propose"


@dataclass(frozen=True, slots=True)
class IgnoreRule:
    """A difference that is wanted: whoever reads it sees who let it be, and why."""

    kind: str
    """`Deployment.apps`, `ConfigMap`."""
    name: str
    """A glob over names of objects."""
    pointer: tuple[str, ...]
    """The field with all below it; a step `*` is every item of a list. Empty: what nobody declared."""
    when: str
    """A CEL expression over `self`, `baseline` and `value`; empty: always."""
    reason: str
    until: datetime | None
    place: Place


class Adoptable(Enum):
    """A tool whose objects an environment may take over."""

    KUBECTL = "kubectl"
    FLUX = "flux"
    ARGOCD = "argocd"
    HELM = "helm"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much one change may do. Judged from manifests and the previous warrant, without a cluster."""

    max_objects: int = 1000
    max_deletes: int = 10


@dataclass(frozen=True, slots=True)
class PolicySet:
    """A named set of checks with the severity from which a finding refuses."""

    name: str
    checks: tuple[str, ...]
    threshold: Severity


class WindowKind(Enum):
    """`freeze`: closed while it is open. `maintenance`: closed outside of it."""

    FREEZE = "freeze"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Window:
    """A time that comes once or again and again, on the wall clock of a time zone."""

    name: str
    kind: WindowKind
    begins: str
    """Wall clock of its first time: `2026-12-20T00:00:00`."""
    seconds: int
    """How long it lasts."""
    timezone: str
    """IANA name: `Europe/Berlin`."""
    repeats: str
    """A recurrence rule of RFC 5545 (`FREQ=WEEKLY;BYDAY=FR`); empty: once."""
    place: Place


@dataclass(frozen=True, slots=True)
class HealthRule:
    """How the health of one kind is judged, as CEL expressions about `self`, the live object.

    The first of `failed`, `suspended`, `progressing` and `healthy` that is true
    decides. Without `healthy`, what gitwarrant knows of the kind decides the rest.
    """

    kind: str
    """Spelled `Widget.example.com`; `*` stands for any characters."""
    place: Place
    failed: str = ""
    suspended: str = ""
    progressing: str = ""
    healthy: str = ""
    reason: str = ""
    """Gives text: why it is not healthy."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A named place to deploy to, as `.gitwarrant/environments.yaml` says on the trust ref."""

    name: str
    ref: str
    path: str
    namespace: str
    auto_deploy: bool
    promotion_source: str
    policies: tuple[PolicySet, ...]
    approval_required: bool
    approvers: tuple[str, ...]
    bounds: Bounds
    drift: DriftMode
    place: Place
    allow_links: tuple[str, ...] = ()
    """Paths, from the repository's top, where a symbolic link or a submodule may stand."""
    windows: tuple[Window, ...] = ()
    operators: tuple[str, ...] = ()
    """Teams or people who may suspend and resume it; none: its approvers; none: root holders."""
    break_glass: tuple[str, ...] = ()
    """Teams or people whose security key lets one revision through in an emergency; else root holders."""
    adopt: tuple[Adoptable, ...] = ()
    """Whose objects it may take over; an object of anybody else's that exists is refused."""
    ignore: tuple[IgnoreRule, ...] = ()
    """Differences that are no drift here."""
    unmanaged: bool = False
    """Whether what nobody declared is reported in its own namespace, as it is in those that it declares."""
    rollback_within: int = 0
    """Seconds after an apply in which an object that fails makes the agent go back by itself; 0: never."""
    depends_on: tuple[str, ...] = ()
    """Environments whose last warrant must be applied to its end, and be healthy, before this one changes."""
    recreate: tuple[str, ...] = ()
    """Kinds that may be deleted and made again where the API server does not let them change in place."""
    data_kinds: tuple[str, ...] = ()
    """Kinds that hold data, besides those of Kubernetes: deleting one needs an announcement."""
    health: tuple[HealthRule, ...] = ()
    """How kinds are judged that gitwarrant does not know, or should judge in another way."""
    health_deadline: int = 600
    """Seconds after which an object that is still progressing has failed."""

    def covers(self, path: str) -> bool:
        """Whether a path of the repository lies in the environment's folder."""
        folder = self.path.removeprefix("./").strip("/")
        return folder in ("", ".") or path == folder or path.startswith(f"{folder}/")


@dataclass(frozen=True, slots=True)
class Grant:
    """What the agent's own configuration lets one environment reach.

    `kinds` are spelled `Deployment.apps` or `ConfigMap`; `*` allows every
    namespaced kind of Kubernetes itself, custom kinds are named. Cluster-scoped kinds are only those named in
    `cluster_kinds`. `custom_kinds` tells the scope of kinds that neither
    Kubernetes nor the change itself defines.
    """

    environment: str
    namespaces: frozenset[str]
    kinds: frozenset[str]
    cluster_kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tenant:
    """Given to the agent, never read from Git: which environments may deploy where."""

    name: str
    grants: tuple[Grant, ...]
    custom_kinds: frozenset[str] = frozenset()
    """Namespaced custom kinds known beforehand, spelled `Widget.example.com`."""

    def grant(self, environment: str) -> Grant | None:
        """The grant of an environment; None: this tenant may not deploy it."""
        return next((grant for grant in self.grants if grant.environment == environment), None)
