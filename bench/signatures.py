"""Signatures verified per second, beside `git verify-commit` on the same commits in the same run.

    python bench/signatures.py [--commits N] [--json]

Git is asked once for all commits, which favours it: one start of git, and one
or two of ssh-keygen for each commit. Ours is measured in three depths: the
signature alone; commit parsed, signature, key and identity (what decides who
wrote); and all of verify, rules and approvals included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.chain import NOW, PEOPLE, POLICY, ROOT, Chain, public_key

from gitwarrant.git.commit import parse_commit
from gitwarrant.trust.authors import Signed, prove
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.sshsig import verify

GOAL = 100  # times as many as git
GIT_SECONDS = 8  # what git may take; it gets only as many commits as fit
OWN_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Row:
    """One measured way."""

    name: str
    commits: int
    seconds: float

    @property
    def rate(self) -> float:
        return self.commits / self.seconds


def history(count: int) -> Chain:
    """A line of signed commits."""
    chain = Chain()
    for number in range(count):
        chain.land({"notes/a": f"note {number}"}, by="alice", when=NOW + timedelta(seconds=number))
    return chain


def by_git(chain: Chain, folder: Path) -> Row:
    """Time `git verify-commit` on as many commits as fit into its seconds."""
    repository = folder / "repository.git"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    git = ["git", "-C", str(repository)]
    signers = folder / "signers"
    signers.write_text("".join(f"{who.name}@example.com {public_key(who.name)}\n" for who in PEOPLE))
    subprocess.run([*git, "config", "gpg.ssh.allowedSignersFile", str(signers)], check=True)
    ids = [_store(git, landing.commits[0].raw) for landing in chain.landings[:1000]]
    one = _time(lambda: subprocess.run([*git, "verify-commit", *ids[:10]], check=True, capture_output=True))
    count = max(10, min(len(ids), int(GIT_SECONDS / one * 10)))
    command = [*git, "verify-commit", *ids[:count]]
    return Row(
        "git verify-commit", count, _time(lambda: subprocess.run(command, check=True, capture_output=True))
    )


def _store(git: list[str], raw: bytes) -> str:
    command = [*git, "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    return subprocess.run(command, input=raw, check=True, capture_output=True).stdout.decode().strip()


def _time(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def signatures(chain: Chain) -> Row:
    """The signature alone."""
    parsed = [parse_commit(landing.commits[0].raw, landing.commit) for landing in chain.landings]

    def run() -> None:
        for commit in parsed:
            assert verify(commit.signature or b"", commit.payload, "git") == public_key("alice")

    return _repeat("signature", len(parsed), run)


def authors(chain: Chain) -> Row:
    """Bytes to identity."""
    registry = Registry(POLICY, ROOT.keys)
    commits = [landing.commits[0] for landing in chain.landings]

    def run() -> None:
        for commit in commits:
            proof = prove(commit, parse_commit(commit.raw, commit.id), registry, at=NOW)
            assert isinstance(proof, Signed)

    return _repeat("signature and identity", len(commits), run)


def everything(chain: Chain) -> Row:
    """All of verify on the whole chain."""
    return _repeat("verify, with rules", len(chain.landings), chain.verify)


def _repeat(name: str, count: int, run: Callable[[], object]) -> Row:
    """The best of as many rounds as fit: other programs on the machine only ever add."""
    best, until = _time(run), time.perf_counter() + OWN_SECONDS
    while time.perf_counter() < until:
        best = min(best, _time(run))
    return Row(name, count, best)


def show(rows: list[Row], *, as_json: bool) -> None:
    git = rows[0]
    if as_json:
        plain = [{"name": row.name, "commits": row.commits, "per_second": round(row.rate)} for row in rows]
        ratios = {row.name: round(row.rate / git.rate, 1) for row in rows[1:]}
        print(json.dumps({"rows": plain, "times_git": ratios, "goal": GOAL}))
        return
    print(f"{'':24}{'commits':>9}{'per second':>12}{'times git':>11}")
    for row in rows:
        print(f"{row.name:24}{row.commits:>9,}{row.rate:>12,.0f}{row.rate / git.rate:>11,.1f}")
    print(f"goal: {GOAL} times git")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commits", type=int, default=1000, help="length of the history (default 1000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    chain = history(max(10, arguments.commits))
    with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
        rows = [by_git(chain, Path(folder)), signatures(chain), authors(chain), everything(chain)]
    show(rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
