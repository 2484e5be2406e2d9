"""Which forges there are, and with which token they are asked."""

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from gitwarrant.config.agent import ForgeAccess
from gitwarrant.config.agent_files import ForgeFile
from gitwarrant.forge.forge import ForgeError
from gitwarrant.forge.registry import FORGES, MAX_TOKEN_BYTES, connect

ACCESS = ForgeAccess("gitea", "code", "https://code.example.com", "shop/live", None, None)


def test_every_kind_that_can_be_configured_is_there() -> None:
    assert sorted(FORGES) == sorted(get_args(ForgeFile.model_fields["kind"].annotation))


def test_a_forge_has_the_name_that_the_configuration_gives_it() -> None:
    assert connect(ACCESS).name == "code"


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(b"two words", id="white space"),
        pytest.param(b"a\r\nHost: evil", id="another header"),
        pytest.param(b"x" * (MAX_TOKEN_BYTES + 1), id="too long"),
        pytest.param(b"\xff", id="not ASCII"),
    ],
)
def test_a_token_that_is_none_is_refused(tmp_path: Path, token: bytes) -> None:
    """The message does not show it."""
    (tmp_path / "token").write_bytes(token)

    with pytest.raises(ForgeError, match="token") as caught:
        connect(replace(ACCESS, token_file=tmp_path / "token"))

    assert "evil" not in str(caught.value)


def test_a_token_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match=r"the token file .*missing cannot be read"):
        connect(replace(ACCESS, token_file=tmp_path / "missing"), "from the environment")


@pytest.mark.parametrize("repository", ["live", "a/b/c"])
def test_a_repository_without_owner_is_refused(repository: str) -> None:
    with pytest.raises(ForgeError, match="is not a repository of a Gitea"):
        connect(replace(ACCESS, repository=repository))
