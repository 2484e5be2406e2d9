"""A warrant key that was lost, stolen, or joined by a second one: what was signed before no longer acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from gitwarrant.audit.queries import warrants
from gitwarrant.config.agent import Agent, WarrantSettings
from gitwarrant.config.signers import FileKey
from gitwarrant.demo.story import Shop, judged, open_shop
from gitwarrant.model.errors import Refused
from gitwarrant.model.warrant import WarrantBundle
from gitwarrant.pipeline.delivery import Delivery, open_delivery
from gitwarrant.pipeline.question import Judgement
from gitwarrant.pipeline.warranting import (
    download_location,
    in_force,
    passed_plan,
    signers,
    warrant_for,
    warrant_keys,
)
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.signer import UnusableKey
from gitwarrant.trust.warrant import admit, check_follows, open_warrant
from gitwarrant.trust.warrant_keys import WarrantKeys

CLUSTER = "5a3c0c9e-8f5b-4c8e-9d0e-1f2a3b4c5d6e"


@dataclass(frozen=True, slots=True)
class Authority:
    """An agent that issues warrants for production, without a cluster."""

    work: Delivery
    judgement: Judgement

    def configured(self, settings: WarrantSettings) -> "Authority":
        """The same agent, started anew with other settings."""
        agent = replace(self.work.agent, warrant=settings)
        return Authority(replace(self.work, agent=agent), self.judgement)

    def issue(self) -> WarrantBundle:
        return warrant_for(self.work, self.judgement, passed_plan(self.judgement), CLUSTER)

    def standing(self) -> WarrantBundle | None:
        return in_force(self.work, passed_plan(self.judgement), CLUSTER)

    def admits(self, bundle: WarrantBundle) -> int:
        """The number of a warrant, as the applier with these settings admits it."""
        keys = warrant_keys(self.work.agent.warrant)
        now = self.work.now()
        return admit(bundle, keys, cluster=CLUSTER, highest_sequence=0, now=now).sequence


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return open_shop(tmp_path_factory.mktemp("shop") / "shop")


@contextmanager
def authority(shop: Shop, name: str) -> Iterator[Authority]:
    """An agent with a state folder and a key of its own."""
    agent: Agent = shop.agent({"uid": CLUSTER}, state=name)
    settings = replace(agent.warrant, signers=(FileKey(shop.folder / f"{name}.key"),))
    with open_delivery(replace(agent, warrant=settings), lambda: datetime.now(UTC)) as work:
        yield Authority(work, judged(work, "production"))


def test_a_warrant_of_a_lost_key_is_not_in_force_and_the_next_one_follows_it(shop: Shop) -> None:
    with authority(shop, "lost") as here:
        first = here.issue()
        before = here.standing()

        (shop.folder / "lost.key").unlink()
        after = here.standing()
        second = here.issue()

        assert (before, after, here.standing()) == (first, None, second)
        assert here.admits(second) == 2
        with pytest.raises(Refused, match="it names key"):
            here.admits(first)
        newest, oldest = warrants(here.work.recorder, "production")
        check_follows(newest.warrant, oldest.warrant)
        assert open_warrant(oldest.bundle.envelope, WarrantKeys((oldest.public_key,))) == oldest.warrant


def test_a_warrant_of_a_revoked_key_is_not_admitted_and_the_key_signs_no_more(shop: Shop) -> None:
    """Until another key stands in its place; then the environment is warranted anew under that one."""
    with authority(shop, "stolen") as trusting:
        first = trusting.issue()
        [stolen] = first.envelope.keyids
        settings = replace(trusting.work.agent.warrant, revoked=frozenset([stolen]))
        here = trusting.configured(settings)

        assert here.standing() is None
        with pytest.raises(Refused, match="which is revoked here"):
            here.admits(first)
        with pytest.raises(UnusableKey, match=f"the warrant key {stolen} is in 'revoked_keys'"):
            here.issue()

        (shop.folder / "stolen.key").rename(shop.folder / "evidence.key")
        second = here.issue()
        assert (here.standing(), here.admits(second)) == (second, 2)
        assert stolen not in second.envelope.keyids


def test_a_second_signer_makes_the_first_one_alone_worthless(shop: Shop) -> None:
    """What one key signed is warranted anew with two; and an authority that has one cannot go on."""
    with authority(shop, "cosigned") as alone:
        first = alone.issue()
        FileSigner.generate(shop.folder / "second.key")
        second_key = FileKey(shop.folder / "second.key")
        settings = alone.work.agent.warrant
        both = alone.configured(replace(settings, signers=(*settings.signers, second_key), signatures=2))

        assert both.standing() is None
        second = both.issue()

        assert (both.standing(), both.admits(second)) == (second, 2)
        assert len(second.envelope.signatures) == 2
        with pytest.raises(Refused, match=r"1 signature\(s\) of 2"):
            both.admits(first)
        newest = next(warrants(both.work.recorder, "production"))
        assert newest.public_key == b"".join(
            signer.public_pem for signer in signers(both.work.agent.warrant, make=False)
        )


def test_pinned_keys_are_neither_made_nor_replaced(shop: Shop) -> None:
    """With pinned keys a key that is gone stays gone, and another one does not sign."""
    with authority(shop, "pinned") as free:
        pinned = shop.folder / "pinned.pub"
        pinned.write_bytes(FileSigner.generate(shop.folder / "elsewhere.key").public_pem)
        here = free.configured(replace(free.work.agent.warrant, keys=(pinned,)))

        with pytest.raises(UnusableKey, match="cannot be read: No such file or directory"):
            here.issue()
        FileSigner.generate(shop.folder / "pinned.key")
        with pytest.raises(UnusableKey, match="is not among 'warrant\\.keys'"):
            here.issue()


def test_signer_and_cosigner_with_one_key_are_refused(shop: Shop) -> None:
    """Two names for one key: the second signature would prove nothing."""
    with authority(shop, "twice") as once:
        once.issue()
        settings = once.work.agent.warrant
        here = once.configured(replace(settings, signers=settings.signers * 2, signatures=2))

        with pytest.raises(UnusableKey, match="one and the same key"):
            here.issue()


@pytest.mark.parametrize(
    ("url", "location"),
    [
        pytest.param("https://git.example.com/shop.git", "git+https://git.example.com/shop.git", id="https"),
        pytest.param("https://bot:token@git.example.com/a", "git+https://git.example.com/a", id="a token"),
        pytest.param("https://git.example.com/a?x=secret", "git+https://git.example.com/a", id="a query"),
        pytest.param("ssh://git@git.example.com/a.git", "git+ssh://git@git.example.com/a.git", id="ssh"),
        pytest.param(
            "git@git.example.com:shop/a.git", "git+ssh://git@git.example.com/shop/a.git", id="as scp"
        ),
        pytest.param("file:///srv/my shop", "git+file:///srv/my%20shop", id="a folder"),
    ],
)
def test_a_repository_is_named_as_spdx_does_without_secrets(url: str, location: str) -> None:
    """Warrants are shown to others."""
    assert download_location(url) == location
