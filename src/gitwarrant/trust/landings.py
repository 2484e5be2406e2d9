"""Steps 4 to 6 of verify, for one landing: entitled authors, enough approvals, the root's own consent."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice

from gitwarrant.model.authorship import Approval, LandingProof, Proof
from gitwarrant.model.canonical import digest
from gitwarrant.model.change import BlobId, Landing, PathChange
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, PathRule, TrustPolicy
from gitwarrant.model.statement import StatementKind
from gitwarrant.trust import owners
from gitwarrant.trust.authors import Signed, Unproven
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import ASKED, Registry, belongs, unproven_hardware
from gitwarrant.trust.paths import BadPattern, rule_for
from gitwarrant.trust.scope.fields import OutOfScope
from gitwarrant.trust.scope.source import check_change
from gitwarrant.trust.statements import Counted, Ignored
from gitwarrant.trust.witnesses import Reviewed, Unheard

CONFIGURATION = ".gitwarrant"
RULES = ".gitwarrant/rules.yaml"
SHOWN = 5  # names or reasons in one message; more would hide the point


@dataclass(frozen=True, slots=True)
class Case:
    """One landing with everything that speaks for it."""

    landing: Landing
    commits: tuple[Signed | Unproven, ...]
    counted: tuple[Counted, ...]
    """Statements that cover this landing."""
    ignored: tuple[Ignored | Unheard, ...]
    """Statements on the change's line and reviews of this landing that do not count; messages show them."""
    policy: TrustPolicy
    registry: Registry
    environment: Environment | None
    root_threshold: int
    """How many root holders must consent to a change of `.gitwarrant/`; 0 away from the trust ref."""
    now: datetime
    waived: bool
    """Glass was broken: approvals are not asked (5.4)."""
    blobs: Mapping[BlobId, bytes]
    """Bytes of files by their ids, not yet recomputed: CODEOWNERS, and what bots with bounds changed."""
    reviews: tuple[Reviewed, ...] = ()
    """Reviews that cover this landing, for rules that trust their forge (5.3)."""

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(change.path for change in self.landing.changes))

    @property
    def signed(self) -> tuple[Signed, ...]:
        return tuple(commit for commit in self.commits if isinstance(commit, Signed))

    @property
    def unproven(self) -> tuple[Unproven, ...]:
        """Commits for which something else must stand.

        A clean merge of signed commits, as a forge makes it, wrote nothing. What
        its signature would say is that somebody wanted it here; an approval
        that counts says that as well. Without either, a stolen account could
        land any branch that was ever signed.
        """
        doubts = tuple(commit for commit in self.commits if isinstance(commit, Unproven))
        joined = bool(self.signed) and all(doubt.joins for doubt in doubts)
        return () if joined and self.wanted_here else doubts

    @property
    def wanted_here(self) -> bool:
        """Whether a person who wrote nothing of it signed that it should land."""
        approvals = self.statements(StatementKind.APPROVE)
        return any(
            name not in self.writers and item.identity.kind is IdentityKind.PERSON
            for name, item in approvals.items()
        )

    @property
    def writers(self) -> frozenset[str]:
        """Who wrote, as far as signatures prove it. To merge without an edit of one's own is not to write."""
        wrote = {proof.identity.name for proof in self.signed if proof.commit.changes}
        return frozenset(wrote or {proof.identity.name for proof in self.signed})

    def statements(self, kind: StatementKind, *, at: datetime | None = None) -> dict[str, Counted]:
        """One statement of a kind per identity; names, never keys, are counted.

        Of several it is the one that proves most about its device.

        Args:
            at: only those that are not expired then.
        """
        one: dict[str, Counted] = {}
        for item in self.counted:
            if item.statement.kind is not kind or not self.is_shown_by(item.landings):
                continue
            if at is not None and item.statement.expires <= at:
                continue
            other = one.get(item.statement.identity)
            if other is None or item.hardware.proves(other.hardware):
                one[item.statement.identity] = item
        return one

    @property
    def owners_changed(self) -> tuple[str, ...]:
        """CODEOWNERS files that the landing changes and that decide about the next one."""
        files = {rule.owners.file for rule in self.policy.rules if rule.owners}
        return tuple(path for path in self.paths if path in files)

    def is_shown_by(self, landings: range) -> bool:
        """Whether whoever accepted this interval saw what decides about other landings here.

        A longer interval shows only what comes of it: owners
        could be struck out on the way, and put back. For the rules of trust
        themselves `consenting` asks the same.
        """
        return len(landings) == 1 or not self.owners_changed

    def reviewers(self, rule: PathRule, *, rooted: bool) -> dict[str, Reviewed]:
        """Whose reviews a rule counts, on forges it trusts.

        Never for the rules of trust themselves, nor where a rule asks what a
        device must confirm: a review is made without one.
        """
        heard = () if rooted or rule.hardware is not Hardware.NONE else self.reviews
        return {
            item.identity.name: item
            for item in heard
            if item.review.forge in rule.witnesses and self.is_shown_by(item.landings)
        }

    def identity(self, counted: Counted) -> Identity:
        """Who made a statement."""
        return counted.identity

    def rule(self, path: str) -> PathRule | None:
        """The rule of a path; None: only the root judges it. No rule at all: refused."""
        try:
            rule = rule_for(path, self.policy.rules)
        except BadPattern as error:
            raise Refused(error.what, stage="verify", remedy=error.remedy, place=error.place) from error
        if rule is None and not self.is_rooted(path):
            raise self.refuse(
                f"no rule covers {path!r}, so nobody may change it",
                "add a rule for it on the trust ref, for example the pattern '*' as the first one",
                Place(RULES),
            )
        return rule

    def is_rooted(self, path: str) -> bool:
        """Whether a change of the path needs the root's consent."""
        return bool(self.root_threshold) and (path == CONFIGURATION or path.startswith(f"{CONFIGURATION}/"))

    def refuse(self, what: str, remedy: str, place: Place | None = None) -> Refused:
        """A refusal that names this landing."""
        what = f"landing {short(self.landing.commit)}: {what}"
        return Refused(what, stage="verify", remedy=remedy, place=place)


