"""What a deployer works with: its configuration, its log, its caches; fetching, and writing refusals down."""

import fcntl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gitwarrant.audit.log import Log
from gitwarrant.audit.recorder import Recorder, Selection
from gitwarrant.audit.tracking import Tracking
from gitwarrant.config.agent import Agent
from gitwarrant.forge.forge import Forge
from gitwarrant.git.fetch import fetch
from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import GitwarrantError, Refused
from gitwarrant.model.record import RecordKind
from gitwarrant.pipeline.alarms import Alarms
from gitwarrant.pipeline.memory import Memory
from gitwarrant.pipeline.pulses import Pulses
from gitwarrant.pipeline.remote import limits_of, remote_of
from gitwarrant.pipeline.rendering import Renderings
from gitwarrant.store.content import ContentStore
from gitwarrant.store.verdicts import VerdictFolder

QUARANTINE = "quarantine.git"
VERDICTS = frozenset(
    {
        RecordKind.FIRST_SEEN,
        RecordKind.TAKEN_BACK,
        RecordKind.TRUST_ADVANCED,
        RecordKind.VERIFIED,
        RecordKind.CHECKED,
        RecordKind.PLANNED,
        RecordKind.WARRANTED,
        RecordKind.REFUSED,
    }
)
"""What judging writes: a refusal after any of these is a new one, after drift or health it is not."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a deployer works with: its configuration, its log, its cache, its clock."""

    agent: Agent
    recorder: Recorder
    content: ContentStore
    memory: Memory
    tracking: Tracking
    alarms: Alarms
    pulses: Pulses
    verdicts: VerdictFolder
    now: Callable[[], datetime]
    forge: Forge | None = None
    """Whom to ask for reviews, where rules name it."""
    renderings: Renderings = field(default_factory=Renderings)
    """What was rendered in this process."""

    @property
    def quarantine(self) -> Path:
        """The bare repository that fetched objects land in; nothing in it is trusted."""
        return self.agent.state / QUARANTINE


@contextmanager
def open_delivery(
    agent: Agent, now: Callable[[], datetime], forge: Forge | None = None
) -> Iterator[Delivery]:
    """Open the state folder for fetching, judging and recording.

    Raises:
        GitwarrantError: the folder or the log cannot be used.
    """
    agent.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Log(agent.log, now) as log, ContentStore(agent.state / "content") as content:
        memory = Memory(log)
        yield Delivery(
            agent=agent,
            recorder=log,
            content=content,
            memory=memory,
            tracking=Tracking(log),
            alarms=Alarms(log, memory, agent.alarms),
            pulses=Pulses(log),
            verdicts=VerdictFolder(agent.state / "verdicts"),
            now=now,
            forge=forge,
        )


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Hold the state folder against another deployer; a killed one lets go by itself.

    Raises:
        GitwarrantError: another process holds it.
    """
    with (state / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GitwarrantError(
                f"another gitwarrant deploys from {state}",
                remedy="wait for it, stop it, or give this one a state folder of its own",
            ) from error
        yield


@contextmanager
def refusals_recorded(work: Delivery, environment: str, commit: str = "") -> Iterator[None]:
    """Write a refusal into the log before it goes on its way."""
    try:
        yield
    except Refused as refusal:
        record_refusal(work, environment, refusal, commit)
        raise


def record_refusal(work: Delivery, environment: str, refusal: Refused, commit: str = "") -> None:
    """Append one refusal, unless it is what a gate said last of this environment."""
    body = {
        "stage": refusal.stage,
        "what": refusal.what,
        "remedy": refusal.remedy,
        "place": str(refusal.place or ""),
        "commit": commit,
    }
    latest = next(work.recorder.read(0, Selection(VERDICTS, environment, newest_first=True)), None)
    if latest is None or latest.kind is not RecordKind.REFUSED or dict(latest.body) != body:
        work.recorder.append(RecordKind.REFUSED, environment, body)


def fetch_ref(work: Delivery, ref: str) -> CommitId:
    """Bring one branch into the quarantine, with all statements and heartbeats; nothing is judged yet.

    Raises:
        Refused, Unreachable, GitwarrantError: see `git.fetch`.
    """
    return fetch_refs(work, [ref])[ref]


def fetch_refs(work: Delivery, refs: Sequence[str]) -> Mapping[str, CommitId]:
    """Bring several refs into the quarantine, as `fetch_ref` does one."""
    remote, limits = remote_of(work.agent, work.now()), limits_of(work.agent)
    return fetch(remote, work.quarantine, refs, limits=limits)
