"""What `pip install gitwarrant` brings: all of the package, and of other packages only the core ones."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "src" / "gitwarrant"

pytestmark = pytest.mark.skipif(find_spec("hatchling") is None, reason="no hatchling: run make test")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built by the backend that pip would call, without what pip would download for it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    [built] = folder.glob("*.whl")
    return zipfile.ZipFile(built)


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    files = {
        f"gitwarrant/{file.relative_to(PACKAGE)}"
        for file in PACKAGE.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }

    assert {name for name in wheel.namelist() if name.startswith("gitwarrant/")} == files
    data = ("py.typed", "demo/shop/production/web.yaml", "cluster/health/operators.yaml")
    assert files >= {f"gitwarrant/{name}" for name in data}


def test_the_wheel_asks_for_the_core_packages_alone(wheel: zipfile.ZipFile) -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [metadata] = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]

    required = re.findall(r"^Requires-Dist: ([^;\n]+)$", wheel.read(metadata).decode(), re.MULTILINE)

    assert sorted(required) == sorted(declared["dependencies"])


def test_the_wheel_brings_the_command(wheel: zipfile.ZipFile) -> None:
    [entries] = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]

    assert wheel.read(entries).decode() == "[console_scripts]\ngitwarrant = gitwarrant.cli.main:main\n"
