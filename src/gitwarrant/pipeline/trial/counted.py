"""Which commits stand behind each number of a trial, for programs and for doubters."""

from collections.abc import Iterable, Mapping
from enum import Enum

from gitwarrant.model.change import CommitId
from gitwarrant.pipeline.trial.history import History

Counted = Mapping[str, tuple[CommitId, ...]]


def counted(history: History) -> Mapping[str, Counted]:
    """The commits of each group: how landings came, by whose hand, signed how, refused why."""
    landings = history.landings
    commits = [commit for landing in landings for commit in landing.commits]
    return {
        "landings_by_kind": _grouped((one.kind, one.commit) for one in landings),
        "landings_by_hand": _grouped((one.hand, one.commit) for one in landings),
        "landings_by_signature": _grouped((one.signature, one.commit) for one in landings),
        "landings_refused": _grouped((one.refusal.reason, one.commit) for one in landings if one.refusal),
        "commits_by_signature": _grouped((one.signature, one.id) for one in commits),
    }


def _grouped(pairs: Iterable[tuple[Enum, CommitId]]) -> Counted:
    """By the name of an enumeration's member in lower case, such as `no_second`."""
    groups: dict[str, list[CommitId]] = {}
    for member, commit in pairs:
        groups.setdefault(member.name.lower(), []).append(commit)
    return {name: tuple(group) for name, group in groups.items()}
