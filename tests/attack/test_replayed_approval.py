"""An approval that was used does not open the same door again, nor does one that was taken back."""

from pathlib import Path

from tests.support.desks import CONFIG_MAP, WEB
from tests.support.one_approval import open_shop, refusal, warranted

from gitwarrant.demo.forge import run_git


def test_a_revert_of_a_revert_needs_a_new_approval(tmp_path: Path) -> None:
    """Deployed, reverted, and landed again by the stolen account while the first approval is still alive."""
    shop = open_shop(tmp_path)
    base = shop.trusted_at
    wanted = shop.land({WEB: CONFIG_MAP % "careless"})
    shop.approve(base, wanted)
    first = warranted(shop)
    reverted = shop.land({WEB: None})
    shop.approve(wanted, reverted)
    second = warranted(shop)

    shop.land({WEB: CONFIG_MAP % "careless"})
    said = refusal(shop)

    assert (first, second) == (1, 2)
    assert said.startswith("verify: ")
    assert "needs 1 approval of platform-team" in said


def test_a_withdrawal_that_the_server_hides_again_still_holds(tmp_path: Path) -> None:
    """The log saw it once; deleting its ref on the server brings nothing back."""
    shop = open_shop(tmp_path)
    base = shop.trusted_at
    landed = shop.land({WEB: CONFIG_MAP % "careless"})
    shop.approve(base, landed)
    shop.withdraw_all(by="grace")
    seen = refusal(shop)
    for ref in run_git(shop.forge.clone, "for-each-ref", "--format=%(refname)", "refs/gitwarrant/").split():
        kind = run_git(shop.forge.clone, "show", f"{ref}:statement")
        if '"is":"Withdrawal"' in kind:
            run_git(shop.forge.clone, "push", "-q", "origin", f":{ref}")

    assert "it was withdrawn" in seen
    assert "it was withdrawn" in refusal(shop)
