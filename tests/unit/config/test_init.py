"""`gitwarrant init` makes a folder that every gate can read, from a key, flags and CODEOWNERS."""

import json
import subprocess
from pathlib import Path

import pytest

from gitwarrant.cli.main import main
from gitwarrant.config import agent_reading, find
from gitwarrant.config.problem import ConfigError
from gitwarrant.config.repository import RepositoryConfig, load
from gitwarrant.config.starter import TRUSTED_AT, owner_name
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.finding import Severity
from gitwarrant.model.owners import Forge

SETS = {"basic-security": PolicySet("basic-security", ("privileged",), Severity.HIGH)}
COMMIT = "4f" * 20


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of somebody with one SSH key and an e-mail address, at home in tmp_path."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / ".ssh").mkdir()
    key = tmp_path / ".ssh" / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ada@laptop", "-f", key], check=True)
    folder = tmp_path / "environments"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "-q", "-b", "trunk")
    git("config", "--global", "user.email", "ada@example.com")
    git("remote", "add", "origin", "git@git.example.com:shop/environments.git")
    return folder


def test_a_token_in_origins_address_is_not_repeated(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is pasted into files and tickets."""
    git("remote", "set-url", "origin", "https://ada:hunter2@git.example.com/shop/environments.git")

    assert main(["init", "--yes"], {}) == 0

    said = capsys.readouterr()
    assert "https://git.example.com/shop/environments.git" in said.out
    assert "hunter2" not in said.out + said.err
    assert not any(b"hunter2" in file.read_bytes() for file in (clone / ".gitwarrant").iterdir())


def made(folder: Path) -> RepositoryConfig:
    return load(find.repository_files(find.repository_folder(folder)), sets=SETS, checks=frozenset())


def public(folder: Path) -> str:
    return " ".join((folder.parent / ".ssh" / "id_ed25519.pub").read_text().split()[:2])


def test_what_it_makes_loads_as_it_stands(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / "production").mkdir()

    assert main(["init", "--yes"], {}) == 0

    config = made(clone)
    [ada] = config.policy.identities
    [production] = config.environments
    assert (config.policy.repository, config.policy.version) == ("shop/environments", 1)
    assert (ada.name, ada.emails, [key.public for key in ada.keys]) == (
        "ada",
        frozenset({"ada@example.com"}),
        [public(clone)],
    )
    assert (production.name, production.ref, production.path, production.namespace) == (
        "production",
        "refs/heads/trunk",
        "production",
        "production",
    )
    assert sorted(path.name for path in clone.iterdir()) == [".git", ".gitwarrant", "production"]
    assert capsys.readouterr().out.startswith("# The agent's own configuration.")


def test_the_agent_configuration_loads_once_the_commit_is_filled_in(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["init", "--yes", "--output", "json"], {})
    text = json.loads(capsys.readouterr().out)["agent_configuration"]

    with pytest.raises(ConfigError, match="git rev-parse"):
        agent_reading.load(text.encode(), "gitwarrant.yaml")
    loaded = agent_reading.load(text.replace(TRUSTED_AT, COMMIT).encode(), "gitwarrant.yaml")

    assert (loaded.root.repository, loaded.root.trust_ref) == ("shop/environments", "refs/heads/trunk")
    assert [(key.holder, key.public) for key in loaded.root.keys] == [("ada", public(clone))]


def test_flags_answer_every_question(clone: Path) -> None:
    arguments = ["--name", "lovelace", "--email", "a@example.com", "--environment", "eu"]

    assert main(["init", *arguments, "--path", "deploy/eu", "--namespace", "shop"], {}) == 0

    config = made(clone)
    assert config.policy.identities[0].name == "lovelace"
    assert [(item.name, item.path, item.namespace) for item in config.environments] == [
        ("eu", "deploy/eu", "shop")
    ]


@pytest.mark.parametrize(
    ("file", "content", "dialect", "missing"),
    [
        pytest.param(
            ".github/CODEOWNERS",
            "* @shop/platform\n/docs/ @ada @bob\n/free/\n",
            "github",
            ["@bob", "@shop/platform"],
            id="GitHub's folder",
        ),
        pytest.param(
            ".gitlab/CODEOWNERS", "[Docs][2] @docs\ndocs/\n", "gitlab", ["@docs"], id="GitLab's folder"
        ),
        pytest.param(".gitea/CODEOWNERS", "docs/.* @bob\n", "gitea", ["@bob"], id="Gitea's folder"),
        pytest.param("CODEOWNERS", "* bob@example.com\n", "github", ["bob@example.com"], id="at the top"),
    ],
)
def test_owners_become_a_source_to_be_taken_up(
    clone: Path, file: str, content: str, dialect: str, missing: list[str]
) -> None:
    """Not at once: until they are known, nobody could approve anything."""
    (clone / file).parent.mkdir(exist_ok=True)
    (clone / file).write_text(content)

    assert main(["init", "--yes"], {}) == 0

    [rule] = made(clone).policy.rules
    text = (clone / ".gitwarrant" / "rules.yaml").read_text()
    assert (rule.pattern, rule.writers, rule.owners) == ("*", frozenset({"owners"}), None)
    assert f"  # owners: {{file: {file}, dialect: {dialect}}}\n" in text
    assert [line.split()[-1] for line in text.splitlines() if "missing yet" in line] == missing


def test_the_source_loads_once_it_is_taken_up(clone: Path) -> None:
    (clone / ".gitlab-ci.yml").write_text("")
    (clone / "CODEOWNERS").write_text("[Docs]\n* @ada\n")
    assert main(["init", "--yes"], {}) == 0
    rules = clone / ".gitwarrant" / "rules.yaml"

    rules.write_text(rules.read_text().replace("  # owners:", "  owners:"))

    [rule] = made(clone).policy.rules
    assert rule.owners is not None
    assert (rule.owners.file, rule.owners.dialect) == ("CODEOWNERS", Forge.GITLAB)


def test_it_never_writes_over_what_is_there(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (clone / ".gitwarrant").mkdir()

    assert main(["init", "--yes"], {}) == 2

    assert "is there already" in capsys.readouterr().err
    assert list((clone / ".gitwarrant").iterdir()) == []


def test_an_answer_that_does_not_fit_is_said_and_nothing_is_written(
    clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--yes", "--namespace", "Not A Namespace"], {}) == 2

    assert "'Not A Namespace' is not a name that Kubernetes takes" in capsys.readouterr().err
    assert [path.name for path in clone.iterdir()] == [".git"]


def test_gits_configuration_is_left_alone_unless_asked(clone: Path) -> None:
    before = (clone / ".git" / "config").read_text()

    main(["init", "--yes"], {})

    assert (clone / ".git" / "config").read_text() == before


def test_a_commit_is_signed_once_git_was_configured(clone: Path) -> None:
    main(["init", "--yes", "--configure-git"], {})
    git("config", "user.name", "Ada")
    git("add", ".gitwarrant")
    git("commit", "-q", "-m", "Begin the rules")

    assert "gpgsig -----BEGIN SSH SIGNATURE-----" in git("cat-file", "commit", "HEAD")


def test_the_statements_of_others_are_fetched_once_git_was_configured(clone: Path) -> None:
    main(["init", "--yes", "--configure-git"], {})

    assert git("config", "--get-all", "remote.origin.fetch").splitlines() == [
        "+refs/heads/*:refs/remotes/origin/*",
        "+refs/gitwarrant/*:refs/gitwarrant/*",
    ]


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        pytest.param("rm -r ~/.ssh", "there is no SSH public key in ~/.ssh", id="no key"),
        pytest.param(
            "mv ~/.ssh/id_ed25519.pub ~/.ssh/a.pub && cp ~/.ssh/a.pub ~/.ssh/b.pub", "several keys", id="two"
        ),
        pytest.param(
            "git config --global --unset user.email", "e-mail address is not known", id="no address"
        ),
        pytest.param("rm -rf .git", "is in no Git repository", id="no repository"),
        pytest.param(
            "echo 'ssh-ed25519 AAAA' > ~/.ssh/id_ed25519.pub", "id_ed25519.pub: ", id="a damaged key"
        ),
    ],
)
def test_what_is_missing_is_said_with_a_remedy(
    clone: Path, capsys: pytest.CaptureFixture[str], spoil: str, what: str
) -> None:
    subprocess.run(["sh", "-c", spoil], check=True)

    assert main(["init", "--yes"], {}) == 2

    assert what in capsys.readouterr().err
    assert not (clone / ".gitwarrant").exists()


@pytest.mark.parametrize(
    ("owner", "name"),
    [("@ada", "ada"), ("@shop/platform", "platform"), ("ada+x@example.com", "ada-x"), ("@-odd-", "odd-")],
)
def test_owners_have_one_name_here(owner: str, name: str) -> None:
    assert owner_name(owner) == name


def test_doctor_says_ready_when_git_and_ssh_are_here(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--output", "json"], {}) == 0

    told = json.loads(capsys.readouterr().out)
    states = {line["what"]: line["state"] for line in told["lines"]}
    assert told["ready"] is True
    assert (states["git"], states["ssh-keygen"], states["SSH keys"]) == ("ok", "ok", "ok")
    assert states["agent configuration"] == "optional"


def test_doctor_misses_git_where_there_is_none(
    clone: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(clone))

    assert main(["doctor"], {}) == 1

    assert "missing   git                    not found\n" in capsys.readouterr().out