def judge(case: Case) -> LandingProof:
    """Steps 4 to 6 for one landing.

    Raises:
        Refused: with the path, the rule and what would satisfy it.
    """
    not_counted = authors_of(case)
    entitled = entitled_claims(case)
    check_writers(case)
    if not case.unproven:
        check_accepted(case, authors=not_counted)
        authors, proof = case.writers, Proof.SIGNATURE
    elif entitled:
        check_accepted(case, authors=not_counted)
        authors, proof = case.writers | entitled, Proof.STATEMENT
    else:
        check_stand_in(case, authors=not_counted)
        authors, proof = case.writers, Proof.EXTRA_APPROVAL
    check_root(case)
    keys = {commit.key.fingerprint for commit in case.signed}
    if proof is Proof.STATEMENT:
        claims = case.statements(StatementKind.AUTHOR)
        keys |= {claims[name].key.fingerprint for name in entitled}
    return LandingProof(
        landing=case.landing.commit,
        authors=authors,
        keys=frozenset(keys),
        proof=proof,
        approvals=approvals_of(case, authors | not_counted),
        statements=frozenset(item.digest for item in case.counted),
        paths=case.paths,
    )


def approvals_of(case: Case, authors: frozenset[str]) -> tuple[Approval, ...]:
    """Whose approvals count somewhere in this landing; of one person, the statement and not the review."""
    found = {
        name: Approval(name, digest(item.review), key="", witness=item.review.forge)
        for path in case.paths
        if (rule := case.rule(path)) is not None
        for name, item in case.reviewers(rule, rooted=case.is_rooted(path)).items()
    }
    for name, counted in case.statements(StatementKind.APPROVE).items():
        found[name] = Approval(name, counted.digest, counted.key.fingerprint)
    return tuple(found[name] for name in sorted(found) if name not in authors)


def authors_of(case: Case) -> frozenset[str]:
    """Whose approval does not count: who wrote, and who claims to have."""
    return case.writers | frozenset(case.statements(StatementKind.AUTHOR))


# 4. Who wrote may write there.


