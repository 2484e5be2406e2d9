"""Attacks on what the log remembers: seen early with no right to it, forgotten, or seen anew.

First-seen times let a statement stand although its key fell later, and what was
taken back stays so although the server hides it. Both must hang on who signed,
not on bytes that anybody can write.
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.deployers import REPOSITORY
from tests.support.desks import CONFIG_MAP, WEB
from tests.support.one_approval import open_shop, refusal, warranted
from tests.support.thieves import approval, hide, order, show, signed

from gitwarrant.model.canonical import sha256
from gitwarrant.model.change import SignedStatement
from gitwarrant.model.statement import KeyRevocation, OrderKind, Withdrawal
from gitwarrant.trust.sshkey import read_line


@pytest.mark.parametrize("planted_by", ["nobody", "mallory"])
def test_an_approval_whose_bytes_were_planted_before_its_key_was_stolen(
    planted_by: str, tmp_path: Path
) -> None:
    """Written long ago under no or another signature, signed with the stolen key after it was revoked.

    Held: a Git account, later grace's key. Stopped by verify: what was seen early was not hers.
    """
    shop = open_shop(tmp_path)
    base = shop.trusted_at
    head = shop.land({WEB: CONFIG_MAP % "evil"})
    body = approval(shop, base, head)
    show(shop, SignedStatement(body, b"none") if planted_by == "nobody" else signed(shop.mallory, body))
    before = refusal(shop)
    stolen = datetime.now(UTC)
    lost = KeyRevocation(
        identity="grace",
        repository=REPOSITORY,
        fingerprint=read_line(shop.grace.public).fingerprint,
        compromised_since=stolen,
        reason="laptop stolen",
        made=stolen,
        nonce=secrets.token_hex(16),
    )
    show(shop, signed(shop.grace, lost))

    show(shop, signed(shop.grace, body))
    said = refusal(shop)

    assert before.startswith("verify: ")
    assert said.startswith("verify: ")
    assert "was revoked, compromised since" in said


@pytest.mark.parametrize("shown_first_by", ["nobody", "mallory"])
def test_a_withdrawal_whose_bytes_were_shown_before_it_under_another_signature(
    shown_first_by: str, tmp_path: Path
) -> None:
    """The server shows the withdrawal's bytes broken, then right, then not at all.

    Held: the Git server. Stopped by the log: it remembers the one that grace signed.
    """
    shop = open_shop(tmp_path)
    base = shop.trusted_at
    head = shop.land({WEB: CONFIG_MAP % "careless"})
    approved = signed(shop.grace, approval(shop, base, head))
    withdrawal = signed(
        shop.grace,
        Withdrawal(
            identity="grace",
            repository=REPOSITORY,
            statement=sha256(approved.body),
            reason="a mistake",
            made=datetime.now(UTC),
            nonce=secrets.token_hex(16),
        ),
    )
    other = b"none" if shown_first_by == "nobody" else signed(shop.mallory, withdrawal.body).signature
    show(shop, SignedStatement(withdrawal.body, other))
    refusal(shop)
    show(shop, withdrawal)
    refusal(shop)
    hide(shop, withdrawal)

    show(shop, approved)

    assert "it was withdrawn" in refusal(shop)


def test_a_suspension_that_ended_does_not_come_back_when_its_ref_is_deleted(tmp_path: Path) -> None:
    """Held: a Git account, which may delete refs. The log knows that the resume came later."""
    shop = open_shop(tmp_path)
    begun = signed(shop.grace, order(OrderKind.SUSPEND, "grace"))
    show(shop, begun)
    suspended = refusal(shop)
    show(shop, signed(shop.grace, order(OrderKind.RESUME, "grace")))
    assert warranted(shop) == 1

    hide(shop, begun)

    assert suspended.startswith("authorise: environment 'production' was suspended by grace")
    assert warranted(shop) == 2


def test_a_suspension_does_not_end_when_its_ref_is_deleted_after_its_key_fell(tmp_path: Path) -> None:
    """Held: the Git server. Seen before the key was compromised, it stands, shown or hidden."""
    shop = open_shop(tmp_path)
    begun = signed(shop.grace, order(OrderKind.SUSPEND, "grace"))
    show(shop, begun)
    suspended = refusal(shop)
    since = datetime.now(UTC)
    fallen = KeyRevocation(
        identity="grace",
        repository=REPOSITORY,
        fingerprint=read_line(shop.grace.public).fingerprint,
        compromised_since=since,
        reason="laptop stolen",
        made=since,
        nonce=secrets.token_hex(16),
    )
    show(shop, signed(shop.grace, fallen))
    still = refusal(shop)

    hide(shop, begun)

    assert suspended == still == refusal(shop)
