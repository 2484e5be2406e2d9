"""How libyaml's complaints become sentences with a place and a remedy."""

from yaml.error import MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from gitwarrant.model.errors import GitwarrantError, Place


class YamlError(GitwarrantError):
    """A file that cannot be read as Kubernetes would read it, or that exceeds the bounds."""


# What libyaml says -> what to do about it. The first phrase found in the message wins.
REMEDIES = (
    ("undefined alias", "define the anchor (&name) earlier in the same document, or write the value out"),
    ("could not find expected ':'", "a key needs a colon and a space after it; quote text that spans lines"),
    (
        "mapping values are not allowed",
        "put text that contains ': ' in quotes, or begin a new line for the key",
    ),
    ("block end", "align this line with its neighbours: one of them is indented too little or too much"),
    ("block sequence entries", "begin the list on a line of its own, below its key"),
    ("unexpected end of stream", "close the quote or bracket that is still open"),
    ("escape character", "in double quotes write \\\\ for a backslash, or use single quotes"),
    ("Unicode character escape", "write the character itself, or a valid escape"),
    ("found unexpected document indicator", "close the quote or bracket before the next document begins"),
    ("cannot start any token", "put text that begins with @, `, % or the like in quotes"),
    ("undefined tag handle", "leave the tag out"),
    ("did not find expected ',' or", "close the bracket, or separate the items by commas"),
)
GENERAL_REMEDY = "correct the YAML here; `kubectl create --dry-run=client -f FILE` refuses it as well"
CONTROL_REMEDY = "remove the character, or write it as an escape in double quotes"


def syntax_error(error: YAMLError, data: bytes, path: str) -> YamlError:
    """Say what libyaml said, in our form."""
    match error:
        case ReaderError():
            place = place_of_byte(data, path, error.position)
            return YamlError(
                f"a character that YAML does not allow: {error.reason}", remedy=CONTROL_REMEDY, place=place
            )
        case MarkedYAMLError():
            return _marked(error, data, path)
    return YamlError(f"not readable: {error}", remedy=GENERAL_REMEDY, place=Place(path))


def place_of_byte(data: bytes, path: str, position: int) -> Place:
    """Count lines and columns (in characters) up to a byte."""
    before = data[:position]
    start = before.rfind(b"\n") + 1
    column = len(before[start:].decode("utf-8", errors="replace")) + 1
    return Place(path, before.count(b"\n") + 1, column)


def _marked(error: MarkedYAMLError, data: bytes, path: str) -> YamlError:
    mark = error.problem_mark or error.context_mark
    place = Place(path, mark.line + 1, mark.column + 1) if mark else Place(path)
    problem = str(error.problem or error.context)
    if "cannot start any token" in problem and _is_tab(data, place):
        return YamlError(
            "a tab is used to indent", remedy="indent with spaces; YAML allows no tabs here", place=place
        )
    what = f"{error.context}, {problem}" if error.context and error.problem else problem
    remedy = next((remedy for phrase, remedy in REMEDIES if phrase in what), GENERAL_REMEDY)
    return YamlError(what, remedy=remedy, place=place)


def _is_tab(data: bytes, place: Place) -> bool:
    lines = data.split(b"\n", place.line)
    line = lines[place.line - 1].decode("utf-8", errors="replace") if place.line <= len(lines) else ""
    return line[place.column - 1 : place.column] == "\t"