def check_writers(case: Case) -> None:
    """Step 4 for signatures: each author is entitled to every path that his commits changed.

    A path that differs although no commit of the landing changed it (a merge
    that follows a rename) is answered for by all of its authors.
    """
    touched: set[str] = set()
    for proof in case.signed:
        touched.update(change.path for change in proof.commit.changes)
        _check_entitled(case, proof.identity, proof, proof.commit.changes)
    touched.update(change.path for proof in case.unproven for change in proof.commit.changes)
    rest = [change for change in case.landing.changes if change.path not in touched]
    for proof in case.signed:
        if proof.identity.name in case.writers:
            _check_entitled(case, proof.identity, proof, rest)


def _check_entitled(
    case: Case, identity: Identity, proof: Signed | Counted, changes: Iterable[PathChange]
) -> None:
    for change in sorted(changes):
        path = change.path
        _check_scope(case, identity, change)
        rule = case.rule(path)
        if rule is None:
            continue
        holds = case.is_rooted(path) and case.registry.holder(proof.key.line)
        if not holds and not belongs(identity, rule.writers):
            raise case.refuse(
                f"{identity.name!r} may not change {path!r}; {named(rule.writers)} may",
                f"let {named(rule.writers)} make this change, or widen the rule on the trust ref",
                rule.place,
            )
        if not proof.hardware.proves(rule.hardware):
            missing = unproven_hardware(proof.hardware, rule.hardware)
            raise case.refuse(
                f"{path!r} was changed by {identity.name!r} with a signature that {missing}",
                "sign with a key on a security key (ssh-keygen -t ed25519-sk), listed in identities.yaml",
                rule.place,
            )


def _check_scope(case: Case, identity: Identity, change: PathChange) -> None:
    """Step 4.2: a bot with bounds keeps to its fields."""
    if not identity.may:
        return
    try:
        check_change(change, case.blobs, identity.may)
    except OutOfScope as error:
        what = f"the bot {identity.name!r} may not do this: {error.what}"
        raise case.refuse(what, error.remedy, error.place) from error


def entitled_claims(case: Case) -> frozenset[str]:
    """Step 4 for statements: who says to be the author and is entitled to every path of the landing."""
    claims = case.statements(StatementKind.AUTHOR)
    return frozenset(name for name, claim in claims.items() if _may_write_all(case, claim))


def _may_write_all(case: Case, counted: Counted) -> bool:
    return _passes(lambda: _check_entitled(case, case.identity(counted), counted, case.landing.changes))


# 5. Enough others accepted it.


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


def check_accepted(case: Case, *, authors: frozenset[str]) -> None:
    """Step 5, unless glass was broken."""
    for tally in () if case.waived else tallies(case, authors=authors):
        if tally.missing:
            raise _missing(case, tally, authors)


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
    """What CODEOWNERS asks, as it was before the landing, where a path's rule refers to it."""
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


def check_stand_in(case: Case, *, authors: frozenset[str]) -> None:
    """Steps 4 and 5 where nothing proves the author: one of the approvers answers for the content.

    So he must be entitled to every path, and does not count as an approver. An
    unsigned landing is never easier to pass than a signed one.
    """
    approvals = case.statements(StatementKind.APPROVE)
    if any(_stands_in(case, name, item, authors) for name, item in approvals.items() if name not in authors):
        return
    claims = case.statements(StatementKind.AUTHOR)
    for _, claim in sorted(claims.items()):
        _check_entitled(case, case.identity(claim), claim, case.landing.changes)
    given = [_words(approval) for approval in approvals_of(case, authors)]
    raise case.refuse(
        f"{case.unproven[0]}, so nothing proves who wrote {some(case.paths)}"
        + _so_far(given)
        + _why_not(case),
        "its author runs: gitwarrant propose; or, beyond the approvals that the rules ask for, "
        f"one more person who may change these paths{_able_to_stand_in(case, authors | set(approvals))} "
        "runs: gitwarrant approve",
        _rule_place(case),
    )


def _stands_in(case: Case, name: str, item: Counted, authors: frozenset[str]) -> bool:
    return _may_write_all(case, item) and _passes(lambda: check_accepted(case, authors=authors | {name}))


# 6. The rules themselves belong to the root.


