"""One landing with everything that speaks for it: what steps 4 to 6 of verify judge."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gitwarrant.model.change import BlobId, Landing
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, PathRule, TrustPolicy
from gitwarrant.model.statement import StatementKind
from gitwarrant.trust.authors import Signed, Unproven
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import Registry
from gitwarrant.trust.paths import BadPattern, rule_for
from gitwarrant.trust.statements import Counted, Ignored
from gitwarrant.trust.witnesses import Reviewed, Unheard

CONFIGURATION = ".gitwarrant"
RULES = ".gitwarrant/rules.yaml"


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
        """Commits for which something else must stand (4.1, 4.3).

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
