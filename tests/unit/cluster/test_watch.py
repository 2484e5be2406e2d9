"""One list, then a watch: what subscribers are told, and what they are told when it breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from gitwarrant.cluster import watch as module
from gitwarrant.cluster.client import Cluster, KindUnknown, Page
from gitwarrant.cluster.discovery import Resource
from gitwarrant.cluster.live import Live
from gitwarrant.cluster.refusal import Denied, Expired
from gitwarrant.cluster.watch import Event, Source
from gitwarrant.model.errors import GitwarrantError, Unreachable

MAPS = Source("", "v1", "ConfigMap", "shop")
RESOURCE = Resource("", "v1", "ConfigMap", "configmaps", namespaced=True, verbs=frozenset({"watch"}))

GONE = Unreachable("the line was cut", remedy="wait")
TOO_OLD = Expired("too old", remedy="list", status=410)
FORBIDDEN = Denied("may not watch", remedy="grant it", status=403)
UNSERVED = KindUnknown("not served", remedy="install it")

Step = tuple[str, dict[str, Any]] | GitwarrantError
ENDS: Step = ("END", {})
"""The server ends a watch of its own accord."""


def item(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop", "resourceVersion": str(version)}}


class Server:
    """Plays lists and watches in this order; at the end, and after the steps of a watch, it is silent."""

    def __init__(self, *script: Sequence[dict[str, Any]] | Sequence[Step] | GitwarrantError) -> None:
        self.script = list(script)
        self.played = asyncio.Event()
        self.asked: list[str] = []
        self.forgotten = 0

    async def resource(self, *_kind: str) -> Resource:
        return RESOURCE

    def forget_kinds(self) -> None:
        self.forgotten += 1

    async def _next(self) -> Any:
        if not self.script:
            await asyncio.Event().wait()
        found = self.script.pop(0)
        if not self.script:
            self.played.set()
        if isinstance(found, GitwarrantError):
            raise found
        return found

    async def pages(self, _resource: Resource, _namespace: str, **_how: Any) -> AsyncIterator[Page]:
        self.asked.append("list")
        yield Page(await self._next(), "10", first=True)

    @asynccontextmanager
    async def watch(self, _resource: Resource, _namespace: str, *, since: str, **_how: Any) -> Any:
        self.asked.append(f"watch {since}")
        steps = await self._next()

        async def events() -> AsyncIterator[tuple[str, dict[str, Any]]]:
            for step in steps:
                if isinstance(step, GitwarrantError):
                    raise step
                if step is ENDS:
                    return
                yield step
            await asyncio.Event().wait()

        yield events()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_WAIT", 0.0)


def told(server: Server, after: Callable[[Live, Callable[[Event], None]], None] | None = None) -> list[str]:
    """What a subscriber is told until the server has nothing more to say."""
    heard: list[str] = []

    def subscriber(event: Event) -> None:
        about = event.object.get("metadata", {}).get("name", "")
        names = " ".join(sorted(name for _, name in event.names))
        heard.append(f"{event.change.value} {about}{names}{event.error.what if event.error else ''}".strip())

    async def run() -> None:
        async with Live(cast("Cluster", server)) as live:
            live.subscribe(MAPS, subscriber)
            if after:
                await asyncio.sleep(0.01)
                after(live, subscriber)
            await server.played.wait()
            await asyncio.sleep(0.01)
            live.check()

    asyncio.run(asyncio.wait_for(run(), 5))
    return heard


def test_what_is_there_comes_first_and_then_what_happens() -> None:
    """A bookmark moves the version on and is nobody's news."""
    happens: list[Step] = [
        ("MODIFIED", item("a", 11)),
        ("DELETED", item("b", 12)),
        ("BOOKMARK", item("", 15)),
        ENDS,
    ]
    server = Server([item("a", 1), item("b", 2)], happens, [])

    assert told(server) == ["added b", "added a", "synced a b", "modified a", "deleted b"]
    assert server.asked == ["list", "watch 10", "watch 15"]


def test_a_watch_that_was_cut_goes_on_from_the_last_bookmark() -> None:
    cut: list[Step] = [("BOOKMARK", item("", 20)), GONE]
    server = Server([], cut, GONE, [("ADDED", item("a", 21)), ENDS], [])

    heard = told(server)

    assert heard == ["synced", "troubled the line was cut", "resumed", "added a"]
    assert server.asked == ["list", "watch 10", "watch 20", "watch 20", "watch 21"]


@pytest.mark.parametrize("where", ["in the status", "in the stream"])
def test_a_version_that_the_server_forgot_leads_to_a_fresh_list(where: str) -> None:
    """What was deleted meanwhile is in no event: only the new list shows that `b` is gone."""
    expired: Any = TOO_OLD if where == "in the status" else [TOO_OLD]
    server = Server([item("a", 1), item("b", 2)], expired, [item("a", 1)])

    assert told(server) == ["added b", "added a", "synced a b", "added a", "synced a"]
    assert server.asked == ["list", "watch 10", "list", "watch 10"]


def test_a_kind_that_may_not_be_watched_is_said_once_and_listed_anew_when_it_may() -> None:
    server = Server(FORBIDDEN, FORBIDDEN, FORBIDDEN, [item("a", 1)], [])

    assert told(server) == ["troubled may not watch", "added a", "synced a", "resumed"]
    assert server.asked[:4] == ["list"] * 4


def test_a_kind_that_is_gone_is_asked_for_again() -> None:
    """Its definition may come back; what the discovery said before is forgotten."""
    server = Server([item("a", 1)], UNSERVED, [], [])

    assert told(server) == ["added a", "synced a", "troubled not served", "synced", "resumed"]
    assert server.forgotten == 1


def test_who_comes_later_is_told_what_is_there() -> None:
    """Nobody keeps objects, so the one watch is listed anew, and the first one hears them again."""
    server = Server([item("a", 1)], [("BOOKMARK", item("", 11))], [item("a", 1)], [])
    heard: list[str] = []

    first = told(server, lambda live, _: live.subscribe(MAPS, lambda event: heard.append(event.change.value)))

    assert heard == ["added", "synced"]
    assert first == ["added a", "synced a", "added a", "synced a"]
