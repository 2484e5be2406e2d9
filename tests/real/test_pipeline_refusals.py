"""Whatever a repository, a configuration or a machine does to a command: a sentence, never a traceback.

Everything is asked of `main`, the function that the command itself calls; what
needs a process of its own (a full disk) is in `test_pipeline_outages`.
"""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.deployers import Deployer, config_map, environments_file, open_deployer, trust_file

from gitwarrant.cli.main import main
from gitwarrant.demo.forge import run_git
from gitwarrant.model.record import RecordKind

DONE, REFUSED, COULD_NOT, UNREACHABLE = 0, 1, 2, 3
STAGING = "staging/web.yaml"


@dataclass(frozen=True, slots=True)
class Case:
    """Something that goes wrong, what is said of it, and what mends it."""

    breaks: Callable[[Deployer], None]
    status: int
    says: str
    place: str = ""
    mends: Callable[[Deployer], None] | None = None


def lands(path: str, content: str | bytes) -> Callable[[Deployer], None]:
    """Land one bad file."""

    def land(deployer: Deployer) -> None:
        deployer.land({path: content})

    return land


def rules(path: str, content: str | bytes) -> Callable[[Deployer], None]:
    """Let the root land a bad file of rules, with the version that it needs."""
    files: dict[str, str | bytes | None] = {".gitwarrant/trust.yaml": trust_file(2), path: content}

    def land(deployer: Deployer) -> None:
        deployer.land(files, by="grace")

    return land


def removed(deployer: Deployer) -> None:
    """The Git server's repository is gone."""
    deployer.forge.server.rename(deployer.forge.server.with_name("away.git"))


def put_back(deployer: Deployer) -> None:
    deployer.forge.server.with_name("away.git").rename(deployer.forge.server)


def other_url(url: str) -> Callable[[Deployer], None]:
    def change(deployer: Deployer) -> None:
        deployer.settings["root"]["url"] = url

    return change


def same_url(deployer: Deployer) -> None:
    deployer.settings["root"]["url"] = deployer.forge.url


def too_large(deployer: Deployer) -> None:
    """More than the limit of one fetch; random, so that it does not pack."""
    deployer.settings["git"] = {"limits": {"bytes": 1024**2}}
    noise = random.Random(7).randbytes(3 * 1024**2)
    deployer.land({"notes.bin": noise})


def limit_raised(deployer: Deployer) -> None:
    del deployer.settings["git"]


def expired(deployer: Deployer) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    deployer.land({".gitwarrant/trust.yaml": trust_file(2, yesterday)}, by="grace")
    deployer.land({STAGING: config_map("web", mode="next")})


def renewed(deployer: Deployer) -> None:
    """The root's own renewal passes; what is in force is not taken back by force."""
    deployer.land({".gitwarrant/trust.yaml": trust_file(3)}, by="grace")


