"""Render an environment's folder at a commit."""

from gitwarrant.git.reading import Repository
from gitwarrant.model.change import CommitId
from gitwarrant.model.environment import Environment
from gitwarrant.model.manifest import Rendered
from gitwarrant.render.render import render


def rendering(
    repository: Repository, environment: Environment, custom_kinds: frozenset[str], commit: CommitId
) -> Rendered:
    """Render the environment's folder at a commit.

    Raises:
        Refused: by fetch or render.
    """
    tree = repository.tree(commit, environment.path, links=frozenset(environment.allow_links))
    return render(tree, namespace=environment.namespace, custom_kinds=custom_kinds)
