"""Amounts as numbers."""

from decimal import Decimal

import pytest

from gitwarrant.objects.quantities import size


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1Gi", Decimal(1024**3)),
        ("1G", Decimal(1000**3)),
        ("1500Mi", Decimal(1500 * 1024**2)),
        ("250m", Decimal("0.25")),
        ("3u", Decimal("0.000003")),
        ("7n", Decimal("0.000000007")),
        ("2e3", Decimal(2000)),
        ("2E", Decimal(2) * 1000**6),
        ("2Ei", Decimal(2) * 1024**6),
        (".5", Decimal("0.5")),
        (12, Decimal(12)),
    ],
)
def test_an_amount_is_compared_as_a_number(text: object, number: Decimal) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1Qi", None, True, [], {}])
def test_what_is_no_amount_has_no_number(text: object) -> None:
    assert size(text) is None
