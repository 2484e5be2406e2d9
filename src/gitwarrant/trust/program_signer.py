"""A warrant key behind a program, as Git asks `gpg.program` and kubectl its credential plugins.

So any key service signs warrants without code of its own in here: the program
speaks to it, with credentials that are the program's own business.
"""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from threading import Timer
from typing import IO

from gitwarrant.config.signers import ProgramKey
from gitwarrant.trust.signer import MAX_KEY_BYTES, UnusableKey, is_signed, keyid, read_public, write_public

SECONDS = 30.0  # a key service far away answers in one; a person with a token in some
MAX_ANSWER_BYTES = MAX_KEY_BYTES
PUBLIC_KEY, SIGN = "public-key", "sign"


class ProgramSigner:
    """A program that holds a P-256 key, or reaches one. It is started with one more argument:

    `public-key`: prints the public key as PEM. Asked once.

    `sign`: reads the message (DSSE's pre-authentication encoding) to its end
    from standard input and prints the signature in DER: ECDSA over the
    message's SHA-256. It gets the message, not the digest, so that a second
    signer can read what it signs, and refuse.

    Exit status 0, or else the last line on standard error says why not. It is
    killed after `SECONDS`, with its children. It gets our environment and no
    terminal. What it signed is verified before it is used.
    """

    def __init__(self, key: ProgramKey) -> None:
        self._command = key.command
        public = read_public(self._ask(PUBLIC_KEY, b""))
        self._public, self.public_pem, self.keyid = public, write_public(public), keyid(public)

    def sign(self, message: bytes) -> bytes:
        """Sign with ECDSA, P-256 and SHA-256; the signature in DER."""
        signature = self._ask(SIGN, message)
        if not is_signed(self._public, message, signature):
            raise UnusableKey(
                f"what the signer {self._command[0]} printed is no signature by its key {self.keyid[:16]!r}",
                remedy="print the DER form of ECDSA over SHA-256; if its key was replaced, start over",
            )
        return signature

    def _ask(self, question: str, given: bytes) -> bytes:
        answer, said, status = _run((*self._command, question), given)
        if status:
            killed = f"was killed (it has {SECONDS:g} seconds)"
            how = killed if status == -signal.SIGKILL else f"ended with status {status}"
            [*_, last] = said.decode(errors="replace").strip().splitlines() or [""]
            why = last[:200] or "no reason given"
            raise UnusableKey(
                f"the signer {self._command[0]} {how}, asked for {question!r}: {why}",
                remedy="run it by hand with the same argument, and see docs/how-to/keep-the-warrant-key.md",
            )
        if len(answer) > MAX_ANSWER_BYTES:
            raise UnusableKey(
                f"the signer {self._command[0]} answers {question!r} with more than {MAX_ANSWER_BYTES} bytes",
                remedy="let it print the key or the signature, and nothing else",
            )
        return answer


def _run(command: Sequence[str], given: bytes) -> tuple[bytes, bytes, int]:
    """What a program answers, what it says besides, and its status; all of it bounded."""
    try:
        process = subprocess.Popen(
            command,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise UnusableKey(
            f"the signer {command[0]} cannot be started: {error.strerror}",
            remedy="correct its path in the agent's configuration, or make it executable",
        ) from error
    killer = Timer(SECONDS, _kill, [process])
    killer.start()
    with process:
        try:
            _give(process.stdin, given)
            answer, said = _some(process.stdout), _some(process.stderr)
            if len(answer) <= MAX_ANSWER_BYTES:
                os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        finally:
            killer.cancel()
            killer.join()
            _kill(process)  # before it is waited for: until then its number is nobody else's
    return answer, said, 0 if len(answer) > MAX_ANSWER_BYTES else process.returncode


def _give(stream: IO[bytes] | None, data: bytes) -> None:
    """Write to a program that may not care."""
    if stream:
        with suppress(BrokenPipeError):
            stream.write(data)
        with suppress(BrokenPipeError):
            stream.close()


def _some(stream: IO[bytes] | None) -> bytes:
    return stream.read(MAX_ANSWER_BYTES + 1) if stream else b""


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program with all that it started; a program that ended may have left children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
