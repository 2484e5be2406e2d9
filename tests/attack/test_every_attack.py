"""Every attack of the registry, through the real fetch and the real pipeline; and its clean twin.

`docs/attacks.md` is written from the same registry.
"""

from pathlib import Path

import pytest
from tests.attack.fixtures import SECTIONS
from tests.attack.git_verdict import ask
from tests.attack.outcome import PASSED, Outcome, attempt
from tests.attack.registry import NO_EFFECT, Attack, Git
from tests.attack.scene import MENDED, WEB, Scene

ATTACKS = [pytest.param(attack, id=attack.name) for section in SECTIONS for attack in section.attacks]


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_stopped_where_the_table_says(attack: Attack, tmp_path: Path) -> None:
    """By its stage and step, in its words, at its place, with a remedy; its clean twin passes.

    An attack without effect ends as its twin does. What git says of the commit is as in the table.
    """
    stopped = attempt(attack, tmp_path / "attacked", attacked=True)
    twin = attempt(attack, tmp_path / "clean", attacked=False)

    assert twin.outcome == PASSED
    if attack.stopped_by == NO_EFFECT:
        assert (stopped.outcome, stopped.result) == (PASSED, twin.result)
    else:
        assert stopped.outcome == Outcome(attack.stopped_by, attack.says, attack.place)
        assert stopped.remedy
    assert stopped.git is attack.git


def test_names_are_unique() -> None:
    """One name, one attack."""
    names = [attack.name for section in SECTIONS for attack in section.attacks]

    assert sorted(set(names)) == sorted(names)


def test_git_accepts_what_alice_signs(tmp_path: Path) -> None:
    """The other side of every 'rejects' of the table: with these keys, git knows a good commit."""
    scene = Scene(tmp_path)

    assert ask(scene, scene.land({WEB: MENDED})) is Git.ACCEPTS
    assert ask(scene, scene.land({WEB: MENDED}, signed=False)) is Git.UNSIGNED
    assert ask(scene, scene.land({WEB: MENDED}, key="stolen")) is Git.STRANGER
