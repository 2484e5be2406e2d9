"""A bot's edit: whatever is not a permitted value in its place is refused, and always by our error."""

import re
from contextlib import suppress

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.bots import DEPLOYMENT, KUSTOMIZE, MAY, NEW, OLD, WEB

from gitwarrant.model.change import BlobId, PathChange
from gitwarrant.trust.scope.fields import OutOfScope
from gitwarrant.trust.scope.source import check_file

CHANGE = PathChange(WEB, 0o100644, BlobId("a" * 40), 0o100644, BlobId("b" * 40))
IMAGE = r"""(?P<q>["']?)oci\.lan/shop/[a-z0-9._-]+(?::[\w.-]+)?@sha256:[0-9a-f]{64}(?P=q)"""
NUMBER = r"[-+0-9a-zA-Z_.]+"


def permitted() -> re.Pattern[str]:
    """The file as it may be: its own text, with any permitted value in the two places."""
    head, _, rest = DEPLOYMENT.partition("replicas: 3\n")
    middle, _, tail = rest.partition(f"oci.lan/shop/web@{OLD}")
    return re.compile(
        f"{re.escape(head)}replicas: {NUMBER}\n{re.escape(middle)}{IMAGE}{re.escape(tail)}", re.DOTALL
    )


PERMITTED = permitted()
SIGNS = list("# \t:-!|>[]{},?%@\\03é\u2028\x85\"'")
WORDS = [
    "\n",
    "\r\n",
    "  ",
    " # x",
    ": ",
    "- ",
    "---\n",
    "...\n",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "image: a",
    "name: web",
    "evil",
]
PIECES = st.sampled_from([*SIGNS, *WORDS, OLD, NEW])
TEXTS = st.lists(PIECES, max_size=4).map("".join)


def passes(after: str, before: str = DEPLOYMENT) -> bool:
    try:
        check_file(CHANGE, before.encode(), after.encode(), MAY)
    except OutOfScope:
        return False
    return True


@settings(max_examples=1500, deadline=None)
@given(st.integers(0, len(DEPLOYMENT)), st.integers(0, 12), TEXTS)
@example(DEPLOYMENT.index(OLD), 71, NEW)
@example(DEPLOYMENT.index("replicas: 3") + 10, 1, "5")
def test_an_edit_anywhere_passes_only_as_a_permitted_value(place: int, length: int, text: str) -> None:
    after = DEPLOYMENT[:place] + text + DEPLOYMENT[place + length :]

    if passes(after):
        assert PERMITTED.fullmatch(after)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(DEPLOYMENT)), st.integers(0, 12), TEXTS)
def test_a_good_edit_carries_no_other_with_it(place: int, length: int, text: str) -> None:
    good = DEPLOYMENT.replace(f"web@{OLD}", f"web@{NEW}", 1)
    after = good[:place] + text + good[place + length :]

    if passes(after):
        assert PERMITTED.fullmatch(after)


@settings(deadline=None)
@given(st.integers(0, len(DEPLOYMENT) - 1), st.integers(0, len(DEPLOYMENT) - 1))
def test_lines_that_change_places_are_refused(one: int, other: int) -> None:
    lines = DEPLOYMENT.splitlines(keepends=True)
    first, second = one % len(lines), other % len(lines)
    lines[first], lines[second] = lines[second], lines[first]
    after = "".join(lines)

    assert passes(after) is (after == DEPLOYMENT)


@settings(deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_are_judged_or_our_error(before: bytes, after: bytes) -> None:
    with suppress(OutOfScope):
        check_file(CHANGE, before, after, MAY)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_any_two_texts_that_differ_are_refused_without_a_kind(one: str, other: str, both: str) -> None:
    """Nothing here is an object, so nothing may differ."""
    before, after = KUSTOMIZE + both + one, KUSTOMIZE + both + other

    if passes(after, before):
        assert before == after
