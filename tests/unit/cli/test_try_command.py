"""`gitwarrant try`, as a person calls it: here, on a folder, on a server; and how it cannot look."""

import io
import json
import subprocess
from pathlib import Path

import pytest
from tests.support.git_server import serve
from tests.support.repositories import Simulator, person

from gitwarrant.cli.main import main

CONFIGMAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: shop}}\n"


@pytest.fixture
def forge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    made = Simulator(tmp_path / "shop.git")
    made.commit(by="ada", files={"production/web.yaml": CONFIGMAP})
    made.commit(by="ada", files={"notes": "1"})
    return made


@pytest.fixture
def clone(forge: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = forge.clone(tmp_path / "clone")
    monkeypatch.chdir(made)
    return made


def test_here_is_the_clone_one_is_in(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Changes of the work tree that are not committed are nobody's landing, and do not matter."""
    (clone / "production" / "web.yaml").write_text("kind: [")
    (clone / "new.yaml").write_text(CONFIGMAP)

    assert main(["try"], {}) == 0

    out, err = capsys.readouterr()
    assert "branch origin/main: 1 landing from " in out
    assert "  No finding in 1 object in 1 file.\n" in out
    assert err == ""


def test_the_line_it_ends_with_starts(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What it says to type, typed with one's key and address, makes rules that load."""
    main(["try", "--output", "json"], {})
    [command] = json.loads(capsys.readouterr().out)["start"]["command"]
    key = f"{person('ada').key}.pub"

    assert command == "gitwarrant init --environment production --path production --namespace shop"
    assert main([*command.split()[1:], "--yes", "--key", key, "--email", "ada@example.com"], {}) == 0
    subprocess.run(["git", "add", "."], cwd=clone, check=True)
    said = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *said, "commit", "-qm", "Begin"], cwd=clone, check=True)
    subprocess.run(["git", "push", "-q", "origin", "main"], cwd=clone, check=True)
    capsys.readouterr()
    assert main(["try"], {}) == 0
    assert "\nIt has begun\n" in capsys.readouterr().out


def test_a_server_is_fetched_from_into_a_folder_that_goes_away(
    forge: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over HTTPS with its authority pinned; its default branch is asked for."""
    forge.branch("release")
    forge.git.set_head("refs/heads/release")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))

    with serve(tmp_path) as (url, authority):
        status = main(["try", f"{url}/shop.git", "--ca-file", str(authority)], {})

    out = capsys.readouterr().out
    assert status == 0
    assert ", branch release: 1 landing from " in out
    assert f"  git clone {url}/shop.git && cd shop\n" in out
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_bare_repository_and_a_branch_can_be_named(
    forge: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    forge.branch("release")
    forge.commit(by="ada", on="release", files={"notes": "2"})

    assert main(["try", str(forge.path), "--branch", "release", "--details"], {}) == 0

    out = capsys.readouterr().out
    assert "shop, branch release: 2 landings from " in out
    assert "Landings, the newest first\n" in out


def test_json_has_every_number_with_its_commits(forge: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["try", forge.url, "--output", "json"], {}) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["counted"]["landings_refused"] == {"no_second": [forge.tip()]}
    assert told["history"]["landings"][0]["paths"] == ["notes"]
    assert told["manifests"]["files"] == ["production/web.yaml"]


def test_a_shallow_clone_says_what_is_missing(
    forge: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge.commit(by="ada", files={"notes": "2"})
    subprocess.run(["git", "clone", "-q", "--depth", "2", forge.url, str(tmp_path / "cut")], check=True)

    assert main(["try", str(tmp_path / "cut")], {}) == 0

    out = " ".join(capsys.readouterr().out.split())
    assert "branch origin/main: 1 landing from " in out
    assert "the history is cut off here (a shallow clone). The rest: git fetch --unshallow" in out


def test_a_clone_without_its_files_says_what_it_could_not_read(
    forge: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A partial clone: git would fetch what is missing when asked; nothing here asks."""
    subprocess.run(["git", "config", "uploadpack.allowFilter", "true"], cwd=forge.path, check=True)
    partial = ["git", "clone", "-q", "--filter=tree:0", "--no-checkout", forge.url, str(tmp_path / "partial")]
    subprocess.run(partial, check=True, stderr=subprocess.DEVNULL)

    assert main(["try", str(tmp_path / "partial")], {}) == 0

    assert "is missing or damaged" in capsys.readouterr().out


def test_names_in_a_repository_cannot_steer_a_terminal(
    forge: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    forge.commit(by="ada", files={"production/\u202e.yaml": "kind: x\napiVersion: [\n"})

    assert main(["try", str(forge.path), "--details"], {}) == 0

    assert "\u202e" not in capsys.readouterr().out


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder outside of any clone, which is home too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("argv", "status", "what"),
    [
        pytest.param(["nowhere"], 2, "there is no folder nowhere", id="no such folder"),
        pytest.param(["."], 2, "is not a Git repository", id="no repository"),
        pytest.param(["http://git.example.com/x"], 2, "is not encrypted", id="not encrypted"),
        pytest.param(["ext::sh -c id"], 2, "white space", id="a program as address"),
        pytest.param(["file:///nonexistent/x.git"], 3, "nonexistent", id="a folder that is gone"),
        pytest.param(["https://127.0.0.1:1/x.git"], 3, "does not answer", id="no server"),
        pytest.param(["git@127.0.0.1:x.git"], 2, "needs a key", id="no SSH key"),
        pytest.param(["--since", "soon"], 2, "'soon' is no duration", id="no duration"),
        pytest.param(["--since", "9000d"], 2, "too short or too long", id="too long"),
        pytest.param(["--seconds", "0"], 2, "too short or too long", id="no time"),
    ],
)
def test_where_it_cannot_look_it_says_why(
    nowhere: None, capsys: pytest.CaptureFixture[str], argv: list[str], status: int, what: str
) -> None:
    assert main(["try", *argv], {}) == status

    err = capsys.readouterr().err
    assert what in err
    assert "  remedy: " in err


def test_an_empty_repository_has_nothing_to_show(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Simulator(tmp_path / "empty.git")

    statuses = [
        main(["try", named], {}) for named in (str(tmp_path / "empty.git"), (tmp_path / "empty.git").as_uri())
    ]

    assert statuses == [2, 2]
    assert "has no commit yet" in capsys.readouterr().err


def test_one_commit_alone_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Simulator(tmp_path / "young.git").commit(by="ada", files={"web.yaml": CONFIGMAP})

    assert main(["try", str(tmp_path / "young.git")], {}) == 0

    out = capsys.readouterr().out
    assert "There is one commit only, so nothing has landed on it yet." in out
    assert "No finding in 1 object" in out


def test_bad_content_of_a_server_is_no_verdict_on_a_change(
    forge: Simulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 1 is for gates; here nothing could be looked at."""
    tree = forge.tree_of(forge.commit(by="ada", files={"notes": "9"}))
    (forge.path / "objects" / tree[:2] / tree[2:]).unlink()

    assert main(["try", forge.url], {}) == 2

    assert "error: " in capsys.readouterr().err


class Screen(io.StringIO):
    """A terminal that somebody looks at."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_it_says_what_it_does_and_leaves_no_trace(
    forge: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = Screen()
    monkeypatch.setattr("sys.stderr", screen)

    assert main(["try", forge.url], {}) == 0

    steps = [step for step in screen.getvalue().split("\r\x1b[K") if step]
    assert [step.split()[0] for step in steps] == ["fetching", "reading", "1", "reading"]
    assert screen.getvalue().endswith("\r\x1b[K")
