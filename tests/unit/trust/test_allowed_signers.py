"""OpenSSH's allowed_signers, side by side with ssh-keygen, and what each refusal says."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from tests.support.certificates import Issued
from tests.support.chain import NOW, public_key, sign

from gitwarrant.model.errors import Place
from gitwarrant.trust.allowed_signers import AllowedSigner, BadAllowedSigners, matches, parse
from gitwarrant.trust.sshkey import read_line

ADA = public_key("ada")
KEY = read_line(ADA)
MESSAGE = b"a message"
LINE = AllowedSigner(("ada@example.com",), KEY, False, None, None, None, Place("signers", 1))


def read(text: str) -> tuple[AllowedSigner, ...]:
    return parse(text.encode(), "signers", zone=UTC)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"ada@example.com {ADA}", LINE, id="plain"),
        pytest.param(f"\tada@example.com\t{ADA} ada's laptop", LINE, id="tabs and a comment"),
        pytest.param(
            f"# team\n\nada@example.com {ADA}\r\n", replace(LINE, place=Place("signers", 3)), id="notes"
        ),
        pytest.param(
            f"ada@example.com,*@b.example,!c@b.example {ADA}",
            replace(LINE, principals=("ada@example.com", "*@b.example", "!c@b.example")),
            id="star",
        ),
        pytest.param(
            f'"ada lovelace,ada@example.com" {ADA}',
            replace(LINE, principals=("ada lovelace", "ada@example.com")),
            id="in quotes",
        ),
        pytest.param(f"ada@example.com cert-authority {ADA}", replace(LINE, authority=True), id="CA"),
        pytest.param(
            f'ada@example.com NAMESPACES="git,file" {ADA}',
            replace(LINE, namespaces=("git", "file")),
            id="namespaces, in capitals",
        ),
        pytest.param(
            f'ada@example.com cert-authority,valid-after="20260101",valid-before="20270101120000Z" {ADA}',
            replace(
                LINE,
                authority=True,
                valid_after=datetime(2026, 1, 1, tzinfo=UTC),
                valid_before=datetime(2027, 1, 1, 12, tzinfo=UTC),
            ),
            id="times",
        ),
    ],
)
def test_a_line_is_read(text: str, line: AllowedSigner) -> None:
    assert read(text) == (line,)


def test_a_time_without_a_zone_is_the_readers_own() -> None:
    """With a Z it is not."""
    text = f'a@b.example valid-after="202606011200",valid-before="202606011200Z" {ADA}'

    [line] = parse(text.encode(), "signers", zone=timezone(timedelta(hours=2)))

    assert (line.valid_after, line.valid_before) == (NOW - timedelta(hours=2), NOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("ada@example.com", "is neither an option nor an accepted kind of key", id="no key"),
        pytest.param("a@b.example ssh-ed25519", "the line has no public key", id="no blob"),
        pytest.param("a@b.example ssh-ed25519 AAAA", "is not an accepted public key", id="a broken key"),
        pytest.param("a@b.example ssh-dss AAAA", "'ssh-dss AAAA' is neither an option nor", id="DSA"),
        pytest.param(f"a@b.example sudo {ADA}", "'sudo ssh-ed25519", id="unknown option"),
        pytest.param(f"a@b.example namespaces=git {ADA}", "'namespaces=git", id="value without quotes"),
        pytest.param(f'a@b.example namespaces="git {ADA}', "'namespaces=\"git", id="quotes that do not end"),
        pytest.param(f'a@b.example namespaces="" {ADA}', "a namespace in it is empty", id="no namespace"),
        pytest.param(
            f'a@b.example namespaces="git",namespaces="x" {ADA}', "namespaces stands there twice", id="twice"
        ),
        pytest.param(f"a@b.example cert-authority, {ADA}", "' ssh-ed25519", id="a comma too much"),
        pytest.param(f'a@b.example valid-after="2026" {ADA}', "'2026' is no time", id="a year"),
        pytest.param(
            f'a@b.example valid-after="20261301" {ADA}', "'20261301' is no time: month", id="month 13"
        ),
        pytest.param(
            f'a@b.example valid-after="20270101",valid-before="20260101" {ADA}',
            "valid-after is not before valid-before",
            id="backwards",
        ),
        pytest.param(f"a@b.example,,c {ADA}", "a principal in it is empty", id="an empty principal"),
        pytest.param(f'"a@b.example {ADA}', "the quotes around its principals do not end", id="open quotes"),
        pytest.param(f"a\x1b[2J@b.example {ADA}", "characters that cannot be shown", id="an escape"),
        pytest.param(f"a@b.example {ADA} {'x' * 20_000}", "the line is too long", id="too long"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(BadAllowedSigners) as caught:
        read(f"# first\n{text}\n")

    assert reason in caught.value.what
    assert caught.value.place == Place("signers", 2)


@pytest.mark.parametrize(
    ("patterns", "text", "covered"),
    [
        pytest.param(["git"], "git", True, id="the same"),
        pytest.param(["git"], "gitwarrant", False, id="its beginning"),
        pytest.param(["git*"], "gitwarrant-statement", True, id="star"),
        pytest.param(["g?t"], "git", True, id="question mark"),
        pytest.param(["*t*t*t"], "gitwarrant-statement", True, id="stars"),
        pytest.param(["*", "!git"], "git", False, id="but not"),
        pytest.param(["!file"], "git", False, id="only not"),
        pytest.param(["[g]it"], "git", False, id="brackets are plain"),
        pytest.param(["*a" * 5000 + "b"], "a" * 100, False, id="bounded in time"),
    ],
)
def test_patterns_match_as_opensshs_do(patterns: list[str], text: str, covered: bool) -> None:
    assert matches(patterns, text) is covered


WINDOW = 'valid-after="20260601120000Z",valid-before="20260601130000Z"'
BEFORE, DURING, AFTER = (NOW + timedelta(minutes=minutes) for minutes in (-1, 30, 61))


@pytest.mark.parametrize("at", [BEFORE, DURING, AFTER], ids=["before", "during", "after"])
@pytest.mark.parametrize("namespace", ["git", "file"])
@pytest.mark.parametrize(
    "options", ["", f"{WINDOW} ", 'namespaces="g?t" ', f'namespaces="*,!file",{WINDOW} ', "cert-authority "]
)
def test_a_line_means_what_ssh_keygen_takes_it_to_mean(
    tmp_path: Path, options: str, namespace: str, at: datetime
) -> None:
    """Who signed, and whether it counts, in each namespace and at each time."""
    authority = "cert-authority" in options
    key = public_key("ca" if authority else "ada")
    (tmp_path / "signers").write_text(f"ada@example.com {options}{key} comment\n")
    issued = Issued(
        principals=[b"ada@example.com"], valid_after=BEFORE, valid_before=AFTER + timedelta(hours=1)
    )
    signature = issued.sign(MESSAGE, namespace) if authority else sign("ada", MESSAGE, namespace)
    (tmp_path / "sig").write_bytes(signature)
    files = [
        "-f",
        str(tmp_path / "signers"),
        "-s",
        str(tmp_path / "sig"),
        f"-Overify-time={at:%Y%m%d%H%M%SZ}",
    ]
    command = ["ssh-keygen", "-Y", "verify", "-n", namespace, "-I", "ada@example.com", *files]

    theirs = subprocess.run(command, input=MESSAGE, capture_output=True, check=False).returncode == 0
    found = subprocess.run(
        ["ssh-keygen", "-Y", "find-principals", *files], capture_output=True, check=False, text=True
    )

    [line] = read((tmp_path / "signers").read_text())
    in_time = not (
        (line.valid_after and at < line.valid_after) or (line.valid_before and at >= line.valid_before)
    )
    assert (line.key.line, line.authority) == (key, authority)
    assert (line.allows(namespace) and in_time) is theirs
    assert found.stdout.split() == (list(line.principals) if in_time else [])
