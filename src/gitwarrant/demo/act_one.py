"""The first act: a change is warranted, a stolen account is refused. Needs Python, git and ssh only."""

import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from gitwarrant.demo.story import (
    Shop,
    approve,
    attempt,
    judged,
    open_shop,
    restore,
    rewind,
    steal,
    three_replicas,
)
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.pipeline.delivery import Delivery, open_delivery
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.warranting import passed_plan, warrant_for
from gitwarrant.plan.text import lines

Say: TypeAlias = Callable[[str, str], None]
"""Shows a line of text in a style (`bold`, `good`, `bad`, `dim`, ... or none)."""

NO_CLUSTER = "00000000-0000-0000-0000-000000000000"
"""The uid that the first act's warrants are for: no cluster has it, so nobody can ever use them."""

WIDTH = 96


def act_one(folder: Path, say: Say) -> tuple[Shop, str]:
    """Play the first act in a folder, which is made anew; the shop and the approved commit.

    Raises:
        GitwarrantError: git or ssh-keygen is missing or fails; or an attack was
            let through, which must never happen.
    """
    say("Act 1   A Git server and real SSH keys; no cluster yet", "bold")
    tell(say, "A shop keeps staging and production in Git. Ada develops; Grace is on the platform team.")
    shop = open_shop(folder)
    agent = shop.agent({"uid": NO_CLUSTER}, state="act-one")
    with open_delivery(agent, lambda: datetime.now(UTC)) as work:
        first = judged(work, "production")
        warrant_for(work, first, passed_plan(first), NO_CLUSTER)
        head = _change(shop, work, say)
        tell(say, "Mallory has stolen Ada's account, but not her key. As Ada, she pushes a privileged Pod.")
        steal(shop)
        _must_refuse(work, say)
        restore(shop, head)
        tell(say, "Then she rewinds the branch to the state before the sale: old, but properly signed.")
        rewind(shop, shop.trusted_at)
        _must_refuse(work, say)
        restore(shop, head)
    return shop, head


def _change(shop: Shop, work: Delivery, say: Say) -> str:
    tell(say, "Ada makes room for the winter sale, signs the commit with her own key, and pushes it.")
    head = three_replicas(shop)
    _must_refuse(work, say)
    tell(say, "Grace reads what it would do, and signs her approval.")
    approve(shop, shop.trusted_at, head)
    judgement = judged(work, "production")
    plan = passed_plan(judgement)
    for style, text in lines(plan):
        say(f"    {text}", style)
    bundle = warrant_for(work, judgement, plan, NO_CLUSTER)
    for word, text in (
        ("verified", _people(judgement)),
        ("checked", f"{len(plan.leaves.standing)} objects by the checks of 'production-security'"),
        ("warranted", f"{len(bundle.leaves.leaves)} objects, each by its digest, in one signed envelope"),
    ):
        say(f"    {word:<10} {text}", "good")
    return head


def _people(judgement: Judgement) -> str:
    landings = judgement.authorship.landings if judgement.authorship else ()
    authors = {name for landing in landings for name in landing.authors}
    approvers = {approval.identity for landing in landings for approval in landing.approvals}
    return f"written by {', '.join(sorted(authors))}, approved by {', '.join(sorted(approvers))}"


def _must_refuse(work: Delivery, say: Say) -> None:
    refusal = attempt(lambda: judged(work, "production"))
    if refusal is None:
        raise GitwarrantError(
            "an attack was let through", remedy="this must never happen: please report it (SECURITY.md)"
        )
    show_refusal(refusal, say)


def show_refusal(refusal: Refused, say: Say) -> None:
    """Show a refusal as a person meets it: who refuses, why, and what to do."""
    place = f"{refusal.place}: " if refusal.place else ""
    say(f"    REFUSED by {refusal.stage}", "bad")
    for text in textwrap.wrap(place + refusal.what, WIDTH - 6):
        say(f"      {text}", "")
    for text in textwrap.wrap(f"remedy: {refusal.remedy}", WIDTH - 6):
        say(f"      {text}", "dim")


def tell(say: Say, text: str) -> None:
    """Tell the story: a blank line, then a paragraph."""
    say("", "")
    for line in textwrap.wrap(text, WIDTH):
        say(f"  {line}", "")
