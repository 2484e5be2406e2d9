"""The fuzz runner finds what is wrong, keeps the input, and ends in time."""

from pathlib import Path

import pytest
from tests.fuzz.__main__ import fuzz, main

BROKEN = "tests.unit.fuzzing.broken"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("crash", "KeyError: 'an error that is not ours'", id="an error of another kind"),
        pytest.param("hang", "timeout", id="no end"),
    ],
)
def test_a_broken_parser_is_found_and_its_input_kept(tmp_path: Path, name: str, told: str) -> None:
    """And the kept input shows it again."""
    outcome = fuzz(name, seconds=5, keep=tmp_path, table=BROKEN, longest=1)

    assert not outcome.passed
    assert told in outcome.told
    assert outcome.found is not None
    assert outcome.found.read_bytes()[:1] == b"x"
    assert not fuzz(
        name, seconds=5, keep=tmp_path / "again", table=BROKEN, again=outcome.found, longest=1
    ).passed


def test_a_sound_parser_passes_within_its_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["sound", "--seconds", "1", "--keep", str(tmp_path), "--table", BROKEN])

    assert status == 0
    assert "nothing found" in capsys.readouterr().out


def test_a_target_that_is_not_there_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["nothing", "--table", BROKEN])

    assert "there are crash, hang, sound" in capsys.readouterr().err
