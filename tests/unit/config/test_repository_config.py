"""`.gitwarrant/` becomes people, rules and environments, or problems with places and remedies."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gitwarrant.config.problem import ConfigError, Problem
from gitwarrant.config.repository import RepositoryConfig, load
from gitwarrant.model.environment import Bounds, DriftMode, Environment, HealthRule, PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Severity
from gitwarrant.model.identity import Hardware, Identity, IdentityKind, Key, PathRule, Purpose, TrustPolicy

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdBwrCmJL2n2u7cUF8nAxxLRCLFpXNWqHnCnNuh+Uyn"
GRACE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMrlCkkJcCNhdTM7BQrmbmLdIZvHBQOs+rKVbpd8/Vcq"
BOT = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAp9Jsyb4OgJVkNCy5lfH4yTCI0nNF1EKSlEFRUCUbsV"

TRUST = b"repository: shop/environments\nversion: 3\nexpires: 2027-06-30\n"
IDENTITIES = f"""\
ada:
  kind: person
  emails: [ada@example.com]
  keys:
    - public: "{ADA} ada@laptop"
      from: 2026-01-01
      until: 2026-12-31
  teams: [payments]
grace:
  kind: person
  emails: [grace@example.com, g@example.com]
  keys:
    - {{public: "{GRACE}", revoked: true}}
  teams: [platform-team, security-team]
image-bot:
  kind: bot
  emails: [bot@example.com]
  keys: [{{public: "{BOT}", from: "2026-01-01T12:00:00+02:00"}}]
""".encode()
RULES = b"""\
- path: "*"
- path: /production/
  change: [payments, image-bot]
  approvals: 1
  from: [platform-team]
