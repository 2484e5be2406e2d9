"""The agent's own configuration: the root of trust, the tenant, and where things are. Never read from Git."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from gitwarrant.config.fields import (
    CommitText,
    Duration,
    HttpsText,
    KindName,
    KindPattern,
    Label,
    Name,
    PublicKey,
    Ref,
    RepositoryName,
    Text,
    duration,
)
from gitwarrant.config.problem import ConfigError, count, near
from gitwarrant.config.signers import FileKey, KeyId, SignerAddress, SignerText, signer_address
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Grant, Tenant
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import RootKey, TrustRoot

LOG_FILE = "log.sqlite"
PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/@]*:[^/@]*@|https://[^/@]*@")


class RootKeyFile(StrictModel):
    """A key that judges changes to `.gitwarrant/` itself."""

    holder: Name = Field(description="the person who holds it; several keys of one holder count once")
    public: PublicKey = Field(description="the public key: a line like 'ssh-ed25519 AAAA...'")


class RootFile(StrictModel):
    """The root of trust: which repository, from which revision on, under which keys."""

    repository: RepositoryName = Field(description="the repository's name, as statements carry it")
    url: Text = Field(description="where it is fetched from: an https or ssh address")
    trust_ref: Ref = Field("refs/heads/main", description="the ref whose .gitwarrant/ judges everything")
    trusted_at: CommitText = Field(
        description="a revision of the trust ref that you have looked at yourself; trust begins there"
    )
    keys: list[RootKeyFile] = Field(description="the root keys")
    threshold: int = Field(
        1, description="how many distinct holders must sign a change to .gitwarrant/", ge=1, le=100
    )


class GrantFile(StrictModel):
    """What one environment may reach."""

    cluster: Name = Field(description="the cluster it deploys to: a name from 'clusters'")
    namespaces: list[Label] = Field(description="the namespaces it may write to", min_length=1)
    kinds: list[KindPattern] = Field(
        description="namespaced kinds it may write, like ConfigMap or Deployment.apps; '*' for all",
        min_length=1,
    )
    cluster_kinds: list[KindName] = Field(
        [], description="cluster-scoped kinds it may write, each named: Namespace"
    )


class TenantFile(StrictModel):
    """Whose environments this agent deploys, and where to."""

    name: Name = Field(description="the tenant's name; warrants carry it")
    grants: dict[Label, GrantFile] = Field(description="what each environment may reach, by its name")
    custom_kinds: list[KindName] = Field(
        [], description="namespaced custom kinds known beforehand, like Widget.example.com"
    )


class ClusterFile(StrictModel):
    """How a cluster is reached."""

    kubeconfig: Text | None = Field(None, description="the kubeconfig file; without one nothing is applied")
    context: str = Field("", description="its context; empty: the current one")
    uid: Text | None = Field(
        None, description="the uid of its kube-system namespace: only the cluster that has it is written to"
    )


class WarrantFile(StrictModel):
    """How warrants are signed."""

    key: Text | None = Field(
        None, description="the file of the signing key (P-256; default: 'warrant.key' in the state folder)"
    )
    signer: SignerText | None = Field(
        None, description="what signs, in place of 'key': file:PATH, pkcs11:... or exec:[...]"
    )
    cosigner: SignerText | None = Field(
        None, description="what signs too, with a key of its own; written like 'signer'"
    )
    keys: list[Text] = Field(
        [], description="files of the public keys that may sign (PEM; default: those of the signers)"
    )
    signatures: int | None = Field(
        None, description="how many distinct keys must have signed (default: one for each signer)", ge=1, le=2
    )
    revoked_keys: list[KeyId] = Field(
        [], description="ids of keys that were stolen: what they signed no longer acts"
    )
    lifetime: Duration = Field("1h", description="how long a warrant may be used, like 1h")


class LimitsFile(StrictModel):
    """How much one fetch may take."""

    bytes: int = Field(2 * 1024**3, description="most bytes of one fetch", ge=1024**2, le=1024**4)
    seconds: int = Field(300, description="most seconds of one fetch", ge=1, le=86_400)
    objects: int = Field(5_000_000, description="most Git objects in all", ge=1000, le=10**9)


class GithubAppFile(StrictModel):
    """A GitHub App to fetch as; it needs the permission to read contents, and no other."""

    app_id: int = Field(description="the app's id", ge=1)
    installation_id: int = Field(description="the id of its installation in your organisation", ge=1)
    private_key: Text = Field(description="the file of the app's private key (PEM)")
    api: HttpsText = Field("https://api.github.com", description="the address of GitHub's API")
    ca_file: Text | None = Field(None, description="the certificate authority of that address")


class GitFile(StrictModel):
    """How the Git server is reached."""

    ssh_key: Text | None = Field(None, description="the private key to fetch with, for ssh addresses")
    known_hosts: Text | None = Field(
        None, description="the pinned host keys or their '@cert-authority', for ssh addresses"
    )
    ca_file: Text | None = Field(None, description="the certificate authority, for https addresses")
    user: Text = Field(
        "x-access-token", description="the user that the token belongs to, for https addresses"
    )
    token_file: Text | None = Field(
        None, description="the file of the token, for https addresses; GITWARRANT_GIT_TOKEN outranks it"
    )
    github_app: GithubAppFile | None = Field(
        None, description="the GitHub App to fetch as, instead of a token"
    )
    limits: LimitsFile = Field(LimitsFile(), description="bounds of one fetch")


class ForgeFile(StrictModel):
    """The forge whose reviews the rules may count."""

    kind: Literal["gitea"] = Field(description="what it is: gitea (or Forgejo)")
    name: Name | None = Field(None, description="how rules call it (default: its kind)")
    url: Text = Field(description="its address: https://git.example.com")
    repository: RepositoryName | None = Field(
        None, description="the repository's name there, OWNER/NAME (default: root.repository)"
    )
    token_file: Text | None = Field(
        None, description="a file with a token that may read the repository (else GITWARRANT_FORGE_TOKEN)"
    )
    ca_file: Text | None = Field(None, description="the certificate authority of its address")


class AlarmFile(StrictModel):
    """Where alarms go; the first that acknowledges one ends it."""

    webhook: Text | None = Field(None, description="an https address that takes the alarm as JSON")
    token_file: Text | None = Field(None, description="the file of a bearer token for the webhook")
    program: list[Text] | None = Field(
        None, description="a program that takes the alarm as JSON on standard input", min_length=1
    )


class AgentFile(StrictModel):
    """The agent's own configuration (gitwarrant.yaml). Relative paths start at this file's folder."""

    version: Literal[1] = Field(description="the version of this file's format: 1")
    state: Text = Field(description="the folder of the log, the quarantine repository and the caches")
    root: RootFile = Field(description="the root of trust")
    tenant: TenantFile = Field(description="whose environments this agent deploys, and where to")
    clusters: dict[Name, ClusterFile] = Field({}, description="the clusters, by name")
    warrant: WarrantFile = Field(WarrantFile(), description="how warrants are signed")
    git: GitFile = Field(GitFile(), description="how the Git server is reached")
    forge: ForgeFile | None = Field(None, description="the forge whose reviews the rules may count")
    alarms: list[AlarmFile] = Field([], description="where alarms go; without any, glass cannot be broken")
    interval: Duration = Field("30s", description="how long the agent waits between two looks, like 30s")


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """How a cluster is reached. An empty context means the kubeconfig's current one.

    Without a kubeconfig it cannot be reached, only warrants can be signed for
    it. An empty uid means that the cluster is not pinned.
    """

    name: str
    kubeconfig: Path | None
    context: str
    uid: str


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

    @property
    def log(self) -> Path:
        """The file of the audit log."""
        return self.state / LOG_FILE

    def cluster_of(self, environment: str) -> ClusterAccess | None:
        """Where an environment deploys to; None: the tenant has no grant for it."""
        name = dict(self.destinations).get(environment)
        return next((cluster for cluster in self.clusters if cluster.name == name), None)


def read(path: Path) -> Agent:
    """Read the agent's configuration file.

    Raises:
        ConfigError: it has problems.
        GitwarrantError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GitwarrantError(
            f"the agent's configuration {path} cannot be read: {error.strerror}",
            remedy="name it with --config or GITWARRANT_CONFIG; 'gitwarrant init' prints one to begin with",
        ) from error
    return load(data, str(path))


