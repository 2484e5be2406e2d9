"""The builder of the real parts: what it decides, says and refuses, without running Go."""

import io
import sys
from pathlib import Path

import pytest
from tools import build

ETCD, KUBERNETES, KWOK, *_ = build.MODULES


def put(folder: Path, *programs: str) -> None:
    """Make these programs look built from what is committed."""
    for module in build.MODULES:
        for program in set(programs) & set(module.programs):
            (folder / program).touch()
            (folder / f"{program}.key").write_text(module.key(program))


def test_what_only_tests_need_is_left_out_without_a_c_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else needs one; where tests skip for it, the builder has said so."""
    out = io.StringIO()
    monkeypatch.setattr("shutil.which", lambda _name: None)

    assert build.for_tests(out) == (*build.SANDBOX, "cosign")
    assert out.getvalue() == "there is no C compiler: gitea is left out, and its tests will be skipped\n"

    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    assert build.for_tests(out) == build.TESTS


def test_a_part_in_c_is_built_with_it_and_its_tags() -> None:
    """The others stay independent of the machine's C library."""
    told = {module.name: (module.environment["CGO_ENABLED"], module.flags[-2:]) for module in build.MODULES}

    assert told["gitea"] == ("1", ("-tags", "sqlite sqlite_unlock_notify"))
    assert told["etcd"] == ("0", build.FLAGS[-2:])


def test_only_what_is_named_and_out_of_date_is_built(tmp_path: Path) -> None:
    """One job per module, its programs together so that they share what is compiled."""
    put(tmp_path, "etcd", "kubectl")

    todo = build.jobs(build.SANDBOX, tmp_path)

    assert [(job.module.name, job.programs) for job in todo] == [
        ("kubernetes", ("kube-apiserver", "kube-controller-manager", "kube-scheduler")),
        ("kwok", ("kwok",)),
    ]
    assert build.jobs(["etcd"], tmp_path) == []


def test_a_program_of_another_pin_is_out_of_date(tmp_path: Path) -> None:
    """So is one without a key: its build was interrupted."""
    put(tmp_path, "etcd", "kwok")
    (tmp_path / "etcd.key").write_text("of another go.sum")
    (tmp_path / "kwok.key").unlink()

    todo = build.jobs(["etcd", "kwok"], tmp_path)

    assert [job.programs for job in todo] == [("etcd",), ("kwok",)]


def test_keys_differ_by_program_and_by_flags() -> None:
    """Two programs of one module share go.mod and go.sum, not the key."""
    keys = {program: KUBERNETES.key(program) for program in KUBERNETES.programs}

    assert len(set(keys.values())) == len(KUBERNETES.programs)


def test_every_program_of_the_sandbox_has_a_pinned_module() -> None:
    """Its go.mod requires the version the builder says, and its go.sum is committed."""
    programs = {program for module in build.MODULES for program in module.programs}

    assert set(build.SANDBOX) <= programs
    for module in build.MODULES:
        text = (build.TOOLS / module.name / "go.mod").read_text()
        [package, *_] = module.programs.values()
        assert f"{package.split('/cmd/')[0]} {module.version}" in text
        assert (build.TOOLS / module.name / "go.sum").stat().st_size > 0


@pytest.mark.parametrize(
    ("package", "file"),
    [
        pytest.param("k8s.io/kubernetes/cmd/kubectl", "kubectl", id="last element"),
        pytest.param("example.org/tool/v3", "tool", id="before the major version"),
    ],
)
def test_go_names_a_program_after_its_package(package: str, file: str) -> None:
    """Not after a major version."""
    assert build.program_file(package) == file


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("k8s.io/api/core/v1", True, id="a package"),
        pytest.param("internal/goarch", True, id="of the standard library"),
        pytest.param("unsafe", True, id="one element"),
        pytest.param("go: downloading k8s.io/api v0.36.3", False, id="fetching"),
        pytest.param("# k8s.io/api/core/v1", False, id="what follows is a complaint"),
        pytest.param("main.go:1:2: undefined: x", False, id="a complaint"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_only_compiled_packages_count_as_done(line: str, expected: bool) -> None:
    """Or the count would pass the total."""
    assert build.is_package(line) is expected


@pytest.mark.parametrize(
    ("done", "elapsed", "line"),
    [
        pytest.param(0, 0.0, "building kwok: 0 of 400 packages", id="nothing to reckon from"),
        pytest.param(100, 60.0, "building kwok: 100 of 400 packages, about 3 min left", id="a quarter"),
        pytest.param(396, 60.0, "building kwok: 396 of 400 packages, about 5 s left", id="nearly"),
        pytest.param(400, 60.0, "building kwok: linking", id="all compiled"),
    ],
)
def test_progress_says_how_much_and_how_long(done: int, elapsed: float, line: str) -> None:
    """Time left by the pace so far, and the linking that no package tells of."""
    progress = build.Progress(io.StringIO(), None, total=400, links=1)
    progress.done = done

    assert progress.line("kwok", elapsed=elapsed) == line


def test_a_log_gets_a_line_now_and_then_and_others_can_read_it(tmp_path: Path) -> None:
    """No control characters, no line for every package."""
    out = io.StringIO()
    progress = build.Progress(out, tmp_path / "progress")

    progress.say("first")
    progress.say("at once after")

    assert out.getvalue() == "first\n"
    assert (tmp_path / "progress").read_text() == "first"
    progress.close()
    assert not (tmp_path / "progress").exists()


def test_what_was_fetched_before_needs_less_disk(tmp_path: Path) -> None:
    """An update must not be refused for want of space it does not need."""
    todo = [build.Job(KWOK, ("kwok",))]
    cold = build.disk_needed_mb(todo, tmp_path)
    (tmp_path / "sigs.k8s.io" / "kwok@v0.8.0").mkdir(parents=True)

    assert build.disk_needed_mb(todo, tmp_path) < cold


def test_without_go_there_is_a_sentence_and_status_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is up to date needs no Go."""
    monkeypatch.setattr("shutil.which", lambda _name: None)
    put_there = tmp_path / "bin"
    put_there.mkdir()
    put(put_there, "etcd")
    environ = {"GITWARRANT_TOOLS": str(tmp_path)}

    assert build.main(["etcd"], environ, sys.stdout) == build.BUILT
    assert build.main(["kwok"], environ, sys.stdout) == build.NO_GO

    said = capsys.readouterr()
    assert said.out == "up to date: etcd\n"
    assert said.err.startswith("error: Go is not installed, and the real parts are built with it\n  remedy: ")


def test_too_little_disk_is_refused_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The need is said first, then the refusal with its remedy."""
    monkeypatch.setattr(build, "require_go", lambda _module: None)
    monkeypatch.setattr(build, "caches", lambda: (tmp_path / "modules", tmp_path / "cache"))
    monkeypatch.setattr(build, "_free_mb", lambda _path: 100)

    status = build.main(["etcd"], {"GITWARRANT_TOOLS": str(tmp_path)}, sys.stdout)

    said = capsys.readouterr()
    assert status == build.NO_DISK
    assert said.out.startswith("disk: up to 0.6 GB for Go's caches and the programs, 0.1 GB free\n")
    assert "0.6 GB of disk are needed and 0.1 GB are free\n  remedy: free some" in said.err
