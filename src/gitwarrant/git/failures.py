"""What git said when it failed, turned into what happened and what to do."""

import re
from collections.abc import Callable

from gitwarrant.git.objects import refused
from gitwarrant.git.remote import without_secrets
from gitwarrant.model.errors import GitwarrantError, Unreachable

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
FOREIGN = re.compile(r"^remote:.*|'[^'\n]*'", re.MULTILINE)  # the server's words; names and addresses
MAX_SHOWN = 300  # characters of what git said; the rest repeats


class FetchError(GitwarrantError):
    """Git could not fetch or push, and trying again will not mend it."""


def failure(server: str, stderr: bytes) -> GitwarrantError:
    """Translate git's words (spoken with LC_ALL=C).

    Returns:
        Unreachable where the server did not answer, Refused(stage="fetch")
        where what it sent is bad, else a FetchError. The server's own words
        are shown short, without control characters or credentials.
    """
    text = stderr.decode(errors="replace")
    said = spoken(text)
    ours = FOREIGN.sub("", text)
    for pattern, make in FAILURES:
        if re.search(pattern, ours, re.IGNORECASE):
            return make(server, said)
    return FetchError(f"git failed with {server}: {said}", remedy="read what git said; try it by hand")


def spoken(text: str) -> str:
    """The lines of a command that say what went wrong, fit for a terminal."""
    lines = [CONTROLS.sub(" ", line).strip() for line in text.splitlines()]
    telling = [line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))] or lines
    return without_secrets("; ".join(filter(None, telling)))[:MAX_SHOWN] or "it said nothing"


def _bad_content(server: str, said: str) -> GitwarrantError:
    return refused(
        f"{server} served a malformed or incomplete object: {said}",
        "run `git fsck` where the repository is served from",
    )


def _unreachable(server: str, said: str) -> GitwarrantError:
    return Unreachable(
        f"{server} does not answer: {said}", remedy="check the server and the network; it is tried again"
    )


def _error(what: str, remedy: str) -> Callable[[str, str], GitwarrantError]:
    return lambda server, said: FetchError(what.format(server=server, said=said), remedy=remedy)


FAILURES: tuple[tuple[str, Callable[[str, str], GitwarrantError]], ...] = (
    (
        "no space left on device|disk quota exceeded",
        _error("the disk is full: {said}", "make room where gitwarrant keeps its repositories"),
    ),
    (
        "host key verification failed",
        _error(
            "{server} shows another host key than the pinned one",
            "if the server's key was changed on purpose, put the new one into the known hosts file",
        ),
    ),
    (
        (
            r"permission denied \(|authentication failed|could not read (username|password)"
            r"|returned error: 40[13]|terminal prompts disabled|too many authentication failures"
        ),
        _error(
            "{server} does not let us in: {said}", "check the credential, and that it may read the repository"
        ),
    ),
    (r"non-properly terminated|unexpected eof", _unreachable),
    (
        r"certificate|ssl peer|ssl_error|gnutls_handshake",
        _error(
            "{server} cannot prove who it is: {said}",
            "name its authority's certificate as ca_file, or mend the server's certificate",
        ),
    ),
    (
        r"redirect|returned error: 30\d",
        _error("{server} redirects to another place", "name the final address; redirects are not followed"),
    ),
    (
        (
            r"could not resolve host|(couldn't|could not|failed to) connect"
            r"|connection (refused|timed out|reset|closed)|network is unreachable|no route to host"
            r"|temporary failure in name resolution|name or service not known|operation timed out"
            r"|operation too slow|returned error: (5\d\d|429)|hung up unexpectedly|early eof"
            r"|unexpected disconnect|rpc failed"
        ),
        _unreachable,
    ),
    (
        r"couldn't find remote ref",
        _error("{server} lacks a ref: {said}", "push the ref, or correct its name in the configuration"),
    ),
    (
        (
            r"fsck error|repository corruption|bad pack header|invalid index-pack|bad object"
            r"|index-pack failed|did not send all"
            r"|pack has|missing (blob|tree|commit|object)|unable to parse|collision|hash mismatch|inflate"
            r"|bad pack header|corruption on the remote side"
        ),
        _bad_content,
    ),
    (
        (
            r"repository .* not found|not appear to be a git repository|returned error: 404"
            r"|could not read from remote repository"
        ),
        _error("{server} has no such repository: {said}", "correct the address, or the right to read it"),
    ),
)
"""Looked through from the top: a server that does not answer also gives no repository."""
