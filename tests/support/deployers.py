"""One deployer with an environment repository of its own, driven as an operator drives it.

    shop = open_deployer(tmp_path, kubeconfig=cluster.kubeconfig)
    shop.land({"staging/web.yaml": config_map("web", mode="safe")})
    assert shop.gitwarrant("apply", "staging").status == 0

Keys, commits, fetches and the log are real; `ada` writes, `grace` accepts and
holds the root key, `mallory` is nobody.
"""

import asyncio
import json
import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import yaml

from gitwarrant.agent.loop import Event, Loop
from gitwarrant.audit.log import Log
from gitwarrant.cli.main import main
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection, from_kubeconfig
from gitwarrant.config.agent import Agent
from gitwarrant.config.agent_reading import read
from gitwarrant.demo.forge import Forge, Person, make_person, run_git
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import push, store
from gitwarrant.model.canonical import encode, sha256
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.record import Record, RecordKind
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Bind, StatementKind, Withdrawal
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.trust.sshsig import sign
from gitwarrant.trust.statements import interval, make

REPOSITORY = "shop-environments"
SOURCE = Path(__file__).parents[2] / "src"
NOWHERE = "https://127.0.0.1:9"  # the discard port: nobody listens
INTERVAL = timedelta(seconds=0.1)  # between two rounds of the loop: a test need not wait longer
OWN = frozenset({"HOME", "PATH", "LANG", "TMPDIR"})


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The error of `--output json`."""
        found: dict[str, Any] = json.loads(self.out)["error"]
        return found


@dataclass
class Deployer:
    """A Git server, its people, and the agent's own configuration as `settings`, written at each command."""

    folder: Path
    forge: Forge
    ada: Person
    grace: Person
    mallory: Person
    trusted_at: str
    prefix: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def config(self) -> Path:
        return self.folder / "agent.yaml"

    def namespace(self, environment: str) -> str:
        return f"{self.prefix}-{environment}"

    def write(self, files: Mapping[str, str | bytes | None]) -> None:
        """Write files of the work tree; None removes one."""
        for path, content in files.items():
            target = self.forge.clone / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                target.unlink()
            else:
                target.write_bytes(content.encode() if isinstance(content, str) else content)

    def land(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        by: str = "ada",
        signed: bool = True,
        approved: bool = False,
    ) -> str:
        """Commit and push; `approved`: grace signs that she accepts it."""
        self.write(files)
        before = run_git(self.forge.clone, "rev-parse", "HEAD")
        commit = self.forge.commit(getattr(self, by), "Change the shop", signed=signed)
        self.forge.push()
        if approved:
            self.approve(before, commit)
        return commit

    def approve(self, base: str, head: str) -> None:
        """Grace accepts an interval."""
        ref = "refs/heads/main"
        change = Repository(self.forge.clone).change(REPOSITORY, ref, CommitId(base), CommitId(head))
        statement = make(
            StatementKind.APPROVE,
            "grace",
            interval(change),
            bind=Bind.DIFF,
            now=datetime.now(UTC),
            lifetime=timedelta(days=1),
            nonce=secrets.token_bytes(16),
        )
        body = encode(statement)
        signed = SignedStatement(body, sign(str(self.grace.key), body, STATEMENT_NAMESPACE))
        push(self.forge.clone, "origin", [store(self.forge.clone, signed)])

    def heart(self, name: str = "tower") -> "Heartbeat":
        """Give the agent a heart: a machine with a key, a configuration and a state folder of its own."""
        person = make_person(self.folder / "hearts", name)
        asked = self.settings.setdefault("heartbeats", {"keys": [], "required": 0, "max_age": "15m"})
        asked["keys"].append({"name": name, "public": person.public})
        asked["required"] += 1
        settings = {**self.settings, "state": str(self.folder / f"{name}-state")}
        own = replace(self, settings={key: settings[key] for key in settings if key != "heartbeats"})
        return Heartbeat(own, name, person.key)

    def withdraw_all(self, *, by: str) -> None:
        """Somebody withdraws every statement that is in the clone."""
        person: Person = getattr(self, by)
        for signed in Repository(self.forge.clone).statements():
            withdrawal = Withdrawal(
                identity=by,
                repository=REPOSITORY,
                statement=sha256(signed.body),
                reason="a mistake",
                made=datetime.now(UTC),
                nonce=secrets.token_hex(16),
            )
            body = encode(withdrawal)
            taken = SignedStatement(body, sign(str(person.key), body, STATEMENT_NAMESPACE))
            push(self.forge.clone, "origin", [store(self.forge.clone, taken)])

    def rewind(self, to: str) -> None:
        """Put the protected branch to any commit, by force."""
        self.forge.reset(to)
        self.forge.push(force=True)

    def agent(self) -> Agent:
        """The configuration as the agent reads it."""
        self.config.write_text(yaml.safe_dump(self.settings))
        return read(self.config)

    def command(self, *arguments: str) -> list[str]:
        self.config.write_text(yaml.safe_dump(self.settings))
        return [sys.executable, "-m", "gitwarrant", *arguments, "--config", str(self.config)]

    def start(self, *arguments: str, **how: Any) -> "subprocess.Popen[str]":
        """Start the command line in a process of its own."""
        told = {name: value for name, value in os.environ.items() if name in OWN}
        told["PYTHONPATH"] = str(SOURCE)
        return subprocess.Popen(
            self.command(*arguments),
            env=told,
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **how,
        )

    def gitwarrant(self, *arguments: str, **how: Any) -> Said:
        """Run the command line in a process of its own."""
        with self.start(*arguments, **how) as process:
            out, err = process.communicate(timeout=60)
        return Said(process.returncode, out, err)

    def here(self, *arguments: str) -> Said:
        """Run the command line's main function in this process: the same, but no second for imports."""
        return self.bare(*self.command(*arguments)[3:])

    def bare(self, *arguments: str) -> Said:
        """The same without the agent's configuration, for commands that need none."""
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            status = main(arguments, {"PATH": os.defpath})
        return Said(status, out.getvalue(), err.getvalue())

    def records(self, *kinds: RecordKind, environment: str | None = None) -> list[Record]:
        """The log's records of these kinds (all when none), oldest first."""
        with Log(self.state / "log.sqlite", lambda: datetime.now(UTC), read_only=True) as log:
            found = list(log.read())
        return [
            record
            for record in found
            if (not kinds or record.kind in kinds) and environment in (None, record.environment)
        ]

    def count(self) -> int:
        """How many records the log has; 0 where there is none yet."""
        try:
            connection = sqlite3.connect(f"file:{self.state / 'log.sqlite'}?mode=ro", uri=True, timeout=5)
        except sqlite3.Error:
            return 0
        try:
            [(number,)] = connection.execute("SELECT coalesce(max(number), 0) FROM records")
            return int(number)
        except sqlite3.Error:
            return 0
        finally:
            connection.close()

    def loop(
        self, *environments: str, rounds: int = 1, beside: Callable[[Event], None] | None = None
    ) -> list[Event]:
        """Run the agent's loop in this process for some rounds; what it told, and to `beside` at once."""
        events: list[Event] = []

        def tell(event: Event) -> None:
            events.append(event)
            if beside:
                beside(event)

        agent = replace(self.agent(), interval=INTERVAL)
        names = environments or [grant.environment for grant in agent.tenant.grants]
        with open_delivery(agent, lambda: datetime.now(UTC)) as work:
            loop = Loop(work, names, lambda name: Cluster(self.connection(name)), tell)
            asyncio.run(loop.run(rounds=rounds))
        return events

    def connection(self, _environment: str) -> Connection:
        """How the cluster is reached, for every environment."""
        return from_kubeconfig(self.kubeconfig, environment={})

    @property
    def kubeconfig(self) -> Path:
        return Path(self.settings["clusters"]["main"]["kubeconfig"])


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A heart of a deployer's repository."""

    deployer: Deployer
    name: str
    key: Path

    def beat(self, *arguments: str) -> Said:
        """Look once, sign and push."""
        asked = ["--key", str(self.key), "--name", self.name, "--once", *arguments]
        return self.deployer.here("heartbeat", *asked)

    @property
    def ref(self) -> str:
        return f"refs/gitwarrant/heartbeats/{self.name}"


