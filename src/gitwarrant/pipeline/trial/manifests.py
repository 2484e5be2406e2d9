"""The manifests that stand at the tip, judged by the built-in checks as `gitwarrant check` does.

What a tool makes manifests of is counted and not judged: patches and templates
are no manifests, and to call them passed would be a lie.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gitwarrant.git.brought import Expired
from gitwarrant.git.objects import Objects
from gitwarrant.git.standing import LeftOut, Standing, open_file, standing
from gitwarrant.model.change import NO_BLOB, File, TreeId
from gitwarrant.model.finding import Finding, Unjudged
from gitwarrant.model.manifest import Source
from gitwarrant.pipeline.check import NothingChecked, check_files
from gitwarrant.policy.check import refuses
from gitwarrant.policy.report.checked import Checked, Unreadable
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.render.plain import PlainRenderer, is_manifest_file
from gitwarrant.render.render import RENDERERS

SETS = (BUILTIN_SETS["production-security"],)
FIRST_SETS = (BUILTIN_SETS["basic-security"],)
"""What the environment that `init` writes is judged by; a test compares."""
WORDS = (b"kind", b"apiVersion")
"""A file without these names no kind; it need not be read to know that it holds no manifest."""


@dataclass(frozen=True, slots=True)
class Unrendered:
    """A folder whose manifests a tool makes: how many YAML and JSON files in it and below are not judged."""

    tool: str
    folder: str
    files: int


@dataclass(frozen=True, slots=True)
class Manifests:
    """What the checks say about the tip."""

    objects: int
    files: tuple[str, ...]
    """Those whose manifests were judged."""
    findings: tuple[Finding, ...]
    at_first: int
    """How many of the findings refuse in an environment as `init` writes it."""
    unjudged: tuple[Unjudged, ...]
    unreadable: tuple[Unreadable, ...]
    unrendered: tuple[Unrendered, ...]
    left_out: tuple[LeftOut, ...]
    no_manifest: int
    """YAML and JSON files that name no kind."""
    not_looked_at: int
    """Files for which the time did not suffice."""


def manifests(objects: Objects, top: TreeId, expired: Expired) -> tuple[Manifests, tuple[Source, ...]]:
    """Find and judge the manifests of a tree, as far as the time suffices.

    Returns:
        What was found, and the bytes of the files that were judged.
    """
    found = list(standing(objects, top))
    tools = _tools(one.path for one in found if isinstance(one, Standing))
    candidates = [one for one in found if is_manifest_file(one.path) or _hides_some(one)]
    made = Counter(folder for one in candidates if (folder := _made_in(one.path, tools)) is not None)
    reading = _Reading(objects, [one for one in candidates if _made_in(one.path, tools) is None], expired)
    checked, unreadable = _checked(reading)
    seen = Manifests(
        objects=checked.report.objects if checked else 0,
        files=tuple(source.path for source in checked.sources) if checked else (),
        findings=checked.report.findings if checked else (),
        at_first=sum(refuses(one, FIRST_SETS) for one in checked.report.findings) if checked else 0,
        unjudged=checked.report.unjudged if checked else (),
        unreadable=unreadable,
        unrendered=tuple(Unrendered(tools[folder], folder, made[folder]) for folder in sorted(made)),
        left_out=tuple(reading.left_out),
        no_manifest=reading.no_manifest + (len(checked.skipped) if checked else 0),
        not_looked_at=reading.not_looked_at,
    )
    return seen, checked.sources if checked else ()


def _checked(reading: "_Reading") -> tuple[Checked | None, tuple[Unreadable, ...]]:
    try:
        checked = check_files(reading.files(), SETS)
    except NothingChecked as nothing:
        reading.no_manifest += nothing.skipped
        return None, nothing.unreadable
    return checked, checked.unreadable


class _Reading:
    """Hands files to the checks one by one, and counts those that it does not hand over."""

    def __init__(self, objects: Objects, candidates: Sequence[Standing | LeftOut], expired: Expired) -> None:
        self._objects, self._expired, self._candidates = objects, expired, candidates
        self.left_out: list[LeftOut] = []
        self.no_manifest = self.not_looked_at = 0

    def files(self) -> Iterator[File]:
        """The files that may hold manifests, until the time is used up."""
        for place, one in enumerate(self._candidates):
            if self._expired():
                self.not_looked_at = len(self._candidates) - place
                return
            opened = open_file(self._objects, one) if isinstance(one, Standing) else one
            if isinstance(opened, LeftOut):
                self.left_out.append(opened)
            elif not all(word in opened.data for word in WORDS):
                self.no_manifest += 1
            else:
                yield opened


def _hides_some(one: Standing | LeftOut) -> bool:
    """Whether manifests may lie in a folder that is not looked at."""
    hidden = any(part.startswith(".") for part in one.path.split("/") if part != ".")
    return isinstance(one, LeftOut) and one.whole and not hidden


def _tools(paths: Iterator[str]) -> Mapping[str, str]:
    """Folder to tool: where a file lies that a renderer other than the plain one claims."""
    found: dict[str, str] = {}
    for path in paths:
        file = (File(path, 0o100644, NO_BLOB, b""),)
        renderer = next(renderer for renderer in RENDERERS if renderer.claims(file))
        if renderer.name != PlainRenderer.name:
            found.setdefault(path.rpartition("/")[0], renderer.name)
    return found


def _made_in(path: str, tools: Mapping[str, str]) -> str | None:
    """The outermost folder around a file whose manifests a tool makes; None: there is none."""
    parts = path.split("/")[:-1]
    folders = ("/".join(parts[:depth]) for depth in range(len(parts) + 1))
    return next((folder for folder in folders if folder in tools), None)
