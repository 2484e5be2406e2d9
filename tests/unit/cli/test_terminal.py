"""What a command says: colours where they are wanted, JSON for programs, nothing that steers a terminal."""

import io
import json

import pytest

from gitwarrant.cli.terminal import Terminal, harmless
from gitwarrant.model.errors import GitwarrantError, Place, Refused


def terminal(*, colour: bool = False, as_json: bool = False) -> tuple[Terminal, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Terminal(out, err, colour=colour, as_json=as_json), out, err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("web.yaml", "web.yaml", id="plain"),
        pytest.param("two\n\tlines", "two\n\tlines", id="lines and tabs stay"),
        pytest.param("\x1b[2J\x1b[Hgone", "\ufffd[2J\ufffd[Hgone", id="clearing the screen"),
        pytest.param("\x1b]0;title\x07", "\ufffd]0;title\ufffd", id="changing the title"),
        pytest.param("a\u202eb", "a\ufffdb", id="bidirectional override"),
        pytest.param("a\rb\x08c", "a\ufffdb\ufffdc", id="overwriting what was said"),
        pytest.param("\x1b[32mgood\x1b[0m", "\x1b[32mgood\x1b[0m", id="our own colour"),
        pytest.param("\x1b[8mhidden", "\ufffd[8mhidden", id="a colour that is not ours"),
    ],
)
def test_nothing_from_a_repository_steers_the_terminal(text: str, shown: str) -> None:
    assert harmless(text) == shown


def test_styles_are_codes_only_where_colours_are_wanted() -> None:
    plain, coloured = terminal()[0], terminal(colour=True)[0]

    assert plain.style("good", "good bold") == "good"
    assert coloured.style("good", "good bold") == "\x1b[32;1mgood\x1b[0m"


def test_a_program_gets_one_json_value_and_no_words() -> None:
    shown, out, err = terminal(as_json=True)

    shown.say("for people")
    shown.result({"b": 1, "a": "\u00e9"})

    assert (json.loads(out.getvalue()), err.getvalue()) == ({"a": "\u00e9", "b": 1}, "")


def test_a_refusal_names_stage_place_and_remedy() -> None:
    shown, out, err = terminal()

    shown.refuse(Refused("no", stage="plan", remedy="ask", place=Place("a.yaml", 3, 5)))

    assert (out.getvalue(), err.getvalue()) == ("", "refused by plan: a.yaml:3:5: no\n  remedy: ask\n")


def test_an_error_is_data_for_a_program() -> None:
    shown, out, _ = terminal(as_json=True)

    shown.refuse(GitwarrantError("broken", remedy="mend it"))

    assert json.loads(out.getvalue()) == {
        "error": {
            "kind": "GitwarrantError",
            "stage": None,
            "what": "broken",
            "remedy": "mend it",
            "place": None,
        }
    }


@pytest.mark.parametrize(
    ("environ", "colour"),
    [
        pytest.param({"NO_COLOR": "1"}, "auto", id="NO_COLOR"),
        pytest.param({"TERM": "dumb"}, "auto", id="a dumb terminal"),
        pytest.param({}, "auto", id="not a terminal"),
        pytest.param({}, "never", id="never"),
    ],
)
def test_colours_are_off_unless_a_person_sees_them(environ: dict[str, str], colour: str) -> None:
    assert not Terminal.standard(environ, colour=colour, output="text").colour
