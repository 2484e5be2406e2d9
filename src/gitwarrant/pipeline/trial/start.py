"""The `gitwarrant init` line that would start here: a guess, and said to be one."""

import re
import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from gitwarrant.model.change import NO_BLOB, File
from gitwarrant.model.errors import Refused
from gitwarrant.model.manifest import Source
from gitwarrant.render.plain import read_manifests

LIKELY = ("production", "prod", "prd", "live", "staging", "stage", "dev")
"""Folders that are an environment's by their name, the most telling first."""
UNLIKELY = frozenset({"test", "tests", "testdata", "fixtures", "e2e", "docs", "example", "examples"})
"""Parts of paths where manifests lie that nobody deploys."""
DEFAULT = "production"
NOT_A_LABEL = re.compile(r"[^a-z0-9-]+")
MAX_LABEL = 63
MAX_READ = 200  # files; their namespaces are counted to guess one


@dataclass(frozen=True, slots=True)
class Start:
    """What would be given to `init`, and from what it was guessed."""

    environment: str
    path: str
    namespace: str
    why: str
    hindered: tuple[str, ...]
    """Folders in it whose manifests a tool makes, which gitwarrant refuses until it can render them."""
    command: tuple[str, ...]
    """The commands to type, in order."""


def guess(sources: Sequence[Source], unrendered: Sequence[str], address: str | None) -> Start | None:
    """Guess the first environment from the manifests that were judged. None: there are none.

    Args:
        unrendered: folders whose manifests a tool makes; an environment cannot hold one yet.
        address: where to clone from first; None: it is a clone already.
    """
    if not sources:
        return None
    path, why = _folder([source.path for source in sources], unrendered)
    inside = [source for source in sources if _holds(path, source.path)]
    name = path.rpartition("/")[2].casefold()
    environment = _label(name) if name in LIKELY else DEFAULT
    namespace, also = _namespace(inside, environment)
    init = shlex.join(
        ["gitwarrant", "init", "--environment", environment, "--path", path, "--namespace", namespace]
    )
    clone = (f"git clone {shlex.quote(address)} && cd {_cloned(address)}",) if address else ()
    hindered = tuple(folder for folder in unrendered if _holds(path, folder))
    return Start(environment, path, namespace, f"{why}; {also}", hindered, (*clone, init))


def _holds(folder: str, path: str) -> bool:
    return folder in (".", path) or path.startswith(f"{folder}/")


def _folder(paths: Sequence[str], unrendered: Sequence[str]) -> tuple[str, str]:
    """The folder that is most likely an environment's, and why.

    By its name; else the one with the most manifests. A folder without
    anything that a tool must make first comes before one with it.
    """
    folders = Counter(folder for path in paths for folder in _above(path)) + Counter({".": len(paths)})
    cost = {folder: (_unlikely(folder), any(_holds(folder, one) for one in unrendered)) for folder in folders}
    likely = [folder for folder in folders if folder.rpartition("/")[2].casefold() in LIKELY]
    if likely:
        best = min(likely, key=lambda folder: (cost[folder], _rank(folder), folder.count("/"), folder))
        return best, f"manifests lie in a folder named {best.rpartition('/')[2]!r}"
    best = min(folders, key=lambda folder: (cost[folder], -folders[folder], folder == ".", folder))
    return best, f"{folders[best]} of {len(paths)} files with manifests lie there"


def _unlikely(folder: str) -> bool:
    return not UNLIKELY.isdisjoint(folder.casefold().split("/"))


def _rank(folder: str) -> int:
    return LIKELY.index(folder.rpartition("/")[2].casefold())


def _above(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _namespace(sources: Sequence[Source], environment: str) -> tuple[str, str]:
    names: Counter[str] = Counter()
    for source in sources[:MAX_READ]:
        try:
            found = list(read_manifests(File(source.path, 0o100644, NO_BLOB, source.data)))
        except Refused:
            continue
        names.update(manifest.key.namespace for manifest in found if manifest.key.namespace)
    if not names:
        return environment, "no manifest in it names a namespace"
    best, count = min(names.items(), key=lambda item: (-item[1], item[0]))
    return best, f"{count} of its manifests name the namespace"


def _label(text: str) -> str:
    """A name that Kubernetes takes, made of any text; empty: nothing is left of it."""
    return NOT_A_LABEL.sub("-", text.casefold()).strip("-")[:MAX_LABEL].strip("-")


def _cloned(address: str) -> str:
    name = re.split(r"[/:]", address.rstrip("/"))[-1].removesuffix(".git")
    return shlex.quote(name or ".")