"""
THE_WORDS_OF_THE_ISSUE = (
    b'stages: {development: {branch: develop, auto_deploy: true, policies: ["basic-security"]}, '
    b"staging: {branch: staging, promotion_source: development, "
    b'policies: ["enhanced-security", "performance-validation"], approval_required: false}, '
    b"production: {branch: main, promotion_source: staging, "
    b'policies: ["production-security", "compliance-validation"], '
    b'approval_required: true, approvers: ["platform-team", "security-team"]}}\n'
)
SETS = {
    name: PolicySet(name, ("image-not-pinned",), Severity.HIGH)
    for name in (
        "basic-security",
        "enhanced-security",
        "performance-validation",
        "production-security",
        "compliance-validation",
    )
}
CHECKS = {"image-not-pinned", "privileged", "missing-limits"}


def loaded(**changed: bytes) -> RepositoryConfig:
    files = {"trust": TRUST, "identities": IDENTITIES, "rules": RULES, **changed}
    return load({f".gitwarrant/{name}.yaml": data for name, data in files.items()}, sets=SETS, checks=CHECKS)


def problems(**changed: bytes) -> list[str]:
    """Each problem as a person reads it."""
    with pytest.raises(ConfigError) as refusal:
        loaded(**changed)
    return [f"{problem.place}: {problem.what} -> {problem.remedy}" for problem in refusal.value.problems]


def stage(text: str) -> bytes:
    return f"stages:\n  production:\n    branch: main\n    policies: [basic-security]\n    {text}\n".encode()


def environment(name: str, line: int, column: int, **fields: object) -> Environment:
    values: Mapping[str, object] = {
        "path": "",
        "namespace": name,
        "auto_deploy": False,
        "promotion_source": "",
        "approval_required": False,
        "approvers": (),
        "bounds": Bounds(1000, 10),
        "drift": DriftMode.REPORT,
        **fields,
    }
    place = Place(".gitwarrant/environments.yaml", line, column)
    return Environment(name=name, place=place, **values)  # type: ignore[arg-type] # a table of fields


def test_people_and_rules_become_a_trust_policy() -> None:
    policy = loaded().policy

    assert policy == TrustPolicy(
        repository="shop/environments",
        version=3,
        expires=datetime(2027, 7, 1, tzinfo=UTC),
        identities=(
            Identity(
                "ada",
                IdentityKind.PERSON,
                frozenset({"ada@example.com"}),
                (
                    Key(
                        ADA,
                        datetime(2026, 1, 1, tzinfo=UTC),
                        datetime(2027, 1, 1, tzinfo=UTC),
                        place=Place(".gitwarrant/identities.yaml", 5, 7),
                    ),
                ),
                frozenset({"payments"}),
                Place(".gitwarrant/identities.yaml", 2, 3),
            ),
            Identity(
                "grace",
                IdentityKind.PERSON,
                frozenset({"grace@example.com", "g@example.com"}),
                (Key(GRACE, revoked=True, place=Place(".gitwarrant/identities.yaml", 13, 7)),),
                frozenset({"platform-team", "security-team"}),
                Place(".gitwarrant/identities.yaml", 10, 3),
            ),
            Identity(
                "image-bot",
                IdentityKind.BOT,
                frozenset({"bot@example.com"}),
                (
                    Key(
                        BOT,
                        datetime(2026, 1, 1, 10, tzinfo=UTC),
                        place=Place(".gitwarrant/identities.yaml", 18, 10),
                    ),
                ),
                frozenset(),
                Place(".gitwarrant/identities.yaml", 16, 3),
            ),
        ),
        rules=(
            PathRule("*", frozenset(), 1, frozenset(), Place(".gitwarrant/rules.yaml", 1, 9)),
            PathRule(
                "/production/",
                frozenset({"payments", "image-bot"}),
                1,
                frozenset({"platform-team"}),
                Place(".gitwarrant/rules.yaml", 2, 9),
            ),
        ),
    )


def test_witnesses_are_read() -> None:
    policy = loaded(rules=RULES.replace(b'"*"\n', b'"*"\n  witnesses: [gitlab, gitea]\n')).policy

    assert [rule.witnesses for rule in policy.rules] == [frozenset({"gitea", "gitlab"}), frozenset()]


SK = (
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIPdBwrCmJL2n2u7cUF8nAxxLRCLFpXNW"
    "qHnCnNuh+UynAAAABHNzaDo="
)
PGP = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEagyJ\n-----END PGP PUBLIC KEY BLOCK-----\n"


def person_with(key: str) -> bytes:
    return f"ada:\n  kind: person\n  emails: [ada@example.com]\n  keys:\n    - {key}\n".encode()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param(
            f'{{public: "{ADA}", revoked: {{compromised_since: 2026-03-02, reason: lost}}}}',
            Key(ADA, revoked=True, compromised_since=datetime(2026, 3, 2, tzinfo=UTC), reason="lost"),
            id="compromised since",
        ),
        pytest.param(f'{{public: "{ADA}", revoked: {{}}}}', Key(ADA, revoked=True), id="revoked, no more"),
        pytest.param(f'{{public: "{ADA}", revoked: false}}', Key(ADA), id="not revoked"),
        pytest.param(
            f'{{public: "{ADA}", purposes: [statements]}}',
            Key(ADA, purposes=frozenset([Purpose.STATEMENTS])),
            id="for statements",
        ),
        pytest.param(f'{{public: "{SK}", hardware: pin}}', Key(SK, hardware=Hardware.PIN), id="with its PIN"),
        pytest.param(f'{{public: "{ADA}", authority: true}}', Key(ADA, authority=True), id="an authority"),
        pytest.param(
            "public: |\n        " + PGP.replace("\n", "\n        "),
            Key(PGP, purposes=frozenset([Purpose.COMMITS])),
            id="OpenPGP",
        ),
    ],
)
def test_a_key_says_what_it_is_for(text: str, key: Key) -> None:
    [ada] = loaded(identities=person_with(text), rules=b'- {path: "*", approvals: 0}\n').policy.identities

    assert [replace(read, place=Place("")) for read in ada.keys] == [key]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            f'{{public: "{ADA}", revoked: }}',
            "'revoked' is empty -> write true, or {compromised_since: 2027-06-30, reason: stolen}",
            id="revoked or not",
        ),
        pytest.param(
            f'{{public: "{ADA}", hardware: touch}}',
            "this key is on no security key, so nothing it signs could count -> "
            "list a key of kind sk-..., or remove 'hardware'",
            id="no device",
        ),
        pytest.param(
            "{public: " + repr(PGP)[1:-1].join('""') + ", purposes: [commits, statements]}",
            "an OpenPGP key cannot sign statements -> let it sign commits, and add an SSH key for statements",
            id="statements by OpenPGP",
        ),
        pytest.param(
            "{public: " + repr(PGP)[1:-1].join('""') + ", authority: true}",
            "an OpenPGP key signs no SSH certificates -> remove it",
            id="certificates by OpenPGP",
        ),
        pytest.param(
            '{public: "-----BEGIN PGP PRIVATE KEY BLOCK-----"}',
            "this is no armored OpenPGP public key -> "
            "write what this prints: gpg --armor --export-options export-minimal --export KEY",
            id="a private key",
        ),
        pytest.param(
            f'{{public: "{ADA}", purposes: []}}',
            "'purposes' is empty -> what it may sign: commits (and tags), statements",
            id="for nothing",
        ),
    ],
)
def test_a_key_that_can_do_nothing_is_refused(text: str, problem: str) -> None:
    [only] = problems(identities=person_with(text), rules=b'- {path: "*", approvals: 0}\n')

    assert only.partition(": ")[2] == problem


def test_a_rule_that_asks_for_devices_needs_people_who_have_them() -> None:
    rules = b'- {path: "*", approvals: 1, hardware: touch}\n'

    [problem] = problems(rules=rules)

    assert "only 0 people may give them by a security key" in problem
    assert loaded(identities=person_with(f'{{public: "{SK}"}}'), rules=rules).policy.rules == (
        PathRule(
            "*", frozenset(), 1, frozenset(), Place(".gitwarrant/rules.yaml", 1, 10), hardware=Hardware.TOUCH
        ),
    )


def test_the_words_of_the_issue_parse_as_they_stand() -> None:
    environments = loaded(environments=THE_WORDS_OF_THE_ISSUE).environments

    assert environments == (
        environment(
            "development",
            1,
            23,
            ref="refs/heads/develop",
            auto_deploy=True,
            policies=(SETS["basic-security"],),
        ),
        environment(
            "production",
            1,
            environments[1].place.column,
            ref="refs/heads/main",
            promotion_source="staging",
            policies=(SETS["production-security"], SETS["compliance-validation"]),
            approval_required=True,
            approvers=("platform-team", "security-team"),
        ),
        environment(
            "staging",
            1,
            environments[2].place.column,
            ref="refs/heads/staging",
            promotion_source="development",
            policies=(SETS["enhanced-security"], SETS["performance-validation"]),
        ),
    )


def test_own_policy_sets_and_all_settings_of_a_stage_are_read() -> None:
    config = loaded(
        policies=b"strict: {checks: [privileged, missing-limits], threshold: low}\n",
        environments=b"""\
