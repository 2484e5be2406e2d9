"""Which paths a pattern covers, side by side with cases that were written against GitHub's behaviour."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitwarrant.trust.paths import matches

CORPORA = Path(os.environ.get("GITWARRANT_CORPORA") or Path(__file__).parents[2] / "../shared/corpora")
PATTERNS = CORPORA / "codeowners" / "patterns.json"


def cases() -> Iterator[Any]:
    if not PATTERNS.is_file():
        reason = f"the corpus is not at {CORPORA.name}/codeowners: set GITWARRANT_CORPORA"
        yield pytest.param("", {}, id="corpus", marks=pytest.mark.skip(reason=reason))
        return
    for case in json.loads(PATTERNS.read_bytes()):
        yield pytest.param(case["pattern"], case["paths"], id=case["name"])


@pytest.mark.parametrize(("pattern", "expected"), list(cases()))
def test_a_pattern_covers_the_paths_that_github_covers(pattern: str, expected: dict[str, bool]) -> None:
    """The whole table of one pattern at once."""
    actual = {path: matches(pattern, path) for path in expected}

    assert actual == expected
