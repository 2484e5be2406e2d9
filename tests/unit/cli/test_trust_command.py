"""`gitwarrant trust`, called as people call it in their clones."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.deployers import Deployer, Said, config_map, open_deployer, trust_file

from gitwarrant.audit.witness import FolderWitness
from gitwarrant.demo.forge import Person, make_person, run_git
from gitwarrant.model.errors import Refused
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.candidates import advance_trust, candidate, examine
from gitwarrant.pipeline.delivery import open_delivery
from gitwarrant.trust import written
from gitwarrant.trust.proven import Proven
from gitwarrant.trust.sshsig import examine as prove

REPOSITORY = "shop-environments"


@dataclass
class Desk:
    """A clone at which people take turns."""

    deployer: Deployer
    clone: Path

    def say(self, *arguments: str, by: Person | None = None) -> Said:
        signing = ["--key", str(by.key), "--yes"] if by else []
        return self.deployer.here("trust", *arguments, *signing)

    def data(self, *arguments: str, by: Person | None = None) -> dict[str, Any]:
        said = self.say(*arguments, "--output", "json", by=by)
        assert said.status == 0, said.err
        found: dict[str, Any] = json.loads(said.out)
        return found

    def head(self) -> str:
        return run_git(self.clone, "rev-parse", "HEAD")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    deployer = open_deployer(tmp_path, environments=["staging"])
    run_git(deployer.forge.clone, "fetch", "-q", "origin")
    monkeypatch.chdir(deployer.forge.clone)
    return Desk(deployer, deployer.forge.clone)


@pytest.fixture
def dora(desk: Desk) -> Person:
    return make_person(desk.deployer.folder / "keys", "dora")


def test_show_tells_roots_rules_people_and_what_waits(desk: Desk, dora: Person) -> None:
    proposal = ["--add", f"dora={dora.key}.pub", "--threshold", "2"]
    desk.say("rotate", *proposal, by=desk.deployer.grace)

    said = desk.say("show")

    lines = said.out.splitlines()
    assert lines[0] == "roots      version 1; 1 of 1 holder must sign"
    assert lines[1].startswith("           grace            SHA256:")
    assert lines[2].startswith("rules      version 1, until ")
    assert lines[3] == f"trusted    refs/heads/main at {desk.head()[:12]}"
    assert "           ada              person  (shop-team)" in lines
    assert "fresh      not asked: no heartbeats are configured" in lines
    assert lines[-1].endswith(" are not in force: 1 more of the new root holders (dora)")


def test_show_tells_programs_the_same(desk: Desk) -> None:
    found = desk.data("show")

    ada, grace = found["people"]
    assert (ada["name"], ada["kind"], ada["teams"]) == ("ada", "person", ["shop-team"])
    assert [key["state"] for key in ada["keys"]] == ["valid"]
    assert found["roots"]["keys"][0]["fingerprint"] == grace["keys"][0]["fingerprint"]
    assert found["trusted"] == {
        "ref": "refs/heads/main",
        "commit": desk.head(),
        "since": None,
        "begins": desk.deployer.trusted_at,
    }
    assert found["pending"] == []


def test_show_of_the_agent_tells_since_when(desk: Desk) -> None:
    assert "has not looked at the repository yet" in desk.say("show", "--agent").err
    tip = desk.deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    with open_delivery(desk.deployer.agent(), lambda: datetime.now(UTC)) as work:
        advance_trust(work)

    found = desk.data("show", "--agent")

    [record] = desk.deployer.records(RecordKind.TRUST_ADVANCED)
    assert found["trusted"]["commit"] == tip
    assert datetime.fromisoformat(found["trusted"]["since"]) == record.time


def test_show_knows_stale_hearts(desk: Desk) -> None:
    desk.deployer.heart()

    assert "not fresh  tower: it left no heartbeat on the server" in desk.say("show").out


def test_a_rotation_is_proposed_listed_and_signed(desk: Desk, dora: Person) -> None:
    grace = desk.deployer.grace
    proposed = desk.data("rotate", "--add", f"dora={dora.key}.pub", "--remove", "grace", by=grace)
    assert proposed["missing"].endswith("not in force: 1 more of the new root holders (dora)")

    [pending] = desk.data("rotate")["pending"]
    assert (pending["digest"], pending["signed"]) == (proposed["digest"], ["grace"])

    signed = desk.say("rotate", "--sign", proposed["digest"][7:15], by=dora)
    assert "root keys version 2 are in force" in signed.out
    assert "gitwarrant trust checkpoint" in signed.out
    assert "nothing is proposed" in desk.say("rotate").out
    with open_delivery(desk.deployer.agent(), lambda: datetime.now(UTC)) as work:
        assert [key.holder for key in advance_trust(work)[1].root.keys] == ["dora"]


def test_a_rotation_shows_what_it_changes_before_it_is_signed(desk: Desk, dora: Person) -> None:
    said = desk.say(
        "rotate", "--add", f"dora={dora.key}.pub", "--threshold", "2", "--dry-run", by=desk.deployer.grace
    )

    lines = said.out.splitlines()
    assert lines[0] == "root keys version 1 become version 2:"
    assert lines[1].startswith("  + dora             SHA256:")
    assert lines[2].startswith("    grace            SHA256:")
    assert lines[3:5] == ["  ~ threshold 1 becomes 2", "nothing was signed"]


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        pytest.param(["--remove", "nobody"], "nobody: no such root holder", id="no such holder"),
        pytest.param(["--remove", "grace"], "could never be in force", id="nobody left"),
        pytest.param(["--threshold", "1"], "that changes nothing", id="no change"),
        pytest.param(["--threshold", "2"], "could never be in force", id="too few holders"),
        pytest.param(["--add", "dora"], "'dora' is not HOLDER=KEY", id="no key"),
        pytest.param(["--add", "dora=missing.pub"], "there is no public key in missing.pub", id="no file"),
        pytest.param(["--sign", "abcd"], "'abcd' names no proposal", id="no proposal"),
    ],
)
def test_a_rotation_that_makes_no_sense(desk: Desk, arguments: Sequence[str], what: str) -> None:
    said = desk.say("rotate", *arguments, by=desk.deployer.grace)

    assert (said.status, what in said.err) == (2, True), said.err


def test_only_root_holders_rotate(desk: Desk, dora: Person) -> None:
    said = desk.say("rotate", "--add", f"dora={dora.key}.pub", by=desk.deployer.ada)

    assert said.status == 2
    assert "is no root key" in said.err


def test_a_checkpoint_is_where_clones_begin(desk: Desk) -> None:
    tip = desk.deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    run_git(desk.clone, "fetch", "-q", "origin")

    said = desk.say("checkpoint", by=desk.deployer.grace)

    assert "it counts: clones and new agents may begin there" in said.out
    assert desk.data("show")["trusted"]["begins"] == tip


def test_a_checkpoint_says_who_else_must_sign(desk: Desk, dora: Person) -> None:
    desk.deployer.settings["root"]["keys"].append({"holder": "dora", "public": dora.public})
    desk.deployer.settings["root"]["threshold"] = 2

    first = desk.data("checkpoint", by=desk.deployer.grace)
    second = desk.data("checkpoint", by=dora)

    assert first["missing"].endswith("1 more of the present root holders (dora)")
    assert second["missing"] == ""


def test_a_checkpoint_is_not_signed_over_what_is_not_proven(desk: Desk) -> None:
    desk.deployer.land({".gitwarrant/note.txt": "rules changed by nobody"}, by="ada")
    run_git(desk.clone, "fetch", "-q", "origin")

    refused = desk.say("checkpoint", by=desk.deployer.grace)
    vouched = desk.say("checkpoint", "--unproven", by=desk.deployer.grace)

    assert refused.status == 1
    assert "cannot prove the way to" in refused.err
    assert vouched.status == 0


def test_a_checkpoint_of_a_side_branch_is_not_signed(desk: Desk) -> None:
    desk.deployer.write({"staging/web.yaml": config_map("web", mode="side")})
    side = desk.deployer.forge.commit(desk.deployer.grace, "A side branch")

    said = desk.say("checkpoint", side, by=desk.deployer.grace)

    assert said.status == 2
    assert "is not on the first-parent line of refs/heads/main" in said.err


def judged(desk: Desk) -> None:
    """What the agent says of the environment; the first refusal is raised."""
    with open_delivery(desk.deployer.agent(), lambda: datetime.now(UTC)) as work:
        for refusal in examine(work, candidate(work, "staging")).refusals:
            raise refusal


def test_a_revoked_key_signs_no_more(desk: Desk) -> None:
    tip = desk.deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    run_git(desk.clone, "fetch", "-q", "origin")

    found = desk.data("revoke", "ada", "--reason", "laptop lost", by=desk.deployer.grace)

    assert found["landings"] == [tip]
    assert found["statement"]["reason"] == "laptop lost"
    with pytest.raises(Refused, match="was revoked"):
        judged(desk)
    assert [key["state"] for key in desk.data("show")["people"][0]["keys"]] == ["unfit"]


def test_a_revocation_since_a_moment_leaves_what_was_seen_before(desk: Desk) -> None:
    desk.deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    judged(desk)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    desk.data("revoke", "ada", "--compromised-since", later, by=desk.deployer.ada)

    judged(desk)


@pytest.mark.parametrize(
    ("who", "by", "what"),
    [
        pytest.param("grace", "ada", "ada may not revoke a key of grace", id="somebody else's"),
        pytest.param("nobody", "grace", "nobody here has the key 'nobody'", id="unknown"),
    ],
)
def test_a_revocation_that_would_not_count(desk: Desk, who: str, by: str, what: str) -> None:
    said = desk.say("revoke", who, by=getattr(desk.deployer, by))

    assert (said.status, what in said.err) == (2, True), said.err


def approval(desk: Desk) -> str:
    """The digest of an approval of grace's."""
    before = desk.head()
    desk.deployer.approve(before, desk.deployer.land({"staging/web.yaml": config_map("web", mode="next")}))
    run_git(desk.clone, "fetch", "-q", "origin")
    [ref] = run_git(desk.clone, "for-each-ref", "--format=%(refname)", "refs/gitwarrant/statements").split()
    return ref.rpartition("/")[2]


