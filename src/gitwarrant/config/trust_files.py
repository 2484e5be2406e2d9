"""The files of `.gitwarrant/` about people: trust.yaml, identities.yaml, rules.yaml."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, RootModel

from gitwarrant.config.fields import (
    OPENPGP_BEGIN,
    Email,
    Login,
    Moment,
    Name,
    RepositoryName,
    SigningKey,
    Text,
    bad,
    moment,
)
from gitwarrant.config.permission_files import PermissionFile, judge_permissions, permissions
from gitwarrant.config.problem import count, near
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.model.identity import BOTH, Hardware, Identity, IdentityKind, Key, PathRule, Purpose
from gitwarrant.model.owners import OWNERS_FILES, Forge, OwnersSource


class TrustFile(StrictModel):
    """What this `.gitwarrant/` is: .gitwarrant/trust.yaml."""

    repository: RepositoryName = Field(description="the repository's name, as statements carry it")
    version: int = Field(description="counts from 1 and grows with every change of .gitwarrant/", ge=1)
    expires: Moment = Field(
        description="until when these rules hold (a day counts whole); after it only their renewal passes"
    )


class RevocationFile(StrictModel):
    """Why and since when a key no longer counts."""

    compromised_since: Moment | None = Field(
        None, description="what was first seen before this moment stands; left out: nothing does"
    )
    reason: Text = Field("", description="why, for whoever reads the refusal")


def _revocation(value: object) -> object:
    """`true` and `false` for short; a field left empty could mean either."""
    if value is None:
        raise bad("'revoked' is empty", "write true, or {compromised_since: 2027-06-30, reason: stolen}")
    return {True: {}, False: None}[value] if isinstance(value, bool) else value


Revoked = Annotated[
    RevocationFile | None,
    BeforeValidator(_revocation, json_schema_input_type=bool | RevocationFile),
]


class KeyFile(StrictModel):
    """A public key and when it may sign."""

    public: SigningKey = Field(
        description="the public key: a line like 'ssh-ed25519 AAAA...', or an armored OpenPGP key"
    )
    not_before: Moment | None = Field(None, alias="from", description="the first day it may sign")
    until: Moment | None = Field(None, description="the last day it may sign")
    revoked: Revoked = Field(None, description="true: it may no longer sign, and never could; or since when")
    purposes: list[Literal["commits", "statements"]] | None = Field(
        None, description="what it may sign: commits (and tags), statements", min_length=1
    )
    hardware: Literal["none", "touch", "pin"] = Field(
        "none", description="what the security key must confirm with each signature"
    )
    authority: bool = Field(
        False, description="true: it signs SSH certificates that name this identity, and nothing else"
    )


class LoginsFile(StrictModel):
    """The names that an identity has on forges."""

    github: Login | None = Field(None, description="its login on GitHub, without the @")
    gitlab: Login | None = Field(None, description="its user name on GitLab, without the @")
    gitea: Login | None = Field(None, description="its user name on Gitea, without the @")


class IdentityFile(StrictModel):
    """A person or a bot."""

    kind: Literal["person", "bot"] = Field(description="person (may approve) or bot (only writes)")
    emails: list[Email] = Field(description="the addresses it writes commits as", min_length=1)
    keys: list[KeyFile] = Field(description="the keys it signs with", min_length=1)
    teams: list[Name] = Field([], description="the teams it belongs to; naming a team here defines it")
    logins: LoginsFile = Field(
        LoginsFile(github=None, gitlab=None, gitea=None),
        description="its names on forges, for CODEOWNERS files; a forge that is left out: its name here",
    )
    may: list[PermissionFile] | None = Field(
        None,
        description="all that a bot may change, field by field; left out: what the rules let it",
        min_length=1,
    )


class IdentitiesFile(RootModel[dict[Name, IdentityFile]]):
    """Who may write and approve, by name: .gitwarrant/identities.yaml."""


class OwnersRef(StrictModel):
    """A CODEOWNERS file that a rule refers to."""

    file: Text = Field(description="where it lies: one of the places where its forge looks")
    dialect: Literal["github", "gitlab", "gitea"] = Field(description="the forge it is written for")


class RuleFile(StrictModel):
    """Who may change the paths of a pattern."""

    path: Text = Field(description="a pattern as in GitHub's CODEOWNERS: /production/, *.yaml, docs/**")
    change: list[Name] = Field([], description="teams or identities that may change it; empty: any identity")
    approvals: int = Field(1, description="how many distinct other people must approve", ge=0, le=100)
    approvers: list[Name] = Field(
        [], alias="from", description="teams or people whose approvals count; empty: any person"
    )
    witnesses: list[Name] = Field(
        [], description="forges whose reviews count as approvals here, by name; empty: statements only"
    )
    hardware: Literal["none", "touch", "pin"] = Field(
        "none", description="what a security key must confirm for a signature to count here"
    )
    owners: OwnersRef | None = Field(
        None, description="a CODEOWNERS file, read before each change: its owners must approve as well"
    )


class RulesFile(RootModel[list[RuleFile]]):
    """Who may change what, in order; the last rule that matches a path decides: .gitwarrant/rules.yaml."""


class People:
    """The names that rules and environments may use."""

    def __init__(self, file: IdentitiesFile | None) -> None:
        self.known = file is not None
        self.identities: Mapping[str, IdentityFile] = file.root if file else {}
        self.teams = {team for identity in self.identities.values() for team in identity.teams}

    def judge(self, source: Source, pointer: tuple[str | int, ...], names: list[str]) -> None:
        """Note every name that is neither a team nor an identity."""
        known = {*self.teams, *self.identities}
        for index, name in enumerate(names if self.known else ()):
            if name not in known:
                source.wrong(
                    (*pointer, index),
                    f"team {name!r} is not defined",
                    f"add it to .gitwarrant/identities.yaml, or {near(name, self.teams or self.identities)}",
                )

    def know(self, names: list[str]) -> bool:
        """Whether all these names are defined, so that more can be said of them."""
        return self.known and set(names) <= {*self.teams, *self.identities}

    def approving(self, names: list[str], *, by_hardware: bool = False) -> set[str]:
        """The people among these names and teams, if asked those with a security key; of no names, all."""
        return {
            name
            for name, identity in self.identities.items()
            if identity.kind == "person"
            and (not names or name in names or set(names) & set(identity.teams))
            and (
                not by_hardware or any(key.authority or key.public.startswith("sk-") for key in identity.keys)
            )
        }


def judge_identities(source: Source, file: IdentitiesFile) -> None:
    """Note names, addresses and keys that two identities share, and keys that can never sign."""
    teams = {team for identity in file.root.values() for team in identity.teams}
    owned: dict[tuple[str, str], str] = {}
    for name, what, text, pointer in _belongings(file):
        first = owned.setdefault((what, text if what == "key" else text.lower()), name)
        if first != name:
            source.wrong(
                pointer,
                f"{what} {text!r} belongs to two identities: {first!r} and {name!r}",
                "leave it with the one it belongs to: who signed must have one answer",
            )
    for name, identity in file.root.items():
        if name in teams:
            source.wrong((name,), f"{name!r} is an identity and a team", "rename one of them")
        judge_permissions(source, (name, "may"), identity.may or [], is_bot=identity.kind == "bot")
        for index, key in enumerate(identity.keys):
            _judge_key(source, (name, "keys", index), key)


def _judge_key(source: Source, pointer: tuple[str | int, ...], key: KeyFile) -> None:
    """Note what this kind of key can never do."""
    if key.not_before and key.until and _starts(key) >= _ends(key):
        source.wrong((*pointer, "until"), "the key ends before it begins", "make 'until' later than 'from'")
    openpgp = key.public.startswith(OPENPGP_BEGIN)
    if openpgp and "statements" in (key.purposes or ()):
        source.wrong(
            (*pointer, "purposes"),
            "an OpenPGP key cannot sign statements",
            "let it sign commits, and add an SSH key for statements",
        )
    if openpgp and key.authority:
        source.wrong((*pointer, "authority"), "an OpenPGP key signs no SSH certificates", "remove it")
    if key.hardware != "none" and not key.authority and not key.public.startswith("sk-"):
        source.wrong(
            (*pointer, "hardware"),
            "this key is on no security key, so nothing it signs could count",
            "list a key of kind sk-..., or remove 'hardware'",
        )


def judge_rules(source: Source, file: RulesFile, people: People) -> None:
    """Note names that are not defined, and approvals that nobody could ever give."""
    if not file.root:
        source.wrong((), "there is no rule", 'add one: - {path: "*", approvals: 1}')
    for index, rule in enumerate(file.root):
        people.judge(source, (index, "change"), rule.change)
        people.judge(source, (index, "from"), rule.approvers)
        _judge_owners(source, (index, "owners", "file"), rule.owners)
        able = people.approving(rule.approvers, by_hardware=rule.hardware != "none")
        if people.know(rule.approvers) and rule.approvals > len(able):
            source.wrong(
                (index, "approvals"),
                f"{rule.path!r} needs {count(rule.approvals, 'approval')},"
                f" but only {count(len(able), 'person', 'people')} may give them"
                + (" by a security key" if rule.hardware != "none" else ""),
                "name more people or teams in 'from', or ask for fewer approvals",
            )


def _judge_owners(source: Source, pointer: tuple[str | int, ...], owners: OwnersRef | None) -> None:
    places = OWNERS_FILES[Forge(owners.dialect)] if owners else ()
    if owners and owners.file not in places:
        source.wrong(
            pointer,
            f"{owners.dialect} reads no owners from {owners.file!r}",
            f"name one of: {', '.join(places)}",
        )


def identities(source: Source, file: IdentitiesFile) -> tuple[Identity, ...]:
    """Translate identities.yaml."""
    return tuple(
        Identity(
            name=name,
            kind=IdentityKind(identity.kind),
            emails=frozenset(identity.emails),
            keys=tuple(_key(source, name, index, key) for index, key in enumerate(identity.keys)),
            teams=frozenset(identity.teams),
            place=source.place((name,)),
            logins=frozenset(_logins(identity.logins)),
            may=permissions(source, (name, "may"), identity.may or []),
        )
        for name, identity in sorted(file.root.items())
    )


def rules(source: Source, file: RulesFile) -> tuple[PathRule, ...]:
    """Translate rules.yaml, in its order."""
    return tuple(
        PathRule(
            pattern=rule.path,
            writers=frozenset(rule.change),
            approvals=rule.approvals,
            approvers=frozenset(rule.approvers),
            place=source.place((index, "path")),
            witnesses=frozenset(rule.witnesses),
            hardware=Hardware(rule.hardware),
            owners=_owners(source, index, rule.owners),
        )
        for index, rule in enumerate(file.root)
    )


def _owners(source: Source, index: int, owners: OwnersRef | None) -> OwnersSource | None:
    if owners is None:
        return None
    return OwnersSource(owners.file, Forge(owners.dialect), source.place((index, "owners")))


def _logins(logins: LoginsFile) -> Iterator[tuple[Forge, str]]:
    named = {Forge.GITHUB: logins.github, Forge.GITLAB: logins.gitlab, Forge.GITEA: logins.gitea}
    return ((forge, login) for forge, login in named.items() if login)


def _belongings(file: IdentitiesFile) -> Iterator[tuple[str, str, str, tuple[str | int, ...]]]:
    """(identity, what, text, place) of everything that may belong to one identity only."""
    for name, identity in file.root.items():
        yield name, "name", name, (name,)
        for index, email in enumerate(identity.emails):
            yield name, "e-mail", email, (name, "emails", index)
        for index, key in enumerate(identity.keys):
            if not key.authority:  # its certificates say whom they are for
                yield name, "key", key.public, (name, "keys", index, "public")
        for forge, login in _logins(identity.logins):
            yield name, f"{forge.value} login", login, (name, "logins", forge.value)


def _key(source: Source, name: str, index: int, key: KeyFile) -> Key:
    return Key(
        public=key.public,
        not_before=_starts(key) if key.not_before else None,
        not_after=_ends(key) if key.until else None,
        revoked=key.revoked is not None,
        place=source.place((name, "keys", index)),
        compromised_since=_compromised(key),
        reason=key.revoked.reason if key.revoked else "",
        purposes=_purposes(key),
        hardware=Hardware(key.hardware),
        authority=key.authority,
    )


def _purposes(key: KeyFile) -> frozenset[Purpose]:
    if key.public.startswith(OPENPGP_BEGIN):
        return frozenset([Purpose.COMMITS])
    return frozenset(map(Purpose, key.purposes)) if key.purposes else BOTH


def _compromised(key: KeyFile) -> datetime | None:
    since = key.revoked.compromised_since if key.revoked else None
    return moment(since, end_of_day=False) if since else None


def _starts(key: KeyFile) -> datetime:
    return moment(key.not_before or "", end_of_day=False)


def _ends(key: KeyFile) -> datetime:
    return moment(key.until or "", end_of_day=True)
