"""Keys: when they may sign, and whose they are."""

from datetime import timedelta

import pytest
from tests.support.chain import DAY, NOW, POLICY, person, public_key

from gitwarrant.model.identity import Hardware, Key, Purpose, RootKey
from gitwarrant.trust.identities import Registry, unfit, unproven_hardware, writes_as

TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("key", "at", "reason"),
    [
        pytest.param(Key("k"), NOW, "", id="no limits"),
        pytest.param(Key("k", not_before=NOW), NOW, "", id="its first moment"),
        pytest.param(Key("k", not_before=NOW), NOW - TICK, "is valid only from 2026-06-01 12:00", id="early"),
        pytest.param(Key("k", not_after=NOW), NOW - TICK, "", id="its last moment"),
        pytest.param(Key("k", not_after=NOW), NOW, "expired 2026-06-01 12:00", id="its end"),
        pytest.param(Key("k", not_before=NOW, revoked=True), NOW + DAY, "was revoked", id="revoked"),
        pytest.param(
            Key("k", revoked=True, reason="lost"), NOW - DAY, "was revoked (lost)", id="revoked for a reason"
        ),
        pytest.param(
            Key("k", revoked=True, compromised_since=NOW), NOW - TICK, "", id="seen before the compromise"
        ),
        pytest.param(
            Key("k", revoked=True, compromised_since=NOW, reason="stolen laptop"),
            NOW,
            "was revoked as compromised since 2026-06-01 12:00 (stolen laptop)",
            id="seen since the compromise",
        ),
        pytest.param(
            Key("k", revoked=True, compromised_since=NOW + DAY, not_after=NOW),
            NOW,
            "expired 2026-06-01 12:00",
            id="expired before the compromise",
        ),
        pytest.param(
            Key("k", purposes=frozenset([Purpose.STATEMENTS])), NOW, "may not sign commits", id="not for this"
        ),
    ],
)
def test_a_key_may_sign_from_its_beginning_until_before_its_end(key: Key, at: object, reason: str) -> None:
    assert unfit(key, at, Purpose.COMMITS) == reason  # type: ignore[arg-type]  # the table's times


@pytest.mark.parametrize(
    ("proved", "needed", "reason"),
    [
        pytest.param(Hardware.NONE, Hardware.NONE, "", id="nothing asked"),
        pytest.param(Hardware.PIN, Hardware.TOUCH, "", id="more than asked"),
        pytest.param(
            Hardware.NONE,
            Hardware.TOUCH,
            "was made by no security key, where a security key that is touched is asked for",
            id="no touch",
        ),
        pytest.param(
            Hardware.NONE,
            Hardware.PIN,
            "was made by no security key, where a security key with its PIN is asked for",
            id="nothing for a PIN",
        ),
        pytest.param(
            Hardware.TOUCH,
            Hardware.PIN,
            "was made without its PIN, where a security key with its PIN is asked for",
            id="touch for a PIN",
        ),
    ],
)
def test_a_device_proves_what_is_asked_of_it_or_says_what_it_lacks(
    proved: Hardware, needed: Hardware, reason: str
) -> None:
    assert unproven_hardware(proved, needed) == reason


def test_a_key_compromised_since_some_time_is_a_revoked_one() -> None:
    with pytest.raises(ValueError, match="is revoked"):
        Key("k", compromised_since=NOW)


def test_a_root_key_belongs_to_the_identity_of_its_holders_name() -> None:
    """Or to a person without teams, when the policy knows nobody of that name."""
    roots = (RootKey("alice", public_key("alice-offline")), RootKey("zoe", public_key("zoe")))
    registry = Registry(POLICY, roots)

    alice, zoe = (registry.owner(root.public) for root in roots)

    assert alice is not None
    assert alice.identity == POLICY.identities[0]
    assert zoe is not None
    assert (zoe.identity.name, zoe.identity.teams, zoe.identity.emails) == ("zoe", frozenset(), frozenset())
    assert registry.holder(public_key("alice")) is None


@pytest.mark.parametrize(
    ("email", "own"),
    [
        pytest.param("alice@example.com", True, id="as listed"),
        pytest.param("alice@Example.COM", True, id="domain in capitals"),
        pytest.param("Alice@example.com", False, id="name in capitals"),
        pytest.param("alice@example.com.evil.example", False, id="a longer domain"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_an_address_is_compared_in_two_halves(email: str, own: bool) -> None:
    assert writes_as(person("alice"), email) is own
