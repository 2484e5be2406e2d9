"""What a stolen account, key, or both of somebody would allow to deploy: from the rules alone.

Answers for every environment and every rule that may decide paths of its
folder. A rule that a later one hides everywhere is listed all the same: more
is said than could happen, never less.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.identity import Identity, IdentityKind, PathRule, TrustPolicy, TrustRoot
from gitwarrant.trust.identities import belongs
from gitwarrant.trust.wording import named

WILDCARD = re.compile(r"[*?\\\[]")


class Stolen(Enum):
    """What the thief has of somebody."""

    ACCOUNT = "account"
    KEY = "key"
    BOTH = "both"


class Reach(Enum):
    """How far the thief comes."""

    NOTHING = "nothing"
    WITH_OTHERS = "with others"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Possibility:
    """What could be done to the paths of one rule in one environment (or to the rules: empty name)."""

    environment: str
    pattern: str
    place: Place
    reach: Reach
    why: str


def what_if(
    stolen: Stolen, name: str, policy: TrustPolicy, root: TrustRoot, environments: Sequence[Environment]
) -> tuple[Possibility, ...]:
    """Say what the thief could deploy.

    Args:
        name: an identity of the policy, or a root holder.

    Raises:
        GitwarrantError: nobody has this name.
    """
    identity = next((one for one in policy.identities if one.name == name), None)
    holders = {key.holder for key in root.keys}
    if identity is None and name not in holders:
        known = ", ".join(sorted({*holders, *(one.name for one in policy.identities)}))
        raise GitwarrantError(f"nobody is named {name!r} here", remedy=f"name one of: {known}")
    of_rules = (
        _of_rule(stolen, identity, rule, environment)
        for environment in environments
        for rule in policy.rules
        if _may_decide(rule.pattern, environment.path)
    )
    return (_of_root(stolen, name, root, holders), *of_rules)


def _of_root(stolen: Stolen, name: str, root: TrustRoot, holders: set[str]) -> Possibility:
    place = Place("the agent's configuration")
    if stolen is Stolen.ACCOUNT or name not in holders:
        why = "the rules change only with root keys" if name in holders else f"{name} holds no root key"
        return Possibility("", ".gitwarrant/", place, Reach.NOTHING, why)
    if root.threshold > 1:
        why = f"{root.threshold - 1} more of {_others(holders, name)} must sign"
        return Possibility("", ".gitwarrant/", place, Reach.WITH_OTHERS, why)
    why = "one root key changes all rules, and so everything: ask for a threshold of 2"
    return Possibility("", ".gitwarrant/", place, Reach.ALONE, why)


def _of_rule(
    stolen: Stolen, identity: Identity | None, rule: PathRule, environment: Environment
) -> Possibility:
    reach, why = _reviewing(identity, rule)
    if stolen is not Stolen.ACCOUNT:
        reach, why = _signing(identity, rule, environment)
        if stolen is Stolen.KEY and reach is not Reach.NOTHING:
            why = f"once somebody pushes it: {why}"
    return Possibility(environment.name, rule.pattern, rule.place, reach, why)


def _reviewing(identity: Identity | None, rule: PathRule) -> tuple[Reach, str]:
    """How far somebody's account comes."""
    # Which kind a witness is, only the agent's configuration knows: any login may be one there.
    forges = sorted(rule.witnesses) if identity and identity.logins else []
    if identity is None or not forges or not rule.approvals or not belongs(identity, rule.approvers):
        return Reach.NOTHING, "nobody's signature comes with an account"
    if identity.kind is not IdentityKind.PERSON:
        return Reach.NOTHING, "nobody's signature comes with an account, and a bot cannot approve"
    share = f"{_share(rule)} that what others signed needs"
    return Reach.WITH_OTHERS, f"reviews on {' and '.join(forges)} count here: it can give {share}"


def _share(rule: PathRule) -> str:
    """What one approver can give of what a rule asks."""
    return "the one approval" if rule.approvals == 1 else f"one of the {rule.approvals} approvals"


def _signing(identity: Identity | None, rule: PathRule, environment: Environment) -> tuple[Reach, str]:
    """How far somebody's signature comes."""
    if identity is None:
        return Reach.NOTHING, "no identity here, so no author and no approver"
    asked = list(_asked(rule, environment))
    if belongs(identity, rule.writers):
        may = "it may change the fields that its 'may' lists" if identity.may else "it may change these paths"
        if not asked:
            # CODEOWNERS may name nobody for a path, or be changed: it takes nothing away here.
            unless = f", but where {rule.owners.file} names an owner" if rule.owners else ""
            return Reach.ALONE, f"{may}, and no approval is asked{unless}"
        return Reach.WITH_OTHERS, f"{may}, but needs {' and '.join(asked)}"
    if rule.approvals and identity.kind is IdentityKind.PERSON and belongs(identity, rule.approvers):
        share = f"{_share(rule)} that others' changes need"
        return Reach.WITH_OTHERS, f"it may not change these paths; it can give {share}"
    return Reach.NOTHING, f"only {named(rule.writers)} may change these paths"


def _asked(rule: PathRule, environment: Environment) -> Iterator[str]:
    """What other people must give."""
    if rule.approvals:
        noun = "approval" if rule.approvals == 1 else "approvals"
        yield f"{rule.approvals} {noun} of {named(rule.approvers)}"
    if environment.approval_required:
        teams = ", ".join(environment.approvers) or "anybody known"
        yield f"the environment's approval of {teams}"


def _others(holders: set[str], name: str) -> str:
    return " or ".join(sorted(holders - {name})) or "nobody"


def _may_decide(pattern: str, folder: str) -> bool:
    """Whether a pattern can match below a folder; only where both are anchored it can be ruled out."""
    if "/" not in pattern.rstrip("/"):
        return True
    fixed = WILDCARD.split(pattern, maxsplit=1)[0].strip("/")
    below = "" if folder == "." else folder.strip("/")
    if fixed == pattern.strip("/"):
        return not below or f"{fixed}/".startswith(f"{below}/") or f"{below}/".startswith(f"{fixed}/")
    return not below or fixed.startswith(below) or below.startswith(fixed)
