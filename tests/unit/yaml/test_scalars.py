"""What unquoted scalars mean: the facts of Kubernetes' reader, which tests/real asks itself."""

import pytest

from gitwarrant.model.manifest import Json
from gitwarrant.yaml.scalars import NotExact, key_text, plain_scalar, tagged_scalar

TAG = "tag:yaml.org,2002:"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(
            pytest.param(text, True, id=f"true {text}")
            for text in ("y", "Y", "yes", "YES", "on", "On", "true")
        ),
        *(pytest.param(text, False, id=f"false {text}") for text in ("n", "N", "no", "off", "OFF", "FALSE")),
        *(pytest.param(text, None, id=f"null {text!r}") for text in ("", "~", "null", "Null", "NULL")),
        *(
            pytest.param(text, text, id=f"text {text}")
            for text in ("nULL", "tRUE", "oN", "Y_", "yeah", "<", "=")
        ),
        pytest.param("0644", 420, id="a leading zero is octal"),
        pytest.param("0o17", 15, id="octal of YAML 1.2"),
        pytest.param("0O17", 15, id="octal in capitals"),
        pytest.param("-0b11", -3, id="negative binary"),
        pytest.param("0b-11", -3, id="a sign after 0b, as Go cuts the prefix off"),
        pytest.param("0x_1F", 31, id="hexadecimal with an underscore"),
        pytest.param("1_000_", 1000, id="underscores anywhere in an integer"),
        pytest.param("+12", 12, id="a plus sign"),
        pytest.param("-0", 0, id="minus zero"),
        pytest.param("08", 8, id="no octal number, so a float, which is whole"),
        pytest.param("9223372036854775807", 2**63 - 1, id="the largest integer"),
        pytest.param("-9223372036854775808", -(2**63), id="the smallest integer"),
        pytest.param("0x" + "f" * 40, "0x" + "f" * 40, id="a hexadecimal address stays text"),
        pytest.param("1.5", 1.5, id="a fraction"),
        pytest.param("1.0", 1, id="a whole float becomes an integer in JSON"),
        pytest.param("1e3", 1000, id="an exponent"),
        pytest.param("12e4567", "12e4567", id="a float that overflows is text: a short commit id"),
        pytest.param("1e-4567", 0, id="a float that vanishes is zero"),
        pytest.param("1e30", 1e30, id="beyond integers a float stays one"),
        pytest.param(
            "4611686018427387904.0", 4611686018427388000, id="shortest digits and zeros, as Go writes"
        ),
        pytest.param(".5", 0.5, id="a leading point"),
        pytest.param(".5_0", 0.5, id="underscores between digits behind a point"),
        pytest.param("._5", "._5", id="no digit before the underscore"),
        pytest.param("1_0.2_5", 10.25, id="underscores in a float"),
        pytest.param("22:22", "22:22", id="base sixty is text"),
        pytest.param("2001-12-14", "2001-12-14", id="a date is text"),
        pytest.param("1.2.3", "1.2.3", id="a version is text"),
        pytest.param("500m", "500m", id="a quantity is text"),
        pytest.param("0x", "0x", id="a prefix alone"),
        pytest.param("-", "-", id="a sign alone"),
        pytest.param(".", ".", id="a point alone"),
    ],
)
def test_a_plain_scalar_means_what_kubernetes_reads(text: str, value: Json) -> None:
    """Type and value are the same."""
    found = plain_scalar(text)

    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param(".inf", ".inf has no JSON form", id="infinity"),
        pytest.param("-.INF", "-.INF has no JSON form", id="minus infinity"),
        pytest.param(".NaN", ".NaN has no JSON form", id="not a number"),
        pytest.param(
            "9223372036854775808",
            "the integer 9223372036854775808 does not fit into 64 bits",
            id="beyond 64 bits",
        ),
        pytest.param("1" * 5000, f"the integer {'1' * 40}... does not fit into 64 bits", id="endless digits"),
    ],
)
def test_a_scalar_that_would_lose_its_value_is_refused(text: str, what: str) -> None:
    """Kubernetes would round it or fail later."""
    with pytest.raises(NotExact) as refusal:
        plain_scalar(text)

    assert (refusal.value.what, refusal.value.remedy) == (what, "put it in quotes if it is text")


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        pytest.param("str", "12", "12", id="text"),
        pytest.param("int", "0x10", 16, id="integer"),
        pytest.param("bool", "on", True, id="boolean"),
        pytest.param("null", "~", None, id="null"),
        pytest.param("binary", "aGVs\nbG8=", "hello", id="text in base64"),
    ],
)
def test_a_tag_decides(tag: str, text: str, value: Json) -> None:
    """The five tags that make sense in a manifest."""
    assert tagged_scalar(TAG + tag, text) == value


@pytest.mark.parametrize(
    ("tag", "text", "what"),
    [
        pytest.param(TAG + "int", "1.0", "'1.0' is not a !!int", id="a float as an integer"),
        pytest.param(TAG + "bool", "maybe", "'maybe' is not a !!bool", id="no boolean"),
        pytest.param(TAG + "float", "1", "the tag !!float is not known", id="floats need no tag"),
        pytest.param("!vault", "x", "the tag !vault is not known", id="an application's own tag"),
        pytest.param(
            TAG + "binary", "/w==", "!!binary that is not text in base64", id="binary that is no text"
        ),
    ],
)
def test_a_tag_that_does_not_fit_is_refused(tag: str, text: str, what: str) -> None:
    """Never guessed at."""
    with pytest.raises(NotExact) as refusal:
        tagged_scalar(tag, text)

    assert refusal.value.what == what


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (12, "12"), ("a", "a")])
def test_a_key_becomes_text(value: Json, text: str) -> None:
    """`on: x` is the member "true"."""
    assert key_text(value) == text


@pytest.mark.parametrize("value", [None, 1.5])
def test_a_key_without_exact_text_is_refused(value: Json) -> None:
    """Kubernetes refuses null, and rounds fractions to 32 bits."""
    with pytest.raises(NotExact, match="cannot be a key"):
        key_text(value)