def config_map(name: str, **data: str) -> str:
    """A ConfigMap's YAML."""
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


def namespace(name: str) -> str:
    """A Namespace's YAML."""
    return f"apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}\n"


def environments_file(prefix: str, names: Sequence[str], each: Any = None, **settings: Any) -> str:
    """`.gitwarrant/environments.yaml`: each environment in its own folder and namespace.

    `settings` are those of every environment, `each` has further ones by name.
    """
    stages = {
        name: {
            "branch": "main",
            "path": name,
            "namespace": f"{prefix}-{name}",
            "auto_deploy": True,
            "policies": ["basic-security"],
            "drift": "revert",
            **settings,
            **(each or {}).get(name, {}),
        }
        for name in names
    }
    return yaml.safe_dump({"stages": stages})


def trust_file(version: int = 1, expires: date | None = None) -> str:
    """`.gitwarrant/trust.yaml`."""
    until = expires or datetime.now(UTC).date() + timedelta(days=90)
    return f"repository: {REPOSITORY}\nversion: {version}\nexpires: {until}\n"


def rules(ada: Person, grace: Person) -> dict[str, str]:
    """Who they are, and what each may change: ada all but the root's part, without approval."""
    people = {
        person.name: {
            "kind": "person",
            "emails": [person.email],
            "keys": [{"public": person.public}],
            "teams": [team],
        }
        for person, team in ((ada, "shop-team"), (grace, "platform-team"))
    }
    return {
        ".gitwarrant/trust.yaml": trust_file(),
        ".gitwarrant/identities.yaml": yaml.safe_dump(people),
        ".gitwarrant/rules.yaml": yaml.safe_dump(
            [{"path": "*", "change": ["shop-team", "platform-team"], "approvals": 0}]
        ),
    }


