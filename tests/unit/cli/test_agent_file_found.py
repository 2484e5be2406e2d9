"""Every command finds the agent's configuration in the same places, and in no work tree."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gitwarrant.cli import audit, configured, doctor
from gitwarrant.config.find import NotFound


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone whose work tree holds a `gitwarrant.yaml`, as a pull request could add one."""
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "gitwarrant.yaml").write_text("version: 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITWARRANT_CONFIG", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    "find",
    [
        pytest.param(configured.agent_path, id="commands that deploy or judge"),
        pytest.param(audit._log_of_agent, id="audit"),
    ],
)
def test_a_configuration_in_the_work_tree_is_not_taken(
    find: Callable[[str | None], object], clone: Path
) -> None:
    with pytest.raises(NotFound, match="there is no agent configuration"):
        find(None)


def test_doctor_does_not_take_it_either(clone: Path) -> None:
    [line] = doctor._agent(None)

    assert (line.state, line.what) == (doctor.State.OPTIONAL, "agent configuration")


def test_the_git_folder_of_the_clone_is_a_usual_place(clone: Path) -> None:
    (clone / ".git" / "gitwarrant.yaml").write_text("version: 1\n")

    assert configured.agent_path(None) == clone / ".git" / "gitwarrant.yaml"
