"""The first `.gitwarrant/` of a repository, and an agent configuration to go with it, with comments."""

import re
from dataclasses import dataclass
from datetime import date

from gitwarrant.config.repository import CONFIG_FOLDER
from gitwarrant.model.owners import Forge

TRUSTED_AT = "THE-COMMIT-THAT-ADDS-.gitwarrant"
"""Stands where a commit id belongs; the agent refuses it with the command that tells the id."""


@dataclass(frozen=True, slots=True)
class Owners:
    """A CODEOWNERS file that is there, and the owners it names."""

    file: str
    dialect: Forge
    named: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Start:
    """Who begins, and what is deployed where."""

    repository: str
    url: str
    name: str
    email: str
    key: str
    """Public key line without a comment."""
    environment: str
    branch: str
    path: str
    namespace: str
    expires: date
    owners: Owners | None = None


def repository_files(start: Start) -> dict[str, str]:
    """The files of `.gitwarrant/`: path to text. They load as they stand."""
    texts = {
        "trust.yaml": _trust(start),
        "identities.yaml": _identities(start),
        "rules.yaml": _rules(start),
        "environments.yaml": _environments(start),
    }
    return {f"{CONFIG_FOLDER}/{name}": text for name, text in texts.items()}


def agent_text(start: Start) -> str:
    """An agent configuration; `trusted_at` and `kubeconfig` are for the operator to fill in."""
    return f"""\
# The agent's own configuration. Keep it out of the repository: it says whom the agent
# trusts before it has read anything.
version: 1
state: gitwarrant-state             # the log and the caches; made when missing

root:
  repository: {_text(start.repository)}
  url: {_text(start.url)}
  trust_ref: refs/heads/{start.branch}
  # Trust begins at this commit, which you have looked at yourself. After the commit that
  # adds {CONFIG_FOLDER}/ write its id here: git rev-parse HEAD
  trusted_at: {TRUSTED_AT}
  # Whoever holds these keys can change the rules. Two people are better than one:
  # add a second key, then set threshold: 2.
  keys:
    - holder: {start.name}
      public: {_text(start.key)}
  threshold: 1

tenant:
  name: {start.name}
  grants:
    {start.environment}:
      cluster: main
      namespaces: [{start.namespace}]
      kinds: ["*"]                  # every namespaced kind of Kubernetes itself
      cluster_kinds: []             # cluster-scoped kinds one by one, like [Namespace]

clusters:
  main:
    kubeconfig: ~/.kube/config

warrant:
  lifetime: 1h
interval: 30s
"""


def owner_name(owner: str) -> str:
    """The name here of an owner in CODEOWNERS: `@org/team` is team, `@ada` and `ada@example.com` are ada."""
    name = owner.removeprefix("@").split("/")[-1].split("@")[0]
    return re.sub(r"[^A-Za-z0-9._-]", "-", name).lstrip("._-")[:63] or "owner"


def _trust(start: Start) -> str:
    return f"""\
# What this folder is. Statements that people sign carry the repository's name.
repository: {_text(start.repository)}
# Grows by one with every change of this folder, so that old rules cannot come back.
version: 1
# After this day only the renewal of these rules passes.
expires: {start.expires.isoformat()}
"""


def _identities(start: Start) -> str:
    return f"""\
# Who may write and approve. A team exists as soon as somebody is in it.
{start.name}:
  kind: person                      # or bot, which writes but never approves
  emails: [{_text(start.email)}]
  keys:
    - public: {_text(start.key)}
      # from: 2026-01-01            # the first day it may sign
      # until: 2026-12-31           # the last
      # revoked: true
  teams: [owners]
# grace:
#   kind: person
#   emails: [grace@example.com]
#   keys: [{{public: "ssh-ed25519 AAAA..."}}]
#   teams: [owners]
"""


def _rules(start: Start) -> str:
    head = """\
# Who may change what. The last rule that matches a path decides; patterns read as in
# CODEOWNERS. 'change': who may write; 'from': whose approvals count. The author of a
# change never counts as one of its approvers.
- path: "*"
  change: [owners]
  approvals: 0                      # as soon as there are two of you: 1
"""
    return head + (_owners(start, start.owners) if start.owners else "")


def _owners(start: Start, owners: Owners) -> str:
    """CODEOWNERS as a source, to be taken up later: until its owners are known here, nobody could approve."""
    missing = [owner for owner in owners.named if owner_name(owner) != start.name]
    lines = [
        f"{owners.file} can say whose approval counts for a path, as it stands before each change.",
        "Once its owners are in identities.yaml (a team by its name, a person by name, 'logins' or",
        "e-mail), take this up:",
        f"owners: {{file: {owners.file}, dialect: {owners.dialect.value}}}",
    ]
    lines += [f"missing yet: {owner}" for owner in missing]
    return "".join(f"  # {line}\n" for line in lines)


def _environments(start: Start) -> str:
    return f"""\
# Where this repository is deployed to.
stages:
  {start.environment}:
    branch: {_text(start.branch)}
    path: {_text(start.path)}
    namespace: {start.namespace}
    auto_deploy: true
    policies: [basic-security]
    drift: report                   # revert: put back what somebody changed in the cluster
    bounds: {{max_objects: 1000, max_deletes: 10}}
"""


def _text(text: str) -> str:
    """A text in YAML's double quotes: printable and without surprises, so only two characters need care."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
