"""The git command line, started with nothing of this machine's or its user's configuration.

Git runs only to talk to a server, and to read what libgit2 cannot. Everything it
would do besides (hooks, filters, submodules, credential helpers, redirects, bundles, background work)
is switched off, in the environment rather than in files or arguments: it
outranks the repository's own configuration, reaches git's own children, and
keeps tokens out of the list of processes: git gives its helpers the address as
an argument, so it holds none, and they are told the header by the environment.
"""

import os
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from gitwarrant.git.failures import FetchError, failure
from gitwarrant.git.objects import refused
from gitwarrant.git.remote import Remote
from gitwarrant.model.errors import GitwarrantError, Unreachable

SOURCE = "source"
"""The name under which git knows the address."""

WATCH_SECONDS = 0.1  # how often a running git is looked at
NOTHING: Mapping[str, str] = {}

CONFIGURATION: Mapping[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.askPass": "",
    "core.fsmonitor": "false",
    "core.alternateRefsCommand": "exit 0;",  # with a semicolon, or git looks for a program of that name
    "core.commitGraph": "false",  # a graph that lies gives commits other parents
    "credential.helper": "",
    "protocol.allow": "never",
    "protocol.version": "2",
    "http.followRedirects": "false",
    "http.sslVerify": "true",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "transfer.bundleURI": "false",
    "transfer.fsckObjects": "true",
    "fetch.fsckObjects": "true",
    # Always one pack: its size can be limited as one file.
    "transfer.unpackLimit": "1",
    "fetch.unpackLimit": "1",
    "fetch.recurseSubmodules": "false",
    "fetch.writeCommitGraph": "false",
    "submodule.recurse": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "repack.writeBitmaps": "false",  # another file whose word git takes for what is reachable
    "repack.updateServerInfo": "false",
}

ENVIRONMENT: Mapping[str, str] = {
    "LC_ALL": "C",  # failures are read in English
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_SSH_VARIANT": "ssh",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a server may take, how much it may send, how many statements it may hold."""

    seconds: float = 300
    bytes: int = 2 * 1024**3
    statements: int = 10_000
    objects: int = 5_000_000  # a hundred times what ten thousand files and ten years of commits make


def environment(remote: Remote) -> dict[str, str]:
    """All that git is told: the complete environment of its process."""
    settings = {
        **CONFIGURATION,
        f"protocol.{remote.scheme}.allow": "always",
        f"remote.{SOURCE}.url": remote.address,
        f"remote.{SOURCE}.tagOpt": "--no-tags",
    }
    if remote.ca_file:
        settings["http.sslCAInfo"] = str(remote.ca_file)
    if remote.header:
        settings[f"http.{remote.address}.extraHeader"] = remote.header
    told = _told(settings, remote.scheme)
    if remote.scheme == "ssh":
        told["GIT_SSH_COMMAND"] = remote.ssh_command()
    return told


def local_environment() -> dict[str, str]:
    """The same for a git that only reads what is on this machine: it can reach no server."""
    return _told(CONFIGURATION, "none")


def _told(settings: Mapping[str, str], scheme: str) -> dict[str, str]:
    told = {
        **ENVIRONMENT,
        # Says only where programs are; nothing else of our own environment goes on.
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        told[f"GIT_CONFIG_KEY_{number}"], told[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return told


def run(
    remote: Remote,
    repository: Path,
    arguments: Sequence[str],
    *,
    limits: Limits,
    given: bytes = b"",
    told: Mapping[str, str] = NOTHING,
    watch: Callable[[], None] = lambda: None,
) -> bytes:
    """Run git on a bare repository and return what it printed.

    No file that git or its children write, their output included, grows beyond
    `limits.bytes`. After `limits.seconds` all of them are killed.

    Args:
        given: standard input. It is written after the limits are in force, so
            a command that must not start without them waits for it.
        told: what its environment holds besides.
        watch: asked ten times a second; what it raises ends git and goes on its way.

    Raises:
        Unreachable: the server does not answer, or not in time.
        Refused: what it sends is too large, malformed or incomplete.
        FetchError: anything else.
    """
    command = ["git", f"--git-dir={repository}", *arguments]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = _start(command, {**environment(remote), **told}, output.fileno(), errors.fileno())
        try:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (limits.bytes, limits.bytes))
            _attend(process, given, limits.seconds, watch)
        except ProcessLookupError:
            process.wait()
        except subprocess.TimeoutExpired as error:
            raise Unreachable(
                f"{remote.shown} did not finish within {limits.seconds:g} seconds",
                remedy="check the server and the network; it is tried again, and `seconds` can be raised",
            ) from error
        finally:
            _end(process)
        output.seek(0)
        errors.seek(0)
        said = errors.read(1024 * 1024)
        if process.returncode:
            full = os.fstat(output.fileno()).st_size >= limits.bytes or _pack_is_full(repository, limits)
            raise _too_large(remote, limits) if full else _failure(remote, said)
        return output.read()


def _attend(
    process: subprocess.Popen[bytes], given: bytes, seconds: float, watch: Callable[[], None]
) -> None:
    """Feed git and wait for its end, looking at what it does meanwhile."""
    until = time.monotonic() + seconds
    # Apart: `communicate` forgets, after a timeout, what a pipe did not take at once.
    feeder = Thread(target=_feed, args=(process, given), daemon=True)
    feeder.start()
    try:
        while not _ended(process, max(0.0, min(WATCH_SECONDS, until - time.monotonic()))):
            watch()
            if time.monotonic() >= until:
                raise subprocess.TimeoutExpired(process.args, seconds)
    finally:
        _kill(process)  # nobody reads any more, so the feeder ends
        feeder.join()


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait so long for git's end. `Popen.wait` with a timeout would notice it up to 50 ms late."""
    descriptor = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        ended = bool(poll.poll(seconds * 1000))
    finally:
        os.close(descriptor)
    if ended:
        process.wait()
    return ended


def _feed(process: subprocess.Popen[bytes], given: bytes) -> None:
    """Write standard input and close it; a git that ended before it read all of it says so itself."""
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.write(given)
        with suppress(BrokenPipeError):
            process.stdin.close()


def _failure(remote: Remote, said: bytes) -> GitwarrantError:
    """What git's failure means; a folder that is gone is a server that is gone: a mount may come back."""
    folder = remote.folder
    if folder and not folder.exists():
        return Unreachable(
            f"{remote.shown} does not answer: no such folder",
            remedy="mount it, or correct the address; it is tried again",
        )
    return failure(remote.shown, said)


def _start(command: list[str], told: dict[str, str], output: int, errors: int) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env=told,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        raise FetchError(
            f"git cannot be started: {error.strerror}", remedy="install git 2.39 or newer"
        ) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of git behind."""
    _kill(process)
    process.wait()
    if process.stdin:
        process.stdin.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of git's process group; its children outlive a git that died."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _pack_is_full(repository: Path, limits: Limits) -> bool:
    """Whether a pack that git left unfinished reached the limit: its writer was killed silently."""
    unfinished = (repository / "objects" / "pack").glob("tmp_*")
    return any(path.stat().st_size >= limits.bytes for path in unfinished)


def _too_large(remote: Remote, limits: Limits) -> Exception:
    return refused(
        f"{remote.shown} sends more than {limits.bytes:,} bytes",
        "take large files out of the repository, or raise the limit in the agent's configuration",
    )
