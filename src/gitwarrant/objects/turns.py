"""What annotations say about order: waves, hooks of Argo CD and of Helm. Judged from the manifest alone."""

import re
from collections.abc import Mapping

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.model.turn import Hook, Phase, Removal, Turn
from gitwarrant.objects.annotations import PROTECT, WAVE, annotations, protected

ARGO_WAVE, HELM_WEIGHT = "argocd.argoproj.io/sync-wave", "helm.sh/hook-weight"
ARGO_HOOK, HELM_HOOK = "argocd.argoproj.io/hook", "helm.sh/hook"
ARGO_POLICY, HELM_POLICY = "argocd.argoproj.io/hook-delete-policy", "helm.sh/hook-delete-policy"

NUMBER = re.compile(r"[+-]?[0-9]{1,9}")
FOUNDATIONS = frozenset({("", "Namespace"), ("apiextensions.k8s.io", "CustomResourceDefinition")})

ARGO_PHASES: Mapping[str, Phase] = {"PreSync": Phase.BEFORE, "Sync": Phase.SYNC, "PostSync": Phase.AFTER}
HELM_PHASES: Mapping[str, Phase] = {
    "pre-install": Phase.BEFORE,
    "post-install": Phase.AFTER,
    "pre-upgrade": Phase.BEFORE,
    "post-upgrade": Phase.AFTER,
}
REMOVALS: Mapping[str, Removal] = {
    "BeforeHookCreation": Removal.BEFORE_NEXT_RUN,
    "HookSucceeded": Removal.SUCCEEDED,
    "HookFailed": Removal.FAILED,
    "before-hook-creation": Removal.BEFORE_NEXT_RUN,
    "hook-succeeded": Removal.SUCCEEDED,
    "hook-failed": Removal.FAILED,
}
NEVER_RUN: Mapping[str, str] = {
    "Skip": "take the object out of the environment: what is not applied does not belong there",
    "SyncFail": "alarm on the refusal instead: the log tells of every failed apply",
    "PreDelete": "land the removal of the objects in two changes, the clean-up first",
    "PostDelete": "land the removal of the objects in two changes, the clean-up last",
    "test": "run the test outside of the deploy, or make it a post-install,post-upgrade hook",
    "test-success": "run the test outside of the deploy, or make it a post-install,post-upgrade hook",
    "test-failure": "run the test outside of the deploy: here a hook that fails has failed",
    "pre-delete": "land the removal of the objects in two changes, the clean-up first",
    "post-delete": "land the removal of the objects in two changes, the clean-up last",
    "pre-rollback": "make it a pre-upgrade hook: a rollback is a change like any other",
    "post-rollback": "make it a post-upgrade hook: a rollback is a change like any other",
    "crd-install": "remove the annotation: definitions come before everything else as they are",
}
"""Hooks that others have and that do not exist here, each with what to do instead."""


class WrongOrder(GitwarrantError):
    """An annotation about order that nobody can follow."""

    def __init__(self, annotation: str, what: str, *, remedy: str) -> None:
        self.pointer: Pointer = ("metadata", "annotations", annotation)
        super().__init__(what, remedy=remedy)


def turn(content: Content) -> Turn:
    """When an object's turn comes.

    Raises:
        WrongOrder: its annotations contradict each other, or mean nothing.
    """
    said, runs = _wave(content), hook(content)
    if runs is not None:
        return Turn(runs.phase, said or 0)
    group = str(content.get("apiVersion", "")).rpartition("/")[0]
    founds = (group, content.get("kind")) in FOUNDATIONS
    return Turn(Phase.FOUNDATION if founds else Phase.SYNC, said or 0)


def hook(content: Content) -> Hook | None:
    """How an object runs that is a hook; None for one that stands.

    Raises:
        WrongOrder: it is a hook that does not exist here, or two that contradict each other.
    """
    argo, helm = _argo_hook(content), _helm_hook(content)
    if argo and helm and argo != helm:
        raise WrongOrder(
            HELM_HOOK, f"{ARGO_HOOK} and {HELM_HOOK} say different things", remedy="keep one of the two"
        )
    found = argo or helm
    if found and protected(content):
        raise WrongOrder(
            PROTECT,
            "a hook is deleted before it runs again, and this one is protected",
            remedy=f"remove {PROTECT}, or the hook's annotation",
        )
    return found


def is_hook(content: Content) -> bool:
    """Whether an object is meant to run and not to stand, even where nobody could say when."""
    return bool({ARGO_HOOK, HELM_HOOK} & annotations(content).keys())


def _wave(content: Content) -> int | None:
    found = {
        name: _number(name, text)
        for name, text in annotations(content).items()
        if name in (WAVE, ARGO_WAVE, HELM_WEIGHT)
    }
    if HELM_HOOK not in annotations(content):
        found.pop(HELM_WEIGHT, None)  # Helm reads it on hooks only
    if len(set(found.values())) > 1:
        said = " and ".join(f"{name}: {number}" for name, number in sorted(found.items()))
        raise WrongOrder(max(found), f"two waves for one object: {said}", remedy="keep one of the two")
    return next(iter(found.values()), None)


def _number(name: str, text: str) -> int:
    if not NUMBER.fullmatch(text):
        remedy = 'write a whole number in quotes: "-1", "0", "10"'
        raise WrongOrder(name, f"{name} is {text[:40]!r}, which is no whole number", remedy=remedy)
    return int(text)


def _argo_hook(content: Content) -> Hook | None:
    names = _listed(content, ARGO_HOOK)
    if not names:
        return None
    phase = _one_phase(ARGO_HOOK, names, ARGO_PHASES)
    return Hook(phase, True, True, _removal(content, ARGO_POLICY))


def _helm_hook(content: Content) -> Hook | None:
    names = _listed(content, HELM_HOOK)
    if not names:
        return None
    phase = _one_phase(HELM_HOOK, names, HELM_PHASES)
    occasions = {name.partition("-")[2] for name in names}
    return Hook(phase, "install" in occasions, "upgrade" in occasions, _removal(content, HELM_POLICY))


def _one_phase(annotation: str, names: tuple[str, ...], known: Mapping[str, Phase]) -> Phase:
    for name in names:
        if name not in known:
            remedy = NEVER_RUN.get(name, f"write one of: {', '.join(known)}")
            raise WrongOrder(annotation, f"the hook {name[:40]!r} is not run here", remedy=remedy)
    phases = {known[name] for name in names}
    if len(phases) > 1:
        raise WrongOrder(
            annotation,
            f"one object is a hook for different times: {', '.join(names)}",
            remedy="make an object of its own for each",
        )
    return phases.pop()


def _removal(content: Content, annotation: str) -> frozenset[Removal]:
    names = _listed(content, annotation)
    for name in names:
        if name not in REMOVALS:
            remedy = "write BeforeHookCreation, HookSucceeded, HookFailed, or Helm's names of them"
            raise WrongOrder(annotation, f"hook delete policy {name[:40]!r} does not exist", remedy=remedy)
    return frozenset(REMOVALS[name] for name in names)


def _listed(content: Content, annotation: str) -> tuple[str, ...]:
    text = annotations(content).get(annotation)
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise WrongOrder(annotation, f"{annotation} is empty", remedy="name when it runs, or remove it")
    return names