stages:
  eu:
    branch: release/eu
    path: environments/eu
    namespace: shop-eu
    policies: [strict]
    bounds: {max_objects: 5, max_deletes: 0}
    drift: revert
""",
    )

    assert config.environment("eu") == environment(
        "eu",
        3,
        5,
        ref="refs/heads/release/eu",
        path="environments/eu",
        namespace="shop-eu",
        policies=(PolicySet("strict", ("privileged", "missing-limits"), Severity.LOW),),
        bounds=Bounds(5, 0),
        drift=DriftMode.REVERT,
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param(
            {"rules": b"- path: /db/\n  change: [dba]\n"},
            ".gitwarrant/rules.yaml:2:12: team 'dba' is not defined"
            " -> add it to .gitwarrant/identities.yaml, or name one of:"
            " payments, platform-team, security-team",
            id="a team nobody is in",
        ),
        pytest.param(
            {"rules": b"- path: /db/\n  from: [platfrom-team]\n"},
            ".gitwarrant/rules.yaml:2:10: team 'platfrom-team' is not defined"
            " -> add it to .gitwarrant/identities.yaml, or did you mean 'platform-team'?",
            id="a misspelt team",
        ),
        pytest.param(
            {"rules": b"- path: /db/\n  approvals: 2\n  from: [payments]\n"},
            ".gitwarrant/rules.yaml:2:14: '/db/' needs 2 approvals, but only 1 person may give them"
            " -> name more people or teams in 'from', or ask for fewer approvals",
            id="approvals nobody can give",
        ),
        pytest.param(
            {"rules": b"- path: /db/\n  from: [image-bot]\n"},
            ".gitwarrant/rules.yaml:1:3: '/db/' needs 1 approval, but only 0 people may give them"
            " -> name more people or teams in 'from', or ask for fewer approvals",
            id="a bot cannot approve",
        ),
        pytest.param(
            {"rules": b"[]\n"},
            '.gitwarrant/rules.yaml:1:1: there is no rule -> add one: - {path: "*", approvals: 1}',
            id="no rule",
        ),
        pytest.param(
            {"trust": TRUST.replace(b"n: 3", b"n: 0")},
            ".gitwarrant/trust.yaml:2:10: 'version' is not right: input should be greater than or equal to 1"
            " -> counts from 1 and grows with every change of .gitwarrant/",
            id="version zero",
        ),
        pytest.param(
            {"trust": TRUST.replace(b"n: 3", b'n: "3"')},
            ".gitwarrant/trust.yaml:2:10: 'version' is the text '3', not a number"
            " -> write a whole number without quotes",
            id="a number in quotes",
        ),
        pytest.param(
            {"trust": TRUST.replace(b"2027-06-30", b"next summer")},
            ".gitwarrant/trust.yaml:3:10: 'next summer' is not a date"
            " -> write it like 2027-06-30, or 2027-06-30T12:00:00Z",
            id="no date",
        ),
        pytest.param(
            {"trust": TRUST.replace(b"2027-06-30", b'"2027-06-30T12:00:00"')},
            ".gitwarrant/trust.yaml:3:10: the time '2027-06-30T12:00:00' has no zone"
            " -> end it with Z, or with an offset like +02:00",
            id="a time without zone",
        ),
        pytest.param(
            {"trust": b"repository: shop\nversion: 1\n"},
            ".gitwarrant/trust.yaml:1:1: field 'expires' is missing -> add it: until when these rules hold"
            " (a day counts whole); after it only their renewal passes",
            id="a field is missing",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b"bot@", b"ADA@")},
            ".gitwarrant/identities.yaml:17:12: e-mail 'ADA@example.com' belongs to two identities:"
            " 'ada' and 'image-bot' -> leave it with the one it belongs to: who signed must have one answer",
            id="an address of two",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(BOT.encode(), GRACE.encode())},
            f".gitwarrant/identities.yaml:18:19: key '{GRACE}' belongs to two identities:"
            " 'grace' and 'image-bot' -> leave it with the one it belongs to:"
            " who signed must have one answer",
            id="a key of two",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b"[payments]", b"[payments, grace]")},
            ".gitwarrant/identities.yaml:10:3: 'grace' is an identity and a team -> rename one of them",
            id="a name for two things",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b"until: 2026-12-31", b"until: 2025-12-31")},
            ".gitwarrant/identities.yaml:7:14: the key ends before it begins"
            " -> make 'until' later than 'from'",
            id="a key that never signs",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b"+Uyn", b"+")},
            ".gitwarrant/identities.yaml:5:15: the ssh-ed25519 key is damaged"
            " -> write the whole line of the .pub file, copied again",
            id="half a key",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b'"ssh-ed25519 ', b'"ssh-dss ', 1)},
            ".gitwarrant/identities.yaml:5:15: 'ssh-dss' is not a type of key that is accepted"
            " -> write the line of the .pub file; take ssh-ed25519: ssh-keygen -t ed25519",
            id="a weak type of key",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b"kind: bot", b"kind: robot")},
            ".gitwarrant/identities.yaml:16:9: 'robot' is not possible for 'kind' -> write 'person' or 'bot'",
            id="no kind of identity",
        ),
        pytest.param(
            {"identities": IDENTITIES.replace(b"  emails: [ada@example.com]", b"  emails: []")},
            ".gitwarrant/identities.yaml:3:11: 'emails' is empty -> the addresses it writes commits as",
            id="no address",
        ),
        pytest.param(
            {"environments": stage("auto_deplo: true")},
            ".gitwarrant/environments.yaml:5:17: unknown field 'auto_deplo' -> did you mean 'auto_deploy'?",
            id="a misspelt field",
        ),
        pytest.param(
            {"environments": stage("auto_deploy: yes please")},
            ".gitwarrant/environments.yaml:5:18: 'auto_deploy' is the text 'yes please', not true or false"
            " -> write true or false",
            id="a text for a boolean",
        ),
        pytest.param(
            {"environments": stage("promotion_source: staging")},
            ".gitwarrant/environments.yaml:5:23: promotion_source 'staging' is no stage"
            " -> define it below 'stages'",
            id="promotion from nowhere",
        ),
        pytest.param(
            {"environments": stage("promotion_source: production")},
            ".gitwarrant/environments.yaml:5:23: stages wait for each other in a circle: "
            "production <- production"
            " -> remove the promotion_source or depends_on of the stage where it begins",
            id="promotion from itself",
        ),
        pytest.param(
            {"environments": stage("approval_required: true")},
            ".gitwarrant/environments.yaml:5:24: approval is required, but nobody is named to give it"
            " -> name teams or people: approvers: [payments, platform-team, security-team]",
            id="approval by nobody",
        ),
        pytest.param(
            {"environments": stage("approvers: [payments]")},
            ".gitwarrant/environments.yaml:5:16: approvers are named, but no approval is required"
            " -> write approval_required: true, or remove them",
            id="approvers without approval",
        ),
        pytest.param(
            {"environments": stage("approval_required: true\n    approvers: [image-bot]")},
            ".gitwarrant/environments.yaml:6:16: no person is among the approvers"
            " -> name a team with people in it; bots cannot approve",
            id="only a bot approves",
        ),
        pytest.param(
            {"environments": stage("path: ../other")},
            ".gitwarrant/environments.yaml:5:11: '../other' is not a folder of the repository"
            " -> write it from the repository's top, without '.' and '..': environments/production",
            id="a path that leaves the repository",
        ),
        pytest.param(
            {"environments": b"stages: {p: {branch: main, policies: [basic-securty]}}\n"},
            ".gitwarrant/environments.yaml:1:39: policy set 'basic-securty' is not defined"
            " -> did you mean 'basic-security'? Or define it in .gitwarrant/policies.yaml",
            id="an unknown policy set",
        ),
        pytest.param(
            {"environments": b"stages: {p: {branch: main, policies: []}}\n"},
            ".gitwarrant/environments.yaml:1:38: 'policies' is empty"
            " -> the policy sets that judge it; at least one",
            id="no policy set",
        ),
        pytest.param(
            {"environments": b"stages: {p: {branch: main..x, policies: [basic-security]}}\n"},
            ".gitwarrant/environments.yaml:1:22: 'main..x' is not a branch"
            " -> write its name as 'git branch' shows it",
            id="no branch",
        ),
        pytest.param(
            {"policies": b"own: {checks: [privilege]}\n"},
            ".gitwarrant/policies.yaml:1:16: there is no check 'privilege' -> did you mean 'privileged'?",
            id="an unknown check",
        ),
        pytest.param(
            {"policies": b"basic-security: {checks: [privileged]}\n"},
            ".gitwarrant/policies.yaml:1:17: policy set 'basic-security' is one of gitwarrant's own"
            " -> choose another name",
            id="a set that hides one of ours",
        ),
        pytest.param(
            {"rule": b"- path: x\n"},
            ".gitwarrant/rule.yaml: gitwarrant knows no such file"
            " -> did you mean 'rules.yaml'? Or move it out of .gitwarrant/",
            id="a misspelt file",
        ),
        pytest.param(
            {"trust": b"- a list\n"},
            ".gitwarrant/trust.yaml:1:1: the file is a list, not a mapping -> write fields below it",
            id="another shape",
        ),
        pytest.param(
            {"trust": b"# nothing\n"},
            ".gitwarrant/trust.yaml: the file has 0 documents, not one -> write one document, without '---'",
            id="an empty file",
        ),
        pytest.param(
            {"trust": TRUST + b"---\nx: 1\n"},
            ".gitwarrant/trust.yaml: the file has 2 documents, not one -> write one document, without '---'",
            id="two documents",
        ),
    ],
)
def test_what_is_wrong_is_said_with_place_and_remedy(changed: Mapping[str, bytes], expected: str) -> None:
    assert problems(**changed) == [expected]


def test_every_problem_of_every_file_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refusal:
        loaded(
            trust=b"repository: shop\nversions: 1\nexpires: 2027-06-30\n",
            rules=b"- path: /db/\n  change: [dba]\n  approval: 1\n",
        )

    assert [problem.what for problem in refusal.value.problems] == [
        "unknown field 'approval'",
        "field 'version' is missing",
        "unknown field 'versions'",
    ]
    assert str(refusal.value).startswith("the configuration has 3 problems:\n  .gitwarrant/rules.yaml:3:13: ")


def test_one_problem_is_told_like_any_error() -> None:
    with pytest.raises(ConfigError) as refusal:
        loaded(rules=b"- path: /db/\n  change: [dba]\n")

    assert str(refusal.value) == (
        ".gitwarrant/rules.yaml:2:12: team 'dba' is not defined\n"
        "  remedy: add it to .gitwarrant/identities.yaml, or name one of:"
        " payments, platform-team, security-team"
    )


def test_files_that_are_needed_are_missed() -> None:
    with pytest.raises(ConfigError) as refusal:
        load({".gitwarrant/trust.yaml": TRUST}, sets=SETS, checks=CHECKS)

    assert refusal.value.problems == tuple(
        Problem("the file is missing", "make it: 'gitwarrant init' shows how", Place(f".gitwarrant/{name}"))
        for name in ("identities.yaml", "rules.yaml")
    )


def test_a_circle_of_stages_is_told_at_each_of_them() -> None:
    circle = b"""\
