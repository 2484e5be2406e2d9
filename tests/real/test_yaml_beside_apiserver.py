"""Our reader and our table of scopes beside the real API server, which is sent the same bytes."""

import base64
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitwarrant.model.manifest import Json
from gitwarrant.objects.scope import BUILTIN, Scope
from gitwarrant.sandbox.find import Sandbox
from gitwarrant.yaml.errors import YamlError
from gitwarrant.yaml.reader import read

pytestmark = pytest.mark.real

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "scalars.beside.gitwarrant.dev"
DEFINITION = f"""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {NAME}}}
spec:
  group: beside.gitwarrant.dev
  scope: Cluster
  names: {{kind: Scalar, plural: scalars, singular: scalar, listKind: ScalarList}}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {{type: object, x-kubernetes-preserve-unknown-fields: true}}
"""

SPELLINGS = (
    *("", "~", "null", "Null", "NULL", "nULL", "!!null ''"),
    *("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE", "tRUE", "yEs"),
    *("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE", "oFF"),
    *(
        "0",
        "-0",
        "+1",
        "007",
        "0644",
        "08",
        "0o17",
        "0O17",
        "0b101",
        "-0b11",
        "0b-11",
        "0x1F",
        "-0X1f",
        "0x_1",
    ),
    *(
        "1_000",
        "1__0_",
        "_1",
        "9223372036854775807",
        "-9223372036854775808",
        "0x" + "f" * 40,
        "0b" + "1" * 70,
    ),
    *(
        "1.5",
        "1.0",
        "-1.",
        "1e3",
        "1E+3",
        "12e4567",
        "1e-4567",
        ".5",
        "-.5",
        ".5_0",
        "._5",
        "1_0.2_5",
        "1e30",
    ),
    *(
        "4611686018427387904.0",
        "9007199254740993.0",
        "123456789012345678.0",
        "1.2.3",
        "1e",
        "e1",
        ".",
        "+",
        "0x",
    ),
    *(
        "22:22",
        "1:2",
        "2001-12-14",
        "2001-12-14T21:59:43.10Z",
        "500m",
        "1Gi",
        "<<",
        "=",
        "nan",
        "inf",
        "'1'",
        '"on"',
    ),
    *(
        "!!str 12",
        "!!int 0x10",
        "!!bool on",
        "!!binary aGVsbG8=",
        "! 12",
        "! on",
        "a\n      b",
        "|\n      a\n",
        "'é'",
    ),
)
KEYS = ("on", "no", "1", "0x10", "0644", "-7", "1_000", "'on'", "22:22", "a b", "9223372036854775807")


class Server:
    """The API server over plain HTTP, so that no YAML or JSON library of ours stands between."""

    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        [document] = read(kubeconfig.read_bytes(), str(kubeconfig))
        cluster = document.value["clusters"][0]["cluster"]
        user = document.value["users"][0]["user"]
        pair = folder / "client.pem"
        parts = (user["client-certificate-data"], user["client-key-data"])
        pair.touch(mode=0o600)
        pair.write_bytes(b"".join(map(base64.b64decode, parts)))
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        context.load_cert_chain(pair)
        self.connection = http.client.HTTPSConnection(
            cluster["server"].removeprefix("https://"), context=context
        )

    def ask(self, method: str, path: str, body: str = "") -> tuple[int, Any]:
        """Send YAML, read JSON."""
        headers = {"Content-Type": "application/yaml", "Accept": "application/json"}
        self.connection.request(method, path, body.encode(), headers)
        answer = self.connection.getresponse()
        body_read = answer.read()
        is_json = answer.getheader("Content-Type", "").startswith("application/json")
        return answer.status, json.loads(body_read) if is_json else body_read

    def seen(self, spec: str) -> Json:
        """What the server reads where `spec:` is continued by this text; None where it refuses."""
        status, answer = self.ask("POST", "/apis/beside.gitwarrant.dev/v1/scalars?dryRun=All", manifest(spec))
        return answer["spec"] if status == 201 else None


def manifest(spec: str) -> str:
    return f"apiVersion: beside.gitwarrant.dev/v1\nkind: Scalar\nmetadata: {{name: a}}\nspec:{spec}\n"


def ours(spec: str) -> Json:
    [document] = read(manifest(spec).encode(), "a.yaml")
    return document.value["spec"]


