"""The agent's own configuration: the root of trust, the tenant, and where things are. Never read from Git."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from gitwarrant.config.signers import SignerAddress
from gitwarrant.model.environment import Tenant
from gitwarrant.model.identity import Heart, TrustRoot

LOG_FILE = "log.sqlite"


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """How a cluster is reached. An empty context means the kubeconfig's current one.

    Without a kubeconfig, and not from inside, it cannot be reached, only
    warrants can be signed for it. An empty uid means that the cluster is not pinned.
    """

    name: str
    kubeconfig: Path | None
    context: str
    uid: str
    in_cluster: bool = False
    """We run in a Pod of that cluster, under its service account."""


@dataclass(frozen=True, slots=True)
class WarrantSettings:
    """Who signs warrants, whose signatures count, and how long a warrant may be used.

    Without `keys`, those of the signers may sign and no others.
    """

    signers: tuple[SignerAddress, ...]
    keys: tuple[Path, ...]
    signatures: int
    revoked: frozenset[str]
    lifetime: timedelta


@dataclass(frozen=True, slots=True)
class GithubAppAccess:
    """The GitHub App to fetch as."""

    app_id: int
    installation_id: int
    private_key: Path
    api: str
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class GitAccess:
    """How the Git server is reached, and how much one fetch may take.

    `token` is never in the file: it comes from the environment and outranks
    `token_file` and `github_app`, of which one may be set.
    """

    ssh_key: Path | None
    known_hosts: Path | None
    ca_file: Path | None
    max_bytes: int
    max_seconds: int
    max_objects: int = 5_000_000
    user: str = "x-access-token"
    token_file: Path | None = None
    github_app: GithubAppAccess | None = None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class ForgeAccess:
    """How the forge is asked for reviews. `name` is what rules call it, `repository` what it calls ours."""

    kind: str
    name: str
    url: str
    repository: str
    token_file: Path | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """Whose heartbeats are needed, of how many of them, and how old they may be. No hearts: none is asked."""

    hearts: tuple[Heart, ...] = ()
    required: int = 0
    max_age: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class AlarmTarget:
    """Where alarms go: an address (with the file of its token), or a program; the other is empty."""

    webhook: str
    token_file: Path | None
    program: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent's configuration, with absolute paths."""

    root: TrustRoot
    tenant: Tenant
    clusters: tuple[ClusterAccess, ...]
    destinations: tuple[tuple[str, str], ...]
    """(environment, name of its cluster), sorted."""
    state: Path
    warrant: WarrantSettings
    git: GitAccess
    interval: timedelta
    alarms: tuple[AlarmTarget, ...]
    """Where alarms go, in the order they are tried."""
    forge: ForgeAccess | None = None
    freshness: Freshness = Freshness()
    witness: Path | None = None
    """The folder of the witness; None: there is none."""
    trusted_log: Path | None = None
    """Another agent's log, from which a new log begins."""

    @property
    def log(self) -> Path:
        """The file of the audit log."""
        return self.state / LOG_FILE

    def cluster_of(self, environment: str) -> ClusterAccess | None:
        """Where an environment deploys to; None: the tenant has no grant for it."""
        name = dict(self.destinations).get(environment)
        return next((cluster for cluster in self.clusters if cluster.name == name), None)
