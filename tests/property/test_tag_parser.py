"""Whatever the bytes, the parser gives a tag or says that it is malformed."""

from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st

from gitwarrant.git.headers import MalformedObject, object_id
from gitwarrant.git.tag import parse_tag

LINES = [
    b"object " + b"1" * 40,
    b"type commit",
    b"tag v1.0",
    b"tagger Alice <alice@example.com> 1767225600 +0000",
    b"gpgsig-sha256 x",
    b"",
    b"message",
    b"-----BEGIN SSH SIGNATURE-----",
    b"-----END SSH SIGNATURE-----",
]
TAGS = st.lists(st.sampled_from(LINES), max_size=12).map(b"\n".join)


@given(raw=st.binary(max_size=300) | TAGS | TAGS.map(lambda end: b"\n".join([*LINES[:4], b"", b""]) + end))
@example(raw=b"\n".join([*LINES[:4], b"", b"message", LINES[7], LINES[8]]))
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_are_a_tag_or_malformed(raw: bytes) -> None:
    """Nothing else is raised; what is accepted says everything that the bytes hold."""
    with suppress(MalformedObject):
        parsed = parse_tag(raw, object_id("tag", raw))

        assert parsed.payload + (parsed.signature or b"") == raw
        assert parsed.payload.endswith(parsed.message)


@given(place=st.integers(min_value=0), byte=st.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_a_tag_with_one_byte_changed_is_not_the_tag(place: int, byte: int) -> None:
    """The id covers every byte."""
    raw = b"\n".join([*LINES[:4], b"", b"message", b""])
    place %= len(raw)
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]

    with suppress(MalformedObject):
        parse_tag(changed, object_id("tag", raw))
        assert changed == raw
