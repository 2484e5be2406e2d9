"""A report for people shows manifests that others wrote, in logs that others read."""

import pytest

from gitwarrant.model.change import NO_BLOB, NO_MODE, File
from gitwarrant.pipeline.check import check_files
from gitwarrant.policy.report.human import lines
from gitwarrant.policy.sets import BUILTIN_SETS

ESCAPE, OVERRIDE = "\x1b", "\u202e"  # starts a command of the terminal; turns the direction of text


def told(text: str, path: str = "web.yaml") -> str:
    """The whole report about one file."""
    file = File(path, NO_MODE, NO_BLOB, text.encode())
    checked = check_files([file], [BUILTIN_SETS["production-security"]])
    return "\n".join("".join(part for _, part in line) for line in lines(checked))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "{apiVersion: v1, kind: Secret, metadata: {name: db}, stringData: {password: hunter2}}",
            id="one line",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\nstringData:\n  password: hunter2\n",
            id="block",
        ),
        pytest.param(
            "apiVersion: template.openshift.io/v1\nkind: Template\nmetadata:\n  name: a\nobjects:\n"
            "  - apiVersion: v1\n    kind: Secret\n    stringData:\n      password: hunter2\n",
            id="wrapped",
        ),
    ],
)
def test_a_secret_in_a_file_is_named_but_not_shown(text: str) -> None:
    """attack: secret_in_a_build_log. The key is enough to mend it; the line with the value stays out."""
    report = told(text)

    assert "readable values in a Secret: password" in report
    assert "hunter2" not in report


@pytest.mark.parametrize(
    ("escaped", "raw"),
    [pytest.param(r"\e[2J", ESCAPE, id="escape"), pytest.param(r"\u202E", OVERRIDE, id="direction")],
)
@pytest.mark.parametrize("field", ["image", "name"])
def test_a_manifest_cannot_steer_the_terminal(field: str, escaped: str, raw: str) -> None:
    """attack: terminal_escape_in_a_manifest. In messages and remedies it is shown as a mark."""
    container = {"image": "web", "name": "web"} | {field: f"a{escaped}b"}
    fields = ", ".join(f'{name}: "{value}"' for name, value in container.items())

    report = told(
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: a}}, spec: {{containers: [{{{fields}}}]}}}}"
    )

    assert "image-without-digest" in report
    assert raw not in report


def test_a_path_cannot_steer_the_terminal() -> None:
    """attack: terminal_escape_in_a_path. A file's name is chosen by whoever wrote the file."""
    report = told("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {}}", path=f"a{ESCAPE}[2J.yaml")

    assert "could not be judged" in report
    assert ESCAPE not in report
