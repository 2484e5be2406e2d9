"""The page about a history says what the commands say, on a real forge and by its own three buttons."""

import re
from pathlib import Path

from tests.support.gitea import Gitea
from tests.support.pages import ROOT, blocks
from tests.support.told_history import make, tell

PAGE = ROOT / "docs" / "explanation" / "a-history-explained.md"
VARYING = (
    (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "KEY"),
    (re.compile(r"\b(?:[0-9a-f]{12}|[0-9a-f]{7})\b"), "ID"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d"), "TIME"),
)


def test_the_page_shows_what_the_commands_say(gitea: Gitea, tmp_path: Path) -> None:
    """All of it, in order, but for ids, keys and times; `python -m tests.support.told_history` prints it."""
    page = [neutral(block.text) for block in blocks(PAGE)]

    said = [neutral(text) for text in tell(make(gitea, tmp_path))]

    assert page == said


def neutral(text: str) -> str:
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return text