def test_a_statement_is_withdrawn_by_its_first_digits(desk: Desk) -> None:
    digest = approval(desk)

    [done] = desk.data("withdraw", digest[:8], "--reason", "the wrong diff", by=desk.deployer.grace)[
        "withdrawn"
    ]

    assert done["statement"]["statement"] == f"sha256:{digest}"
    assert done["pushed"]


def test_all_of_mine_are_withdrawn_once(desk: Desk) -> None:
    approval(desk)

    first = desk.data("withdraw", "--mine", by=desk.deployer.grace)["withdrawn"]
    again = desk.data("withdraw", "--mine", by=desk.deployer.grace)["withdrawn"]
    others = desk.data("withdraw", "--mine", by=desk.deployer.ada)["withdrawn"]

    assert (len(first), again, others) == (1, [], [])


@pytest.mark.parametrize("arguments", [[], ["abcd", "--mine"], ["abcd"], ["ab"]])
def test_a_withdrawal_of_nothing(desk: Desk, arguments: Sequence[str]) -> None:
    assert desk.say("withdraw", *arguments, by=desk.deployer.grace).status == 2


def test_what_is_pushed_is_posted_to_the_witness(desk: Desk) -> None:
    folder = desk.deployer.folder / "witness"
    folder.mkdir()
    run_git(desk.clone, "config", "gitwarrant.witness", f"folder:{folder}")

    done = desk.data("checkpoint", by=desk.deployer.grace)

    [posted] = FolderWitness(folder).posted(REPOSITORY)
    assert posted.digest == "sha256:" + done["ref"].rpartition("/")[2]


