"""Whatever the bytes, the parser gives a commit or says that it is malformed."""

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitwarrant.git.commit import MalformedObject, object_id, parse_commit
from gitwarrant.model.change import CommitId

ALICE = b"Alice <alice@example.com> 1767225600 +0000"
LINES = [
    b"tree " + b"4" * 40,
    b"parent " + b"1" * 40,
    b"author " + ALICE,
    b"committer " + ALICE,
    b"encoding UTF-8",
    b"gpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n -----END SSH SIGNATURE-----",
    b"gpgsig-sha256 x",
    b"mergetag x",
    b" folded",
    b"",
    b"message",
]
COMMITS = st.lists(st.sampled_from(LINES), max_size=10).map(b"\n".join)


@given(raw=st.binary(max_size=300) | COMMITS)
@example(raw=b"\n".join([*LINES[:4], LINES[5], b"", b"message"]))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_a_commit_or_malformed(raw: bytes) -> None:
    """Nothing else is raised; what is accepted says everything that the bytes hold."""
    commit = CommitId(object_id("commit", raw))
    with suppress(MalformedObject):
        parsed = parse_commit(raw, commit)

        signature = (
            b"" if parsed.signature is None else b"\ngpgsig " + parsed.signature[:-1].replace(b"\n", b"\n ")
        )
        header, _, message = parsed.payload.partition(b"\n\n")
        assert header + signature + b"\n\n" + message == raw


@given(place=st.integers(min_value=0), byte=st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_a_commit_with_one_byte_changed_is_not_the_commit(place: int, byte: int) -> None:
    """The id covers every byte."""
    raw = b"\n".join([*LINES[:6], b"", b"message"])
    place %= len(raw)
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
    commit = CommitId(object_id("commit", raw))

    with suppress(MalformedObject):
        assert parse_commit(changed, commit).id == commit
        assert changed == raw
