"""What the documentation names is there: links, paths, commands, dependencies, layers, decisions."""

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs import generate
from tests.support.pages import ROOT, blocks, name, pages, prose

from gitwarrant.cli.main import COMMANDS, command_parser
from gitwarrant.policy.registry import CHECKS

LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
OURS = re.compile(r"(?:src|docs|tests|tools|bench|\.ci)/[\w./{},-]*[\w/}]|[A-Z]+\.md|[\w-]+\.(?:lock|toml)")
"""How a path from the top of the repository begins; what begins otherwise is a user's."""
HOST = re.compile(r"https?://(?:[^@/\s]*@)?([\w.-]+)")
KNOWN_HOSTS = re.compile(r"(?:.*\.)?example(?:\.com)?|127\.0\.0\.1|(?:api\.)?github\.com")
"""Hosts that a page may name: examples, this machine, and where sources are read. No package registry's."""
MACHINE = re.compile(r"(?<![\w./-])/(?:work|home/\w|root|Users|workspace|mnt)\b")
COMMAND = re.compile(r"(?:^|\$\(|\| )(?:\$ )?(gitwarrant(?: [^#|>&)\n]*)?)", re.MULTILINE)
OLD_SHORT_OPTION = re.compile(r"(-\w) [A-Z]+, (--)")
"""How Python before 3.13 writes `-n NAME, --name NAME`; from then on it is `-n, --name NAME`."""

PAGES = [pytest.param(page, id=name(page)) for page in pages()]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(prose(page)) if "://" not in link]

    broken = [link for link in links if not leads(page, link)]

    assert broken == []


def leads(page: Path, link: str) -> bool:
    """Whether a link's file is there, and its heading in it."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as forges make them, and those that are given."""
    text = prose(page)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", PAGES)
def test_paths_of_the_repository_that_are_named_are_there(page: Path) -> None:
    """In words only: what a fenced block shows may be somebody else's repository."""
    named = {code for code in CODE.findall(prose(page)) if OURS.fullmatch(code)}
    invented = {path for path in named if "NAME" in path or "ID" in path or "your_check" in path}

    missing = sorted(
        path for path in named - invented if not (ROOT / path).exists() and not below(page, path)
    )

    assert missing == []


def below(page: Path, path: str) -> bool:
    """Whether a path is meant from the package or the page's own folder."""
    return (ROOT / "src" / "gitwarrant" / path).exists() or (page.parent / path).exists()


@pytest.mark.parametrize("page", PAGES)
def test_no_page_names_a_machine_or_a_host_that_is_not_known(page: Path) -> None:
    text = page.read_text()

    assert [found[0] for found in MACHINE.finditer(text)] == []
    assert [host for host in HOST.findall(text) if not KNOWN_HOSTS.fullmatch(host)] == []


def shown_commands() -> Iterator[object]:
    """Every `gitwarrant ...` in a fenced block of a page, without what a shell does around it."""
    for page in pages():
        for block in blocks(page):
            if block.info[:1] in {("json",), ("python",)}:
                continue
            text = block.text.replace("\\\n", " ")
            if page == generate.CLI:  # what the commands themselves show: their examples
                text = "\n".join(line for line in text.splitlines() if line.startswith("  gitwarrant "))
                text = re.sub(r"^  | {2,}.*$", "", text, flags=re.MULTILINE)
            for found in COMMAND.finditer(text):
                yield pytest.param(found[1].strip(), id=f"{name(page)}: {found[1].strip()}")


@pytest.mark.parametrize("command", list(dict.fromkeys(shown_commands())))
def test_commands_that_are_shown_are_understood(command: str) -> None:
    _, *arguments = shlex.split(command)
    if arguments[:1] in ([], ["COMMAND"], ["--help"]):
        return

    assert arguments[0] in COMMANDS
    if "--help" not in arguments:
        command_parser(arguments[0]).parse_args(arguments[1:])


