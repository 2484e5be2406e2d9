"""The pages about root keys: their commands, typed as they stand, do what the pages say."""

import builtins
import os
import re
import shlex
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from tests.support.deployers import Deployer, config_map, open_deployer, trust_file
from tests.support.pages import ROOT, blocks

from gitwarrant.cli.main import main
from gitwarrant.demo.forge import Person, make_person, run_git
from gitwarrant.pipeline.candidates import advance_trust
from gitwarrant.pipeline.delivery import open_delivery

HOW_TO = ROOT / "docs" / "how-to"


@dataclass
class Reader:
    """Somebody who follows a page in a clone, with the keys beside."""

    deployer: Deployer
    dora: Person
    capture: pytest.CaptureFixture[str]
    said: list[str] = field(default_factory=list)

    def follow(self, page: Path) -> None:
        """Type every command of a page; take over its configuration; compare what it shows."""
        for block in blocks(page):
            kind = block.info[0] if block.info else ""
            if kind == "sh":
                self.said = []
                for line in block.text.splitlines():
                    self.said.append(self.type(line))
            elif kind == "yaml":
                self.deployer.settings["root"] |= self._configured(block.text)
                self.deployer.agent()  # writes the file
            elif kind == "text":
                self.compare(block.text)

    def type(self, line: str) -> str:
        """One command; what it said."""
        words = shlex.split(line)
        if words[0] == "git":
            return run_git(self.deployer.forge.clone, *words[1:])
        digest = re.search(r"proposed: ([0-9a-f]{12})", "".join(self.said))
        words = [digest[1] if word == "DIGEST" and digest else word for word in words]
        self.capture.readouterr()
        status = main(words[1:], {"PATH": os.defpath})
        out, err = self.capture.readouterr()
        assert status == 0, f"{line}: {err}"
        return out

    def compare(self, shown: str) -> None:
        """Each shown line was said; `...` stands for what differs from run to run."""
        said = "\n".join(self.said)
        for line in shown.splitlines():
            pattern = ".*".join(map(re.escape, line.split("...")))
            assert re.search(f"^{pattern}$", said, re.MULTILINE), f"{line!r} was not said, but:\n{said}"

    def _configured(self, text: str) -> dict[str, object]:
        root: dict[str, object] = yaml.safe_load(text.replace("ssh-ed25519 AAAA...", self.dora.public))[
            "root"
        ]
        return root


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Reader:
    deployer = open_deployer(tmp_path, environments=["staging"])
    dora = make_person(tmp_path / "keys", "dora")
    for person in (deployer.grace, dora):
        for end in ("", ".pub"):
            shutil.copy(f"{person.key}{end}", deployer.forge.clone)
    (deployer.forge.clone / ".git/info").mkdir(exist_ok=True)
    (deployer.forge.clone / ".git/info/exclude").write_text("grace*\ndora*\n")
    deployer.agent()
    monkeypatch.chdir(deployer.forge.clone)
    monkeypatch.setenv("GITWARRANT_CONFIG", str(deployer.config))
    monkeypatch.setattr(builtins, "input", lambda: "y")
    run_git(deployer.forge.clone, "fetch", "-q", "origin")
    return Reader(deployer, dora, capsys)


def in_force(deployer: Deployer) -> tuple[int, list[str]]:
    """Version and holders of the agent's root keys, after a look at the repository."""
    with open_delivery(deployer.agent(), lambda: datetime.now(UTC)) as work:
        root = advance_trust(work)[1].root
    return root.version, [key.holder for key in root.keys]


def land_rules(deployer: Deployer, version: int, by: Person) -> None:
    """A change of the rules that only a root holder may make."""
    deployer.write({".gitwarrant/trust.yaml": trust_file(version)})
    deployer.forge.commit(by, "Change the rules")
    deployer.forge.push()


def test_root_keys_are_rotated_as_the_page_says(reader: Reader) -> None:
    deployer = reader.deployer
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    assert in_force(deployer) == (1, ["grace"])

    reader.follow(HOW_TO / "rotate-root-keys.md")

    assert in_force(deployer) == (2, ["dora"])
    assert "it counts: clones and new agents may begin there" in reader.said[-1]


def test_lost_root_keys_are_replaced_as_the_page_says(reader: Reader) -> None:
    """What the old holder signed stays; after that only the new one changes the rules."""
    deployer = reader.deployer
    land_rules(deployer, 2, deployer.grace)
    assert in_force(deployer) == (1, ["grace"])
    deployer.settings["root"]["version"] = 3
    deployer.settings["root"]["keys"] = [{"holder": "dora", "public": reader.dora.public}]
    assert in_force(deployer) == (3, ["dora"])

    reader.follow(HOW_TO / "lost-root-keys.md")

    assert in_force(deployer) == (3, ["dora"])
    assert "roots      version 3; 1 of 1 holder must sign" in reader.said[-1]
