"""Programs that tests run beside ours: what is missing is a skip that says how to get it."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.pages import ROOT


def program(name: str, remedy: str) -> Path:
    """A program of .tools/bin, or one on PATH."""
    tools = Path(os.environ.get("GITWARRANT_TOOLS") or ROOT / ".tools").absolute()
    built = tools / "bin" / name
    found = str(built) if built.is_file() else shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not here: {remedy}")
    return Path(found)
