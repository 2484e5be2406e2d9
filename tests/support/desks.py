"""A person at work in a clone of their own, beside a deployer."""

import os
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.demo.forge import Person, run_git
from tests.support.deployers import Deployer, Said

WEB = "production/web.yaml"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {mode: %s}\n"


@dataclass(frozen=True, slots=True)
class Desk:
    """A person's own clone."""

    shop: Deployer
    person: Person
    clone: Path

    def gitwarrant(self, *arguments: str) -> Said:
        here = Path.cwd()
        os.chdir(self.clone)
        try:
            return self.shop.here(*arguments)
        finally:
            os.chdir(here)

    def branch(self, name: str, mode: str) -> None:
        """Push a signed branch."""
        run_git(self.clone, "checkout", "-q", "-b", name, "origin/main")
        (self.clone / WEB).parent.mkdir(exist_ok=True)
        (self.clone / WEB).write_text(CONFIG_MAP % mode)
        run_git(self.clone, "add", "-A", person=self.person)
        run_git(self.clone, "commit", "-q", "-S", "-m", f"Set mode to {mode}", person=self.person)
        run_git(self.clone, "push", "-q", "origin", name)


def desk(shop: Deployer, person: Person) -> Desk:
    clone = shop.folder / f"desk-of-{person.name}"
    run_git(shop.folder, "clone", "-q", shop.forge.url, str(clone))
    run_git(clone, "config", "user.signingkey", str(person.key))
    return Desk(shop, person, clone)
