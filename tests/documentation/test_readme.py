"""The README shows what the demo shows."""

from pathlib import Path

from tests.support.pages import ROOT, blocks
from tests.support.printed import unprinted

from gitwarrant.demo.act_one import act_one


def test_the_terminal_picture_is_the_first_act_shortened(tmp_path: Path) -> None:
    """Line by line, in order; indentation, ids and keys aside."""
    [picture] = [block.text for block in blocks(ROOT / "README.md") if "REFUSED" in block.text]
    shown: list[str] = []

    act_one(tmp_path / "shop", lambda text, _style: shown.append(text.strip()))

    assert unprinted(tuple(line.strip() for line in picture.splitlines()), shown) == ""