def check_root(case: Case) -> None:
    """Step 6: a landing that touches `.gitwarrant/` on the trust ref has the consent of enough root holders.

    Consent is a signature over the landing commit itself, which covers all of
    it, or a statement about this landing alone: one about a longer interval
    shows only what comes of it, and could hide a rule that was changed on the
    way and put back. A holder counts once, with however many keys.
    """
    rooted = [path for path in case.paths if case.is_rooted(path)]
    if not rooted:
        return
    holders = consenting(case)
    if len(holders) < case.root_threshold:
        others = " or ".join(sorted(case.registry.holders.difference(holders)))
        change = "changes" if len(rooted) == 1 else "change"
        raise case.refuse(
            f"{some(rooted)} {change} the rules of trust: {case.root_threshold} root holders must consent, "
            f"so far {', '.join(holders) or 'none'} did" + _why_not(case),
            f"{others} signs with a root key: gitwarrant approve",
            Place(rooted[0]),
        )


def consenting(case: Case) -> list[str]:
    """The root holders who consent to this landing, by name."""
    lines = [item.key.line for item in case.counted if len(item.landings) == 1]
    last = case.commits[-1]
    if isinstance(last, Signed):
        lines.append(last.key.line)
    return sorted({holder for line in lines if (holder := case.registry.holder(line))})


# Words.


def _words(approval: Approval) -> str:
    return f"{approval.identity} on {approval.witness}" if approval.witness else approval.identity


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Refused:
        return False
    return True


def _missing(case: Case, tally: Tally, authors: frozenset[str]) -> Refused:
    noun = "approval" if tally.needed == 1 else "approvals"
    own = sorted(authors & set(case.statements(StatementKind.APPROVE)))
    author = f"; {own[0]!r} is an author and does not count" if own else ""
    return case.refuse(
        f"{tally.asker} needs {tally.needed} {noun} of {named(tally.groups)}{_by_hardware(tally)}"
        + (f" for {some(tally.paths)}" if tally.asker != f"{tally.paths[0]!r}" else "")
        + _so_far(tally.by)
        + author
        + _too_weak(tally)
        + _why_not(case),
        _ask(case, tally.groups, authors | set(tally.by)),
        tally.place,
    )


def _by_hardware(tally: Tally) -> str:
    return "" if tally.hardware is Hardware.NONE else f" by {ASKED[tally.hardware]}"


def _too_weak(tally: Tally) -> str:
    return f"; {tally.weak[0]!r} approved without {ASKED[tally.hardware]}" if tally.weak else ""


def named(groups: frozenset[str]) -> str:
    """Teams or identities, as a sentence names them."""
    return " or ".join(sorted(groups)) if groups else "anybody known"


def some(paths: Sequence[str]) -> str:
    """The first of some paths, and how many more there are."""
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]!r}{more}" if paths else "it"


def _so_far(names: Iterable[str]) -> str:
    return f"; approved so far by {', '.join(sorted(names)) or 'nobody'}"


def _why_not(case: Case) -> str:
    """Each reason once, in the same order whatever the statements' digests are."""
    not_shown = {
        f"{item.statement.identity}'s {item.statement.kind.value} statement does not count here: "
        f"it is about several landings, and this one changes {some(case.owners_changed)}"
        for item in case.counted
        if not case.is_shown_by(item.landings)
    }
    reasons = islice(chain(sorted(not_shown), map(str, case.ignored)), SHOWN)  # of thousands, what is shown
    return "".join(f"; {reason}" for reason in reasons)


def _rule_place(case: Case) -> Place | None:
    """Where the rule of the first path stands."""
    rule = next(filter(None, map(case.rule, case.paths)), None)
    return rule.place if rule else None


def _able_to_stand_in(case: Case, excluded: frozenset[str]) -> str:
    """Who may change all paths, by name, in parentheses; nothing where nobody else may."""
    rules = list(filter(None, map(case.rule, case.paths)))
    found = [
        name
        for name in able(case, frozenset(), excluded)
        if (identity := case.registry.identity(name))
        and all(belongs(identity, rule.writers) for rule in rules)
    ]
    return f" ({' or '.join(found[:SHOWN])})" if found else ""


def able(case: Case, groups: frozenset[str], excluded: frozenset[str]) -> list[str]:
    """The persons who could still approve, by name."""
    return sorted(
        identity.name
        for identity in case.registry.members(groups)
        if identity.kind is IdentityKind.PERSON and identity.name not in excluded
    )


def _ask(case: Case, groups: frozenset[str], excluded: frozenset[str]) -> str:
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
