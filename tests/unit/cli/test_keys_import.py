"""`gitwarrant keys import`: what people have becomes entries that the agent reads."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.chain import public_key
from tests.support.gpg import Gpg, gnupg

from gitwarrant.cli.main import main
from gitwarrant.config.identities_text import read
from gitwarrant.model.identity import Identity

ADA, BOB, CA = public_key("ada"), public_key("bob"), public_key("ca")
BEFORE = f"""\
# Who may write and approve.
carol:
  kind: person                      # for ever
  emails: ["carol@example.com"]
  keys: [{{public: "{public_key("carol")}"}}]
  teams: [owners]
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".gitwarrant").mkdir()
    (tmp_path / ".gitwarrant" / "identities.yaml").write_text(BEFORE)
    return tmp_path


def written(here: Path) -> tuple[str, tuple[Identity, ...]]:
    data = (here / ".gitwarrant" / "identities.yaml").read_bytes()
    return data.decode(), read(data, ".gitwarrant/identities.yaml")


def test_allowed_signers_become_entries(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of one person become one entry; limits, namespaces and authorities are kept."""
    (here / "signers").write_text(
        f"# team\nada@example.com,ada@b.example {ADA} laptop\n"
        f'bob@example.com namespaces="git",valid-after="20260101Z",valid-before="20270101Z" {BOB}\n'
        f"ada@example.com cert-authority {CA}\n"
        f'bob@example.com valid-after="20260101Z" {public_key("bob-2")}\n'
    )

    assert main(["keys", "import", "signers", "--output", "json"]) == 0
    assert main(["keys", "import", "signers"]) == 0

    shown = capsys.readouterr().out
    text = shown[shown.index('"ada":') :]
    assert json.loads(shown[: shown.index('"ada":')])["written"] == ""
    assert text.splitlines() == [
        '"ada":',
        "  kind: person",
        '  emails: ["ada@b.example", "ada@example.com"]',
        "  keys:",
        f'    - public: "{ADA}"',
        f'    - public: "{CA}"',
        "      authority: true",
        '"bob":',
        "  kind: person",
        '  emails: ["bob@example.com"]',
        "  keys:",
        f'    - public: "{BOB}"',
        "      from: 2026-01-01T00:00:00Z",
        "      until: 2027-01-01T00:00:00Z",
        "      purposes: [commits]",
        f'    - public: "{public_key("bob-2")}"',
        "      from: 2026-01-01T00:00:00Z",
    ]
    assert written(here)[0] == BEFORE


def test_entries_are_added_at_the_end_and_all_else_stays(here: Path) -> None:
    """Comments too; and what is written is what was read."""
    (here / "signers").write_text(f'ada@example.com namespaces="gitwarrant-*" {ADA}\n')

    assert main(["keys", "import", "signers", "--write"]) == 0

    text, people = written(here)
    assert text.startswith(BEFORE)
    assert [(who.name, sorted(who.emails)) for who in people] == [
        ("ada", ["ada@example.com"]),
        ("carol", ["carol@example.com"]),
    ]
    assert [purpose.value for purpose in people[0].keys[0].purposes] == ["statements"]


def test_a_folder_of_keys_as_forges_serve_them(here: Path) -> None:
    (here / "keys").mkdir()
    (here / "keys" / "ada.keys").write_text(f"{ADA}\n{public_key('ada+')}\n")
    (here / "keys" / "bob.keys").write_text(f"{BOB}\n")

    assert main(["keys", "import", "keys", "--domain", "example.com", "--write"]) == 0

    _, people = written(here)
    assert [(who.name, len(who.keys), sorted(who.emails)) for who in people] == [
        ("ada", 2, ["ada@example.com"]),
        ("bob", 1, ["bob@example.com"]),
        ("carol", 1, ["carol@example.com"]),
    ]


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with gnupg() as made:
        made.make("grace", at="20260101T000000")
        yield made


def test_an_openpgp_export_brings_its_addresses(here: Path, gpg: Gpg) -> None:
    (here / "grace.asc").write_text(gpg.export("grace"))

    assert main(["keys", "import", "grace.asc", "--write"]) == 0

    _, people = written(here)
    assert [(who.name, sorted(who.emails)) for who in people] == [
        ("carol", ["carol@example.com"]),
        ("grace", ["grace@example.com"]),
    ]
    assert people[1].keys[0].public == gpg.export("grace")


@pytest.mark.parametrize(
    ("file", "text", "options", "told"),
    [
        pytest.param(
            "signers",
            f"*@example.com {ADA}",
            (),
            "signers:1: '*@example.com' is a pattern; an identity has addresses",
            id="a pattern",
        ),
        pytest.param(
            "signers",
            f'a@b.example namespaces="file" {ADA}',
            (),
            "signers:1: the key may sign neither for git nor for gitwarrant-statement",
            id="for something else",
        ),
        pytest.param(
            "signers",
            f"ada {ADA}",
            (),
            "nothing says which address this person writes commits as",
            id="a name",
        ),
        pytest.param(
            "signers",
            f'a@b.example valid-before="20270101Z" {ADA}\na@b.example {ADA}',
            (),
            "signers:2: the key stands there twice, with other limits",
            id="twice",
        ),
        pytest.param("ada.pub", ADA, (), "nothing says which address", id="a comment is no address"),
        pytest.param("ada.pub", "ssh-dss AAAA", ("--email", "a@b.example"), "is not an accepted", id="DSA"),
        pytest.param("ada.pub", "", ("--email", "a@b.example"), "the file holds no key", id="nothing"),
        pytest.param("x.asc", "-----BEGIN PGP PUBLIC", (), "an OpenPGP key is not accepted", id="no OpenPGP"),
        pytest.param(
            "ada.pub",
            public_key("carol"),
            ("--email", "ada@example.com"),
            "belongs to two identities",
            id="a key that somebody has",
        ),
        pytest.param(
            "ada.pub",
            ADA,
            ("--email", "Carol@example.com"),
            "belongs to two identities",
            id="an address that somebody has",
        ),
        pytest.param(
            "ada.pub",
            ADA,
            ("--email", "a@b.example", "--name", "carol"),
            "'carol'",
            id="a taken name",
        ),
        pytest.param(
            "ada.pub", ADA, ("--email", "a@b.example", "--name", "owners"), "'owners'", id="a team's name"
        ),
    ],
)
def test_what_cannot_be_imported_changes_nothing(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    file: str,
    text: str,
    options: tuple[str, ...],
    told: str,
) -> None:
    (here / file).write_text(text + "\n")

    assert main(["keys", "import", file, *options, "--write"]) == 2

    said = capsys.readouterr().err
    assert told in said
    assert "remedy: " in said
    assert written(here)[0] == BEFORE


def test_a_file_in_braces_is_left_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = here / ".gitwarrant" / "identities.yaml"
    file.write_text('{carol: {kind: person, emails: [c@b.example], keys: [{public: "' + BOB + '"}]}}\n')
    before = file.read_text()
    (here / "ada.pub").write_text(ADA + "\n")

    assert main(["keys", "import", "ada.pub", "--email", "ada@example.com", "--write"]) == 2

    assert "remedy: " in capsys.readouterr().err
    assert file.read_text() == before


def test_without_the_file_the_remedy_says_where_to_run_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ada.pub").write_text(ADA + "\n")

    assert main(["keys", "import", "ada.pub", "--email", "ada@example.com", "--write"]) == 2

    assert "run it at the repository's top" in capsys.readouterr().err
