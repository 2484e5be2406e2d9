"""What goes over the wire: bytes that two readers read alike, bounded waits, names that stay names."""

import asyncio
import json
import ssl
import uuid
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.cluster import wire
from gitwarrant.cluster.client import Cluster, Written
from gitwarrant.cluster.connection import Connection
from gitwarrant.cluster.credentials import Fixed
from gitwarrant.cluster.discovery import MemoryDiscovery, Resource, discovered, resources
from gitwarrant.cluster.refusal import ClusterError, Denied, ServerTrouble
from gitwarrant.cluster.transport import Answer, Request, Transport
from gitwarrant.cluster.wire import MAX_REQUEST_BYTES, answer, body, new_audit_id, wait_before
from gitwarrant.model.manifest import ObjectKey


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4))
def test_a_yaml_reader_reads_the_same_as_a_json_reader(content: dict[str, str]) -> None:
    """The API server reads apply bodies as YAML; no text may change on the way."""
    data = body(content)

    assert json.loads(data) == content
    assert yaml.safe_load(data) == content


@pytest.mark.parametrize(
    "character", ["\x7f", "\x85", "\x9f", "\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"]
)
def test_what_yaml_treats_in_its_own_way_is_escaped(character: str) -> None:
    assert body({"a": character}) == b'{"a":"\\u%04x"}' % ord(character)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param({"a": 2**70}, "an object cannot be sent", id="more than 64 bits"),
        pytest.param({"a": "x" * MAX_REQUEST_BYTES}, "the API server takes", id="too large"),
    ],
)
def test_what_cannot_be_sent_is_refused(content: Any, what: str) -> None:
    with pytest.raises(ClusterError, match=what):
        body(content)


def test_an_answer_that_is_no_json_is_an_empty_object() -> None:
    assert answer(b"<html>bad gateway") == {}


@pytest.mark.parametrize(
    ("attempt", "headers", "seconds"),
    [
        pytest.param(1, {}, 0.15, id="first"),
        pytest.param(3, {}, 0.6, id="grows"),
        pytest.param(1, {"Retry-After": "2"}, 2.15, id="as the server asks"),
        pytest.param(1, {"Retry-After": "9999"}, 10.0, id="never longer than bounded"),
        pytest.param(1, {"Retry-After": "Wed, 21 Oct"}, 0.15, id="a date is not honoured"),
        pytest.param(1, {"Retry-After": "9" * 5000}, 0.15, id="a huge number is not read"),
    ],
)
def test_the_wait_before_another_try(attempt: int, headers: dict[str, str], seconds: float) -> None:
    assert wait_before(attempt, headers, 0.5) == pytest.approx(seconds)


def test_every_audit_id_is_fresh() -> None:
    first, second = new_audit_id(), new_audit_id()

    assert first != second
    assert uuid.UUID(first).version == 4


WIDGET = Resource("example.com", "v1", "Widget", "widgets", namespaced=True, verbs=frozenset({"get"}))


def test_discovery_gives_each_kind_its_path() -> None:
    listed = {
        "kind": "APIGroupDiscoveryList",
        "items": [
            {
                "metadata": {"name": "example.com"},
                "versions": [
                    {
                        "version": "v1",
                        "resources": [
                            {
                                "resource": "widgets",
                                "responseKind": {"kind": "Widget"},
                                "scope": "Namespaced",
                                "verbs": ["get"],
                            },
                            {"resource": "bindings"},
                        ],
                    }
                ],
            }
        ],
    }

    assert list(resources(listed)) == [(("example.com", "v1", "Widget"), WIDGET)]
    assert WIDGET.path("shop", "w") == "/apis/example.com/v1/namespaces/shop/widgets/w"
    assert WIDGET.path() == "/apis/example.com/v1/widgets"


def test_a_server_without_aggregated_discovery_is_refused() -> None:
    with pytest.raises(ClusterError, match="answered its discovery as 'APIGroupList'"):
        list(resources({"kind": "APIGroupList"}))


@pytest.mark.parametrize("name", ["..", ".", "../../kube-system/secrets/a", "a%2fb"])
def test_a_name_cannot_lead_to_another_path(name: str) -> None:
    """Attack: a name that is a way. Stopped before anything is sent."""
    with pytest.raises(ClusterError, match="cannot be the name of an object"):
        WIDGET.path("shop", name)


def test_a_role_with_a_colon_keeps_its_name() -> None:
    assert WIDGET.path("shop", "system:a").endswith("/system%3Aa")


Reply = tuple[int, dict[str, str], bytes]


class Script(Transport):
    """A wire that gives these answers, one after the other, and remembers what was asked."""

    def __init__(self, *listed: Reply) -> None:
        connection = Connection("https://nowhere", ssl.create_default_context(), Fixed())
        super().__init__(connection, concurrency=1)
        self.listed = list(listed)
        self.requests: list[Request] = []
        self.asked: list[tuple[str, bool]] = []

    async def _tried(self, request: Request, *, fresh: bool) -> Answer:
        self.requests.append(request)
        self.asked.append((request.headers.get("Audit-ID", ""), fresh))
        return Answer(*self.listed.pop(0))


