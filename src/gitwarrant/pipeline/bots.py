"""Step 4.2 of verify, second half: what a bot with bounds did, as it is rendered for this environment.

The source was judged by verify. A template, an overlay or a generator can make
more of a harmless change, so the manifests before and after it are compared as
well: of each commit in the bot's name, and of each landing that it claims.
"""

from collections.abc import Iterator
from itertools import chain

from gitwarrant.git.reading import Repository
from gitwarrant.model.authorship import Authorship, Proof
from gitwarrant.model.change import CommitId, PathChange
from gitwarrant.model.environment import Environment
from gitwarrant.model.errors import Refused
from gitwarrant.model.identity import Identity
from gitwarrant.model.rendered import Rendered
from gitwarrant.pipeline.question import Question
from gitwarrant.pipeline.rendering import Renderings
from gitwarrant.trust.chain import short
from gitwarrant.trust.identities import writes_as
from gitwarrant.trust.scope.fields import OutOfScope
from gitwarrant.trust.scope.rendered import check_rendered


def check_bots(
    repository: Repository, question: Question, authorship: Authorship, renderings: Renderings
) -> None:
    """Judge what bots with bounds changed in what is rendered.

    Raises:
        Refused: stage `verify`: more than they may; or by render, before or after.
    """
    bots = {identity.name: identity for identity in question.policy.identities if identity.may}
    if not bots:
        return
    environment, kinds = question.environment, question.tenant.custom_kinds
    for bot, before, after in (*_commits(repository, question, bots), *_claims(question, authorship, bots)):
        old, new = (renderings.of(repository, environment, kinds, commit) for commit in (before, after))
        _check(question, bot, after, old, new)


def _check(question: Question, bot: Identity, after: CommitId, old: Rendered, new: Rendered) -> None:
    environment = question.environment
    come, gone = new.apart(old)
    try:
        check_rendered(
            tuple(chain.from_iterable(unit.manifests for unit in gone)),
            tuple(chain.from_iterable(unit.manifests for unit in come)),
            bot.may,
        )
    except OutOfScope as error:
        raise Refused(
            f"commit {short(after)}: the bot {bot.name!r} may not do this to what is rendered for "
            f"{environment.name!r}: {error.what}",
            stage="verify",
            remedy=error.remedy,
            place=error.place,
        ) from error


def _commits(
    repository: Repository, question: Question, bots: dict[str, Identity]
) -> Iterator[tuple[Identity, CommitId, CommitId]]:
    """Commits in a bot's name that touch the environment's folder, each with its first parent."""
    for landing in question.change.landings:
        for commit in landing.commits:
            parsed = repository.objects.commit(commit.id)[1]
            named = [bot for bot in bots.values() if writes_as(bot, parsed.author.email)]
            if named and parsed.parents and _touches(question.environment, commit.changes):
                yield named[0], parsed.parents[0], commit.id


def _claims(
    question: Question, authorship: Authorship, bots: dict[str, Identity]
) -> Iterator[tuple[Identity, CommitId, CommitId]]:
    """Landings whose author is known by a bot's statement."""
    for landing, proof in zip(question.change.landings, authorship.landings, strict=True):
        if proof.proof is Proof.STATEMENT and _touches(question.environment, landing.changes):
            for name in sorted(proof.authors & bots.keys()):
                yield bots[name], landing.parent, landing.commit


def _touches(environment: Environment, changes: tuple[PathChange, ...]) -> bool:
    return any(environment.covers(change.path) for change in changes)
