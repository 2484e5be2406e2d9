"""Files of keys: any bytes give keys or our error, and what is written is read back."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.chain import public_key

from gitwarrant.config.identities_text import read, text
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.identity import Identity, IdentityKind, Key, Purpose
from gitwarrant.trust.allowed_signers import BadAllowedSigners, parse
from gitwarrant.trust.newcomers import identities, of_allowed_signers

KEYS = [public_key(name) for name in ("ada", "bob", "ada+")]
WORDS = [
    *KEYS,
    *("ada@example.com", "bob@example.com,c", '"a b"', "*", "!x", "#", '"', "\\", ",", "\n", " ", "\t"),
    *(
        "cert-authority",
        'namespaces="git"',
        'valid-after="20260101"',
        'valid-before="20270101Z"',
        "ssh-ed25519",
    ),
]
LINES = st.lists(st.sampled_from([*WORDS, " ", "\n"]), max_size=20)
FILES = st.one_of(st.binary(max_size=200), LINES.map(lambda words: "".join(words).encode()))


@settings(max_examples=300, deadline=None)
@given(FILES)
def test_any_bytes_give_lines_or_our_error(data: bytes) -> None:
    try:
        lines = parse(data, "signers", zone=UTC)
    except BadAllowedSigners:
        return
    assert all(line.principals and line.key.line in KEYS for line in lines)


@settings(max_examples=100, deadline=None)
@given(FILES)
def test_what_can_be_imported_is_read_back_from_what_is_written(data: bytes) -> None:
    try:
        people = identities(tuple(of_allowed_signers(data, "signers", zone=UTC)), IdentityKind.PERSON)
    except GitwarrantError:
        return
    _assert_read_back(people)


MOMENTS = st.none() | st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        Key,
        public=st.sampled_from(KEYS),
        not_before=st.none(),
        not_after=MOMENTS,
        purposes=st.frozensets(st.sampled_from(Purpose), min_size=1),
        authority=st.booleans(),
    )
)
def test_an_entry_is_read_back(key: Key) -> None:
    emails = frozenset(["ada@example.com"])
    _assert_read_back((Identity("ada", IdentityKind.BOT, emails, (key,), frozenset(["x"]), Place("")),))


def _assert_read_back(people: tuple[Identity, ...]) -> None:
    if not people:
        return
    back = {one.name: one for one in read(text(people).encode(), "identities.yaml")}

    def told(one: Identity) -> object:
        keys = [(key.public, key.not_before, key.not_after, key.purposes, key.authority) for key in one.keys]
        return one.kind, one.emails, one.teams, keys

    assert {name: told(one) for name, one in back.items()} == {one.name: told(one) for one in people}
