"""Running an attack, and what came of it in words that are the same in every run."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pygit2
from tests.attack.git_verdict import ask, ask_tag
from tests.attack.registry import Attack, Git
from tests.attack.scene import Scene

from gitwarrant.git.clone import CloneError
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.pipeline.question import Judgement

STEPS: Mapping[str, int] = {
    "check_shape": 1,
    "read_commits": 2,
    "prove": 3,
    "_under": 3,
    "check_writers": 4,
    "check_stand_in": 4,
    "check_accepted": 5,
    "check_root": 6,
    "check_succession": 6,
    "succeed": 6,
    "rules_at": 6,
    "_check_expiry": 7,
}
"""From the function of verify that refused to the number that its step bears in `trust/verify.py`."""


BEFORE = {"named", "start"}
"""What refuses before there is a change to verify: what a name means, and where judging begins."""

SIDES = {"git": "fetch", "config": "configuration", "trust": "apply"}
"""From the package of an error that no gate raised to the stage that met it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended: nothing refused, or by whom, with which words, at which place."""

    stopped_by: str
    says: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """An attempt: how it ended, what it would have deployed, what git says of the attacker's commit."""

    outcome: Outcome
    remedy: str
    result: object
    git: Git


PASSED = Outcome("")


def attempt(attack: Attack, folder: Path, *, attacked: bool) -> Run:
    """Build the repository of an attack or of its clean twin, and let the deployer have it."""
    scene = Scene(folder)
    refusals, result = _refusals(attack.build(scene, attacked) or scene.deliver)
    git = Git.NOT_ASKED
    if attacked and attack.git is not Git.NOT_ASKED:
        git = ask_tag(scene, scene.tag) if scene.tag else ask(scene, scene.accused or scene.tip())
    if not refusals:
        return Run(PASSED, "", (result, _arrived(scene)), git)
    if len(refusals) > 1:
        raise AssertionError(f"refused for several reasons: {[str(refusal) for refusal in refusals]}")
    [refusal] = refusals
    outcome = Outcome(stage_of(refusal), _neutral(refusal.what, scene), _place(refusal, scene))
    return Run(outcome, refusal.remedy, None, git)


def _arrived(scene: Scene) -> list[str]:
    """Objects in the quarantine that nobody asked for."""
    if not scene.unwanted:
        return []
    quarantine = pygit2.Repository(str(scene.quarantine))
    return [commit for commit in scene.unwanted if pygit2.Oid(hex=commit) in quarantine.odb]


def _refusals(act: Callable[[], object]) -> tuple[tuple[GitwarrantError, ...], object]:
    try:
        result = act()
    except GitwarrantError as error:
        return (error,), None
    if isinstance(result, Judgement):
        return result.refusals, result.plan and result.plan.leaves
    return (), result


def stage_of(error: GitwarrantError) -> str:
    """The stage that refused; for verify with its step, by the function that did."""
    if isinstance(error, CloneError):
        return "clone"
    if not isinstance(error, Refused):
        return SIDES[type(error).__module__.split(".")[1]]
    if error.stage != "verify":
        return error.stage
    frames = list(_functions(error.__traceback__))
    if BEFORE & set(frames):
        return error.stage
    return f"verify step {next(STEPS[name] for name in frames if name in STEPS)}"


def _functions(trace: TracebackType | None) -> "list[str]":
    found: list[str] = []
    while trace:
        found.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return found


def _place(refusal: GitwarrantError, scene: Scene) -> str:
    return str(refusal.place or "").replace(f"{scene.folder}/", "")


def _neutral(text: str, scene: Scene) -> str:
    """The words without what differs from run to run: ids, keys, folders."""
    accused = scene.accused or scene.tip()
    text = (
        text.replace(str(scene.quarantine), "QUARANTINE").replace(scene.url, "URL").replace(accused, "COMMIT")
    )
    text = text.replace(str(scene.folder), "FOLDER").replace(accused[:12], "COMMIT")
    text = re.sub(r"SHA256:[\w+/]{43}|'[0-9a-f]{16}'", "KEY", text)
    text = re.sub(r"\bkey [0-9a-f]{40}\b", "key KEY", text)
    text = re.sub(r"'(?:sk-|ssh-|ecdsa-)\S+ [\w+/=]+'", "KEY", text)
    text = re.sub(r"incomplete object: (?:.*object \w+: (\w+):)?.*", r"incomplete object: \1", text).rstrip(
        ": "
    )
    return re.sub(r"\b[0-9a-f]{12}(?:[0-9a-f]{28})?\b", "OTHER", text)
