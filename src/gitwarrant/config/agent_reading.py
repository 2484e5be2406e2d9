"""Read the agent's own configuration: judge its file as a whole, and translate it."""

import re
from collections.abc import Sequence
from pathlib import Path

from gitwarrant.config.agent import (
    Agent,
    AlarmTarget,
    ClusterAccess,
    ForgeAccess,
    Freshness,
    GitAccess,
    GithubAppAccess,
    WarrantSettings,
)
from gitwarrant.config.agent_files import (
    AgentFile,
    AlarmFile,
    ClusterFile,
    ForgeFile,
    GitFile,
    GithubAppFile,
    HeartbeatsFile,
    RootFile,
    TenantFile,
    WarrantFile,
)
from gitwarrant.config.fields import (
    duration,
)
from gitwarrant.config.problem import ConfigError, count, near
from gitwarrant.config.signers import FileKey, SignerAddress, signer_address
from gitwarrant.config.source import Source
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Grant, Tenant
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.identity import Heart, RootKey, TrustRoot

PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/@]*:[^/@]*@|https://[^/@]*@")


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
        _judge_hearts(source, file)
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
        freshness=_freshness(file.heartbeats),
        witness=_path(folder, file.witness.folder) if file.witness else None,
        trusted_log=_path(folder, file.trusted_log) if file.trusted_log else None,
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


def _judge_hearts(source: Source, file: AgentFile) -> None:
    """A heartbeat key lies on a machine without a guard, so it must not be able to sign anything else."""
    if file.heartbeats is None:
        return
    taken = {key.public: f"the root holder {key.holder!r}" for key in file.root.keys}
    names: set[str] = set()
    for index, heart in enumerate(file.heartbeats.keys):
        at = ("heartbeats", "keys", index)
        if heart.public in taken:
            source.wrong(
                (*at, "public"),
                f"{heart.name!r} has the same key as {taken[heart.public]}",
                "make it a key of its own: ssh-keygen -t ed25519",
            )
        if heart.name in names:
            source.wrong((*at, "name"), f"two machines have the name {heart.name!r}", "rename one of them")
        taken.setdefault(heart.public, f"{heart.name!r}")
        names.add(heart.name)
    if file.heartbeats.required > len(names):
        source.wrong(
            ("heartbeats", "required"),
            f"{file.heartbeats.required} machines are required, but only {len(names)} named",
            "name more of them, or require fewer",
        )


def _judge_clusters(source: Source, file: AgentFile) -> None:
    for name, cluster in file.clusters.items():
        if cluster.kubeconfig is None and cluster.uid is None and not cluster.in_cluster:
            source.wrong(
                ("clusters", name),
                f"cluster {name!r} has neither a kubeconfig nor a uid",
                "add kubeconfig: FILE, or in_cluster: true in a Pod of it; or uid: UID where warrants are "
                "signed but nothing is applied",
            )
        if cluster.in_cluster and (cluster.kubeconfig is not None or cluster.context):
            source.wrong(
                ("clusters", name, "in_cluster"),
                f"cluster {name!r} is to be reached from inside and by a kubeconfig",
                "leave one of them out",
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
        trusted_at=CommitId(file.trusted_at) if file.trusted_at else None,
        keys=tuple(RootKey(key.holder, key.public) for key in file.keys),
        threshold=file.threshold,
        version=file.version,
    )


def _freshness(file: HeartbeatsFile | None) -> Freshness:
    if file is None:
        return Freshness()
    hearts = tuple(Heart(heart.name, heart.public) for heart in file.keys)
    return Freshness(hearts, file.required, duration(file.max_age))


def _tenant(file: TenantFile) -> Tenant:
    grants = tuple(
        Grant(name, frozenset(grant.namespaces), frozenset(grant.kinds), frozenset(grant.cluster_kinds))
        for name, grant in sorted(file.grants.items())
    )
    return Tenant(file.name, grants, frozenset(file.custom_kinds))


def _cluster(folder: Path, name: str, file: ClusterFile) -> ClusterAccess:
    kubeconfig = _path(folder, file.kubeconfig) if file.kubeconfig else None
    return ClusterAccess(name, kubeconfig, file.context, file.uid or "", file.in_cluster)


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