def test_a_witness_that_is_gone_is_said_and_stops_nothing(desk: Desk) -> None:
    desk.deployer.settings["witness"] = {"folder": str(desk.deployer.folder / "gone")}

    said = desk.say("checkpoint", by=desk.deployer.grace)

    assert said.status == 0
    assert "not posted to the witness: the witness folder" in said.err


def test_a_key_is_written_into_the_work_tree_and_lands(desk: Desk, dora: Person) -> None:
    """ada signs with her new key once grace, the root holder, has landed it."""
    deployer = desk.deployer
    asked = ["add-key", "ada", f"{dora.key}.pub", "--until", "2030-01-01", "--output", "json"]
    found = json.loads(deployer.bare("trust", *asked).out)
    assert (found["identity"], found["version"]) == ("ada", 2)

    deployer.land({}, by="grace")
    run_git(desk.clone, "fetch", "-q", "origin")

    keys = desk.data("show")["people"][0]["keys"]
    assert [(key["state"], key["why"]) for key in keys] == [("valid", ""), ("valid", "until 2030-01-02")]


def test_doctor_says_until_when_the_rules_hold(desk: Desk) -> None:
    """Below thirty days it says so."""
    soon = datetime.now(UTC).date() + timedelta(days=20)
    desk.deployer.land({".gitwarrant/trust.yaml": trust_file(2, soon)}, by="grace")
    assert "rules  " not in desk.deployer.here("doctor").out
    with open_delivery(desk.deployer.agent(), lambda: datetime.now(UTC)) as work:
        advance_trust(work)

    [line] = [text for text in desk.deployer.here("doctor").out.splitlines() if " rules  " in text]

    assert line.split() == ["optional", "rules", "until", str(soon + timedelta(days=1)), "00:00"]


def test_a_clone_checks_no_signature_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `plan` proved, the next `plan` and `verify` know; only the owner can read or write it."""
    for mode in ("one", "two", "three"):
        desk.deployer.land({"staging/web.yaml": config_map("web", mode=mode)})
    run_git(desk.clone, "fetch", "-q", "origin")
    checked: list[bytes] = []

    def counting(signature: bytes, message: bytes, namespace: str) -> Proven:
        checked.append(signature)
        return prove(signature, message, namespace)

    monkeypatch.setattr(written, "examine", counting)
    asked = ["plan", "staging", "--base", desk.deployer.trusted_at]

    assert desk.deployer.here(*asked).status == 0
    assert len(checked) == 3
    assert desk.deployer.here(*asked).status == 0
    assert len(checked) == 3
    folder = desk.clone / ".git" / "gitwarrant"
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "verdicts")] == [0o700, 0o700]
