"""hidden-characters."""

from collections.abc import Iterator

from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Json, Pointer
from gitwarrant.policy.subject import Subject, Violation
from gitwarrant.yaml.hidden import hidden_in_text, is_hidden, named

JOINERS = "\u200c\u200d"
"""What some scripts and emoji need between their letters, and nobody between ASCII ones."""


class HiddenCharacters:
    """Text with invisible characters is not what a reviewer saw."""

    id = "hidden-characters"
    severity = Severity.MEDIUM
    title = "Text with invisible characters is not what a reviewer saw"
    why = (
        "Bidirectional controls show text in another order than it is read in; zero-width characters make "
        "two names look like one; tags and control characters show nothing at all. Whoever reviewed such a "
        "line accepted something else. Judged are names and values of all fields, comments, and the path "
        "of the file. Joiners between letters that are not ASCII are left alone: some scripts need them."
    )
    remedy = "remove the character; write the text as it should be read"
    before = """\
metadata:
  name: web
  labels:
    team: "pay\\u200dments"
"""
    after = """\
metadata:
  name: web
  labels:
    team: payments
"""
    maps_to: tuple[str, ...] = ()

    def applies(self, subject: Subject) -> bool:  # noqa: ARG002 - the Protocol's signature
        """Every object has names and values."""
        return True

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per field, per comment and for the path."""
        path = subject.manifest.place.path
        if hidden := hidden_in_text(path):
            yield Violation((), f"the path {path!a} contains the invisible {hidden}", "rename the file")
        yield from _fields(subject.manifest.content, ())
        yield from _comments(subject)


def _fields(value: Json, way: Pointer) -> Iterator[Violation]:
    match value:
        case str():
            if hidden := _deceiving(value):
                yield Violation(way, f"{_field(way)} contains the invisible {hidden}")
        case dict():
            for name, item in value.items():
                if hidden := _deceiving(name):
                    yield Violation(way, f"the name {name!a} contains the invisible {hidden}")
                yield from _fields(item, (*way, name))
        case list():
            for index, item in enumerate(value):
                yield from _fields(item, (*way, index))


def _comments(subject: Subject) -> Iterator[Violation]:
    """Comments of the file, told once: with its first object."""
    manifest, source = subject.manifest, subject.source
    if manifest.document or manifest.pointer not in {(), ("items", 0)} or source.isascii():
        return
    for number, line in enumerate(source.decode("utf-8", "replace").split("\n"), 1):
        comment = line.partition("#")[2]
        if not line.isascii() and (hidden := _deceiving(comment)):
            yield Violation((), f"the comment in line {number} contains the invisible {hidden}")


def _deceiving(text: str) -> str:
    """The name of the first invisible character that no script asks for; empty: there is none."""
    if text.isascii() and not any(is_hidden(character) for character in text):
        return ""
    for index, character in enumerate(text):
        if is_hidden(character) and not (character in JOINERS and _between_letters(text, index)):
            return named(character)
    return ""


def _between_letters(text: str, index: int) -> bool:
    around = text[index - 1 : index] + text[index + 1 : index + 2]
    return len(around) == 2 and not any(other.isascii() or is_hidden(other) for other in around)


def _field(way: Pointer) -> str:
    return ascii(".".join(map(str, way)))[1:-1] or "the object"