stages:
  a: {branch: a, policies: [basic-security], promotion_source: b}
  b: {branch: b, policies: [basic-security], promotion_source: a}
  c: {branch: c, policies: [basic-security], promotion_source: a}
"""

    assert [line.split(" -> ")[0] for line in problems(environments=circle)] == [
        ".gitwarrant/environments.yaml:2:64: stages wait for each other in a circle: a <- b <- a",
        ".gitwarrant/environments.yaml:3:64: stages wait for each other in a circle: b <- a <- b",
    ]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param(
            "- path: /production/\u202e\n",
            "the file contains the invisible U+202E RIGHT-TO-LEFT OVERRIDE",
            id="bidi",
        ),
        pytest.param(
            "- path: /pro\u200bd/\n", "the file contains the invisible U+200B ZERO WIDTH SPACE", id="width"
        ),
        pytest.param(
            "- path: x # \u3164\n", "the file contains the invisible U+3164 HANGUL FILLER", id="comment"
        ),
        pytest.param(
            '- path: "/prod\\u202e/"\n',
            "the value contains the invisible U+202E RIGHT-TO-LEFT OVERRIDE",
            id="escaped",
        ),
    ],
)
def test_a_file_that_reads_different_from_what_it_says_is_refused(data: str, what: str) -> None:
    """Attack: a reviewer sees another path than the rule has."""
    with pytest.raises(ConfigError) as refusal:
        loaded(rules=data.encode())

    assert [problem.what for problem in refusal.value.problems] == [what]


def test_plain_text_beside_the_files_is_welcome() -> None:
    files = {"trust": TRUST, "identities": IDENTITIES, "rules": RULES}
    named = {f".gitwarrant/{name}.yaml": data for name, data in files.items()}

    assert load({**named, ".gitwarrant/README.md": b"# Rules\n"}, sets=SETS, checks=CHECKS).environments == ()


@pytest.mark.parametrize(
    ("path", "data", "what"),
    [
        pytest.param(
            ".gitwarrant/READ\u200bME.md",
            b"hello",
            "the name '.gitwarrant/READ\\u200bME.md' contains the invisible U+200B ZERO WIDTH SPACE",
            id="in a name",
        ),
        pytest.param(
            ".gitwarrant/README.md",
            "first\nsecond \u202e".encode(),
            "the file contains the invisible U+202E RIGHT-TO-LEFT OVERRIDE",
            id="bidirectional",
        ),
        pytest.param(
            ".gitwarrant/notes/README.md",
            b"\x1b[2Kgone",
            "the file contains the invisible U+001B without a name",
            id="a terminal's escape sequence",
        ),
        pytest.param(
            ".gitwarrant/README.md",
            "a\u2028b".encode(),
            "the file contains the invisible U+2028 LINE SEPARATOR",
            id="a line end that is none",
        ),
    ],
)
def test_no_file_beside_the_rules_hides_a_character(path: str, data: bytes, what: str) -> None:
    """Whoever reads the folder to understand the rules reads what it says."""
    with pytest.raises(ConfigError) as refusal:
        load({path: data}, sets=SETS, checks=CHECKS)

    assert what in [problem.what for problem in refusal.value.problems]


HEALTH = """health:
      - kind: Widget.example.com
        failed: self.status.broken
        reason: self.status.why
      - {kind: "*.example.com", healthy: "true"}
    health_deadline: 90s"""


def test_health_rules_and_the_deadline_are_read_with_their_places() -> None:
    [production] = loaded(environments=stage(HEALTH)).environments

    place = ".gitwarrant/environments.yaml"
    assert production.health == (
        HealthRule(
            "Widget.example.com", Place(place, 6, 9), failed="self.status.broken", reason="self.status.why"
        ),
        HealthRule("*.example.com", Place(place, 9, 9), healthy="true"),
    )
    assert production.health_deadline == 90


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param(
            "health: [{kind: Widget.example.com, reason: self.why}]",
            ":5:14: the rule of 'Widget.example.com' never decides -> "
            "write at least one of: failed, suspended, progressing, healthy",
            id="a rule that decides nothing",
        ),
        pytest.param(
            'health: [{kind: A.b, healthy: "true"}, {kind: A.b, failed: "true"}]',
            ":5:51: 'A.b' has two rules, and only the first would be asked -> make one of them",
            id="two rules of one kind",
        ),
        pytest.param(
            'health: [{kind: "apps/v1 Deployment", healthy: "true"}]',
            ":5:21: 'apps/v1 Deployment' is not a kind -> "
            "write it like Widget.example.com, or *.example.com for a group",
            id="no kind",
        ),
        pytest.param(
            "health_deadline: 1s",
            ":5:22: a health_deadline of 1s is too short or too long -> write something from 10s to 7d",
            id="a deadline nobody meets",
        ),
    ],
)
def test_health_that_cannot_be_meant_is_refused(text: str, problem: str) -> None:
    [found] = problems(environments=stage(text))

    assert found == f".gitwarrant/environments.yaml{problem}"
