"""Steps 4 to 6 of verify, for one landing: entitled authors, enough approvals, the root's own consent."""

from collections.abc import Callable, Iterable

from gitwarrant.model.authorship import Approval, LandingProof, Proof
from gitwarrant.model.canonical import digest
from gitwarrant.model.change import PathChange
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Hardware, Identity
from gitwarrant.model.statement import StatementKind
from gitwarrant.trust.authors import Signed
from gitwarrant.trust.case import Case
from gitwarrant.trust.identities import ASKED, belongs, unproven_hardware
from gitwarrant.trust.scope.fields import OutOfScope
from gitwarrant.trust.scope.source import check_change
from gitwarrant.trust.statements import Counted
from gitwarrant.trust.tallies import Tally, tallies
from gitwarrant.trust.wording import SHOWN, able, ask, named, so_far, some, why_not


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
    return passes(lambda: _check_entitled(case, case.identity(counted), counted, case.landing.changes))


# 5. Enough others accepted it.


def check_accepted(case: Case, *, authors: frozenset[str]) -> None:
    """Step 5, unless glass was broken."""
    for tally in () if case.waived else tallies(case, authors=authors):
        if tally.missing:
            raise _missing(case, tally, authors)


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
        f"{case.unproven[0]}, so nothing proves who wrote {some(case.paths)}" + so_far(given) + why_not(case),
        "its author runs: gitwarrant propose; or, beyond the approvals that the rules ask for, "
        f"one more person who may change these paths{_able_to_stand_in(case, authors | set(approvals))} "
        "runs: gitwarrant approve",
        rule_place(case),
    )


def _stands_in(case: Case, name: str, item: Counted, authors: frozenset[str]) -> bool:
    return _may_write_all(case, item) and passes(lambda: check_accepted(case, authors=authors | {name}))


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
            f"so far {', '.join(holders) or 'none'} did" + why_not(case),
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


def passes(check: Callable[[], None]) -> bool:
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
        + so_far(tally.by)
        + author
        + _too_weak(tally)
        + why_not(case),
        ask(case, tally.groups, authors | set(tally.by)),
        tally.place,
    )


def rule_place(case: Case) -> Place | None:
    """Where the rule of the first path stands."""
    rule = next(filter(None, map(case.rule, case.paths)), None)
    return rule.place if rule else None


def _able_to_stand_in(case: Case, excluded: frozenset[str]) -> str:
    """Who may change all paths, by name, in parentheses; nothing where nobody else may."""
    found = [name for name in entitled_persons(case) if name not in excluded]
    return f" ({' or '.join(found[:SHOWN])})" if found else ""


def entitled_persons(case: Case) -> list[str]:
    """The persons who may change all paths of a landing, by name.

    Raises:
        Refused: no rule covers a path.
    """
    rules = list(filter(None, map(case.rule, case.paths)))
    return [
        name
        for name in able(case, frozenset(), frozenset())
        if (identity := case.registry.identity(name))
        and all(belongs(identity, rule.writers) for rule in rules)
    ]


def _by_hardware(tally: Tally) -> str:
    return "" if tally.hardware is Hardware.NONE else f" by {ASKED[tally.hardware]}"


def _too_weak(tally: Tally) -> str:
    return f"; {tally.weak[0]!r} approved without {ASKED[tally.hardware]}" if tally.weak else ""
