"""A tag that a person names is judged before they sign; real clones, real git, whole commands."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.chain import POLICY
from tests.support.deployers import Deployer, Said, config_map, open_deployer

from gitwarrant.demo.forge import Person, run_git
from gitwarrant.git.clone import Clone, CloneError
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.pipeline.local import look
from gitwarrant.pipeline.revisions import SEEN_TAGS, Named, forget, named, revision
from gitwarrant.trust.identities import Registry

COMMANDS = [
    "plan staging --base {}",
    "plan staging {}",
    "verify {}",
    "verify --base {}",
    "approvals {}",
    "approvals --base {}",
    "approve {} --dry-run",
    "approve --base {} --dry-run",
    "propose {} --dry-run",
    "blocked staging --base {}",
    "trust explain {}",
    "trust checkpoint {} --dry-run",
    "break-glass staging {} --incident 1 --reason x --dry-run",
]
"""Every command that takes a revision."""


@dataclass(frozen=True)
class Shop:
    """A clone with a branch ahead of its server, at which people tag."""

    deployer: Deployer

    @property
    def path(self) -> Path:
        return self.deployer.forge.clone

    def git(self, *arguments: str, by: Person | None = None) -> str:
        return run_git(self.path, *arguments, person=by)

    def tag(self, name: str, at: str = "HEAD", *how: str, by: Person | None = None) -> str:
        """Tag as git does, over what is there; `-s` signs. The id that the ref leads to."""
        self.git("tag", "--force", *how, name, at, by=by or self.deployer.ada)
        return self.git("rev-parse", f"refs/tags/{name}")

    def sign(self, name: str, at: str = "HEAD", *, by: Person | None = None) -> str:
        return self.tag(name, at, "-s", "-m", "Released", by=by)

    def named(self, name: str) -> Named:
        """What a name means, by a clone that is opened anew."""
        clone, now = Clone.around(self.path), datetime.now(UTC)
        return revision(look(clone, self.deployer.agent(), now=now), name, now=now)

    def refusal(self, name: str) -> str:
        with pytest.raises(Refused) as caught:
            self.named(name)
        assert caught.value.remedy
        return caught.value.what

    def say(self, *arguments: str) -> Said:
        return self.deployer.here(*arguments)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    deployer = open_deployer(tmp_path, environments=["staging"])
    run_git(deployer.forge.clone, "fetch", "-q", "origin")
    deployer.land({"staging/web.yaml": config_map("web", mode="next")})
    run_git(deployer.forge.clone, "config", "user.signingkey", str(deployer.ada.key))
    monkeypatch.chdir(deployer.forge.clone)
    return Shop(deployer)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        pytest.param("v1", "", id="its name"),
        pytest.param("refs/tags/v1", "", id="its full name"),
        pytest.param("tags/v1", "", id="half of it"),
        pytest.param("v1~1", "~1", id="a commit before it"),
        pytest.param("v1^{commit}", "", id="its commit"),
    ],
)
def test_a_tag_of_somebody_here_means_its_commit(shop: Shop, name: str, steps: str) -> None:
    shop.sign("v1")

    assert shop.named(name) == Named(Clone(shop.path).commit(f"HEAD{steps}"))


@pytest.mark.parametrize("name", ["HEAD", "main", "origin/main", "HEAD~1", "@", "refs/heads/main"])
def test_what_is_no_tag_means_what_git_says(shop: Shop, name: str) -> None:
    assert shop.named(name) == Named(Clone(shop.path).commit(name))


def test_nobody_vouches_for_a_tag_without_signature(shop: Shop) -> None:
    """It passes, and whoever is about to sign is told, on standard error."""
    head = Clone(shop.path).commit()
    shop.tag("light")
    shop.tag("plain", "HEAD", "-a", "-m", "Released")

    light = f"nobody vouches for refs/tags/light: it is no signed tag, only a name for {head[:12]}"
    plain = f"nobody vouches for refs/tags/plain: it is unsigned; it leads to {head[:12]}"
    assert shop.named("light") == Named(head, light)
    assert shop.named("plain") == Named(head, plain)
    assert shop.say("verify", "light", "--base", "plain").err.splitlines() == [plain, light]


@pytest.mark.parametrize("signed", ["signed", "annotated", "lightweight"])
def test_a_tag_that_moved_since_it_was_used_is_refused_until_it_is_forgotten(shop: Shop, signed: str) -> None:
    how = {"signed": ["-s", "-m", "x"], "annotated": ["-a", "-m", "x"], "lightweight": []}[signed]
    old = shop.tag("v1", "HEAD~1", *how)
    shop.named("v1")
    new = shop.tag("v1", "HEAD", *how)

    moved = shop.say("verify", "v1")
    forgotten = shop.deployer.bare("trust", "forget-tag", "v1")

    assert moved.status == 1
    assert moved.err.splitlines()[0] == (
        f"refused by verify: refs/tags/v1 was moved: it led to {old[:12]}, now to {new[:12]}"
    )
    assert "if it was moved on purpose: gitwarrant trust forget-tag v1" in moved.err
    assert (forgotten.status, forgotten.out) == (
        0,
        f"forgot that refs/tags/v1 led to {old[:12]}; where it leads at its next use is remembered\n",
    )
    assert shop.named("v1").commit == Clone(shop.path).commit()


def test_a_tag_that_is_refused_is_not_remembered(shop: Shop) -> None:
    """Else one look at a false tag would make the true one look moved."""
    shop.sign("v1", by=shop.deployer.mallory)
    assert "a key that nobody here owns" in shop.refusal("v1")
    shop.sign("v1")

    assert shop.named("v1").note == ""


def test_there_is_nothing_to_forget_of_a_tag_that_was_never_used(shop: Shop) -> None:
    shop.tag("v1")

    with pytest.raises(GitwarrantError, match="this clone remembers no tag refs/tags/v1"):
        forget(Clone(shop.path), "v1")


def test_a_renamed_tag_is_refused_though_nobody_signed_it(shop: Shop) -> None:
    shop.git("update-ref", "refs/tags/v2", shop.tag("v1", "HEAD", "-a", "-m", "x"))

    assert shop.refusal("v2") == "refs/tags/v2 leads to the tag 'v1'"


def test_a_tag_of_a_tag_is_refused(shop: Shop) -> None:
    inner = shop.sign("inner")
    shop.sign("outer", "refs/tags/inner")

    assert shop.refusal("outer").endswith("is malformed: it is not of a commit")
    assert shop.git("rev-parse", "outer^{}~0") == shop.git("rev-parse", f"{inner}^{{commit}}")


def test_where_a_tag_led_before_is_refused(shop: Shop) -> None:
    shop.git("config", "core.logAllRefUpdates", "always")
    shop.sign("v1", "HEAD~1")
    shop.sign("v1", "HEAD")

    assert shop.refusal("v1@{1}") == "v1@{1} means where a tag led before"


@pytest.mark.parametrize(
    ("tag", "name", "other"),
    [
        pytest.param("main", "main", "refs/heads/main", id="a branch"),
        pytest.param("main", "main~0", "refs/heads/main", id="a branch, with steps"),
        pytest.param("origin/main", "origin/main", "refs/remotes/origin/main", id="a branch of the server"),
        pytest.param("heads/main", "heads/main", "refs/heads/main", id="half a full name"),
        pytest.param("FETCH_HEAD", "FETCH_HEAD", "", id="what git keeps for itself"),
    ],
)
def test_a_name_that_may_mean_a_tag_or_something_else_is_refused(
    shop: Shop, tag: str, name: str, other: str
) -> None:
    """Written in full, each means one thing."""
    shop.git("fetch", "-q", "origin", "main")
    shop.tag(tag, "HEAD~1")

    with pytest.raises(CloneError, match="means several commits"):
        shop.named(name)
    assert shop.named(f"refs/tags/{tag}").commit == Clone(shop.path).tip(f"refs/tags/{tag}")
    if other.startswith("refs/"):
        assert shop.named(other) == Named(Clone(shop.path).tip(other))


def test_a_tag_that_is_called_as_an_id_in_full_is_not_read(shop: Shop) -> None:
    head = Clone(shop.path).commit()
    shop.git("update-ref", f"refs/tags/{head}", "HEAD~1")

    assert shop.named(head) == Named(head)


def test_a_key_that_was_revoked_by_statement_makes_no_tag(shop: Shop) -> None:
    shop.sign("v1")
    revoke = ["trust", "revoke", "ada", "--key", str(shop.deployer.ada.key), "--reason", "lost", "--yes"]
    assert shop.say(*revoke).status == 0

    assert "a key that was revoked" in shop.refusal("v1")


@pytest.mark.parametrize("name", ["none", "none~1", "-n", "a..b", ":/x", "v1^{tree}", "", "~", "\x00", "*"])
def test_what_means_no_commit_is_an_error_of_ours(shop: Shop, name: str) -> None:
    shop.tag("v1")

    with pytest.raises(CloneError):
        shop.named(name)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=20) | st.text("v1~^@{}:/.-0HEADtagsrf", max_size=12))
def test_any_text_means_a_commit_or_is_an_error_of_ours(shop: Shop, name: str) -> None:
    clone = Clone(shop.path)
    shop.tag("v1")

    with suppress(GitwarrantError):
        found = named(clone, clone.reading(), Registry(POLICY, ()), name, now=datetime.now(UTC))
        assert clone.reading().contains(clone.commit(), found.commit)


def test_a_memory_that_cannot_be_used_is_refused(shop: Shop) -> None:
    """Whether the tag was moved cannot be judged then."""
    shop.tag("v1")
    (Clone(shop.path).git_folder / SEEN_TAGS).mkdir(parents=True)

    with pytest.raises(GitwarrantError, match="what this clone remembers of tags cannot be used"):
        shop.named("v1")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_with_a_revision_refuses_a_tag_that_lies(shop: Shop, command: str) -> None:
    shop.git("update-ref", "refs/tags/v2", shop.sign("v1"))

    said = shop.say(*command.format("v2").split())

    assert said.status == 1
    assert "refused by verify: refs/tags/v2 leads to the tag 'v1'" in said.err


def test_a_checkpoint_by_a_tag_needs_rules_that_say_who_may_tag(shop: Shop) -> None:
    """Where the clone proves none, a holder looks himself, and names the commit."""
    shop.sign("v1")
    signing = ["--unproven", "--key", str(shop.deployer.grace.key), "--yes", "--no-push"]
    del shop.deployer.settings["root"]["trusted_at"]

    by_tag = shop.say("trust", "checkpoint", "v1", *signing)
    by_id = shop.say("trust", "checkpoint", shop.git("rev-parse", "HEAD"), *signing)
    proven = shop.say("trust", "checkpoint", "v1", *signing)

    assert by_tag.err.splitlines()[0] == (
        "refused by verify: refs/tags/v1 is a tag, and nothing proves here who may sign one"
    )
    assert (by_tag.status, by_id.status, proven.status) == (1, 0, 0)