def open_deployer(
    folder: Path,
    *,
    kubeconfig: Path | None = None,
    environments: Sequence[str] = ("staging", "production"),
    files: Mapping[str, str] | None = None,
    object_format: str = "sha1",
    **settings: Any,
) -> Deployer:
    """Make a Git server and a deployer of these environments, each with a namespace and one ConfigMap.

    `files` are added to the first commit, `settings` to every environment.
    """
    prefix = f"shop-{secrets.token_hex(4)}"
    ada, grace, mallory = (make_person(folder / "keys", name) for name in ("ada", "grace", "mallory"))
    forge = Forge(folder)
    forge.found(object_format)
    deployer = Deployer(folder, forge, ada, grace, mallory, "", prefix)
    deployer.write(rules(ada, grace))
    deployer.write({".gitwarrant/environments.yaml": environments_file(prefix, environments, **settings)})
    for name in environments:
        deployer.write(
            {
                f"{name}/namespace.yaml": namespace(deployer.namespace(name)),
                f"{name}/web.yaml": config_map("web", mode="safe"),
            }
        )
    deployer.write(files or {})
    deployer.trusted_at = forge.commit(grace, "Begin the environments of the shop")
    forge.push()
    deployer.settings = _settings(deployer, environments, kubeconfig or _closed(folder))
    return deployer


def _settings(deployer: Deployer, environments: Sequence[str], kubeconfig: Path) -> dict[str, Any]:
    grants = {
        name: {
            "cluster": "main",
            "namespaces": [deployer.namespace(name)],
            "kinds": ["*"],
            "cluster_kinds": ["Namespace", "CustomResourceDefinition.apiextensions.k8s.io"],
        }
        for name in environments
    }
    root = {
        "repository": REPOSITORY,
        "url": deployer.forge.url,
        "trusted_at": deployer.trusted_at,
        "keys": [{"holder": "grace", "public": deployer.grace.public}],
    }
    return {
        "version": 1,
        "state": str(deployer.state),
        "interval": "1s",
        "root": root,
        "tenant": {"name": "shop", "grants": grants},
        "clusters": {"main": {"kubeconfig": str(kubeconfig)}},
        "warrant": {"key": str(deployer.folder / "warrant.key")},
    }


def _closed(folder: Path) -> Path:
    """A kubeconfig to a port where nobody listens."""
    path = folder / "closed.kubeconfig"
    path.write_text(closed_kubeconfig())
    return path


def closed_kubeconfig(server: str = NOWHERE) -> str:
    """The text of a kubeconfig for a server that is not there."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "clusters": [{"name": "it", "cluster": {"server": server}}],
            "users": [{"name": "it", "user": {"token": "nobody"}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        }
    )
