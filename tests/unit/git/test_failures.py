"""What git says is told apart: try again, mend the content, or mend the configuration."""

import pytest

from gitwarrant.git.failures import FetchError, failure
from gitwarrant.model.errors import Refused, Unreachable

SERVER = "https://forge.example/shop.git"


@pytest.mark.parametrize(
    ("stderr", "kind", "what"),
    [
        pytest.param(
            f"fatal: unable to access '{SERVER}/': Could not resolve host: forge.example",
            Unreachable,
            "does not answer",
            id="no such host",
        ),
        pytest.param(
            "fatal: unable to access 'https://forge.example/certificates.git/': Failed to connect to it",
            Unreachable,
            "does not answer",
            id="a repository's name does not mislead",
        ),
        pytest.param(
            "fatal: unable to access 'x': The requested URL returned error: 503",
            Unreachable,
            "does not answer",
            id="server overloaded",
        ),
        pytest.param(
            "remote: fatal: Authentication failed\nfatal: the remote end hung up unexpectedly",
            Unreachable,
            "does not answer",
            id="the server's own words do not decide",
        ),
        pytest.param(
            "fatal: could not read Username for 'https://forge.example': terminal prompts disabled",
            FetchError,
            "does not let us in",
            id="no credential",
        ),
        pytest.param(
            "git@forge.example: Permission denied (publickey).\nfatal: Could not read from remote repository",
            FetchError,
            "does not let us in",
            id="wrong key",
        ),
        pytest.param(
            "error: object 1: missingEmail: invalid author\nfatal: fsck error in packed object",
            Refused,
            "served a malformed or incomplete object",
            id="malformed object",
        ),
        pytest.param(
            "fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output",
            FetchError,
            "the disk is full",
            id="disk full before bad content",
        ),
        pytest.param("fatal: something new", FetchError, "git failed with", id="unknown"),
        pytest.param("", FetchError, "it said nothing", id="silence"),
    ],
)
def test_what_git_says_is_told_apart(stderr: str, kind: type[Exception], what: str) -> None:
    """By git's own words only; what stands in quotes or comes from the server is skipped."""
    error = failure(SERVER, stderr.encode())

    assert type(error) is kind
    assert what in error.what


def test_what_git_says_is_fit_for_a_terminal() -> None:
    """No control character, no password, no end of it."""
    said = "fatal: \x1b[2Jbad 'https://bot:hunter2@forge.example/'\r\nfatal: " + "x" * 1000

    error = failure(SERVER, said.encode())

    assert error.what.startswith(
        f"git failed with {SERVER}: fatal:  [2Jbad 'https://forge.example/'; fatal: xxx"
    )
    assert len(error.what) < 400
