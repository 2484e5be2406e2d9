"""A quarantine that is fetched into every half minute does not drown in small packs."""

from pathlib import Path

import pytest

from gitwarrant.demo.forge import Forge, make_person, run_git
from gitwarrant.git import fetch as fetching
from gitwarrant.git.reading import Repository
from gitwarrant.git.remote import Remote
from gitwarrant.git.statements import push, store_heartbeat
from gitwarrant.model.change import SignedStatement

MAIN = "refs/heads/main"


def test_small_packs_are_joined_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "MAX_PACKS", 3)
    forge, ada = Forge(tmp_path), make_person(tmp_path / "keys", "ada")
    forge.found()
    quarantine, counts, commits = tmp_path / "quarantine.git", [], []
    for number in range(8):
        (forge.clone / "a").write_text(str(number))
        commits.append(forge.commit(ada, f"Change {number}"))
        forge.push()
        beat = SignedStatement(f"beat {number}".encode(), b"signature")
        push(forge.clone, "origin", [store_heartbeat(forge.clone, "tower", beat)])
        fetching.fetch(Remote(forge.url), quarantine, [MAIN])
        counts.append(len(list((quarantine / "objects/pack").glob("*.pack"))))

    assert max(counts) <= 3
    fetched = Repository(quarantine)
    assert fetched.heartbeat("tower") == SignedStatement(b"beat 7", b"signature")
    assert all(fetched.objects.has(commit) for commit in commits)
    assert run_git(quarantine, "fsck", "--full", "--no-dangling") == ""
