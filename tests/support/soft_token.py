"""A PKCS#11 token in a folder: SoftHSM, and a program that signs as a key service would."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pkcs11
import pytest

from gitwarrant.config.signers import ProgramKey, TokenKey

LIBRARIES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/pkcs11/libsofthsm2.so"),
)
PIN, ADMINISTRATOR_PIN = "246810", "13579111"
TOKEN, OBJECT = "gitwarrant", "warrant"


@dataclass(frozen=True, slots=True)
class SoftToken:
    """A token that a test can take out and put back."""

    folder: Path
    library: Path

    @property
    def pin_file(self) -> Path:
        return self.folder / "pin"

    def key(self, object: str = OBJECT, *, token: str = TOKEN) -> TokenKey:  # noqa: A002 - as PKCS#11 says it
        return TokenKey(self.library, token, object, self.pin_file, "")

    def session(self) -> pkcs11.Session:
        """A session that may write, as an administrator's tool would open it."""
        return pkcs11.lib(str(self.library)).get_token(token_label=TOKEN).open(rw=True, user_pin=PIN)

    def take_out(self) -> None:
        """As a token is pulled: nobody tells the library."""
        for entry in (self.folder / "tokens").iterdir():
            shutil.move(entry, self.folder / "drawer")

    def put_back(self) -> None:
        for entry in (self.folder / "drawer").iterdir():
            shutil.move(entry, self.folder / "tokens")


def soft_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> SoftToken:
    """A new token; skips where SoftHSM is not installed."""
    library = next((path for path in LIBRARIES if path.exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed: apt-get install softhsm2")
    for name in ("tokens", "drawer"):
        (folder / name).mkdir(parents=True)
    settings = folder / "softhsm2.conf"
    settings.write_text(
        f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    pins = ("--pin", PIN, "--so-pin", ADMINISTRATOR_PIN)
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", TOKEN, *pins],
        check=True,
        capture_output=True,
        env={**os.environ, "SOFTHSM2_CONF": str(settings)},
    )
    pkcs11.lib(str(library)).reinitialize()  # it read another folder, for the test before
    token = SoftToken(folder, library)
    token.pin_file.write_text(f"{PIN}\n")
    token.pin_file.chmod(0o600)
    return token


SIGNING_PROGRAM = """\
#!/bin/sh
case "$1" in
  public-key) exec openssl pkey -in '{key}' -pubout ;;
  sign) exec openssl dgst -sha256 -sign '{key}' ;;
esac
"""


def signing_program(folder: Path, script: str = SIGNING_PROGRAM) -> ProgramKey:
    """A program that signs by openssl, with a key of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    key, program = folder / "service.key", folder / "sign"
    subprocess.run(
        ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(key)],
        check=True,
        capture_output=True,
    )
    program.write_text(script.format(key=key))
    program.chmod(0o700)
    return ProgramKey((str(program),))
