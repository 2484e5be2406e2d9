"""Steps 4 to 6 of verify, for one landing: entitled authors, enough approvals, the root's own consent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gitwarrant.model.authorship import Approval, LandingProof, Proof
from gitwarrant.model.change import Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Identity, IdentityKind, PathRule, TrustPolicy
from gitwarrant.model.statement import StatementKind
from gitwarrant.trust.authors import Signed, Unproven
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Registry, belongs
from gitwarrant.trust.paths import BadPattern, rule_for
from gitwarrant.trust.statements import Counted, Ignored

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
    ignored: tuple[Ignored, ...]
    """Statements that begin on the change's line and do not count; messages show them."""
    policy: TrustPolicy
    registry: Registry
    environment: Environment | None
    root_threshold: int
    """How many root holders must consent to a change of `.gitwarrant/`; 0 away from the trust ref."""

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted(change.path for change in self.landing.changes))

    @property
    def signed(self) -> tuple[Signed, ...]:
        return tuple(commit for commit in self.commits if isinstance(commit, Signed))

    @property
    def unproven(self) -> tuple[Unproven, ...]:
        return tuple(commit for commit in self.commits if isinstance(commit, Unproven))

    @property
    def writers(self) -> frozenset[str]:
        """Who wrote, as far as signatures prove it. To merge without an edit of one's own is not to write."""
        wrote = {proof.identity.name for proof in self.signed if proof.commit.changes}
        return frozenset(wrote or {proof.identity.name for proof in self.signed})

    def statements(self, kind: StatementKind) -> dict[str, Counted]:
        """One statement of a kind per identity; names, never keys, are counted."""
        return {item.statement.identity: item for item in self.counted if item.statement.kind is kind}

    def identity(self, counted: Counted) -> Identity:
        """Who made a statement."""
        owner = self.registry.owner(counted.key.line)
        if owner is None:
            raise ValueError("a statement counts only when its key has an owner")
        return owner.identity

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
    claimed = frozenset(case.statements(StatementKind.AUTHOR))
    entitled = _entitled_claims(case)
    check_writers(case)
    if not case.unproven:
        check_approvals(case, authors=case.writers | claimed)
        authors, proof = case.writers, Proof.SIGNATURE
    elif entitled:
        check_approvals(case, authors=case.writers | claimed)
        authors, proof = case.writers | entitled, Proof.STATEMENT
    else:
        check_stand_in(case, authors=case.writers | claimed)
        authors, proof = case.writers, Proof.EXTRA_APPROVAL
    check_root(case)
    approvals = case.statements(StatementKind.APPROVE)
    keys = {commit.key.fingerprint for commit in case.signed}
    if proof is Proof.STATEMENT:
        claims = case.statements(StatementKind.AUTHOR)
        keys |= {claims[name].key.fingerprint for name in entitled}
    return LandingProof(
        landing=case.landing.commit,
        authors=authors,
        keys=frozenset(keys),
        proof=proof,
        approvals=tuple(
            Approval(name, item.digest, item.key.fingerprint)
            for name, item in sorted(approvals.items())
            if name not in authors | claimed
        ),
        paths=case.paths,
    )


# 4. Who wrote may write there.


def check_writers(case: Case) -> None:
    """Step 4 for signatures: each author is entitled to every path that his commits changed.

    A path that differs although no commit of the landing changed it (a merge
    that follows a rename) is answered for by all of its authors.
    """
    touched: set[str] = set()
    for proof in case.signed:
        own = [change.path for change in proof.commit.changes]
        touched.update(own)
        _check_entitled(case, proof.identity, proof.key.line, own)
    touched.update(change.path for proof in case.unproven for change in proof.commit.changes)
    rest = [path for path in case.paths if path not in touched]
    for proof in case.signed:
        if proof.identity.name in case.writers:
            _check_entitled(case, proof.identity, proof.key.line, rest)


def _check_entitled(case: Case, identity: Identity, key: str, paths: Iterable[str]) -> None:
    for path in paths:
        rule = case.rule(path)
        if rule is None or (case.is_rooted(path) and case.registry.holder(key)):
            continue
        if not belongs(identity, rule.writers):
            raise case.refuse(
                f"{identity.name!r} may not change {path!r}; {_named(rule.writers)} may",
                f"let {_named(rule.writers)} make this change, or widen the rule on the trust ref",
                rule.place,
            )


def _entitled_claims(case: Case) -> frozenset[str]:
    """Step 4 for statements: who says to be the author and is entitled to every path of the landing."""
    claims = case.statements(StatementKind.AUTHOR)
    return frozenset(name for name, claim in claims.items() if _may_write_all(case, claim))


def _may_write_all(case: Case, counted: Counted) -> bool:
    return _passes(lambda: _check_entitled(case, case.identity(counted), counted.key.line, case.paths))


# 5. Enough others accepted it.


