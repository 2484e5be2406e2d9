"""The page of attacks says what the registry of attacks says, and the registry is tested."""

from docs import generate_attacks


def test_the_page_of_attacks_is_current() -> None:
    _, mark, written = generate_attacks.PAGE.read_text().partition(generate_attacks.MARK)

    assert mark
    assert written == generate_attacks.sections(), "write it anew: python -m docs.generate_attacks"
