"""Whatever the address, it is a remote or refused, and no password of it is shown."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.git.command import environment
from gitwarrant.git.remote import Remote, without_secrets
from gitwarrant.model.errors import GitwarrantError

PIECES = st.sampled_from(
    [
        *(
            "https://",
            "ssh://",
            "file://",
            "ext::",
            "git@",
            "-o",
            "host",
            ":",
            "@",
            "/",
            "//",
            "[",
            "]",
            "::",
        ),
        *("%", "?", "#", "..", "a b", "\n", "443", "x" * 300, "\u202e"),
    ]
)
SECRET = "s3cr3t-s3cr3t"


@given(url=st.text(max_size=40) | st.lists(PIECES, max_size=8).map("".join))
@settings(max_examples=400, deadline=None)
def test_arbitrary_text_is_a_remote_or_refused(url: str) -> None:
    """What is accepted reads as no option, starts no helper, and can be told to git."""
    try:
        remote = Remote(url, Path("key"), Path("known"))
        told = environment(remote)
    except GitwarrantError:
        return
    assert remote.scheme in {"https", "ssh", "file"}
    assert not url.startswith("-")
    assert told["GIT_ALLOW_PROTOCOL"] == remote.scheme
    assert not any("\0" in value or "\n" in value for value in told.values())


def said(url: str) -> str:
    """What people read of an address, whether it is accepted or not."""
    try:
        remote = Remote(url, Path("key"), Path("known"))
    except GitwarrantError as error:
        return str(error)
    return remote.shown + repr(remote)


@given(
    user=st.text(alphabet="abc-._%40", max_size=5),
    before=st.text(alphabet="abc:@%!$&+=", max_size=4),
    scheme=st.sampled_from(["https", "ssh", "http", "ftp", "git+ssh"]),
    rest=st.sampled_from(["host/path", "host", "host:443/a@b", "[::1]/x", "", "/", "host/x?y=z"]),
)
@settings(max_examples=400, deadline=None)
def test_a_password_in_an_address_is_never_shown(user: str, before: str, scheme: str, rest: str) -> None:
    """Neither by the remote, nor by the error that refuses it."""
    url = f"{scheme}://{user}:{before}{SECRET}@{rest}"
    assert SECRET not in said(url)
    assert SECRET not in without_secrets(f"fatal: cannot reach {url}: no route")
