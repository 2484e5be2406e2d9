"""Step 5 of verify, counted: what is asked for a landing, and who gave it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.errors import Place
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, PathRule
from gitwarrant.model.statement import StatementKind
from gitwarrant.trust import owners
from gitwarrant.trust.case import Case
from gitwarrant.trust.identities import belongs
from gitwarrant.trust.paths import BadPattern


@dataclass(frozen=True, slots=True)
class Tally:
    """How many approvals something asks for some paths of a landing, and who gave one."""

    asker: str
    """Who asks: a path, as a rule decides it, a CODEOWNERS file, or an environment. Begins a sentence."""
    place: Place
    paths: tuple[str, ...]
    groups: frozenset[str]
    """Teams or identities whose approvals count, and owners that nobody here is; empty: everybody's."""
    needed: int
    by: tuple[str, ...]
    """Names, sorted."""
    hardware: Hardware = Hardware.NONE
    """What each approval must prove about its device."""
    weak: tuple[str, ...] = ()
    """Who approved without proving that."""

    @property
    def missing(self) -> int:
        """How many more persons must approve; 0 when enough have."""
        return max(0, self.needed - len(self.by))


def tallies(case: Case, *, authors: frozenset[str]) -> tuple[Tally, ...]:
    """Everything that is asked for a landing (5), rules first; authors never count.

    Raises:
        Refused: no rule covers a path, or a CODEOWNERS file cannot be read.
    """
    return (*_of_rules(case, authors), *_of_owners(case, authors), *_of_environment(case, authors))


def _of_rules(case: Case, authors: frozenset[str]) -> Iterator[Tally]:
    """What the rule of each path asks."""
    given = _approvers(case, authors)
    decided: dict[tuple[str, bool], list[str]] = {}
    rules: dict[tuple[str, bool], PathRule] = {}
    for path in case.paths:
        rule = case.rule(path)
        if rule is not None:
            which = rule.pattern, case.is_rooted(path)  # reviews count for one and not for the other
            rules.setdefault(which, rule)
            decided.setdefault(which, []).append(path)
    for (pattern, rooted), rule in rules.items():
        paths = tuple(decided[pattern, rooted])
        approving = {**_witnessed(case, rule, authors, rooted=rooted), **given}
        by, weak = _proving(case, _members(approving, rule.approvers), rule.hardware)
        asker, needed = f"{paths[0]!r}", rule.approvals
        yield Tally(asker, rule.place, paths, rule.approvers, needed, by, rule.hardware, weak)


def _of_owners(case: Case, authors: frozenset[str]) -> Iterator[Tally]:
    """What CODEOWNERS asks (5.5), as it was before the landing, where a path's rule refers to it."""
    rules = ((path, case.rule(path)) for path in case.paths)
    paths = [(path, rule.owners) for path, rule in rules if rule and rule.owners]
    given = _approvers(case, authors)
    try:
        for asked in owners.asked(paths, case.landing.owners, case.blobs, case.registry):
            hardware = _strongest(case, asked.paths)
            by, weak = _proving(case, _members(given, asked.groups), hardware)
            yield Tally(
                asked.asker, asked.place, asked.paths, asked.groups, asked.approvals, by, hardware, weak
            )
    except (BadPattern, owners.OwnersUnknown) as error:
        raise case.refuse(error.what, error.remedy, error.place) from error


def _strongest(case: Case, paths: Iterable[str]) -> Hardware:
    """What the strictest rule of some paths asks of a device."""
    asked = {rule.hardware for path in paths if (rule := case.rule(path))}
    return next((one for one in reversed(Hardware) if one in asked), Hardware.NONE)


def _proving(
    case: Case, names: tuple[str, ...], hardware: Hardware
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Of those who approved, who proved the device that is asked for, and who did not."""
    if hardware is Hardware.NONE:
        return names, ()
    approvals = case.statements(StatementKind.APPROVE)
    by = tuple(name for name in names if approvals[name].hardware.proves(hardware))
    return by, tuple(name for name in names if name not in by)


def _of_environment(case: Case, authors: frozenset[str]) -> Iterator[Tally]:
    """What the environment asks (5.2): one approval of each of its teams, not expired now."""
    environment = case.environment
    if environment is None or not environment.approval_required:
        return
    inside = tuple(path for path in case.paths if environment.covers(path))
    if not inside:
        return
    given = _approvers(case, authors, at=case.now)
    teams: Sequence[frozenset[str]] = [frozenset([team]) for team in environment.approvers] or [frozenset()]
    for team in teams:
        asker = f"environment {environment.name!r}"
        yield Tally(asker, environment.place, inside, team, 1, _members(given, team))


def _approvers(case: Case, authors: frozenset[str], *, at: datetime | None = None) -> dict[str, Identity]:
    """The persons who approved, but authors; with `at`, only those whose approval is not expired then."""
    return {
        name: identity
        for name, item in case.statements(StatementKind.APPROVE, at=at).items()
        if name not in authors and (identity := case.identity(item)).kind is IdentityKind.PERSON
    }


def _witnessed(case: Case, rule: PathRule, authors: frozenset[str], *, rooted: bool) -> dict[str, Identity]:
    """The persons whose reviews a rule counts, but authors (5.3)."""
    reviewers = case.reviewers(rule, rooted=rooted)
    return {name: item.identity for name, item in reviewers.items() if name not in authors}


def _members(given: dict[str, Identity], groups: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(name for name, identity in given.items() if belongs(identity, groups)))
