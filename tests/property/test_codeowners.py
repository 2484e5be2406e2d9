"""CODEOWNERS files in every dialect: any bytes give a file or our error, and so does any path."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.model.owners import Forge
from gitwarrant.trust.codeowners.registry import DIALECTS, read_codeowners
from gitwarrant.trust.paths import BadPattern, compile_pattern

LIKELY = st.text("ab*?/\\[]!^#-2(|)+$.@ \t\n\ré\u202e", max_size=60)
PATHS = st.text("abé*?/\\[]. ", max_size=20)


@pytest.mark.parametrize("dialect", Forge)
@given(st.binary(max_size=60), PATHS)
def test_any_bytes_are_a_file_or_our_error(dialect: Forge, data: bytes, path: str) -> None:
    with suppress(BadPattern):
        read_codeowners(data, "CODEOWNERS", dialect).requirements(path)


@pytest.mark.parametrize("dialect", Forge)
@settings(max_examples=300)
@given(LIKELY, PATHS)
def test_any_text_asks_for_something_or_is_our_error(dialect: Forge, text: str, path: str) -> None:
    """What it asks for stands in the file: the owners, and the line it names."""
    try:
        asked = DIALECTS[dialect](text.encode(), "CODEOWNERS").requirements(path)
    except BadPattern:
        return
    for requirement in asked:
        assert requirement.pattern.replace("\\", "") in text.split("\n")[requirement.place.line - 1].replace(
            "\\", ""
        )
        assert all(owner in text for owner in requirement.owners)


@settings(max_examples=200)
@given(st.text("ab*?/\\[]!#. ", max_size=30), st.text("ab*?/\\[]. ", max_size=20))
def test_any_pattern_of_a_rule_gives_an_answer_or_our_error(pattern: str, path: str) -> None:
    with suppress(BadPattern):
        compile_pattern(pattern).match(path)
