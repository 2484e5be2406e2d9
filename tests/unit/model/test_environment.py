"""Which paths of the repository belong to an environment: where its approvals are asked, and bots bounded."""

from dataclasses import replace

import pytest
from tests.support.chain import POLICY, Chain, environment, rule

from gitwarrant.model.errors import Refused


@pytest.mark.parametrize(
    ("folder", "path", "inside"),
    [
        pytest.param("production", "production/web.yaml", True, id="in the folder"),
        pytest.param("production", "production-2/web.yaml", False, id="a name that only begins alike"),
        pytest.param("production", "staging/production/web.yaml", False, id="deeper elsewhere"),
        pytest.param(".deploy", ".deploy/web.yaml", True, id="a folder that begins with a dot"),
        pytest.param(".deploy", "deploy/web.yaml", False, id="the same name without the dot"),
        pytest.param("prod.", "prod./web.yaml", True, id="a folder that ends in a dot"),
        pytest.param("./production/", "production/web.yaml", True, id="written from here"),
        pytest.param(".", "web.yaml", True, id="the whole repository"),
        pytest.param("", ".deploy/web.yaml", True, id="the whole repository, as configured"),
    ],
)
def test_an_environment_covers_what_lies_in_its_folder(folder: str, path: str, inside: bool) -> None:
    assert environment(path=folder).covers(path) is inside


def test_an_environment_in_a_hidden_folder_gets_its_approvals() -> None:
    """Only the environment asks for them here; no rule does. Refused by verify."""
    chain = Chain(files={".deploy/web.yaml": "replicas: 1"})
    chain.policy = replace(POLICY, rules=(rule("*", 3, writers=[], approvals=0, approvers=[]),))
    chain.land({".deploy/web.yaml": "replicas: 9"}, by="mallory")

    with pytest.raises(Refused, match="environment 'production' needs 1 approval of platform"):
        chain.verify(environment("platform", path=".deploy"))
