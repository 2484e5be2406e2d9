"""Where the programs of a sandbox come from, and what to do when one is missing."""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.parts import PARTS

# The releases the sandbox is tested with; of these, any patch release will do.
SUPPORTED = {
    "etcd": "3.7",
    "kube-apiserver": "1.36",
    "kube-controller-manager": "1.36",
    "kube-scheduler": "1.36",
    "kubectl": "1.36",
    "kwok": "0.8",
}
VERSION_SECONDS = 10.0
PART_NAMES = tuple(part.name for part in PARTS)


@dataclass(frozen=True, slots=True)
class Binaries:
    """Looks for a program in the environment, then on PATH at a supported version, then in .tools/bin."""

    environ: Mapping[str, str]
    tools: Path | None
    """The folder with `bin` in it, or None where gitwarrant was installed without its source."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Binaries":
        """As the environment says: GITWARRANT_TOOLS, else .tools beside the project's own source."""
        if "GITWARRANT_TOOLS" in environ:
            return cls(environ, Path(environ["GITWARRANT_TOOLS"]).absolute())
        root = Path(__file__).parents[3]
        return cls(environ, root / ".tools" if (root / "tools" / "kubernetes").is_dir() else None)

    def find(self, name: str) -> Path | None:
        """The program called `name`, or None.

        Raises:
            SandboxError: the environment names a program that is not there.
        """
        variable = "GITWARRANT_" + name.upper().replace("-", "_")
        if variable in self.environ:
            return _named(Path(self.environ[variable]), variable)
        on_path = shutil.which(name, path=self.environ.get("PATH", ""))
        if on_path and _minor_version(on_path) == SUPPORTED[name]:
            return Path(on_path).absolute()
        built = self.tools / "bin" / name if self.tools else None
        return built if built and built.is_file() else None

    def find_all(self, names: Iterable[str] = PART_NAMES) -> dict[str, Path]:
        """All programs of a sandbox, by part name.

        Raises:
            SandboxError: some are missing; all of them are named, with the line that builds them.
        """
        found = {name: self.find(name) for name in names}
        missing = [name for name, path in found.items() if path is None]
        if missing:
            raise SandboxError(
                f"the sandbox needs what is not here: {', '.join(missing)}",
                remedy="build what is missing with: make tools",
            )
        return {name: path for name, path in found.items() if path is not None}


def _named(path: Path, variable: str) -> Path:
    if not path.is_file():
        raise SandboxError(
            f"{variable} names {path}, which is not a file", remedy=f"correct or unset {variable}"
        )
    return path.absolute()


def _minor_version(program: str) -> str:
    """The release a program says it is of, such as 1.36; empty when it says none."""
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, timeout=VERSION_SECONDS, check=False, text=True
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"\bv?(\d+\.\d+)\.\d+", said.stdout)
    return match[1] if match else ""
