"""Values that a bot may set: exactly of the form that its permission names."""

from typing import Any

import pytest

from gitwarrant.model.errors import Place
from gitwarrant.model.permission import Constraint, DigestOnly, ImageByDigest, TextLike, WholeNumber
from gitwarrant.trust.linear import BadExpression
from gitwarrant.trust.scope.values import describe, fits

DIGEST = "sha256:" + "0a" * 32
SHOP = ImageByDigest("oci.lan/shop/*")
PLACE = Place("identities.yaml", 3)


@pytest.mark.parametrize(
    ("constraint", "value", "expected"),
    [
        pytest.param(SHOP, f"oci.lan/shop/web@{DIGEST}", True, id="an image"),
        pytest.param(SHOP, f"oci.lan/shop/web:v1.2@{DIGEST}", True, id="an image with a tag too"),
        pytest.param(SHOP, f"oci.lan/shop/a-b__c.d@{DIGEST}", True, id="separators"),
        pytest.param(SHOP, f"oci.lan/shop/a/b@{DIGEST}", False, id="a folder below"),
        pytest.param(SHOP, f"oci.lan/shop@{DIGEST}", False, id="the folder itself"),
        pytest.param(SHOP, f"oci.lan/shop/@{DIGEST}", False, id="no name"),
        pytest.param(SHOP, f"oci.lan/shop/../web@{DIGEST}", False, id="dots"),
        pytest.param(SHOP, f"ocixlan/shop/web@{DIGEST}", False, id="a dot is a dot"),
        pytest.param(SHOP, f"evil.io/oci.lan/shop/web@{DIGEST}", False, id="something before it"),
        pytest.param(SHOP, f"oci.lan/shop/Web@{DIGEST}", False, id="capitals"),
        pytest.param(SHOP, f"oci.lan/shop/web @{DIGEST}", False, id="a blank"),
        pytest.param(SHOP, f"oci.lan/shop/web@{DIGEST}\n", False, id="a line end"),
        pytest.param(SHOP, f"oci.lan/shop/web@{DIGEST.upper()}", False, id="a digest in capitals"),
        pytest.param(SHOP, f"oci.lan/shop/web@{DIGEST.replace('256', '512')}", False, id="another algorithm"),
        pytest.param(SHOP, f"oci.lan/shop/{'w' * 500}@{DIGEST}", False, id="too long"),
        pytest.param(SHOP, 7, False, id="no text"),
        pytest.param(ImageByDigest("r.io:5000/a*/b"), f"r.io:5000/ax/b@{DIGEST}", True, id="a port"),
        pytest.param(ImageByDigest("r.io/a*/b"), f"r.io/a/x/b@{DIGEST}", False, id="* takes no slash"),
        pytest.param(DigestOnly(), DIGEST, True, id="a digest"),
        pytest.param(DigestOnly(), DIGEST[:-1], False, id="half a digest"),
        pytest.param(DigestOnly(), f"web@{DIGEST}", False, id="an image as a digest"),
        pytest.param(TextLike("a|bc"), "bc", True, id="a pattern"),
        pytest.param(TextLike("a|bc"), "abc", False, id="a pattern matches as a whole"),
        pytest.param(TextLike("a"), "a\n", False, id="a pattern and a line end"),
        pytest.param(TextLike(".*"), 7, False, id="a pattern takes text only"),
        pytest.param(WholeNumber(1, 3), 3, True, id="a number"),
        pytest.param(WholeNumber(1, 3), 4, False, id="a number beyond"),
        pytest.param(WholeNumber(0, 3), True, False, id="true is no number"),
        pytest.param(WholeNumber(0, 3), "2", False, id="text is no number"),
        pytest.param(WholeNumber(0, 3), 2.5, False, id="a fraction"),
    ],
)
def test_a_value_fits_or_does_not(constraint: Constraint, value: Any, expected: bool) -> None:
    assert fits(value, constraint, PLACE) is expected


def test_each_constraint_is_told_in_words() -> None:
    constraints = (SHOP, DigestOnly(), TextLike("v[0-9]"), WholeNumber(1, 5))

    assert [describe(constraint) for constraint in constraints] == [
        "an image of oci.lan/shop/* by digest (name@sha256:...)",
        "a digest (sha256:...)",
        "text like 'v[0-9]'",
        "a whole number from 1 to 5",
    ]


def test_a_pattern_that_is_none_is_our_error_with_its_place() -> None:
    with pytest.raises(BadExpression) as caught:
        fits("a", TextLike("a)(b"), PLACE)

    assert caught.value.place == PLACE