def check_approvals(case: Case, *, authors: frozenset[str]) -> None:
    """Step 5: each path has its rule's number of persons who are not authors, the environment its teams."""
    given = {
        name: identity
        for name, item in case.statements(StatementKind.APPROVE).items()
        if name not in authors and (identity := case.identity(item)).kind is IdentityKind.PERSON
    }
    judged: set[str] = set()
    for path in case.paths:
        rule = case.rule(path)
        if rule is None or rule.pattern in judged:
            continue
        judged.add(rule.pattern)
        by = sorted(name for name, identity in given.items() if belongs(identity, rule.approvers))
        if len(by) < rule.approvals:
            raise _missing(case, path, rule, by, authors)
    if case.environment and case.environment.approval_required:
        _check_teams(case, case.environment, given, authors)


def _check_teams(
    case: Case, environment: Environment, given: dict[str, Identity], authors: frozenset[str]
) -> None:
    folder = environment.path.strip("/")
    inside = [
        path for path in case.paths if folder in ("", ".") or path == folder or path.startswith(f"{folder}/")
    ]
    if not inside:
        return
    teams: Sequence[frozenset[str]] = [frozenset([team]) for team in environment.approvers] or [frozenset()]
    for team in teams:
        if not any(belongs(identity, team) for identity in given.values()):
            raise case.refuse(
                f"environment {environment.name!r} wants an approval of {_named(team)} for {_some(inside)}"
                + _so_far(given)
                + _why_not(case),
                _ask(case, team, authors),
                environment.place,
            )


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
        _check_entitled(case, case.identity(claim), claim.key.line, case.paths)
    given = set(approvals) - authors
    raise case.refuse(
        f"{case.unproven[0]}, so nothing proves who wrote {_some(case.paths)}"
        + _so_far(given)
        + _why_not(case),
        "its author runs: gitwarrant propose; or, beyond the approvals that the rules ask for, "
        f"one more person who may change these paths{_able_to_stand_in(case, authors | given)} "
        "runs: gitwarrant approve",
        _rule_place(case),
    )


def _stands_in(case: Case, name: str, item: Counted, authors: frozenset[str]) -> bool:
    return _may_write_all(case, item) and _passes(lambda: check_approvals(case, authors=authors | {name}))


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
    lines = [item.key.line for item in case.counted if len(item.landings) == 1]
    last = case.commits[-1]
    if isinstance(last, Signed):
        lines.append(last.key.line)
    holders = {holder for line in lines if (holder := case.registry.holder(line))}
    if len(holders) < case.root_threshold:
        able = " or ".join(sorted(case.registry.holders - holders))
        change = "changes" if len(rooted) == 1 else "change"
        raise case.refuse(
            f"{_some(rooted)} {change} the rules of trust: {case.root_threshold} root holders must "
            f"consent, so far {', '.join(sorted(holders)) or 'none'} did" + _why_not(case),
            f"{able} signs with a root key: gitwarrant approve",
            Place(rooted[0]),
        )


# Words.


def _passes(check: Callable[[], None]) -> bool:
    try:
        check()
    except Refused:
        return False
    return True


def _missing(case: Case, path: str, rule: PathRule, by: Sequence[str], authors: frozenset[str]) -> Refused:
    noun = "approval" if rule.approvals == 1 else "approvals"
    own = sorted(authors & set(case.statements(StatementKind.APPROVE)))
    author = f"; {own[0]!r} is an author and does not count" if own else ""
    return case.refuse(
        f"{path!r} needs {rule.approvals} {noun} of {_named(rule.approvers)}"
        + _so_far(by)
        + author
        + _why_not(case),
        _ask(case, rule.approvers, authors | set(by)),
        rule.place,
    )


def _named(groups: frozenset[str]) -> str:
    return " or ".join(sorted(groups)) if groups else "anybody known"


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f"{paths[0]!r}{more}" if paths else "it"


def _so_far(names: Iterable[str]) -> str:
    return f"; approved so far by {', '.join(sorted(names)) or 'nobody'}"


def _why_not(case: Case) -> str:
    return "".join(f"; {item}" for item in case.ignored[:SHOWN])


def _rule_place(case: Case) -> Place | None:
    """Where the rule of the first path stands."""
    rule = next(filter(None, map(case.rule, case.paths)), None)
    return rule.place if rule else None


def _able_to_stand_in(case: Case, excluded: frozenset[str]) -> str:
    """Who may change all paths, by name, in parentheses; nothing where nobody else may."""
    rules = list(filter(None, map(case.rule, case.paths)))
    able = sorted(
        identity.name
        for identity in case.registry.members(())
        if identity.kind is IdentityKind.PERSON
        and identity.name not in excluded
        and all(belongs(identity, rule.writers) for rule in rules)
    )
    return f" ({' or '.join(able[:SHOWN])})" if able else ""


def _ask(case: Case, groups: frozenset[str], excluded: frozenset[str]) -> str:
    """Who could act, by name."""
    able = sorted(
        identity.name
        for identity in case.registry.members(groups)
        if identity.kind is IdentityKind.PERSON and identity.name not in excluded
    )
    if not able:
        who = _named(groups)
        return f"nobody else is in {who}: add somebody on the trust ref, who then runs: gitwarrant approve"
    return f"{' or '.join(able[:SHOWN])} runs: gitwarrant approve"
