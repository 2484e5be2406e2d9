"""What annotations say about order: waves, hooks of Argo CD and Helm, and what is refused of them."""

from typing import Any

import pytest

from gitwarrant.model.turn import Hook, Phase, Removal, Turn
from gitwarrant.objects.turns import WrongOrder, hook, is_hook, turn

ARGO, HELM = "argocd.argoproj.io/", "helm.sh/"
NEXT_RUN = Removal.BEFORE_NEXT_RUN


def content(kind: str = "ConfigMap", api: str = "v1", **annotations: str) -> dict[str, Any]:
    return {"apiVersion": api, "kind": kind, "metadata": {"name": "a", "annotations": annotations}}


def said(annotations: dict[str, str]) -> dict[str, Any]:
    return content(**annotations)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        pytest.param(content(), Turn(Phase.SYNC, 0), id="nothing said"),
        pytest.param(content(kind="Namespace"), Turn(Phase.FOUNDATION, 0), id="a namespace comes first"),
        pytest.param(
            content("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
            Turn(Phase.FOUNDATION, 0),
            id="a definition comes first",
        ),
        pytest.param(said({"gitwarrant.dev/wave": "-5"}), Turn(Phase.SYNC, -5), id="our wave"),
        pytest.param(said({ARGO + "sync-wave": "3"}), Turn(Phase.SYNC, 3), id="Argo CD's wave"),
        pytest.param(
            said({"gitwarrant.dev/wave": "3", ARGO + "sync-wave": "+3"}), Turn(Phase.SYNC, 3), id="both agree"
        ),
        pytest.param(said({HELM + "hook-weight": "3"}), Turn(Phase.SYNC, 0), id="a weight without a hook"),
        pytest.param(
            said({HELM + "hook": "pre-install", HELM + "hook-weight": "3"}),
            Turn(Phase.BEFORE, 3),
            id="a hook's weight",
        ),
        pytest.param(said({ARGO + "hook": "PostSync"}), Turn(Phase.AFTER, 0), id="Argo CD's hook"),
    ],
)
def test_an_object_s_turn_is_what_its_annotations_say(item: dict[str, Any], expected: Turn) -> None:
    assert turn(item) == expected


def test_turns_are_ordered_by_phase_and_then_by_wave() -> None:
    turns = [Turn(Phase.AFTER, -9), Turn(Phase.SYNC, 2), Turn(Phase.FOUNDATION, 5), Turn(Phase.SYNC, -1)]

    assert sorted([*turns, Turn(Phase.BEFORE, 0)]) == [
        Turn(Phase.FOUNDATION, 5),
        Turn(Phase.BEFORE, 0),
        Turn(Phase.SYNC, -1),
        Turn(Phase.SYNC, 2),
        Turn(Phase.AFTER, -9),
    ]


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({}, None, id="no hook"),
        pytest.param(
            {ARGO + "hook": "PreSync"}, Hook(Phase.BEFORE, True, True, frozenset()), id="Argo CD's PreSync"
        ),
        pytest.param(
            {ARGO + "hook": "Sync", ARGO + "hook-delete-policy": "HookSucceeded, BeforeHookCreation"},
            Hook(Phase.SYNC, True, True, frozenset({Removal.SUCCEEDED, NEXT_RUN})),
            id="policies",
        ),
        pytest.param(
            {HELM + "hook": "pre-install,pre-upgrade", HELM + "hook-delete-policy": "hook-failed"},
            Hook(Phase.BEFORE, True, True, frozenset({Removal.FAILED})),
            id="Helm, both occasions",
        ),
        pytest.param(
            {HELM + "hook": "post-install"}, Hook(Phase.AFTER, True, False, frozenset()), id="Helm, install"
        ),
        pytest.param(
            {HELM + "hook": "pre-upgrade"}, Hook(Phase.BEFORE, False, True, frozenset()), id="Helm, upgrade"
        ),
        pytest.param(
            {ARGO + "hook": "PreSync", HELM + "hook": "pre-install,pre-upgrade"},
            Hook(Phase.BEFORE, True, True, frozenset()),
            id="both say the same",
        ),
    ],
)
def test_a_hook_is_read_from_either_tool(annotations: dict[str, str], expected: Hook | None) -> None:
    item = said(annotations)

    assert hook(item) == expected
    assert is_hook(item) == (expected is not None)


@pytest.mark.parametrize(
    ("annotations", "what"),
    [
        pytest.param(
            {"gitwarrant.dev/wave": "1", ARGO + "sync-wave": "2"}, "two waves for one object", id="two waves"
        ),
        pytest.param({"gitwarrant.dev/wave": "1.5"}, "is '1.5', which is no whole number", id="no number"),
        pytest.param({ARGO + "sync-wave": ""}, "is '', which is no whole number", id="empty wave"),
        pytest.param({ARGO + "sync-wave": "٣"}, "which is no whole number", id="digits of another script"),
        pytest.param({ARGO + "hook": "Skip"}, "the hook 'Skip' is not run here", id="Skip"),
        pytest.param({ARGO + "hook": "SyncFail"}, "the hook 'SyncFail' is not run here", id="SyncFail"),
        pytest.param({ARGO + "hook": "PreDelete"}, "the hook 'PreDelete' is not run here", id="PreDelete"),
        pytest.param({ARGO + "hook": "PostDelete"}, "the hook 'PostDelete' is not run here", id="PostDelete"),
        pytest.param({ARGO + "hook": "presync"}, "the hook 'presync' is not run here", id="case counts"),
        pytest.param({ARGO + "hook": "PreSync,PostSync"}, "a hook for different times", id="two phases"),
        pytest.param({ARGO + "hook": ""}, "argocd.argoproj.io/hook is empty", id="empty hook"),
        pytest.param({HELM + "hook": "test"}, "the hook 'test' is not run here", id="test"),
        pytest.param({HELM + "hook": "pre-install,test"}, "the hook 'test' is not run here", id="one of two"),
        pytest.param({HELM + "hook": "pre-delete"}, "the hook 'pre-delete' is not run", id="pre-delete"),
        pytest.param({HELM + "hook": "post-delete"}, "the hook 'post-delete' is not run", id="post-delete"),
        pytest.param({HELM + "hook": "pre-rollback"}, "'pre-rollback' is not run here", id="pre-rollback"),
        pytest.param({HELM + "hook": "post-rollback"}, "'post-rollback' is not run", id="post-rollback"),
        pytest.param({HELM + "hook": "crd-install"}, "'crd-install' is not run here", id="crd-install"),
        pytest.param(
            {HELM + "hook": "pre-install,post-upgrade"}, "a hook for different times", id="Helm, two phases"
        ),
        pytest.param(
            {ARGO + "hook": "PreSync", HELM + "hook": "pre-install"}, "say different things", id="two tools"
        ),
        pytest.param(
            {ARGO + "hook": "Sync", "gitwarrant.dev/protect": "true"}, "this one is protected", id="protected"
        ),
        pytest.param(
            {ARGO + "hook": "Sync", ARGO + "hook-delete-policy": "Never"},
            "hook delete policy 'Never' does not exist",
            id="an unknown policy",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused_at_its_annotation(annotations: dict[str, str], what: str) -> None:
    with pytest.raises(WrongOrder) as refused:
        turn(said(annotations))

    assert what in refused.value.what
    assert refused.value.pointer[-1] in annotations
    assert refused.value.remedy