@pytest.fixture(scope="module")
def server(cluster: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that takes objects with any fields."""
    server = Server(cluster.kubeconfig, tmp_path_factory.mktemp("beside"))
    assert server.ask("POST", DEFINITIONS, DEFINITION)[0] == 201
    deadline = time.monotonic() + 20
    while server.ask("GET", "/apis/beside.gitwarrant.dev/v1/scalars")[0] != 200:
        assert time.monotonic() < deadline, "the definition was never served"
        time.sleep(0.1)
    yield server
    server.ask("DELETE", f"{DEFINITIONS}/{NAME}")
    server.connection.close()


def as_the_server_writes(value: Json) -> Json:
    """JSON text compared: types and values, and floats beyond integers by value."""
    return json.dumps(value, sort_keys=True)


def test_every_spelling_means_the_same(server: Server) -> None:
    """One by one, so that a refusal of the server counts as a difference too."""
    differing = {}
    for text in SPELLINGS:
        mine, seen = ours(f"\n  a: {text}"), server.seen(f"\n  a: {text}")
        if as_the_server_writes(mine) != as_the_server_writes(seen and {"a": _whole(seen["a"])}):
            differing[text] = (mine, seen)

    assert differing == {}


def _whole(value: Json) -> Json:
    """The server writes 1e30 with all its zeros; Python reads an integer, we hold a float."""
    return float(value) if type(value) is int and not -(2**63) <= value < 2**63 else value


def test_every_key_becomes_the_same_text(server: Server) -> None:
    """Names of members."""
    spec = "".join(f"\n  {text}: {number}" for number, text in enumerate(KEYS[:-4]))
    spec += "".join(f"\n  {text}: {number}" for number, text in enumerate(KEYS[-3:]))

    assert as_the_server_writes(ours(spec)) == as_the_server_writes(server.seen(spec))


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("\n  a: &x {b: 1, c: 2}\n  d: {<<: *x, b: 3}\n  e: *x", id="merge"),
        pytest.param("\n  a: {<<: [{b: 1}, {b: 2, c: 3}]}", id="merge of several"),
        pytest.param("\n  a: &x {b: &x 1}\n  c: *x", id="an anchor defined anew inside itself"),
        pytest.param("\n  a: [<<, {'<<': 1}]", id="a merge key that is none"),
        pytest.param(" {a: [1, [], {}], 'b': \"\\u00e9\\x41\"}", id="flow style and escapes"),
        pytest.param("\n  a: >-\n    x\n    y\n\n    z\n  b: |+\n    x\n\n", id="block scalars"),
        pytest.param("\n  ? a\n  : b\n  ? c\n  :", id="explicit keys"),
        pytest.param("\n  - a".replace("-", "a:\n  -"), id="a list at the level of its key"),
    ],
)
def test_structures_mean_the_same(server: Server, spec: str) -> None:
    """Collections, anchors, merges and styles."""
    assert as_the_server_writes(ours(spec)) == as_the_server_writes(server.seen(spec))


@pytest.mark.parametrize(
    ("spec", "seen"),
    [
        pytest.param("\n  a: 18446744073709551615", {"a": 18446744073709552000}, id="loses digits"),
        pytest.param("\n  a: 12345678901234567890", {"a": 12345678901234567000}, id="loses digits too"),
        pytest.param("\n  1.23456789: a", {"1.2345679": "a"}, id="a key rounded to 32 bits"),
        pytest.param("\n  1e6: a", {"1e+06": "a"}, id="a whole float as a key"),
        pytest.param("\n  a: 1\n  a: 2", {"a": 2}, id="the last of two counts"),
        pytest.param("\n  a: 1\n  <<: {a: 2}", {"a": 2}, id="a merge over a key"),
        pytest.param("\n  a: !mine 12", {"a": "12"}, id="an unknown tag is ignored"),
        pytest.param("\n  a: .inf", None, id="infinity"),
        pytest.param("\n  ~: 1", None, id="null as a key"),
        pytest.param("\n  ? [a]\n  : 1", None, id="a list as a key"),
        pytest.param("\n  a: &x [*x]", None, id="an alias of itself"),
        pytest.param("\n  a: !!int x", None, id="a tag that does not fit"),
    ],
)
def test_what_we_refuse_the_server_refuses_or_bends(server: Server, spec: str, seen: Json) -> None:
    """Each refusal has its reason: the server refuses too, loses digits, or chooses silently."""
    with pytest.raises(YamlError):
        ours(spec)
    assert server.seen(spec) == seen


def test_the_table_of_scopes_is_the_servers(server: Server) -> None:
    """Every kind that this server has and can be written to is in the table, with its scope."""
    groups = [("", "/api/v1")]
    for group in server.ask("GET", "/apis")[1]["groups"]:
        groups += [(group["name"], f"/apis/{version['groupVersion']}") for version in group["versions"]]
    served = {
        (group, resource["kind"]): Scope.NAMESPACE if resource["namespaced"] else Scope.CLUSTER
        for group, path in groups
        if not group.endswith((".dev", ".example", ".example.com"))
        for resource in server.ask("GET", path)[1]["resources"]
        if "/" not in resource["name"] and "get" in resource["verbs"] and "create" in resource["verbs"]
    }

    assert served
    assert {key: BUILTIN.get(key) for key in served} == served
