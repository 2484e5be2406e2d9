"""Check files as they lie in a folder, without Git, an environment or a cluster.

The check stage is the one of every deploy. What differs is before it: there is
no environment, so a namespace stays as written and a custom kind of unknown
scope is judged as well; and a file that cannot be read does not hide the others.
"""

from collections.abc import Iterable, Sequence

from gitwarrant.model.change import CommitId, File, TreeId
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.errors import GitwarrantError, Place, Refused
from gitwarrant.model.manifest import Manifest, Source
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.policy.check import check
from gitwarrant.policy.report.checked import Checked, Skipped, Unreadable
from gitwarrant.render.plain import read_manifests
from gitwarrant.yaml.encoding import MAX_FILE_BYTES
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.reader import read

NO_COMMIT, NO_TREE = CommitId("0" * 40), TreeId("0" * 40)
"""Files of a folder have no revision."""

TOOL_KINDS = frozenset({"kustomize.config.k8s.io"})
"""Groups of files that tell a tool how to make manifests; no API server knows their kinds."""


class NothingChecked(GitwarrantError):
    """A run over no manifest at all: it must not look like one that passed.

    `unreadable` are the files that should have held some, `skipped` how many never did.
    """

    unreadable: tuple[Unreadable, ...] = ()
    skipped: int = 0


def check_files(
    files: Iterable[File], sets: Sequence[PolicySet], *, skipped: Sequence[Skipped] = ()
) -> Checked:
    """Judge the manifests of these files, in their order.

    Args:
        files: every one is read, whatever its name.
        skipped: what the caller left out already, so that the report names it.

    Raises:
        NothingChecked: no file held a manifest that can be judged.
        Refused: by check: no set, or a set that names no known check.
    """
    reading = _Reading(list(skipped))
    for file in files:
        reading.take(file)
    if not reading.manifests:
        nothing = _nothing(reading)
        nothing.unreadable, nothing.skipped = tuple(reading.unreadable), len(reading.skipped)
        raise nothing
    unit = Unit("", tuple(reading.manifests), tuple(reading.sources))
    rendered = Rendered(NO_COMMIT, NO_TREE, "", (unit,))
    return Checked(
        check(rendered, sets),
        tuple(sets),
        rendered.sources,
        tuple(reading.skipped),
        tuple(reading.unreadable),
    )


class _Reading:
    """What came of reading files, each under exactly one heading."""

    def __init__(self, skipped: list[Skipped]) -> None:
        self.skipped = skipped
        self.manifests: list[Manifest] = []
        self.sources: list[Source] = []
        self.unreadable: list[Unreadable] = []

    def take(self, file: File) -> None:
        """Read one file."""
        if len(file.data) > MAX_FILE_BYTES:
            # The caller stops reading there, so the reader could not say how large the file is.
            what = f"more than {MAX_FILE_BYTES // 1048576} MiB, and no more are read"
            self.unreadable.append(Unreadable(Place(file.path), what, "split it into several files"))
            return
        try:
            found = tuple(read_manifests(file))
        except Refused as refusal:
            self._fault(file, refusal)
            return
        if found:
            self.manifests += found
            self.sources.append(Source(file.path, file.data))
        else:
            self.skipped.append(Skipped(file.path, "it is empty"))

    def _fault(self, file: File, refusal: Refused) -> None:
        """Tell a broken manifest from a file that was never meant to be one."""
        reason = _other_use(file)
        if reason:
            self.skipped.append(Skipped(file.path, reason))
            return
        place = refusal.place or Place(file.path)
        self.unreadable.append(Unreadable(place, refusal.what, refusal.remedy))


def _other_use(file: File) -> str:
    """Why a file holds no manifest; empty when it holds one, or nobody can know."""
    try:
        values = [document.value for document in read(file.data, file.path)]
    except YamlError:
        return ""
    kinds = [value for value in values if isinstance(value, dict) and "kind" in value]
    if not kinds:
        return "nothing in it names a kind, so it holds no Kubernetes manifest"
    if all(str(value.get("apiVersion")).partition("/")[0] in TOOL_KINDS for value in kinds):
        return "it tells Kustomize how to make manifests; check what 'kustomize build' prints"
    return ""


def _nothing(reading: _Reading) -> NothingChecked:
    if reading.unreadable:
        first, others = reading.unreadable[0], len(reading.unreadable) - 1
        more = f" (and {others} more such files)" if others else ""
        return NothingChecked(f"{first.what}{more}", remedy=first.remedy, place=first.place)
    seen = f" ({len(reading.skipped)} without any)" if reading.skipped else ""
    return NothingChecked(
        f"no Kubernetes manifest was read{seen}, and a check of nothing proves nothing",
        remedy="name files or folders with YAML or JSON manifests",
        place=Place(reading.skipped[0].path) if reading.skipped else None,
    )