def load(data: bytes, path: str) -> Agent:
    """Translate the agent's configuration; relative paths in it start at the folder of `path`.

    Raises:
        ConfigError: it has problems; all of them are told.
    """
    source = Source(data, path)
    file = source.parse(AgentFile)
    if file:
        _judge_root(source, file.root)
        _judge_clusters(source, file)
        _judge_warrant(source, file.warrant)
        _judge_git(source, file)
        _judge_alarms(source, file.alarms)
    if file is None or source.problems:
        raise ConfigError(source.problems)
    folder = Path(path).absolute().parent
    state = _path(folder, file.state)
    return Agent(
        root=_root(file.root),
        tenant=_tenant(file.tenant),
        clusters=tuple(_cluster(folder, name, file.clusters[name]) for name in sorted(file.clusters)),
        destinations=tuple((name, grant.cluster) for name, grant in sorted(file.tenant.grants.items())),
        state=state,
        warrant=_warrant(folder, state, file.warrant),
        git=_git(folder, file.git),
        interval=duration(file.interval),
        forge=_forge(folder, file.forge, file.root.repository) if file.forge else None,
        alarms=tuple(_alarm(folder, alarm) for alarm in file.alarms),
    )


def _judge_root(source: Source, root: RootFile) -> None:
    holders = {key.holder for key in root.keys}
    if root.threshold > len(holders):
        source.wrong(
            ("root", "threshold"),
            f"the threshold is {root.threshold}, but the root keys have {count(len(holders), 'holder')}",
            "add root keys of other people, or lower the threshold",
        )
    held: dict[str, str] = {}
    for index, key in enumerate(root.keys):
        if key.public in held:
            source.wrong(
                ("root", "keys", index, "public"),
                f"{key.holder!r} has the same key as {held[key.public]!r}",
                "give each holder a key of their own",
            )
        held.setdefault(key.public, key.holder)


