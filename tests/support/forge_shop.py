"""An environment repository on a real Gitea, landed through its API and judged by the real pipeline.

    shop = found(gitea, tmp_path, witnesses=["gitea"])
    shop.branch("more", {"web.yaml": "replicas: 3"}, by="alice")
    request = shop.open("more", by="alice")
    shop.review(request, by="bob")
    shop.merge(request, "squash")
    shop.verify()

alice and dave write; bob and carol may approve; mallory is an account without an identity. `python -m
tests.support.forge_shop FOLDER` leaves such a repository, with a merge, a squash and a rebase, as a bare
clone in that folder, statements and heads of its requests included.
"""

import re
import secrets
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from gitwarrant.config.agent import Agent
from gitwarrant.config.agent_reading import load
from gitwarrant.forge.registry import connect
from gitwarrant.git.reading import Repository
from gitwarrant.git.statements import store
from gitwarrant.model.authorship import LandingProof
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import CommitId, SignedStatement
from gitwarrant.model.errors import Refused
from gitwarrant.model.statement import STATEMENT_NAMESPACE, STATEMENT_REFS, Bind, StatementKind
from gitwarrant.pipeline.candidates import candidate
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.judge import judge
from gitwarrant.trust.statements import interval, make
from tests.support.gitea import ROOT, ApiError, Gitea, running
from tests.support.repositories import Person, person

MAIN = "refs/heads/main"
STYLES = ("merge", "squash", "rebase", "rebase-merge", "fast-forward-only")
TEAMS = {"alice": "writers", "dave": "writers", "bob": "reviewers", "carol": "reviewers"}
WEB = "".join(f"line {number}\n" for number in range(1, 30))
GRANT = {"cluster": "main", "namespaces": ["shop"], "kinds": ["*"]}
ENVIRONMENTS = {
    "stages": {
        "staging": {"branch": "main", "path": "staging", "namespace": "shop", "policies": ["basic-security"]}
    }
}
COMMIT = re.compile(r"\b[0-9a-f]{12}\b")
READ = "read:repository,read:issue"
MERGE_SECONDS = 30.0
DRAWN = iter(range(1, 10_000))