class Answers(Cluster):
    """A cluster behind such a wire."""

    def __init__(self, *listed: Reply) -> None:
        self.script = Script(*listed)
        super().__init__(self.script.connection)
        self._transport = self.script
        self._kinds = {("example.com", "v1", "Widget"): WIDGET}

    @property
    def asked(self) -> list[tuple[str, bool]]:
        return self.script.asked


BUSY: Reply = (429, {"Retry-After": "0"}, b"{}")
DONE: Reply = (201, {}, b'{"metadata": {"uid": "u"}}')
KEY = ObjectKey("example.com", "Widget", "shop", "w")


def applied(server: Answers) -> Written:
    return asyncio.run(server.apply(KEY, "v1", {}, force=False, audit_id="logged"))


@pytest.fixture
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "FIRST_WAIT_SECONDS", 0.0)


@pytest.mark.usefixtures("_no_waiting")
def test_a_busy_server_is_asked_again_under_the_same_audit_id() -> None:
    """The intent that was logged stays true, however often the request is sent."""
    server = Answers(BUSY, (503, {}, b"<html>"), DONE)

    assert applied(server) == Written({"metadata": {"uid": "u"}}, created=True)
    assert server.asked == [("logged", False)] * 3


@pytest.mark.usefixtures("_no_waiting")
def test_a_server_that_stays_busy_is_given_up() -> None:
    with pytest.raises(ServerTrouble, match="the API server answered 429"):
        applied(Answers(*[BUSY] * 9))


def test_a_refused_credential_is_renewed_once() -> None:
    unauthorized: Reply = (401, {}, b"{}")
    server = Answers(unauthorized, DONE)

    applied(server)

    assert server.asked == [("logged", False), ("logged", True)]
    with pytest.raises(Denied):
        applied(Answers(unauthorized, unauthorized))


@pytest.mark.parametrize(
    "reply", [(200, {}, b"[]"), (302, {"Location": "https://evil"}, b""), (200, {}, b"no json")]
)
def test_an_answer_that_no_api_server_gives_is_refused(reply: tuple[int, dict[str, str], bytes]) -> None:
    """A redirect is not followed: it would carry the credential along."""
    with pytest.raises(ClusterError, match="in a form that no API server uses"):
        applied(Answers(reply))


def test_a_write_without_its_record_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="needs the Audit-ID that was logged"):
        asyncio.run(Answers().apply(KEY, "v1", {}, force=False))
    with pytest.raises(ValueError, match="needs the uid"):
        asyncio.run(Answers().delete(KEY, "v1", uid="", audit_id="logged"))


def page(*names: str, following: str = "") -> Reply:
    items = [{"metadata": {"name": name}} for name in names]
    about = {"resourceVersion": "7", **({"continue": following} if following else {})}
    return (200, {}, json.dumps({"kind": "WidgetList", "metadata": about, "items": items}).encode())


EXPIRED: Reply = (410, {}, b'{"kind": "Status", "code": 410, "message": "too old", "reason": "Expired"}')


def listed(server: Answers) -> list[str]:
    async def names() -> list[str]:
        return [item["metadata"]["name"] async for item in server.list("example.com", "v1", "Widget")]

    return asyncio.run(names())


def test_a_list_whose_snapshot_expires_is_read_again_from_its_beginning() -> None:
    """What the first try gave belongs to another moment: `gone` was deleted since."""
    server = Answers(page("a", "gone", following="x"), EXPIRED, page("a", "b", following="y"), page("c"))

    assert listed(server) == ["a", "b", "c"]
    assert [request.query.get("continue") for request in server.script.requests] == [None, "x", None, "y"]


def test_a_list_that_expires_again_and_again_is_given_up() -> None:
    with pytest.raises(ServerTrouble, match="list widgets: too old"):
        listed(Answers(*[page("a", following="x"), EXPIRED] * 9))


def test_the_discovery_is_sent_again_only_when_it_changed() -> None:
    """The server names each answer by its hash; a damaged copy is asked for anew."""
    group = {"kind": "APIGroupDiscoveryList", "items": []}
    full: Reply = (200, {"ETag": '"1"'}, json.dumps(group).encode())
    same: Reply = (304, {"ETag": '"1"'}, b"")
    store = MemoryDiscovery()

    def tags(*replies: Reply) -> list[str | None]:
        script = Script(*replies)
        asyncio.run(discovered(script, store))
        return [request.headers.get("If-None-Match") for request in script.requests]

    assert tags(full, full) == [None, None]
    assert tags(same, same) == ['"1"', '"1"']
    store.put("https://nowhere/api", store.get("https://nowhere/api")[:-1])  # type: ignore[index]
    assert tags(full, same) == [None, '"1"']