def _judge_clusters(source: Source, file: AgentFile) -> None:
    for name, cluster in file.clusters.items():
        if cluster.kubeconfig is None and cluster.uid is None:
            source.wrong(
                ("clusters", name),
                f"cluster {name!r} has neither a kubeconfig nor a uid",
                "add kubeconfig: FILE; or uid: UID where warrants are signed but nothing is applied",
            )
    for name, grant in file.tenant.grants.items():
        if grant.cluster not in file.clusters:
            source.wrong(
                ("tenant", "grants", name, "cluster"),
                f"cluster {grant.cluster!r} is not defined",
                near(grant.cluster, file.clusters) or "define it below 'clusters'",
            )


def _judge_warrant(source: Source, file: WarrantFile) -> None:
    signers = 1 + (file.cosigner is not None)
    if file.key and file.signer:
        source.wrong(
            ("warrant", "signer"), "'key' and 'signer' both name what signs", "leave one of them out"
        )
    if file.cosigner and file.cosigner == file.signer:
        source.wrong(
            ("warrant", "cosigner"),
            "the second signer is the first one",
            "give it a key of its own, held by somebody else",
        )
    if file.signatures and file.signatures > signers:
        source.wrong(
            ("warrant", "signatures"),
            f"{count(file.signatures, 'signature')} are needed, and there is {count(signers, 'signer')}",
            "add 'cosigner', or lower it",
        )