@dataclass(slots=True)
class Shop:
    """One repository on the forge; `name` is OWNER/NAME there and in statements."""

    gitea: Gitea
    name: str
    clone: Path
    witnesses: tuple[str, ...]
    trusted_at: CommitId
    reader: str = field(repr=False)
    """A token that may read, and nothing else."""
    requests: list[int] = field(default_factory=list)

    def git(self, *arguments: str) -> str:
        return self.gitea.git(*arguments, cwd=self.clone).strip()

    def commit(
        self, files: Mapping[str, str | None], *, by: str, signed: bool = True, message: str = "Change it"
    ) -> CommitId:
        """Commit in the clone's work tree, where it stands."""
        for path, content in files.items():
            target = self.clone / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                target.unlink()
            else:
                target.write_text(content)
        self.git("add", "--all")
        return self._commit(by, "-m", message, signed=signed)

    def _commit(self, by: str, *arguments: str, signed: bool = True) -> CommitId:
        who = person(by)
        told = [f"user.name={who.name}", f"user.email={who.email}", "gpg.format=ssh"]
        told += [f"user.signingkey={who.key}", f"commit.gpgsign={str(signed).lower()}"]
        self.git(*(part for setting in told for part in ("-c", setting)), "commit", "-q", *arguments)
        return self.tip()

    def branch(
        self, name: str, *steps: Mapping[str, str | None], by: str, signed: bool = True, start: str = "main"
    ) -> CommitId:
        """Start a branch at one of the forge, with one commit per step, and push it."""
        self.fetch()
        self.git("checkout", "-q", "-B", name, f"origin/{start}")
        for step in steps:
            self.commit(step, by=by, signed=signed)
        self.push(name, by=by)
        return self.tip()

    def edited(self, lines: Mapping[int, str], *, start: str = "main") -> dict[str, str]:
        """The file as a branch of the forge has it, with some lines changed."""
        self.fetch()
        text = self.git("show", f"origin/{start}:web.yaml").splitlines()
        for line, words in lines.items():
            text[line - 1] = words
        return {"web.yaml": "\n".join(text) + "\n"}

    def push(self, *refs: str, by: str, force: bool = False) -> None:
        options = ["--force"] if force else []
        self.git("push", "-q", *options, self.gitea.address(self.name, by=by), *refs)
        for ref in refs:
            if not ref.partition(":")[2].startswith("refs/"):
                self.wait_for(ref, self.tip(ref.partition(":")[0]))

    def wait_for(self, branch: str, tip: CommitId) -> None:
        """Wait until the forge knows where a branch is, and its open pull requests do."""
        quoted = branch.partition(":")[2] or branch
        self.gitea.wait(f"/repos/{self.name}/branches/{quoted}", lambda said: said["commit"]["id"] == tip)
        for request in self.requests:
            pull = self.call("GET", f"/pulls/{request}")
            if not pull["merged"] and pull["head"]["ref"] == quoted:
                self.gitea.wait(
                    f"/repos/{self.name}/pulls/{request}", lambda said: said["head"]["sha"] == tip
                )

    def fetch(self) -> None:
        self.git("fetch", "-q", "--prune", "origin", f"+{STATEMENT_REFS}*:{STATEMENT_REFS}*")
        self.git("fetch", "-q", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*")

    def tip(self, revision: str = "HEAD") -> CommitId:
        return CommitId(self.git("rev-parse", revision))

    def call(self, method: str, path: str, body: object = None, *, by: str = ROOT) -> Any:
        return self.gitea.call(method, f"/repos/{self.name}{path}", body, by=by)

    def open(self, head: str, *, by: str, base: str = "main") -> int:
        """Open a pull request; gives its number."""
        asked = {"head": head, "base": base, "title": f"Take in {head}"}
        number = int(self.call("POST", "/pulls", asked, by=by)["number"])
        self.requests.append(number)
        return number

    def review(self, request: int, *, by: str, event: str = "APPROVED") -> int:
        """Review a pull request as it stands; gives the review's id."""
        asked = {"event": event, "body": "looked at"}
        return int(self.call("POST", f"/pulls/{request}/reviews", asked, by=by)["id"])

    def merge(self, request: int, style: str, *, by: str = ROOT) -> CommitId:
        """Land a pull request by the forge; gives the commit that main then has."""
        path = f"/repos/{self.name}/pulls/{request}/merge"
        until = time.monotonic() + MERGE_SECONDS
        while True:
            status, said = self.gitea.ask("POST", path, {"Do": style}, by=by)
            if status == 200:
                break
            # While it looks in the background whether a request can be merged, it says: try again.
            if status not in (405, 409) or time.monotonic() > until:
                raise ApiError(f"{style} of {self.name} #{request}: {status} {said}")
            time.sleep(0.1)
        self.fetch()
        return self.tip("origin/main")

    def say(self, kind: StatementKind, *, by: str, base: str, head: str = "origin/main") -> None:
        """Sign a statement about an interval of main, and push it to the forge."""
        self.fetch()
        change = Repository(self.clone).change(self.name, MAIN, self.tip(base), self.tip(head))
        statement = make(
            kind,
            by,
            interval(change),
            bind=Bind.DIFF,
            now=datetime.now(UTC),
            lifetime=timedelta(days=7),
            nonce=secrets.token_bytes(16),
        )
        body = encode(statement)
        ref = store(self.clone, SignedStatement(body, person(by).sign(body, STATEMENT_NAMESPACE)))
        self.push(f"{ref}:{ref}", by=by)

    def propose(self, *, by: str, base: str, head: str = "origin/main") -> None:
        self.say(StatementKind.AUTHOR, by=by, base=base, head=head)

    def approve(self, *, by: str, base: str, head: str = "origin/main") -> None:
        self.say(StatementKind.APPROVE, by=by, base=base, head=head)

    def agent(self, state: Path) -> Agent:
        """The configuration of a deployer that trusts this repository from its first commit on."""
        return load(yaml.safe_dump(self.settings(state)).encode(), str(state.parent / "agent.yaml"))

    def settings(self, state: Path) -> dict[str, Any]:
        """The same as the file that an operator writes."""
        token = state.parent / f"{state.name}.token"
        token.write_text(self.reader)
        ca_file = str(self.gitea.ca_file)
        return {
            "version": 1,
            "state": str(state),
            "root": {
                "repository": self.name,
                "url": self.gitea.address(self.name),
                "trusted_at": self.trusted_at,
                "keys": [{"holder": "root", "public": person("root").public}],
            },
            "tenant": {"name": "shop", "grants": {"staging": GRANT}},
            "clusters": {"main": {"uid": "not-a-cluster"}},
            "git": {"ca_file": ca_file},
            "forge": {"kind": "gitea", "url": self.gitea.url, "token_file": str(token), "ca_file": ca_file},
        }

    def verify(self) -> tuple[LandingProof, ...]:
        """Judge main from its first commit on, by a deployer that has seen nothing before.

        Raises:
            Refused: as fetch and verify do.
        """
        with tempfile.TemporaryDirectory() as folder:
            agent = self.agent(Path(folder) / "state")
            forge = connect(agent.forge) if agent.forge else None
            with open_delivery(agent, lambda: datetime.now(UTC), forge) as work:
                asked = candidate(work, "staging")
                said = judge(asked.repository, asked.question)
        for refusal in said.refusals:
            if refusal.stage == "verify":
                raise refusal
        if said.authorship is None:
            raise AssertionError("verify neither proved nor refused")
        return said.authorship.landings

    def trust(self, revision: str = "origin/main") -> None:
        """Begin to judge from here on."""
        self.fetch()
        self.trusted_at = self.tip(revision)

    def verdict(self) -> str:
        """What verify says: what it refuses, with ... for a commit, or who stands behind each landing."""
        try:
            proofs = self.verify()
        except Refused as refused:
            return COMMIT.sub("...", refused.what.partition(": ")[2])
        return "; ".join(_words(proof) for proof in proofs)


def _words(proof: LandingProof) -> str:
    approvals = [
        f"{approval.identity} on {approval.witness}" if approval.witness else approval.identity
        for approval in proof.approvals
    ]
    authors = ", ".join(sorted(proof.authors)) or "nobody"
    return f"{authors} by {proof.proof.value}, approved by {', '.join(approvals) or 'nobody'}"


def found(
    gitea: Gitea, folder: Path, *, witnesses: Sequence[str] = (), approvals: int = 1, name: str = ""
) -> Shop:
    """Make a repository with rules and one file, and everybody's accounts."""
    name = name or f"shop-{next(DRAWN)}"
    gitea.call("POST", "/user/repos", {"name": name, "default_branch": "main"})
    gitea.user("carol")
    reader = gitea.token("carol", READ)
    shop = Shop(gitea, f"{ROOT}/{name}", folder / name, tuple(witnesses), CommitId(""), reader)
    for login in (*TEAMS, "mallory"):
        gitea.user(login)
        shop.call("PUT", f"/collaborators/{login}", {"permission": "write"})
    shop.clone.mkdir()
    shop.git("init", "-q", "--initial-branch=main")
    shop.git("remote", "add", "origin", gitea.address(shop.name))
    shop.trusted_at = shop.commit({**rules(shop, approvals), "web.yaml": WEB}, by="root", message="Begin")
    shop.push("main", by=ROOT)
    return shop


def rules(shop: Shop, approvals: int) -> dict[str, str]:
    """`.gitwarrant/`: writers change everything, reviewers approve it."""
    people = {login: identity(person(login), login, team) for login, team in TEAMS.items()}
    rule = {"path": "*", "change": ["writers"], "approvals": approvals, "from": ["reviewers"]}
    until = datetime.now(UTC).date() + timedelta(days=30)
    return {
        ".gitwarrant/trust.yaml": f"repository: {shop.name}\nversion: 1\nexpires: {until}\n",
        ".gitwarrant/identities.yaml": yaml.safe_dump(people),
        ".gitwarrant/environments.yaml": yaml.safe_dump(ENVIRONMENTS),
        ".gitwarrant/rules.yaml": yaml.safe_dump([{**rule, "witnesses": list(shop.witnesses)}]),
    }


def identity(who: Person, login: str, team: str) -> dict[str, Any]:
    return {
        "kind": "person",
        "emails": [who.email],
        "keys": [{"public": who.public}],
        "teams": [team],
        "logins": {"gitea": login},
    }


def three_landings(gitea: Gitea, folder: Path) -> Shop:
    """A merge, a squash and a rebase, each of a branch of its own, reviewed by bob on the forge.

    The squash is of alice's statement; for the rebase nobody says to be the author.
    """
    shop = found(gitea, folder, witnesses=["gitea"], name="three-landings")
    for style in ("merge", "squash", "rebase"):
        before = shop.tip("origin/main") if shop.requests else shop.trusted_at
        steps = ({f"{style}.yaml": "one: 1\n"}, {f"{style}.yaml": "one: 1\ntwo: 2\n"})
        shop.branch(style, *steps, by="alice")
        if style != "merge":  # so that the rebase has something to rewrite
            shop.branch(f"before-{style}", {f"before-{style}.yaml": "zero: 0\n"}, by="dave")
            aside = shop.open(f"before-{style}", by="dave")
            shop.review(aside, by="bob")
            shop.merge(aside, "fast-forward-only")
            before = shop.tip("origin/main")
        request = shop.open(style, by="alice")
        shop.review(request, by="bob")
        shop.merge(request, style)
        if style == "squash":
            shop.propose(by="alice", base=before)
    return shop


def main() -> None:
    """Leave `three_landings` as a bare clone."""
    target = Path(sys.argv[1]).absolute()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as gitea:
        shop = three_landings(gitea, Path(folder))
        shop.git("clone", "-q", "--mirror", gitea.address(shop.name), str(target))
        sys.stdout.write(f"{target}: main from {shop.trusted_at} to {shop.tip('origin/main')}\n")


if __name__ == "__main__":
    main()
