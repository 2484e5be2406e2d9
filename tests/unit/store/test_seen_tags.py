"""The memory of tags: the first sight of a tag counts, whatever else its file holds."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitwarrant.store import tags
from gitwarrant.store.tags import SeenTags

V1, V2 = "refs/tags/v1", "refs/tags/v2"
ONE, TWO = "1" * 40, "2" * 64


@pytest.fixture
def seen(tmp_path: Path) -> SeenTags:
    return SeenTags(tmp_path / "gitwarrant/tags")


def test_the_first_sight_of_a_tag_counts(seen: SeenTags) -> None:
    """Ids of both lengths; another object of the same clone knows it, too."""
    seen.put(V1, ONE)
    seen.put(V1, TWO)
    seen.put(V2, TWO)

    assert (seen.get(V1), seen.get(V2), seen.get("refs/tags/v")) == (ONE, TWO, None)


def test_a_forgotten_tag_is_seen_anew_and_the_others_stay(seen: SeenTags) -> None:
    seen.put(V1, ONE)
    seen.put(V2, TWO)

    assert (seen.forget(V1), seen.forget(V1)) == (ONE, None)
    seen.put(V1, TWO)
    assert (seen.get(V1), seen.get(V2)) == (TWO, TWO)


def test_a_name_of_any_bytes_that_git_allows_is_kept(seen: SeenTags) -> None:
    name = "refs/tags/\N{LATIN SMALL LETTER U WITH DIAERESIS}\udcff\N{LINE SEPARATOR}1"
    seen.put(name, ONE)

    assert seen.get(name) == ONE


@given(st.binary(max_size=300))
def test_any_bytes_are_read_and_written_behind(data: bytes) -> None:
    """A line that a crash cut off hides nothing that is written after it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tags"
        path.write_bytes(data)
        seen = SeenTags(path)

        known = seen.get(V1)
        seen.put(V1, ONE)

        assert seen.get(V1) == known or (known is None and seen.get(V1) == ONE)


def test_a_file_that_is_too_large_is_an_error(seen: SeenTags, monkeypatch: pytest.MonkeyPatch) -> None:
    """To read less of it would be to forget."""
    seen.put(V1, ONE)
    monkeypatch.setattr(tags, "MAX_FILE_BYTES", 10)

    with pytest.raises(OSError, match="more than 10 bytes"):
        seen.get(V1)
