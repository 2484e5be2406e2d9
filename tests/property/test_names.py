"""Whatever the bytes, a path is read as it stands or refused; names are compared as a bad system would."""

import unicodedata
from contextlib import suppress

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from gitwarrant.git.names import looks_like_dot_git, readable, refuse_clashes, same_name
from gitwarrant.model.errors import Refused

PARTS = st.sampled_from([b"a", b".git", b"..", b"", b"web.yaml", b"\xff", b"\\", "\u200c".encode(), b"GIT~1"])


@given(path=st.binary(max_size=40) | st.lists(PARTS, max_size=4).map(b"/".join))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_a_path_or_refused(path: bytes) -> None:
    """What is accepted is the same bytes, and leads nowhere but down."""
    with suppress(Refused):
        text = readable(path)

        assert text.encode() == path
        assert not {"", ".", ".."} & set(text.split("/"))
        assert not any(looks_like_dot_git(part) for part in text.split("/"))
        assert not any(unicodedata.category(character) == "Cc" or character == "\\" for character in text)


@given(name=st.text(min_size=1, max_size=20))
@settings(max_examples=300, deadline=None)
@example("\u1e9e")
@example("\u0130")
def test_spellings_of_one_name_are_one_name(name: str) -> None:
    """Decomposed, composed, folded, with a dot or a hidden character behind it."""
    for other in (
        unicodedata.normalize("NFD", name),
        unicodedata.normalize("NFC", name),
        name.casefold(),
        name + ".",
        name + " ",
        name + "\ufeff",
    ):
        assert same_name(other) == same_name(name)


@given(names=st.lists(st.text(alphabet="aAbB.\u00e9\u200d", min_size=1, max_size=4), max_size=6, unique=True))
@settings(max_examples=300, deadline=None)
def test_clashes_are_refused_and_nothing_else(names: list[str]) -> None:
    """Two names that differ to everybody pass."""
    assume(names)
    clash = len({same_name(name) for name in names}) < len(names)
    try:
        refuse_clashes("folder", names)
    except Refused:
        assert clash
    else:
        assert not clash
