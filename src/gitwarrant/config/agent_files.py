"""The agent's own configuration as it is written: gitwarrant.yaml."""

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
)
from gitwarrant.config.signers import KeyId, SignerText
from gitwarrant.config.source import StrictModel


class RootKeyFile(StrictModel):
    """A key that judges changes to `.gitwarrant/` itself."""

    holder: Name = Field(description="the person who holds it; several keys of one holder count once")
    public: PublicKey = Field(description="the public key: a line like 'ssh-ed25519 AAAA...'")


class RootFile(StrictModel):
    """The root of trust: which repository, from which revision on, under which keys."""

    repository: RepositoryName = Field(description="the repository's name, as statements carry it")
    url: Text = Field(description="where it is fetched from: an https or ssh address")
    trust_ref: Ref = Field("refs/heads/main", description="the ref whose .gitwarrant/ judges everything")
    trusted_at: CommitText | None = Field(
        None,
        description="a revision of the trust ref that you have looked at yourself; trust begins there "
        "(default: at the newest checkpoint that the root holders signed)",
    )
    keys: list[RootKeyFile] = Field(description="the root keys")
    version: int = Field(
        1, description="of keys and threshold; a higher one outranks changes that were signed in Git", ge=1
    )
    threshold: int = Field(
        1, description="how many distinct holders must sign a change to .gitwarrant/", ge=1, le=100
    )


class HeartFile(StrictModel):
    """A machine that says what it sees of the repository."""

    name: Name = Field(description="its name: its heartbeats lie at refs/gitwarrant/heartbeats/NAME")
    public: PublicKey = Field(description="its public key, which is nobody's and no root key")


class HeartbeatsFile(StrictModel):
    """Whose heartbeats prove that the Git server shows the present."""

    keys: list[HeartFile] = Field(description="the machines", min_length=1, max_length=10)
    required: int = Field(1, description="of how many distinct machines a heartbeat is needed", ge=1, le=10)
    max_age: Duration = Field("15m", description="how old a heartbeat may be, like 15m")


class WitnessFile(StrictModel):
    """Where people post the digests of what they pushed, past the Git server."""

    folder: Text = Field(description="a folder that they and this agent share")


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
    in_cluster: bool = Field(
        False, description="this agent runs in a Pod of that cluster: use the Pod's service account"
    )
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
    heartbeats: HeartbeatsFile | None = Field(
        None, description="whose heartbeats prove that the Git server shows the present (default: not asked)"
    )
    witness: WitnessFile | None = Field(
        None, description="where digests of statements are posted past the Git server (default: nowhere)"
    )
    trusted_log: Text | None = Field(
        None, description="the log of another agent, whose first-seen times and trust a new log takes over"
    )
