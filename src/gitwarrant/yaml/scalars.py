"""What a scalar means, exactly as Kubernetes' own reader decides.

Kubernetes reads YAML with go.yaml.in/yaml/v2 and turns it into JSON with
sigs.k8s.io/yaml. YAML 1.1 words (`on`, `yes`, `y`) are booleans there, `0644`
is octal, `22:22` is text, dates stay text, and a whole float becomes an
integer on its way through JSON. Reading a scalar otherwise would let a
manifest mean one thing to a check and another to the API server.
"""

import math
import re
from typing import Final

from gitwarrant.model.manifest import Json

MAX_INTEGER, MIN_INTEGER = 2**64 - 1, -(2**63)  # int64, then uint64: what the Go reader tries
MAX_INTEGER_DIGITS = 4000  # Python refuses to read longer ones; they are floats to Go anyway

WORDS: Final[dict[str, Json]] = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
NOT_IN_JSON = frozenset(sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")) | {
    ".nan",
    ".NaN",
    ".NAN",
}

FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
DOT_FLOAT = re.compile(r"\.[0-9]+([eE][-+]?[0-9]+)?")
INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<x>[0-9a-fA-F]+)|0[oO](?P<o>[0-7]+)|0[bB](?P<b>[01]+)"
    r"|0(?P<old>[0-7]+)|(?P<d>0|[1-9][0-9]*))"
)
BASES: Final = {"x": 16, "o": 8, "b": 2, "old": 8, "d": 10}

TAG: Final = "tag:yaml.org,2002:"


class NotExact(ValueError):
    """A scalar that JSON cannot hold as it was meant."""


def plain_scalar(text: str) -> Json:
    """The value of an unquoted scalar without a tag.

    Raises:
        NotExact: an infinity, not-a-number, or an integer beyond 64 bits.
    """
    if text in WORDS:
        return WORDS[text]
    first = text[0]
    if first in "0123456789+-":
        return _number(text)
    if first == ".":
        if text in NOT_IN_JSON:
            raise NotExact(f"{text} does not exist in JSON")
        return _whole(text, text) if DOT_FLOAT.fullmatch(text) else text
    return text


def tagged_scalar(tag: str, text: str) -> Json:
    """The value of a scalar with an explicit tag.

    Raises:
        NotExact: the tag is none of str, bool, int, float, null, or does not fit the text.
    """
    if tag in {TAG + "str", "!"}:
        return text
    value = plain_scalar(text)
    fits = {
        TAG + "bool": isinstance(value, bool),
        TAG + "int": isinstance(value, int) and not isinstance(value, bool),
        TAG + "float": isinstance(value, int | float) and not isinstance(value, bool),
        TAG + "null": value is None,
    }
    if tag not in fits:
        raise NotExact(f"the tag {tag.replace(TAG, '!!')!r} has no meaning in Kubernetes")
    if not fits[tag]:
        raise NotExact(f"{text!r} is not a {tag.replace(TAG, '!!')}")
    return value


def key_text(value: Json) -> str:
    """The name that a scalar key becomes in JSON.

    Raises:
        NotExact: null, a fraction, a list or a mapping cannot be a name.
    """
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    raise NotExact("a key must be text; null, fractions, lists and mappings are not")


def _number(text: str) -> Json:
    if text in NOT_IN_JSON:
        raise NotExact(f"{text} does not exist in JSON")
    plain = text.replace("_", "")
    if match := INTEGER.fullmatch(plain):
        base = match.lastgroup or "d"
        digits = match[base]
        if len(digits) > MAX_INTEGER_DIGITS:
            raise NotExact(f"{text[:20]}... has too many digits")
        value = int(match["sign"] + digits, BASES[base])
        if MIN_INTEGER <= value <= MAX_INTEGER:
            return value
        if base != "d":
            return _whole(plain, text) if FLOAT.fullmatch(plain) else text
        raise NotExact(f"{text[:40]} does not fit 64 bits, and would silently lose digits")
    return _whole(plain, text) if FLOAT.fullmatch(plain) else text


def _whole(number: str, text: str) -> Json:
    """A float as JSON gives it to Kubernetes: whole ones become integers; too large ones stay text."""
    value = float(number)
    if math.isinf(value):
        return text
    if value.is_integer() and MIN_INTEGER <= value <= 2**63 - 1:
        return int(value)
    return value