@pytest.mark.parametrize("page", PAGES)
def test_targets_of_make_that_are_named_are_there(page: Path) -> None:
    targets = re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    shown = [
        *CODE.findall(prose(page)),
        *(line for block in blocks(page) for line in block.text.splitlines()),
    ]

    named = {found[1] for text in shown if (found := re.match(r"make ([\w./-]+)", text))}

    assert named - set(targets) == set()


def test_the_reference_says_what_the_commands_say() -> None:
    """Line ends and short options aside, which differ from one Python to the next."""
    _, mark, written = generate.CLI.read_text().partition(generate.MARK)

    assert mark
    assert plain(written) == plain(generate.sections()), "write it anew: python docs/generate.py"


def plain(text: str) -> list[str]:
    """The words of a text."""
    return OLD_SHORT_OPTION.sub(r"\1, \2", " ".join(text.split())).split()


def test_every_command_has_its_section() -> None:
    sections = re.findall(r"^## (\S+)$", generate.CLI.read_text(), re.MULTILINE)

    assert sections == list(COMMANDS)


def test_every_environment_variable_is_documented() -> None:
    text = generate.CLI.read_text()
    read = {
        variable
        for path in (ROOT / "src").rglob("*.py")
        for variable in re.findall(
            r"""(?:get\(|in |\[)?"(GITWARRANT_[A-Z_]+|NO_COLOR|XDG_\w+)" ?""", path.read_text()
        )
    } - {"GITWARRANT_", "GITWARRANT_AUTHORSHIP_PROVEN", "GITWARRANT_CHECKS_PASSED"}

    assert {variable for variable in read if f"`{variable}`" not in text} == set()


def test_every_dependency_is_justified_once() -> None:
    project = PROJECT["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
        *(line for group in PROJECT["dependency-groups"].values() for line in group),
        *PROJECT["build-system"]["requires"],
    ]
    needed = {re.split(r"[<>=\[ ]", line)[0] for line in lines} - {"gitwarrant"}

    packages, _, _ = (ROOT / "docs" / "dependencies.md").read_text().partition("## Programs")
    named = [row for row in re.findall(r"^\| ([a-z][\w-]*) \|", packages, re.MULTILINE) if row != "package"]

    assert sorted(named) == sorted({*needed, "uv"})


def test_every_lock_file_is_named() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text()

    assert [path.name for path in ROOT.glob("*.lock") if f"`{path.name}`" not in text] == []


def test_the_house_is_drawn_as_the_imports_are_held() -> None:
    """Packages on one line of ARCHITECTURE.md are a layer of pyproject.toml, in the same order."""
    [contract] = PROJECT["tool"]["importlinter"]["contracts"]
    drawn = [
        re.findall(r"(\w+)/", line.split("  ")[1])
        for line in (ROOT / "ARCHITECTURE.md").read_text().splitlines()
        if re.match(r"  \w+/", line)
    ]

    held = [re.split(r" \| ", layer) for layer in contract["layers"] if layer != "__main__"]

    assert drawn == held


def test_the_index_lists_every_decision() -> None:
    folder = ROOT / "docs" / "decisions"

    listed = re.findall(r"^\| \[(\d{4})\]\(([^)]+)\) \|", (folder / "README.md").read_text(), re.MULTILINE)

    assert [path for _, path in listed] == sorted(page.name for page in folder.glob("[0-9]*.md"))
    assert [number for number, _ in listed] == [path[:4] for _, path in listed]


def test_the_index_of_the_documentation_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    linked = {(ROOT / "docs" / link.partition("#")[0]).resolve() for link in LINK.findall(index)}

    expected = [
        page
        for kind in ("how-to", "reference", "explanation")
        for page in (ROOT / "docs" / kind).glob("*.md")
    ]

    assert [
        name(page) for page in [*expected, ROOT / "docs" / "tutorial.md"] if page.resolve() not in linked
    ] == []


def test_every_check_has_its_page() -> None:
    assert [check.id for check in CHECKS if not (ROOT / "docs" / "checks" / f"{check.id}.md").is_file()] == []
