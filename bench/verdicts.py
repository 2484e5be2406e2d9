"""What a long history costs the second time, and what one new commit costs then.

    python bench/verdicts.py [--commits N] [--json]

All of verify each time: bytes and ids of every commit are read again, rules and
times judged again; only signatures that were proven under the same registry are
not checked again. Verdicts are kept in a folder, as an agent and a clone keep
them, and every row is a new process's view: it reads the folder anew.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.chain import Chain

from bench.signatures import history
from gitwarrant.model.canonical import Digest
from gitwarrant.store.verdicts import VerdictFolder


class Counted(VerdictFolder):
    """A folder that counts the signatures it could not vouch for."""

    proven = 0

    def put(self, commit: Digest, registry: Digest, verdict: str) -> None:
        self.proven += 1
        super().put(commit, registry, verdict)


@dataclass(frozen=True, slots=True)
class Row:
    """One look at the whole history."""

    name: str
    commits: int
    signatures: int
    seconds: float


def look(name: str, chain: Chain, folder: Path) -> Row:
    """Verify all of a chain with what the folder knows, and keep what is new."""
    verdicts = Counted(folder)
    started = time.perf_counter()
    chain.verify(verdicts=verdicts)
    verdicts.save()
    return Row(name, len(chain.landings), verdicts.proven, time.perf_counter() - started)


def rows(count: int, folder: Path) -> list[Row]:
    """First look, second look, and a look after one more commit; then one after a revocation."""
    chain = history(count)
    found = [look("first look", chain, folder), look("second look", chain, folder)]
    chain.land({"notes/b": "one more"}, by="alice")
    found.append(look("one new commit", chain, folder))
    chain.revoke("robot", "robot")
    found.append(look("after a revocation", chain, folder))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commits", type=int, default=8000, help="length of the history (default 8000)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="gitwarrant-bench-") as folder:
        found = rows(max(1, arguments.commits), Path(folder) / "verdicts")
    if arguments.json:
        print(json.dumps([asdict(row) for row in found]))
        return
    print(f"{'':20}{'commits':>9}{'signatures checked':>20}{'seconds':>10}")
    for row in found:
        print(f"{row.name:20}{row.commits:>9,}{row.signatures:>20,}{row.seconds:>10.2f}")


if __name__ == "__main__":
    main()
