"""What a trial says about landings: who, how, and what the rules would have refused."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gitwarrant.pipeline.trial.facts import Hand, Kind, Landing, Reason, Signature
from gitwarrant.pipeline.trial.history import History
from gitwarrant.pipeline.trial.lines import Line, cut, headed, many, said
from gitwarrant.pipeline.trial.owners import Owners

SHOWN = 5  # people
WAYS = {
    Kind.MERGE: "by a merge",
    Kind.FORGE: "committed by the forge (squash, rebase or browser)",
    Kind.PUSH: "pushed",
}


def people(history: History) -> Iterator[Line]:
    """Who could land alone."""
    yield from headed("Who could land alone")
    landings, robots = history.landings, sum(person.robot for person in history.people)
    if history.people:
        persons = len(history.people) - robots
        counts = ((persons, many(persons, "person", "people")), (robots, many(robots, "bot")))
        who = " and ".join(text for count, text in counts if count)
        accounts = "any one of these accounts" if len(history.people) > 1 else "that account"
        yield from said(
            f"{who} landed something. Where a deploy follows the branch, {accounts}, stolen, is enough, "
            "unless the forge protects the branch, which Git does not show."
        )
        alone = sum(landing.hand is Hand.ALONE for landing in landings)
        yield from said(f"{alone:,} of {many(len(landings), 'landing')} show one person's hand only:")
    for person in history.people[:SHOWN]:
        bot = " (bot)" if person.robot else ""
        yield cut(f"    {person.name[:40] + bot:<46} {person.landed:>5,} landed {person.alone:>5,} alone")
    if len(history.people) > SHOWN:
        yield "dim", f"    and {len(history.people) - SHOWN:,} more"
    yield from _nameless([landing for landing in landings if not landing.lander])


def _nameless(landings: Sequence[Landing]) -> Iterator[Line]:
    if not landings:
        return
    names = Counter(name for landing in landings for name in landing.authors)
    yield from said(
        f"{many(len(landings), 'landing')} without a name: the forge made the commit (or it cannot be read), "
        "and Git does not say for whom." + (" Written by:" if names else "")
    )
    for name, count in names.most_common(SHOWN):
        yield cut(f"    {name[:40]:<46} {count:>5,} written")
    if len(names) > SHOWN:
        yield "dim", f"    and {len(names) - SHOWN:,} more"


def ways(history: History, owners: Owners | None) -> Iterator[Line]:
    """How landings came, what is signed, and what that says of reviews."""
    yield from headed("How it landed")
    landings = history.landings
    kinds = Counter(landing.kind for landing in landings)
    yield from said(", ".join(f"{kinds[kind]:,} {WAYS[kind]}" for kind in Kind if kinds[kind]))
    own = Counter(landing.signature for landing in landings)
    every = Counter(commit.signature for landing in landings for commit in landing.commits)
    yield "dim", "  landings commits"
    for signature in Signature:
        if every[signature]:
            yield cut(f"  {own[signature]:>8,} {every[signature]:>7,}  {signature.value}")
    hands = Counter(landing.hand for landing in landings)
    yield from said(
        f"{hands[Hand.OTHER]:,} landed by somebody who wrote none of it, "
        f"{hands[Hand.ROBOT] + hands[Hand.UNKNOWN]:,} by a bot or by nobody knows whom. Git knows no more of "
        "reviews: the forge keeps them, and a 'Reviewed-by' line anybody can write."
    )
    yield from _owners(owners)


def _owners(owners: Owners | None) -> Iterator[Line]:
    if owners is None:
        yield "", "  There is no CODEOWNERS file."
    else:
        yield "", f"  {owners.path}: {many(owners.lines, 'line')}, as {owners.dialect} reads them."
        for bad in owners.bad[:2]:
            yield cut(f"    {bad.place}: {bad.what} ({owners.dialect} skips such a line silently)", "warn")
        if len(owners.bad) > 2:
            yield "warn", f"    and {len(owners.bad) - 2:,} more such lines"


def refused(history: History) -> Iterator[Line]:
    """What the rules would have refused, by the first reason."""
    yield from headed("What the rules would have refused")
    landings = history.landings
    groups = by_reason(landings)
    count = sum(len(group) for _, group in groups)
    first = ", even if everybody's name and SSH keys had been in them. The first reasons:" if groups else "."
    yield from said(
        f"{count:,} of {many(len(landings), 'landing')}, by the rules that 'gitwarrant init' writes and one "
        f"approval by another person{first}"
    )
    for reason, group in groups:
        path = f" {group[0].paths[0]}" if group[0].paths else ""
        yield cut(f"    {len(group):>4,}  {reason.value}")
        yield cut(f"          such as {group[0].commit[:12]}{path}", "dim")


def by_reason(landings: Iterable[Landing]) -> list[tuple[Reason, list[Landing]]]:
    """The refused landings of each reason, in the order of reasons."""
    found = [(landing.refusal.reason, landing) for landing in landings if landing.refusal]
    groups = ((reason, [landing for its, landing in found if its is reason]) for reason in Reason)
    return [(reason, group) for reason, group in groups if group]
