"""`gitwarrant warrant`: what people and programs are told, and with which exit status."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gitwarrant.cli.main import main
from gitwarrant.demo.story import judged, open_shop
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.pipeline.warranting import passed_plan, warrant_for
from gitwarrant.trust.file_signer import FileSigner

CLUSTER = "5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e"
WEB = "Deployment.apps/shop-production/web"


@dataclass(frozen=True, slots=True)
class Place:
    """An agent's configuration whose log holds two warrants of production, and its public key."""

    folder: Path
    config: Path
    log: Path
    public: Path
    key: FileSigner


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("warrants")
    shop = open_shop(folder / "shop")
    agent = shop.agent({"uid": CLUSTER}, state="agent")
    with open_delivery(agent, lambda: datetime.now(UTC)) as work:
        judgement = judged(work, "production")
        for _ in range(2):
            warrant_for(work, judgement, passed_plan(judgement), CLUSTER)
    key = FileSigner.load(folder / "shop" / "warrant.key")
    (folder / "warrant.pub").write_bytes(key.public_pem)
    (folder / "other.pub").write_bytes(FileSigner.generate(folder / "other.key").public_pem)
    return Place(folder, shop.agent_file("agent"), agent.log, folder / "warrant.pub", key)


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def ask(place: Place, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run the command with the agent's configuration; `bare` without one."""

    def run(*arguments: str, bare: bool = False) -> Said:
        config = [] if bare else ["--config", str(place.config)]
        status = main(["warrant", *arguments, *config], {})
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return run


def neutral(text: str) -> str:
    """Text without what differs from run to run."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text)
    text = re.sub(r"\b[0-9a-f]{40}\b", "COMMIT", text)
    text = re.sub(r"sha256:[0-9a-f]{12}\b", "sha256:SHORT", text)
    text = re.sub(r"\b[0-9a-f]{16}\b", "KEY", text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "TIME", text)


def test_a_warrant_is_shown_in_words(ask: Callable[..., Said]) -> None:
    """All of it, object by object; read from the log, not verified."""
    said = ask("show", "production", "--sequence", "2")

    assert (said.status, said.err) == (0, "")
    assert (
        neutral(said.out)
        == """\
warrant 2 of production
  revision   COMMIT of shop-environments, refs/heads/main
  cluster    5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e
  in force   TIME to TIME
  signed by  DIGEST
  digest     sha256:DIGEST
  previous   sha256:DIGEST
  levels     SLSA_SOURCE_LEVEL_1, GITWARRANT_AUTHORSHIP_PROVEN, GITWARRANT_CHECKS_PASSED
  authorship sha256:DIGEST
  checks     sha256:DIGEST
  plan       sha256:DIGEST
  policy     sha256:DIGEST
  objects    6 apply
    apply ConfigMap shop-production/database sha256:SHORT
    apply Namespace shop-production sha256:SHORT
    apply Service shop-production/database sha256:SHORT
    apply Service shop-production/web sha256:SHORT
    apply Deployment.apps shop-production/web sha256:SHORT
    apply StatefulSet.apps shop-production/database sha256:SHORT
"""
    )


def test_the_newest_of_each_environment_is_shown_without_its_objects(ask: Callable[..., Said]) -> None:
    said = ask("show")

    assert said.out.startswith("warrant 2 of production\n")
    assert "  objects    6 apply\n" in said.out
    assert "Deployment" not in said.out


def test_a_warrant_is_shown_to_programs(ask: Callable[..., Said], place: Place) -> None:
    [shown] = ask("show", "production", "--output", "json").data

    assert sorted(shown) == ["digest", "leaves", "levels", "record", "signed_by", "time", "warrant"]
    assert shown["signed_by"] == [place.key.keyid]
    assert (shown["warrant"]["sequence"], len(shown["leaves"])) == (2, 6)


def test_a_warrant_of_the_log_is_verified_with_the_one_before_it(ask: Callable[..., Said]) -> None:
    """By the keys of the agent's configuration."""
    said = ask("verify", "production")

    assert (said.status, said.err) == (0, "")
    assert (
        neutral(said.out)
        == """\
verified: warrant 2 of production
  revision   COMMIT of shop-environments, refs/heads/main
  cluster    5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e
  in force   TIME to TIME
  signed by  DIGEST
  objects    6 apply, as the warrant names them
  previous   follows warrant 1
"""
    )
    assert "2 warrants follow one another, from number 1 on" in ask("verify", "production", "--chain").out
    assert "none, it is the first" in ask("verify", "production", "--sequence", "1").out


def test_an_exported_warrant_is_verified_offline_by_a_public_key(
    ask: Callable[..., Said], place: Place, tmp_path: Path
) -> None:
    """Without a log and a configuration; with the envelope of the one before, and one object proven."""
    for number, name in (("1", "one"), ("2", "two")):
        out = str(tmp_path / name)
        written = ask("export", "production", "--sequence", number, "--out", out, "--object", WEB)
        assert written.status == 0
    two, one = tmp_path / "two", tmp_path / "one" / "warrant.dsse.json"
    keyid = place.key.keyid[:16]
    assert sorted(str(path.relative_to(two)) for path in two.rglob("*") if path.is_file()) == sorted(
        [
            "README.md",
            "leaves.json",
            f"{keyid}.pub",
            "proofs/Deployment.apps.shop-production.web.json",
            "warrant.dsse.json",
            f"warrant.{keyid}.sigstore.json",
        ]
    )

    said = ask(
        *("verify", f"{two}/", "--key", str(place.public), "--previous", str(one), "--object", WEB), bare=True
    )

    assert (said.status, said.err) == (0, "")
    assert neutral(said.out).splitlines()[-3:] == [
        "  objects    6 apply, as the warrant names them",
        "  previous   follows warrant 1",
        "  object     apply Deployment.apps shop-production/web sha256:SHORT, proven by 2 hashes",
    ]


def test_a_proof_replaces_the_list_of_all_objects(
    ask: Callable[..., Said], place: Place, tmp_path: Path
) -> None:
    """Who is shown one object need not be shown the others; what was not at hand is said."""
    ask("export", "production", "--out", str(tmp_path / "out"), "--object", WEB)
    (tmp_path / "out" / "leaves.json").unlink()
    [proof] = (tmp_path / "out" / "proofs").iterdir()

    said = ask("verify", f"{tmp_path}/out", "--key", str(place.public), "--proof", str(proof), bare=True)
    told = ask(
        *("verify", f"{tmp_path}/out", "--key", str(place.public), "--proof", str(proof), "--output", "json"),
        bare=True,
    ).data

    assert neutral(said.out).splitlines()[-3:] == [
        "  objects    not judged: their list is not at hand (--leaves)",
        "  previous   not judged: warrant 1 is not at hand (--previous)",
        "  object     apply Deployment.apps shop-production/web sha256:SHORT, proven by 2 hashes",
    ]
    assert (told["verified"], told["leaves"], told["follows"], told["chain"]) == (True, None, None, None)
    assert [one["leaf"]["name"] for one in told["proofs"]] == ["web"]


def untouched(out: Path) -> None:
    """What was exported stays as it is."""


def changed(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


@pytest.fixture
def files(ask: Callable[..., Said], place: Place, tmp_path: Path) -> Mapping[str, str]:
    """An exported warrant, and the names by which the rows below mean its files."""
    out = tmp_path / "out"
    ask("export", "production", "--out", str(out), "--object", WEB)
    return {
        "OUT": str(out),
        "warrant.pub": str(place.public),
        "other.pub": str(place.folder / "other.pub"),
        "SAME": str(out / "warrant.dsse.json"),
        "PROOF": str(next((out / "proofs").iterdir())),
    }


@pytest.mark.parametrize(
    ("attack", "options", "said"),
    [
        pytest.param(untouched, ["--key", "other.pub"], "it names key 'KEY', not 'KEY'", id="other key"),
        pytest.param(
            lambda out: changed(out / "warrant.dsse.json", b'"sig":"ME', b'"sig":"MF'),
            ["--key", "warrant.pub"],
            "its signature was not made over it by the warrant key 'KEY'",
            id="another signature",
        ),
        pytest.param(
            lambda out: changed(out / "leaves.json", b'"web"', b'"wob"'),
            ["--key", "warrant.pub"],
            "it names other leaves than the ones at hand: something was added, changed or left out",
            id="other leaves",
        ),
        pytest.param(
            lambda out: (out / "leaves.json").write_text("{}"),
            ["--key", "warrant.pub"],
            "its leaves cannot be read: not a LeafList: expected a LeafList",
            id="leaves that are none",
        ),
        pytest.param(
            untouched,
            ["--key", "warrant.pub", "--signatures", "2"],
            "it has 1 signature(s) of 2 that are needed",
            id="a signature too few",
        ),
        pytest.param(
            untouched,
            ["--key", "warrant.pub", "--object", "Secret/shop/password"],
            "no leaf of it is about 'Secret/shop/password', so it allows nothing about that object",
            id="an object it does not cover",
        ),
        pytest.param(
            untouched,
            ["--key", "warrant.pub", "--previous", "SAME"],
            "it has number 2, the one before it 2",
            id="another one before it",
        ),
        pytest.param(
            lambda out: changed(next((out / "proofs").iterdir()), b'"web"', b'"wob"'),
            ["--key", "warrant.pub", "--proof", "PROOF"],
            "the proof of Deployment.apps shop-production/wob does not lead to the root of its leaves",
            id="a proof of something else",
        ),
    ],
)
def test_what_is_not_a_valid_warrant_is_refused(
    ask: Callable[..., Said],
    files: Mapping[str, str],
    attack: Callable[[Path], object],
    options: list[str],
    said: str,
) -> None:
    """Exit status 1, the reason, and a remedy; as JSON too."""
    attack(Path(files["OUT"]))
    arguments = ["verify", files["OUT"], *(files.get(option, option) for option in options)]

    refused = ask(*arguments, bare=True)
    as_json = ask(*arguments, "--output", "json", bare=True)

    first, second = neutral(refused.err).splitlines()
    assert (refused.status, refused.out) == (1, "")
    assert first == f"refused by verification: not a valid warrant: {said}"
    assert second.startswith("  remedy: ")
    assert (as_json.status, as_json.data["error"]["stage"]) == (1, "verification")


def test_an_envelope_that_is_none_is_refused(ask: Callable[..., Said], place: Place, tmp_path: Path) -> None:
    file = tmp_path / "envelope.json"
    file.write_text("{}")

    said = ask("verify", str(file), "--key", str(place.public), bare=True)

    assert (said.status, said.err.splitlines()[0]) == (
        1,
        "refused by verification: not an envelope: expected an object with payload, payloadType, signatures",
    )


def test_a_revoked_key_no_longer_counts(ask: Callable[..., Said], place: Place) -> None:
    """As the configuration says, or the one who asks."""
    text = place.config.read_text()
    config = place.folder / "revoked.yaml"
    config.write_text(text.replace("warrant:\n", f'warrant:\n  revoked_keys: ["{place.key.keyid}"]\n'))

    by_option = ask("verify", "production", "--revoked", place.key.keyid)
    by_configuration = ask("verify", "production", "--config", str(config), bare=True)

    for said in (by_option, by_configuration):
        assert (said.status, neutral(said.err).splitlines()[0]) == (
            1,
            "refused by verification: not a valid warrant: it is signed by key 'KEY', which is revoked here",
        )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["show", "staging"], "the log has no warrant of 'staging'", id="no such environment"),
        pytest.param(
            ["show", "production", "--sequence", "9"], "the log has no warrant 9 of", id="no number"
        ),
        pytest.param(["export", "production", "--out", "."], "the folder . is not empty", id="a full folder"),
        pytest.param(["verify", "./none.json"], "No such file or directory: none.json", id="no file"),
        pytest.param(
            ["verify", "production", "--signatures", "0"],
            "at least one signature is needed",
            id="no signature",
        ),
        pytest.param(["verify", "production", "--key", "pyproject.toml"], "holds no public key", id="no key"),
        pytest.param(
            ["verify", "production", "--object", "a/b/c/d"], "'a/b/c/d' names no object", id="no object"
        ),
    ],
)
def test_what_cannot_be_asked_says_why(ask: Callable[..., Said], arguments: list[str], said: str) -> None:
    """Exit status 2."""
    answer = ask(*arguments)

    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert "remedy: " in answer.err
