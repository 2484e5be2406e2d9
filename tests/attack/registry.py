"""What an attack is, and how one is written down: a function and a decorator.

    @HISTORY.attack(holds=Holds.ACCOUNT, stopped_by="fetch", says="...", git=Git.ACCEPTS)
    def rewind(scene: Scene, attacked: bool) -> None:
        '''Pushes an older revision over a newer one, so that what was mended since is broken again.'''
        ...

The function builds a repository from nothing. Called with `attacked=False` it
builds the clean twin: the same but for the attack, which must pass. What it
returns is done instead of a deploy, where the attack is about something else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tests.attack.scene import Scene

Act = Callable[[], object]
Builder = Callable[[Scene, bool], Act | None]

NO_EFFECT = "nothing to stop"
"""The stage of an attack that changes nothing: what it plays with is never read."""


class Holds(Enum):
    """What the attacker has in hand, in the words of the threat model."""

    ACCOUNT = "a Git account"
    KEY = "a colleague's signing key, and an account"
    OLD_KEY = "an old key of a colleague, and an account"
    INSIDER = "an account and a key of their own"
    ROOT = "one root key of two, and an account"
    SERVER = "the Git server"
    FOLDER = "the deployer's quarantine folder"
    CONFIGURATION = "a line of the deployer's configuration"
    WARRANT = "an old warrant, or the way to the applier"
    HEART = "a heartbeat key, and the Git server"


class Git(Enum):
    """What `git verify-commit` says of the commit, with the same keys and their validity before it.

    Of a tag it is what `git verify-tag` says.
    """

    ACCEPTS = "**accepts**"
    UNSIGNED = "rejects: no signature"
    STRANGER = "rejects: nobody's key"
    EXPIRED = "rejects: expired key"
    BAD = "rejects: bad signature"
    UNREADABLE = "rejects: cannot read it"
    NOT_ASKED = "not about a commit"


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack and what is to be expected of it.

    `stopped_by` is a stage, for verify with its step. In `says`, the commit
    that git is asked about is COMMIT, others are OTHER, fingerprints of keys KEY.
    """

    name: str
    does: str
    holds: Holds
    stopped_by: str
    says: str
    place: str
    git: Git
    build: Builder


class Section:
    """Attacks of one kind, in the order in which they were written; git is asked about a commit, or a tag."""

    def __init__(self, title: str, *, about: str = "commit") -> None:
        self.title, self.about = title, about
        self.attacks: list[Attack] = []

    def attack(
        self, *, holds: Holds, stopped_by: str, says: str, git: Git, place: str = "", **fixed: Any
    ) -> Callable[[Callable[..., Act | None]], Callable[..., Act | None]]:
        """Register a builder: its name names the attack, its docstring says what the attacker does.

        Args:
            fixed: arguments of the builder for this attack alone; `name` replaces its name,
                `does` its docstring.
        """

        def register(builder: Callable[..., Act | None]) -> Callable[..., Act | None]:
            name = fixed.pop("name", getattr(builder, "__name__", ""))
            does = fixed.pop("does", " ".join((builder.__doc__ or "").split()))

            def build(scene: Scene, attacked: bool) -> Act | None:
                return builder(scene, attacked, **fixed)

            self.attacks.append(Attack(name, does, holds, stopped_by, says, place, git, build))
            return builder

        return register
