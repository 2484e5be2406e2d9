"""Render an environment's folder at a commit."""

import gc
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

from gitwarrant.git.reading import Repository
from gitwarrant.model.change import CommitId, Tree
from gitwarrant.model.environment import Environment
from gitwarrant.model.rendered import Rendered
from gitwarrant.render.render import render

KEPT = 3  # what is deployed, the candidate, and one that a bot's commit is compared with


@dataclass(frozen=True, slots=True)
class Renderings:
    """The last renderings of each environment in this process.

    Parts that a new one has in common with them are taken over: they were made
    of the same bytes under the same settings. Nothing is taken from disk, and
    without any the result is the same.
    """

    _kept: dict[Hashable, deque[tuple[Tree, Rendered]]] = field(default_factory=dict)

    def of(
        self, repository: Repository, environment: Environment, custom_kinds: frozenset[str], commit: CommitId
    ) -> Rendered:
        """Render the environment's folder at a commit.

        Raises:
            Refused: by fetch or render.
        """
        settings = (environment.path, environment.allow_links, environment.namespace, custom_kinds)
        kept = self._kept.setdefault((environment.name, *settings), deque(maxlen=KEPT))
        for known in kept:
            if known[1].commit == commit:
                return known[1]
        tree = repository.tree(
            commit,
            environment.path,
            links=frozenset(environment.allow_links),
            earlier=[tree for tree, _ in kept],
        )
        rendered = render(
            tree,
            namespace=environment.namespace,
            custom_kinds=custom_kinds,
            earlier=[rendered for _, rendered in kept],
        )
        if not kept:
            gc.freeze()  # it stays; walking all of it would stop a later push for a second in 100,000 objects
        kept.appendleft((tree, rendered))
        return rendered


def rendering(
    repository: Repository, environment: Environment, custom_kinds: frozenset[str], commit: CommitId
) -> Rendered:
    """Render the environment's folder at a commit, for a single look.

    Raises:
        Refused: by fetch or render.
    """
    return Renderings().of(repository, environment, custom_kinds, commit)
