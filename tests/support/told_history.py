"""Three branches landed by the three buttons of a real Gitea, and what the command line says of them.

    with running(folder) as gitea:
        history = make(gitea, folder)
        history.run("trust explain origin/main")

Alice writes and bob may approve; dave presses the buttons. Bob signs his
approvals of the merge and the squash, alice says that the squash is hers.
About the rebase nobody has signed anything. `python -m
tests.support.told_history` prints what docs/explanation/a-history-explained.md shows.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from unittest.mock import patch

import yaml

from gitwarrant.cli.main import main
from gitwarrant.config.find import AGENT_FILE
from gitwarrant.git.clone import STATEMENTS_REFSPEC
from gitwarrant.pipeline.delivery import open_delivery
from tests.support.forge_shop import Shop, found
from tests.support.gitea import Gitea, running
from tests.support.repositories import person

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{size: {size!r}}}\n"
BRANCHES = (
    ("cart", "merge", ("Keep the cart a week", "Keep the cart a month")),
    ("search", "squash", ("Show ten results", "Show twenty results")),
    ("prices", "rebase", ("Round prices up", "Round prices to cents")),
)
GRAPH = ("--graph", "--oneline", "origin/main")
COMMANDS = (
    ("", "trust explain origin/main~3"),
    ("", "trust explain origin/main~2"),
    ("", "trust explain origin/main"),
    ("", "approvals origin/main --base {base}"),
    ("", "blocked staging"),
    ("bob", "approve {head} --base {base} --ref refs/heads/main --yes"),
    ("", "blocked staging"),
    ("alice", "propose {head} --base {base} --ref refs/heads/main --yes"),
    ("", "blocked staging"),
)
"""Who signs, where somebody does, and what is typed."""


@dataclass(frozen=True, slots=True)
class History:
    """The forge's repository, with a clone of it that has the configuration commands read."""

    shop: Shop
    rebased: tuple[str, str]
    """From where to where the rebase took the ref."""

    def run(self, command: str) -> str:
        """Run a command in the clone; gives all that it said."""
        said, trusting = StringIO(), {"GIT_SSL_CAINFO": str(self.shop.gitea.ca_file)}
        with ExitStack() as stack:
            for around in (chdir(self.shop.clone), redirect_stdout(said), redirect_stderr(said)):
                stack.enter_context(around)
            stack.enter_context(patch.dict(os.environ, trusting))
            main(command.split(), {"PATH": os.defpath})
        return said.getvalue()

    def sit_down(self, name: str) -> None:
        """Let a person sign and push from here on."""
        shop = self.shop
        shop.git("config", "user.signingkey", str(person(name).key))
        shop.git("remote", "set-url", "--push", "origin", shop.gitea.address(shop.name, by=name))


def make(gitea: Gitea, folder: Path) -> History:
    """Land the three branches, and sign what was signed in time."""
    shop = found(gitea, folder, name="shop")
    for name, _, titles in BRANCHES:
        _branch(shop, name, titles)
    before = after = shop.trusted_at
    for name, button, _ in BRANCHES:
        before, after = shop.tip("origin/main"), shop.merge(shop.open(name, by="alice"), button, by="dave")
        if button == "squash":
            shop.propose(by="alice", base=before)
        if button != "rebase":
            shop.approve(by="bob", base=before)
    _configure(shop, folder)
    return History(shop, (before, after))


def _branch(shop: Shop, name: str, titles: Sequence[str]) -> None:
    shop.fetch()
    shop.git("checkout", "-q", "-B", name, "origin/main")
    for size, title in enumerate(titles, 1):
        content = CONFIG_MAP.format(name=name, size=str(size))
        shop.commit({f"staging/{name}.yaml": content}, by="alice", message=title)
    shop.push(name, by="alice")


def _configure(shop: Shop, folder: Path) -> None:
    """As where the agent runs: its configuration, and a log, still empty."""
    shop.git("config", "--add", "remote.origin.fetch", STATEMENTS_REFSPEC)
    state = folder / "state"
    settings = shop.settings(state)
    (shop.clone / ".git" / AGENT_FILE).write_text(yaml.safe_dump(settings))
    with open_delivery(shop.agent(state), lambda: datetime.now(UTC)):
        pass


def tell(history: History) -> Iterator[str]:
    """Each command of the page, as people would type it, and what it says."""
    graph = history.shop.git("log", *GRAPH)
    yield f"$ git log {' '.join(GRAPH)}\n" + "".join(f"{line.rstrip()}\n" for line in graph.splitlines())
    base, head = (commit[:12] for commit in history.rebased)
    for who, command in COMMANDS:
        if who:
            history.sit_down(who)
        typed = command.format(base=base, head=head)
        yield f"$ gitwarrant {typed}\n{history.run(typed)}"


def show() -> None:
    """Print the commands and what they say."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as gitea:
        history = make(gitea, Path(folder))
        for block in tell(history):
            sys.stdout.write(f"{block}\n")


if __name__ == "__main__":
    show()
