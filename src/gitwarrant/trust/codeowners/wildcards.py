r"""Wildcards as Ruby's `File.fnmatch` reads them for GitLab, written as RE2 expressions.

Paths begin with a slash. `*` and `?` stay inside a name, hidden names
included; `**/` at the begin of a name spans folders, and every other run of
asterisks is a single one: `/docs/**` takes the files of `/docs/` only.
`[a-z]` and `[^a]` are sets of characters; a backslash takes what follows it as it is.

Source: Ruby, `File.fnmatch` with FNM_PATHNAME and FNM_DOTMATCH.
"""

import re

from gitwarrant.model.errors import Place
from gitwarrant.trust.paths import MAX_PATTERN, BadPattern

TOKEN = re.compile(r"(\*+)|(\?)|\[([!^]?)((?:\\.|[^\]\\])+)\]|\\(.)|([^\\\[])", re.DOTALL)
SPANS = "**"
FOLDERS = "(?:[^/]+/)*"


def expression(pattern: str, place: Place) -> str:
    """Translate a pattern that begins with a slash.

    Raises:
        BadPattern: too long, an empty name, an open bracket, a lone backslash.
    """
    if len(pattern) > MAX_PATTERN:
        raise _bad(f"a pattern has up to {MAX_PATTERN} characters", place)
    if "//" in pattern:
        raise _bad(f"pattern {pattern!r}: a name is missing between slashes", place)
    *folders, last = pattern.removeprefix("/").split("/")
    parts = [FOLDERS if name == SPANS else _name(name, place) + "/" for name in folders]
    return "/" + "".join(parts) + _name(last, place)


def _name(name: str, place: Place) -> str:
    translated, end = "", 0
    while end < len(name):
        match = TOKEN.match(name, end)
        if not match:
            raise _bad(f"{name!r}: a bracket is open or a backslash escapes nothing", place)
        stars, any_one, negated, members, escaped, plain = match.groups()
        end = match.end()
        if stars:
            translated += "[^/]*"
        elif any_one:
            translated += "[^/]"
        elif members:
            translated += _set(members, negated=bool(negated), place=place)
        else:
            translated += re.escape(escaped or plain)
    return translated


def _set(members: str, *, negated: bool, place: Place) -> str:
    """A set of characters; never the slash, which no bracket takes."""
    characters = [part[-1] for part in re.findall(r"\\.|.", members, re.DOTALL)]
    ranges, at = "", 0
    while at < len(characters):
        low = high = characters[at]
        if characters[at + 1 : at + 2] == ["-"] and at + 2 < len(characters):
            high = characters[at + 2]
            at += 2
        at += 1
        if low > high or low <= "/" <= high:
            raise _bad(f"'[{members}]': a range runs backwards, or holds the slash", place)
        ranges += f"\\x{{{ord(low):x}}}-\\x{{{ord(high):x}}}"
    return f"[^/{ranges}]" if negated else f"[{ranges}]"


def _bad(what: str, place: Place) -> BadPattern:
    return BadPattern(
        what, remedy="write it as GitLab's CODEOWNERS does: /docs/, *.rb, /docs/**/*.md", place=place
    )