def _warrant(folder: Path, state: Path, file: WarrantFile) -> WarrantSettings:
    first: SignerAddress = FileKey(_path(folder, file.key) if file.key else state / "warrant.key")
    if file.signer:
        first = signer_address(file.signer, folder)
    second = (signer_address(file.cosigner, folder),) if file.cosigner else ()
    return WarrantSettings(
        signers=(first, *second),
        keys=tuple(_path(folder, key) for key in file.keys),
        signatures=file.signatures or 1 + len(second),
        revoked=frozenset(file.revoked_keys),
        lifetime=duration(file.lifetime),
    )


def _judge_git(source: Source, file: AgentFile) -> None:
    if PASSWORD.match(file.root.url):
        source.wrong(
            ("root", "url"),
            "the address holds a user or a password",
            "put the token into a file of its own and name that as git.token_file",
        )
    if file.git.token_file and file.git.github_app:
        source.wrong(
            ("git", "token_file"), "there are a token and a GitHub App to fetch with", "keep one of them"
        )


def _judge_alarms(source: Source, files: Sequence[AlarmFile]) -> None:
    for index, file in enumerate(files):
        if (file.webhook is None) == (file.program is None):
            source.wrong(
                ("alarms", index), "an alarm goes to a webhook or to a program", "write one of the two"
            )
        if file.webhook is not None and not file.webhook.startswith(("https://", "http://127.0.0.1:")):
            source.wrong(
                ("alarms", index, "webhook"),
                "the webhook is not encrypted: whoever is on the way could acknowledge",
                "write an address that begins with https://",
            )


def _alarm(folder: Path, file: AlarmFile) -> AlarmTarget:
    token = _path(folder, file.token_file) if file.token_file else None
    return AlarmTarget(file.webhook or "", token, tuple(file.program or ()))


def _root(file: RootFile) -> TrustRoot:
    return TrustRoot(
        repository=file.repository,
        url=file.url,
        trust_ref=file.trust_ref,
        trusted_at=CommitId(file.trusted_at),
        keys=tuple(RootKey(key.holder, key.public) for key in file.keys),
        threshold=file.threshold,
    )


def _tenant(file: TenantFile) -> Tenant:
    grants = tuple(
        Grant(name, frozenset(grant.namespaces), frozenset(grant.kinds), frozenset(grant.cluster_kinds))
        for name, grant in sorted(file.grants.items())
    )
    return Tenant(file.name, grants, frozenset(file.custom_kinds))


def _cluster(folder: Path, name: str, file: ClusterFile) -> ClusterAccess:
    kubeconfig = _path(folder, file.kubeconfig) if file.kubeconfig else None
    return ClusterAccess(name, kubeconfig, file.context, file.uid or "")


def _git(folder: Path, file: GitFile) -> GitAccess:
    ssh_key, known_hosts, ca_file = (
        _path(folder, path) if path else None for path in (file.ssh_key, file.known_hosts, file.ca_file)
    )
    return GitAccess(
        ssh_key,
        known_hosts,
        ca_file,
        max_bytes=file.limits.bytes,
        max_seconds=file.limits.seconds,
        max_objects=file.limits.objects,
        user=file.user,
        token_file=_path(folder, file.token_file) if file.token_file else None,
        github_app=_github_app(folder, file.github_app) if file.github_app else None,
    )


def _github_app(folder: Path, file: GithubAppFile) -> GithubAppAccess:
    return GithubAppAccess(
        file.app_id,
        file.installation_id,
        _path(folder, file.private_key),
        file.api.rstrip("/"),
        _path(folder, file.ca_file) if file.ca_file else None,
    )


def _forge(folder: Path, file: ForgeFile, repository: str) -> ForgeAccess:
    token_file, ca_file = (_path(folder, path) if path else None for path in (file.token_file, file.ca_file))
    name = file.name or file.kind
    return ForgeAccess(file.kind, name, file.url, file.repository or repository, token_file, ca_file)


def _path(folder: Path, text: str) -> Path:
    return folder / Path(text).expanduser()
