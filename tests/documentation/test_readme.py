"""The README shows what the demo shows."""

import re
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


def test_the_attacks_are_counted_as_the_page_of_attacks_counts_them() -> None:
    page = " ".join((ROOT / "docs" / "attacks.md").read_text().split())
    readme = " ".join((ROOT / "README.md").read_text().split())

    counted = re.search(r"(\d+) attacks:", page), re.search(r"in (\d+) of the (\d+)\.", page)
    claimed = re.search(r"\[(\d+) attacks\].* accepts (\d+) of the (\d+) that are about", readme)

    assert claimed is not None
    assert [*claimed.groups()] == [number for found in counted if found for number in found.groups()]
