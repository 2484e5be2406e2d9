"""Whatever the bytes, a tree is read in full or refused."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.git.objects import parse_tree
from gitwarrant.model.change import TreeId
from gitwarrant.model.errors import Refused

MODES = st.sampled_from([b"100644", b"40000", b"120000", b"160000", b"100664", b"040000"])
ENTRIES = st.builds(
    lambda mode, name, target: mode + b" " + name + b"\0" + target,
    MODES,
    st.binary(max_size=3),
    st.binary(min_size=20, max_size=20),
)


@given(raw=st.binary(max_size=80) | st.lists(ENTRIES, max_size=4).map(b"".join))
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_are_a_tree_or_refused(raw: bytes) -> None:
    """What is accepted, written again, gives the same bytes."""
    with suppress(Refused):
        entries = parse_tree(raw, TreeId("1" * 40))

        assert b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(to)) for mode, name, to in entries) == raw
        assert len({entry.name for entry in entries}) == len(entries)
