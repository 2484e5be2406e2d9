"""`gitwarrant check` and `gitwarrant explain`, as a person calls them."""

import io
import json
from pathlib import Path

import pytest

from gitwarrant.cli.main import main

CLEAN = "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}}"
FAULTY = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {hostPID: true, containers: [{name: web}]}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deploy" / ".hidden").mkdir(parents=True)
    (tmp_path / "deploy" / "web.yaml").write_text(FAULTY)
    (tmp_path / "deploy" / "settings.json").write_text(
        '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}'
    )
    (tmp_path / "deploy" / "README.md").write_text("kind: Pod")
    (tmp_path / "deploy" / ".hidden" / "pod.yaml").write_text(FAULTY)
    (tmp_path / "deploy" / "link.yaml").symlink_to("web.yaml")
    (tmp_path / "clean.txt").write_text(CLEAN)
    return tmp_path


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        pytest.param(["check", "deploy"], 1, id="findings"),
        pytest.param(["check", "clean.txt"], 0, id="clean, whatever its name"),
        pytest.param(["check", "deploy", "--threshold", "critical"], 0, id="findings below the threshold"),
        pytest.param(["check", "deploy", "--policy", "performance-validation"], 1, id="another set"),
        pytest.param(["check", "nowhere"], 2, id="no such path"),
        pytest.param(["check"], 2, id="no path"),
        pytest.param(
            ["check", "deploy/README.md"], 1, id="a named file is read: this one is a broken manifest"
        ),
        pytest.param(["check", "--list"], 0, id="list"),
        pytest.param(["explain"], 0, id="explain"),
        pytest.param(["explain", "host-path"], 0, id="explain one"),
    ],
)
def test_exit_status(folder: Path, argv: list[str], status: int) -> None:
    """As documented: 0 nothing refuses, 1 findings, 2 could not run."""
    if argv[-1] == "deploy/README.md":
        argv = [*argv, "clean.txt"]

    assert main(argv, {}) == status


@pytest.mark.parametrize("argv", [["check", "--policy", "no-such-set", "x"], ["explain", "no-such-check"]])
def test_an_unknown_name_is_wrong_usage(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The message names those that exist."""
    with pytest.raises(SystemExit) as ended:
        main(argv, {})

    assert ended.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_a_folder_is_read_whole_and_what_was_left_out_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hidden folders, links and other files would not be deployed either."""
    main(["check", "deploy", "clean.txt", "deploy/web.yaml", "--output", "json"], {})

    report = json.loads(capsys.readouterr().out)
    assert report["files"] == ["deploy/settings.json", "deploy/web.yaml", "clean.txt"]
    assert report["not_looked_at"] == [
        {"path": "deploy/.hidden", "reason": "a hidden folder"},
        {"path": "deploy/README.md", "reason": "neither YAML nor JSON"},
        {"path": "deploy/link.yaml", "reason": "a symbolic link, which no environment may hold"},
    ]
    assert report["policies"][0]["name"] == "production-security"


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What another tool prints."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(FAULTY.encode())))

    status = main(["check", "-", "--policy", "basic-security"], {})

    assert status == 1
    assert "\n  4:17     high host-namespaces Pod web\n" in "\n" + capsys.readouterr().out


def test_a_run_over_nothing_could_not_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 2, in words and as data."""
    (folder / "empty").mkdir()

    assert main(["check", "empty"], {}) == 2
    assert "no Kubernetes manifest was read" in capsys.readouterr().err
    assert main(["check", "empty", "--output", "json"], {}) == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "NothingChecked"


def test_a_file_too_large_is_refused_with_its_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reader's limit; the rest of the file is not even read."""
    (folder / "huge.yaml").write_bytes(b"#" * (16 * 1024 * 1024 + 10))

    status = main(["check", "huge.yaml", "clean.txt"], {})

    assert status == 1
    assert "huge.yaml: more than 16 MiB, and no more are read" in capsys.readouterr().out


def test_explain_lists_every_check_and_teaches_one(capsys: pytest.CaptureFixture[str]) -> None:
    """For people and for programs."""
    main(["explain"], {})
    listing = capsys.readouterr().out.splitlines()
    main(["explain", "host-path", "--output", "json"], {})
    [lesson] = json.loads(capsys.readouterr().out)["checks"]

    assert len(listing) == 11
    assert listing[0].split()[:2] == ["privileged-container", "critical"]
    assert lesson["id"] == "host-path"
