"""What refusals and explanations share: names, paths, who could act, in the words of people."""

from collections.abc import Iterable, Sequence
from itertools import chain, islice

from gitwarrant.model.identity import IdentityKind
from gitwarrant.trust.case import Case

SHOWN = 5  # names or reasons in one message; more would hide the point


def named(groups: frozenset[str]) -> str:
    """Teams or identities, as a sentence names them."""
    return " or ".join(sorted(groups)) if groups else "anybody known"


def some(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]!r}{more}" if paths else "it"


def so_far(names: Iterable[str]) -> str:
    """Who approved, as the end of a sentence."""
    return f"; approved so far by {', '.join(sorted(names)) or 'nobody'}"


def why_not(case: Case) -> str:
    """Each reason once, in the same order whatever the statements' digests are."""
    not_shown = {
        f"{item.statement.identity}'s {item.statement.kind.value} statement does not count here: "
        f"it is about several landings, and this one changes {some(case.owners_changed)}"
        for item in case.counted
        if not case.is_shown_by(item.landings)
    }
    reasons = islice(chain(sorted(not_shown), map(str, case.ignored)), SHOWN)  # of thousands, what is shown
    return "".join(f"; {reason}" for reason in reasons)


def able(case: Case, groups: frozenset[str], excluded: frozenset[str]) -> list[str]:
    """The persons who could still approve, by name."""
    return sorted(
        identity.name
        for identity in case.registry.members(groups)
        if identity.kind is IdentityKind.PERSON and identity.name not in excluded
    )


def ask(case: Case, groups: frozenset[str], excluded: frozenset[str]) -> str:
    """Who could act, by name."""
    people = able(case, groups, excluded)
    strangers = ", ".join(sorted(group for group in groups if "@" in group))
    if not people and strangers:
        return (
            f"make {strangers} known in .gitwarrant/identities.yaml: by name, 'logins', 'teams' or 'emails'"
        )
    if not people:
        who = named(groups)
        return f"nobody else is in {who}: add somebody on the trust ref, who then runs: gitwarrant approve"
    return f"{' or '.join(people[:SHOWN])} runs: gitwarrant approve"
