"""Sources of owners, logins, and what bots may change: as they are read, and how they are refused."""

import pytest

from gitwarrant.config.problem import ConfigError
from gitwarrant.config.repository import load
from gitwarrant.model.errors import Place
from gitwarrant.model.identity import TrustPolicy
from gitwarrant.model.owners import Forge, OwnersSource
from gitwarrant.model.permission import (
    DigestOnly,
    ImageByDigest,
    Permission,
    TextLike,
    WholeNumber,
    read_field_path,
)

ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPdBwrCmJL2n2u7cUF8nAxxLRCLFpXNWqHnCnNuh+Uyn"
BOT = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAp9Jsyb4OgJVkNCy5lfH4yTCI0nNF1EKSlEFRUCUbsV"
TRUST = "repository: shop\nversion: 1\nexpires: 2027-06-30\n"
RULES = '- path: "*"\n'
IDENTITIES = f"""\
ada:
  kind: person
  emails: [ada@example.com]
  keys: [{{public: "{ADA}"}}]
bot:
  kind: bot
  emails: [bot@example.com]
  keys: [{{public: "{BOT}"}}]
"""
VALUE = "{image: {repository: oci.lan/shop/*}}"
IMAGE = f"{{files: /apps/, kinds: [Deployment.apps], fields: [spec.a], value: {VALUE}}}"


def policy(more: str = "", rules: str = RULES, people: str = IDENTITIES) -> TrustPolicy:
    """Read the files; `more` belongs to the bot."""
    texts = {"trust": TRUST, "identities": people + more, "rules": rules}
    files = {f".gitwarrant/{name}.yaml": text.encode() for name, text in texts.items()}
    return load(files, sets={}, checks=frozenset()).policy


def problems(more: str = "", rules: str = RULES, people: str = IDENTITIES) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        policy(more, rules, people)
    return [f"{problem.place}: {problem.what} -> {problem.remedy}" for problem in caught.value.problems]


def test_a_source_of_owners_is_read() -> None:
    [rule] = policy(rules='- path: "*"\n  owners: {file: docs/CODEOWNERS, dialect: gitlab}\n').rules

    place = Place(".gitwarrant/rules.yaml", 2, 11)
    assert rule.owners == OwnersSource("docs/CODEOWNERS", Forge.GITLAB, place)


def test_logins_are_read() -> None:
    ada, bot = policy("  logins: {github: shop-bot, gitea: bot2}\n").identities

    assert ada.logins == frozenset()
    assert bot.logins == {(Forge.GITHUB, "shop-bot"), (Forge.GITEA, "bot2")}


def test_what_a_bot_may_change_is_read() -> None:
    _, bot = policy(
        """\
  may:
    - files: /apps/
      kinds: [Deployment.apps, StatefulSet.apps]
      fields: ["spec.template.spec.containers[name=web].image"]
      value: {image: {repository: oci.lan/shop/*, form: digest}}
    - {files: "*", kinds: [ConfigMap], fields: ['data["a.b"]'], value: {digest: true}}
    - {files: "*", kinds: [ConfigMap], fields: [data.c], value: {pattern: "v[0-9]+"}}
    - {files: "*", kinds: [Deployment.apps], fields: [spec.replicas], value: {number: {min: 1, max: 5}}}
"""
    ).identities

    kinds = frozenset({"ConfigMap"})
    file = ".gitwarrant/identities.yaml"
    assert bot.may == (
        Permission(
            "/apps/",
            frozenset({"Deployment.apps", "StatefulSet.apps"}),
            (read_field_path("spec.template.spec.containers[name=web].image"),),
            ImageByDigest("oci.lan/shop/*"),
            Place(file, 10, 7),
        ),
        Permission("*", kinds, (read_field_path('data["a.b"]'),), DigestOnly(), Place(file, 14, 7)),
        Permission("*", kinds, (read_field_path("data.c"),), TextLike("v[0-9]+"), Place(file, 15, 7)),
        Permission(
            "*",
            frozenset({"Deployment.apps"}),
            (read_field_path("spec.replicas"),),
            WholeNumber(1, 5),
            Place(file, 16, 7),
        ),
    )


def test_a_source_that_its_forge_does_not_read_is_refused() -> None:
    [problem] = problems(rules='- path: "*"\n  owners: {file: .gitlab/CODEOWNERS, dialect: github}\n')

    assert problem == (
        ".gitwarrant/rules.yaml:2:18: github reads no owners from '.gitlab/CODEOWNERS' -> "
        "name one of: .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS"
    )


def test_a_login_of_two_identities_is_refused() -> None:
    """Forges do not tell letter case apart, so neither is it here."""
    people = IDENTITIES.replace("bot:\n", "  logins: {gitlab: Shop}\nbot:\n", 1)

    [problem] = problems("  logins: {gitlab: shop, github: shop}\n", people=people)

    assert "gitlab login 'shop' belongs to two identities: 'ada' and 'bot'" in problem


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("spec.a", '"spec.a[0].b"', "is not the way to a field", id="an item by number"),
        pytest.param("Deployment.apps", "deployment", "is not a kind", id="no kind"),
        pytest.param("[spec.a]", "[]", "'fields' is empty", id="no fields"),
        pytest.param("oci.lan/shop/*", "web", "is not an image's repository", id="no registry"),
        pytest.param(
            "oci.lan/shop/*", "oci.lan/web:1", "is not an image's repository", id="a repository with a tag"
        ),
        pytest.param("/*}", "/*, form: tag}", "is not possible for 'form'", id="another form"),
        pytest.param(
            "/*}}", "/*}, digest: true}", "a value is one thing, not image and digest", id="two values"
        ),
        pytest.param(VALUE, "{}", "a value is one thing, not nothing", id="no value"),
        pytest.param(
            VALUE,
            "{number: {min: 2, max: 1}}",
            "the range is empty",
            id="an empty range",
        ),
    ],
)
def test_a_permission_that_means_nothing_is_refused(old: str, new: str, expected: str) -> None:
    [problem] = problems(f"  may:\n    - {IMAGE.replace(old, new)}\n")

    assert problem.startswith(".gitwarrant/identities.yaml:10:")
    assert expected in problem


def test_an_empty_list_is_not_taken_for_no_bounds() -> None:
    [problem] = problems("  may: []\n")

    assert problem.startswith(".gitwarrant/identities.yaml:9:8: 'may' is empty")


def test_a_person_is_not_bound_to_fields() -> None:
    people = IDENTITIES.replace("bot:\n", f"  may: [{IMAGE}]\nbot:\n", 1)

    [problem] = problems(people=people)

    assert problem == (
        ".gitwarrant/identities.yaml:5:8: only a bot is bound to fields -> "
        "remove 'may'; people are bound by the rules"
    )
