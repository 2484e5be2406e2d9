"""GnuPG in a home of its own, at any time: keys and signatures as people make them."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Gpg:
    """Each call may say what time it is, as `20260101T000000`."""

    home: Path

    def __call__(self, *arguments: str, at: str = "", given: bytes = b"") -> bytes:
        clock = ["--faked-system-time", f"{at}!"] if at else []
        quiet = ["--batch", "--quiet", "--no-tty", "--trust-model", "always", "--allow-weak-digest-algos"]
        secret = ["--passphrase", "", "--pinentry-mode", "loopback"]
        command = ["gpg", "--homedir", str(self.home), *quiet, *secret, *clock, *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout

    def make(
        self, name: str, kind: str = "ed25519", usage: str = "sign", end: str = "never", *, at: str
    ) -> str:
        """Make a key; its fingerprint."""
        self("--quick-generate-key", f"{name} <{name}@example.com>", kind, usage, end, at=at)
        return self.fingerprints(name)[0]

    def fingerprints(self, name: str) -> list[str]:
        """Of the primary key and its subkeys, in lowercase."""
        listed = self("--list-keys", "--with-colons", f"={name} <{name}@example.com>").decode().splitlines()
        return [line.split(":")[9].lower() for line in listed if line.startswith("fpr")]

    def export(self, name: str, how: str = "export-minimal", *, at: str = "") -> str:
        """A certificate; what had ended by then is left out of it."""
        return self("--armor", "--export-options", how, "--export", f"{name}@example.com", at=at).decode()

    def sign(self, key: str, message: bytes, *options: str, at: str = "") -> bytes:
        """A detached armored signature."""
        return self("-u", key, "--armor", *(options or ["--detach-sign"]), at=at, given=message)


@contextmanager
def gnupg() -> Iterator[Gpg]:
    """A home with a short path (its sockets ask for one); its agent ends with it."""
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed: apt install gnupg")
    home = Path(tempfile.mkdtemp(prefix="gw-gpg-"))
    home.chmod(0o700)
    try:
        yield Gpg(home)
    finally:
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(home, ignore_errors=True)
