"""Attacks on the person who approves: names, which anybody may choose, in what they read, copy and run."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.support.desks import desk
from tests.support.one_approval import open_shop

from gitwarrant.demo.forge import run_git


def arguments_in_a_shell(command: str, folder: Path) -> list[str]:
    """What a program gets that a person starts by a copied line."""
    program = folder / "bin" / "gitwarrant"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
    program.chmod(0o755)
    told = {"PATH": f"{program.parent}:{os.defpath}"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=told, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()


def test_a_branch_whose_name_is_a_command_for_the_shell(tmp_path: Path) -> None:
    """The line that answers a letter is copied into a shell. Held: a Git account. Its words stay words."""
    shop = open_shop(tmp_path)
    name = "x;touch${IFS}stolen;$(touch${IFS}stolen)"
    desk(shop, shop.ada).branch(name, "careful")

    [letter] = json.loads(desk(shop, shop.grace).gitwarrant("inbox", "--output", "json").out)["awaiting"]

    said = arguments_in_a_shell(letter["command"], tmp_path)
    assert said == ["approve", f"origin/{name}", "--ref", "refs/heads/main"]
    assert not (tmp_path / "stolen").exists()


@pytest.mark.parametrize("namesake", ["tag of a branch", "tag of an id", "branch of an id"])
def test_a_name_that_means_two_things_is_not_approved(namesake: str, tmp_path: Path) -> None:
    """Git takes the tag and warns; whoever signs gets an answer instead. Held: a Git account."""
    shop = open_shop(tmp_path)
    ada = desk(shop, shop.ada)
    ada.branch("wanted", "careful")
    wanted = run_git(ada.clone, "rev-parse", "HEAD")
    ada.branch("unwanted", "evil")
    unwanted = run_git(ada.clone, "rev-parse", "HEAD")
    name = "origin/wanted" if namesake == "tag of a branch" else wanted[:12]
    kind = "heads" if namesake == "branch of an id" else "tags"
    run_git(ada.clone, "push", "-q", "origin", f"HEAD:refs/{kind}/{name}")
    grace = desk(shop, shop.grace)
    if kind == "heads":
        run_git(grace.clone, "branch", "-q", name, f"origin/{name}")

    said = grace.gitwarrant("approve", name, "--yes", "--output", "json")

    both = ", ".join(sorted([wanted[:12], unwanted[:12]]))
    assert (said.status, said.error["what"]) == (2, f"{name!r} means several commits: {both}")
