"""How long a statement shall live is judged before anything is shown or signed."""

from datetime import timedelta

import pytest

from gitwarrant.cli.signing import _lifetime
from gitwarrant.model.errors import GitwarrantError


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("91d", "91d is longer than a statement may live", id="beyond a quarter"),
        pytest.param("99999999999d", "'99999999999d' is no duration", id="beyond what a clock can count"),
        pytest.param("0d", "'0d' is no duration", id="no time at all"),
        pytest.param("soon", "'soon' is no duration", id="no number"),
    ],
)
def test_a_lifetime_that_cannot_be_is_an_error_of_the_caller(text: str, what: str) -> None:
    with pytest.raises(GitwarrantError) as error:
        _lifetime(text)

    assert error.value.what == what


def test_the_longest_lifetime_is_ninety_days() -> None:
    assert _lifetime("90d") == timedelta(days=90)