def unknown_set(deployer: Deployer) -> None:
    text = environments_file(deployer.prefix, ("staging",), policies=["best-security"])
    deployer.land(
        {".gitwarrant/environments.yaml": text, ".gitwarrant/trust.yaml": trust_file(2)}, by="grace"
    )


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(9))}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
CASES = {
    "git_server_gone": Case(removed, UNREACHABLE, "does not answer: no such folder", mends=put_back),
    "git_server_refuses_connections": Case(
        other_url("https://127.0.0.1:9/shop"), UNREACHABLE, "does not answer", mends=same_url
    ),
    "repository_larger_than_the_limit": Case(
        too_large, REFUSED, "sends more than 1,048,576 bytes", mends=limit_raised
    ),
    "file_of_100_MB": Case(
        lands("staging/big.yaml", b"a: " + b"x" * 10**8),
        REFUSED,
        "staging/big.yaml has 100,000,003 bytes",
    ),
    "yaml_bomb": Case(lands(STAGING, BOMB), REFUSED, "", STAGING),
    "deep_yaml": Case(lands(STAGING, "[" * 5000), REFUSED, "", STAGING),
    "not_yaml": Case(lands(STAGING, "kind: [ConfigMap"), REFUSED, "did not find expected", f"{STAGING}:2"),
    "duplicate_key": Case(lands(STAGING, "kind: A\nkind: B\n"), REFUSED, "kind", f"{STAGING}:2"),
    "invalid_utf8": Case(lands(STAGING, b"kind: \xff\xfe\n"), REFUSED, "", STAGING),
    "no_kind": Case(
        lands(STAGING, "apiVersion: v1\nmetadata: {name: web}\n"), REFUSED, "kind", f"{STAGING}:1"
    ),
    "no_object": Case(lands(STAGING, "- just\n- a list\n"), REFUSED, "", f"{STAGING}:1"),
    "kustomization": Case(
        lands("staging/kustomization.yaml", "resources: [web.yaml]\n"),
        REFUSED,
        "",
        "staging/kustomization.yaml",
    ),
    "foreign_namespace": Case(
        lands(STAGING, config_map("web").replace("name: web", "name: web\n  namespace: kube-system")),
        REFUSED,
        "kube-system",
        f"{STAGING}:",
    ),
    "gate_of_checks": Case(
        lands(
            STAGING,
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n"
            "    - {name: web, image: web, securityContext: {privileged: true}}\n",
        ),
        REFUSED,
        "privileged",
        f"{STAGING}:6",
    ),
    "rules_not_yaml": Case(
        rules(".gitwarrant/rules.yaml", "- path: ['*'\n"),
        REFUSED,
        "did not find expected",
        ".gitwarrant/rules.yaml:",
    ),
    "rules_unknown_field": Case(
        rules(".gitwarrant/rules.yaml", "- path: '*'\n  chnage: [shop-team]\n"),
        REFUSED,
        "chnage",
        ".gitwarrant/rules.yaml:2",
    ),
    "identities_not_a_key": Case(
        rules(
            ".gitwarrant/identities.yaml", "ada:\n  kind: person\n  emails: [a@b.c]\n  keys: [{public: x}]\n"
        ),
        REFUSED,
        "key",
        ".gitwarrant/identities.yaml:4",
    ),
    "rules_invalid_utf8": Case(
        rules(".gitwarrant/environments.yaml", b"stages: \xff\n"),
        REFUSED,
        "",
        ".gitwarrant/environments.yaml",
    ),
    "rules_bomb": Case(rules(".gitwarrant/rules.yaml", BOMB), REFUSED, "", ".gitwarrant/rules.yaml"),
    "unknown_policy_set": Case(unknown_set, REFUSED, "best-security", ".gitwarrant/environments.yaml:"),
    "trust_expired": Case(expired, REFUSED, "expired", mends=renewed),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_said_with_place_and_remedy_and_the_next_good_run_works(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`plan --fetched`, as JSON and as text; then what was wrong is mended, and it passes."""
    case, deployer = CASES[name], open_deployer(tmp_path)
    case.breaks(deployer)
    capsys.readouterr()

    status = ask(deployer, "plan", "staging", "--fetched", "--output", "json")
    [error] = refusals(capsys.readouterr().out)
    text_status = ask(deployer, "plan", "staging", "--fetched")
    said = capsys.readouterr()

    place = error["place"]
    where = ":".join(str(place[part]) for part in ("path", "line", "column") if place[part]) if place else ""
    assert (status, text_status) == (case.status, case.status), error
    assert case.says in error["what"]
    assert where.startswith(case.place)
    assert error["remedy"]
    assert error["what"] in said.out + said.err
    assert f"remedy: {error['remedy']}" in said.out + said.err
    assert "Traceback" not in said.out + said.err
    (case.mends or back)(deployer)
    assert ask(deployer, "plan", "staging", "--fetched") == DONE, capsys.readouterr()


def back(deployer: Deployer) -> None:
    """Put every file back as it was: forward, by a commit, where what landed is trusted history by now."""
    if deployer.records(RecordKind.TRUST_ADVANCED):
        run_git(deployer.forge.clone, "read-tree", "-u", "--reset", deployer.trusted_at)
        deployer.land({})
    else:
        deployer.rewind(deployer.trusted_at)


def ask(deployer: Deployer, *arguments: str) -> int:
    """Run the command line's own main function."""
    return main(deployer.command(*arguments)[3:], {"PATH": "/usr/bin:/bin"})


def refusals(out: str) -> list[dict[str, Any]]:
    """The errors of `--output json`, wherever the command puts them; distinct ones."""
    value = json.loads(out)
    return [value["error"]] if "error" in value else list(value["refusals"])
