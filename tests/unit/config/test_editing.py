"""Keys are added to identities.yaml without touching what people wrote around them."""

import pytest
from tests.support.chain import public_key

from gitwarrant.config.editing import add_key, raise_version
from gitwarrant.model.errors import GitwarrantError

ADA, NEW = public_key("ada"), public_key("new")

PEOPLE = f"""\
# Who may write.
ada:                       # our first
  kind: person
  emails: [ada@example.com]
  keys:
    - public: "{ADA}"
      # until: 2027-01-01   # perhaps
      from: 2026-01-01

  teams: [owners]          # and the only one
# grace:
#   kind: person
"""

TRUST = """\
# What this is.
repository: shop
version: 9   # grows
expires: 2027-01-01
"""


def test_a_key_stands_behind_the_others_and_all_else_stays() -> None:
    before, behind = PEOPLE.split("\n\n")

    after = add_key(PEOPLE.encode(), "ada", NEW, start="2026-05-01", until="2027-06-30").decode()

    added = f'    - public: "{NEW}"\n      from: 2026-05-01\n      until: 2027-06-30'
    assert after == f"{before}\n{added}\n\n{behind}"


FIELDS = "ada:\n  kind: person\n  emails: [a@b.c]\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f'{FIELDS}  keys:\n  - public: "{ADA}"', id="no line end"),
        pytest.param(f'{FIELDS}  keys:\n  - public: "{ADA}"\n', id="shallow"),
        pytest.param(f'{FIELDS}  keys:\n    - {{public: "{ADA}"}}\n  teams: [x]\n', id="flow mapping"),
        pytest.param(f"{FIELDS}  keys:\n    - public: >-\n        {ADA}\n  teams: [x]\n", id="folded"),
    ],
)
def test_however_the_list_is_written_one_below_the_other(text: str) -> None:
    after = add_key(text.encode(), "ada", NEW).decode()

    assert after.startswith(text.split(ADA, maxsplit=1)[0])
    assert after.count("ssh-ed25519") == 2


@pytest.mark.parametrize(
    ("text", "arguments", "what"),
    [
        pytest.param(PEOPLE, {"identity": "eve"}, "is called 'eve'", id="nobody"),
        pytest.param(PEOPLE, {"public": ADA}, "already: ada's", id="twice"),
        pytest.param(PEOPLE, {"start": "soon"}, "'soon' is no day", id="no day"),
        pytest.param(
            PEOPLE,
            {"start": "2027-01-01", "until": "2026-01-01"},
            "the key would end before it begins",
            id="ends first",
        ),
        pytest.param(
            f'ada: {{kind: person, emails: [a@b.c], keys: [{{public: "{ADA}"}}]}}\n',
            {},
            "do not stand one below the other",
            id="all on one line",
        ),
        pytest.param("ada: [", {}, ".gitwarrant/identities.yaml", id="no YAML"),
    ],
)
def test_what_cannot_be_added(text: str, arguments: dict[str, str], what: str) -> None:
    wanted: dict[str, str] = {"identity": "ada", "public": NEW, **arguments}

    with pytest.raises(GitwarrantError) as error:
        add_key(text.encode(), wanted.pop("identity"), wanted.pop("public"), **wanted)

    assert what in str(error.value)


def test_the_version_grows_and_its_comment_stays() -> None:
    after, version = raise_version(TRUST.encode())

    assert (after.decode(), version) == (TRUST.replace("version: 9", "version: 10"), 10)


def test_a_version_in_one_line_with_others_is_left_alone() -> None:
    with pytest.raises(GitwarrantError, match="not on a line of its own"):
        raise_version(b"{repository: shop, version: 9, expires: 2027-01-01}\n")
