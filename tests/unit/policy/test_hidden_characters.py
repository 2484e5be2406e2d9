"""hidden-characters: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import said

RULE = "hidden-characters"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata:\n"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        pytest.param(
            '  mode: "safe\u202e"\n',
            ["5 data.mode contains the invisible U+202E RIGHT-TO-LEFT OVERRIDE"],
            id="violating: bidirectional",
        ),
        pytest.param(
            "  mode: pay\u200bments\n",
            ["5 data.mode contains the invisible U+200B ZERO WIDTH SPACE"],
            id="violating: zero width",
        ),
        pytest.param("  mode: pay-ments\n  other: \u0645\u0627\u0631\n", [], id="clean: another script"),
        pytest.param("  mode: \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\n", [], id="clean: a joiner"),
        pytest.param("  mode: |\n    a\n    b\tc\n", [], id="clean: lines and tabs"),
        pytest.param(
            '  mode: "a\\u202eb"\n',
            ["5 data.mode contains the invisible U+202E RIGHT-TO-LEFT OVERRIDE"],
            id="evading: as an escape",
        ),
        pytest.param(
            '  "mo\u200dde": safe\n',
            ["5 the name 'mo\\u200dde' contains the invisible U+200D ZERO WIDTH JOINER"],
            id="evading: in a field's name",
        ),
        pytest.param(
            "  mode: safe # \u2066 root \u2069\n",
            ["1 the comment in line 5 contains the invisible U+2066 LEFT-TO-RIGHT ISOLATE"],
            id="evading: in a comment",
        ),
        pytest.param(
            '  mode: "a\\x1b[2K"\n',
            ["5 data.mode contains the invisible U+001B without a name"],
            id="evading: a terminal's escape sequence",
        ),
        pytest.param(
            "  mode: x\u200d\u200dy\n",
            ["5 data.mode contains the invisible U+200D ZERO WIDTH JOINER"],
            id="evading: a joiner beside a joiner",
        ),
        pytest.param(
            "  mode: safe\U000e0061\n",
            ["5 data.mode contains the invisible U+E0061 TAG LATIN SMALL LETTER A"],
            id="evading: a tag",
        ),
    ],
)
def test_hidden_characters(lines: str, expected: list[str]) -> None:
    """Each is named by its code point, at its field."""
    assert said(MAP + lines, RULE) == expected
