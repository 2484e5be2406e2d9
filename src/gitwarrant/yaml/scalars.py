"""What a scalar means to Kubernetes.

Its reader (sigs.k8s.io/yaml 1.6 over go.yaml.in/yaml/v2, then JSON) follows
YAML 1.1 with habits of its own: `0644` is 420, `on` and `y` are true, `22:22`
and `2001-12-14` are text, `12e4567` is text because it overflows, and `1.0`
becomes 1 on its way through JSON. A policy that read a scalar differently
from the API server could be bypassed, so each habit is kept here and the
tests ask the real one.

Where Kubernetes would silently lose digits, or fail only later, we refuse.
"""

import base64
import binascii
import re
from typing import Final

from gitwarrant.model.manifest import Json

Scalar = None | bool | int | float | str


class NotExact(ValueError):
    """A scalar that JSON cannot hold as it was meant: what it is, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


MERGE: Final = "".join(("<", "<"))
"""The one `<<` that was written plain; compare with `is`. A quoted one is only text."""

INT64 = range(-(2**63), 2**63)
EXACT_FLOAT = 2**53  # up to here a float's digits are the integer's digits

HINTS = frozenset("+-0123456789.yYnNtTfFoO~<")
WORDS: dict[str, Scalar] = {
    "": None,
    MERGE: MERGE,
    **dict.fromkeys(("~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
NOT_NUMBERS = frozenset(
    sign + word
    for sign, words in {
        "": (".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"),
        "+": (".inf", ".Inf", ".INF"),
        "-": (".inf", ".Inf", ".INF"),
    }.items()
    for word in words
)
DIGITS = frozenset("0123456789+-")
INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)\Z")
SIGN_INSIDE = re.compile(r"0b[-+][01]+\Z")  # Go cuts `0b` off and reads `-1` by itself
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
POINT_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")

QUOTE_IT = "put it in quotes if it is text"


def plain_scalar(text: str) -> Scalar:
    """Read a scalar without quotes and without a tag.

    Raises:
        NotExact: infinity, not-a-number, or an integer beyond 64 bits.
    """
    if text and text[0] not in HINTS:
        return text
    if text in WORDS:
        return WORDS[text]
    if text in NOT_NUMBERS:
        raise NotExact(f"{text} has no JSON form", QUOTE_IT)
    if text[0] in DIGITS:
        return _number(text)
    return _decimal(text, text) if POINT_FLOAT.match(text) else text


def tagged_scalar(tag: str, text: str) -> Scalar:
    """Read a scalar with an explicit tag, such as `!!str 12`.

    Raises:
        NotExact: an unknown tag, or a value that is not of that tag.
    """
    if tag == TAG + "str":
        return text
    if tag == TAG + "binary":
        return _binary(text)
    kind = KINDS.get(tag)
    if kind is None:
        raise NotExact(f"the tag {tag.replace(TAG, '!!')} is not known", "leave the tag out")
    value = plain_scalar(text)
    if type(value) is not kind or (kind is int and not is_integer(text)):
        raise NotExact(
            f"{_short(text)!r} is not a {tag.replace(TAG, '!!')}", "leave the tag out, or correct the value"
        )
    return value


def is_integer(text: str) -> bool:
    """Whether a scalar is written as an integer, not as a float that happens to be whole."""
    return INTEGER.match(text.replace("_", "")) is not None


def key_text(value: Json) -> str:
    """Write a mapping's key as Kubernetes does: `1` and `on` become "1" and "true".

    Raises:
        NotExact: null, or a number with a fraction (Kubernetes rounds it to 32
            bits; a whole number written as a float is for the reader to refuse).
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | dict):
        raise NotExact("a list or mapping cannot be a key", "use text as the key")
    what = "null" if value is None else f"the number {value}"
    raise NotExact(f"{what} cannot be a key", "put the key in quotes")


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


TAG = "tag:yaml.org,2002:"
KINDS: dict[str, type] = {TAG + "null": type(None), TAG + "bool": bool, TAG + "int": int}


def _number(text: str) -> Scalar:
    """Read what begins with a digit or a sign; text if it is no number after all."""
    digits = text.replace("_", "")
    if is_integer(digits):
        return _integer(text, digits)
    if SIGN_INSIDE.match(digits):
        return _integer(text, digits[2] + "0b" + digits[3:])
    return _decimal(text, digits) if FLOAT.match(digits) else text


def _integer(text: str, digits: str) -> Scalar:
    body = digits.lstrip("+-").lower()
    base = PREFIXES.get(body[:2])
    if len(body) > MAX_DIGITS:
        return _too_large(text, base)
    value = int(body[2:], base) if base else int(body, 8 if body[0] == "0" else 10)
    value = -value if digits[0] == "-" else value
    if value in INT64:
        return value
    return _too_large(text, base if value >= 2**64 or value < 0 else None)


def _too_large(text: str, base: int | None) -> str:
    """Leave `0x...` beyond 64 bits as the text that Kubernetes sees in it; decimals would lose digits."""
    if base:
        return text
    raise NotExact(f"the integer {_short(text)} does not fit into 64 bits", QUOTE_IT)


PREFIXES = {"0x": 16, "0b": 2, "0o": 8}
MAX_DIGITS = 4000  # Python converts no longer ones; far beyond 64 bits in any base


def _decimal(text: str, digits: str) -> Scalar:
    value = float(digits.replace("_", ""))
    if value in (float("inf"), float("-inf")):
        return text  # Go reports a range error, and its reader falls back to text
    if digits.lstrip("+-").isdecimal() and int(value) not in INT64:
        raise NotExact(f"the integer {_short(text)} does not fit into 64 bits", QUOTE_IT)
    return through_json(value)


def through_json(value: float) -> int | float:
    """Turn a float into what comes out at the API server after its way through JSON.

    Go writes 1.0 as `1`, and large whole numbers by their shortest digits with
    zeros behind; what looks like an integer there is read as one.
    """
    if not value.is_integer():
        return value
    if abs(value) < EXACT_FLOAT:
        return int(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    shortest = int(whole + fraction) * 10 ** (int(exponent or 0) - len(fraction))
    return shortest if shortest in INT64 else value


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise NotExact(
            "!!binary that is not text in base64", "write base64 as plain text, without the tag"
        ) from error
