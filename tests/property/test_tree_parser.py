"""Whatever the bytes, a tree is read in full or refused."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.git.objects import parse_tree
from gitwarrant.model.change import TreeId
from gitwarrant.model.errors import Refused

MODES = st.sampled_from([b"100644", b"40000", b"120000", b"160000", b"100664", b"040000"])


def entries_of(digits: int) -> st.SearchStrategy[bytes]:
    """Lines of a tree whose ids have this length."""
    target = st.binary(min_size=digits // 2, max_size=digits // 2)
    return st.builds(
        lambda mode, name, target: mode + b" " + name + b"\0" + target, MODES, st.binary(max_size=3), target
    )


@pytest.mark.parametrize("digits", [40, 64])
@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_are_a_tree_or_refused(digits: int, data: st.DataObject) -> None:
    """What is accepted, written again, gives the same bytes, whichever hash names the objects."""
    raw = data.draw(st.binary(max_size=120) | st.lists(entries_of(digits), max_size=4).map(b"".join))
    with suppress(Refused):
        entries = parse_tree(raw, TreeId("1" * digits))

        assert b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(to)) for mode, name, to in entries) == raw
        assert len({entry.name for entry in entries}) == len(entries)
