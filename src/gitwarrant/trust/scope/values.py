"""Values that a bot may set a field to."""

import re

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json
from gitwarrant.model.permission import Constraint, DigestOnly, ImageByDigest, TextLike, WholeNumber
from gitwarrant.trust.linear import matcher

MAX_IMAGE = 512  # characters; registries take 255 for the name
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
IMAGE = re.compile(
    r"([a-z0-9.-]+(?::[0-9]{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+)"  # a name with its registry
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"  # a tag, which means nothing beside a digest
    rf"@{DIGEST.pattern}"
)


def fits(value: Json, constraint: Constraint, place: Place) -> bool:
    """Whether a field may be set to a value.

    Args:
        place: of the permission, for the message.

    Raises:
        BadExpression: the permission's expression cannot be used.
    """
    match constraint:
        case ImageByDigest(repository):
            return _is_image_of(value, repository, place)
        case DigestOnly():
            return isinstance(value, str) and DIGEST.fullmatch(value) is not None
        case TextLike(pattern):
            return isinstance(value, str) and matcher(pattern, place)(value)
        case WholeNumber(minimum, maximum):
            return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


def _is_image_of(value: Json, repository: str, place: Place) -> bool:
    if not isinstance(value, str) or len(value) > MAX_IMAGE:
        return False
    match = IMAGE.fullmatch(value)
    if not match:
        return False
    expression = "[^/]*".join(re.escape(part) for part in repository.split("*"))
    return matcher(expression, place)(match[1])


def describe(constraint: Constraint) -> str:
    """A constraint in words."""
    match constraint:
        case ImageByDigest(repository):
            return f"an image of {repository} by digest (name@sha256:...)"
        case DigestOnly():
            return "a digest (sha256:...)"
        case TextLike(pattern):
            return f"text like {pattern!r}"
        case WholeNumber(minimum, maximum):
            return f"a whole number from {minimum} to {maximum}"
