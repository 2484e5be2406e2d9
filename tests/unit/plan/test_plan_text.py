"""How a plan reads: the complete output, line by line."""

from gitwarrant.model.change import CommitId
from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Json, Manifest, ObjectKey
from gitwarrant.model.plan import Action, FieldDifference, LeafList, Plan, PlannedObject
from gitwarrant.objects.difference import compare
from gitwarrant.plan.text import lines


def planned(
    action: Action, key: ObjectKey, before: Json = None, after: Json = None, *, line: int = 1, note: str = ""
) -> tuple[PlannedObject, Manifest]:
    """One object of a plan and its manifest."""
    differences = tuple(compare(before, after)) if before is not None else ()
    place = Place("env/a.yaml", line, 1)
    content = after if after is not None else {}
    return (
        PlannedObject(action, key, "v1", place, differences, note),
        Manifest(key, "v1", content, place, 0, ()),
    )


def plan_of(*pairs: tuple[PlannedObject, Manifest]) -> Plan:
    """A plan of these objects."""
    objects, manifests = tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)
    return Plan("production", CommitId("c" * 40), objects, LeafList(()), manifests)


def shown(plan: Plan) -> str:
    """The output with its styles in front."""
    return "\n".join(f"{style or 'plain':6} | {text}" for style, text in lines(plan))


def test_a_plan_reads_like_a_good_diff() -> None:
    """Sums first; list items by name; texts line by line; what stays is only counted."""
    before = {
        "metadata": {"annotations": {"example.com/team": "a"}},
        "spec": {
            "replicas": 2,
            "containers": [
                {
                    "name": "web",
                    "image": "shop/web:1",
                    "env": [{"name": "LEVEL", "value": "info"}],
                    "ports": [{"containerPort": 80, "protocol": "TCP"}],
                    "args": ["-a", "-b"],
                },
                {"name": "old", "image": "x"},
            ],
        },
    }
    after = {
        "metadata": {"annotations": {"example.com/team": "b"}},
        "spec": {
            "replicas": 3,
            "containers": [
                {
                    "name": "web",
                    "image": "shop/web:2",
                    "env": [{"name": "LEVEL", "value": "debug"}, {"name": "MORE", "value": ""}],
                    "ports": [{"containerPort": 80, "protocol": "TCP", "hostPort": 80}],
                    "args": ["-a", "-c"],
                },
            ],
        },
    }
    text = "host=db\nport=5432\nuser=shop\npool=5\n"
    plan = plan_of(
        planned(Action.CREATE, ObjectKey("", "ConfigMap", "shop", "database"), line=12),
        planned(
            Action.UPDATE,
            ObjectKey("", "ConfigMap", "shop", "settings"),
            {"data": {"app.conf": text, "gone.conf": "a\nb\n"}},
            {"data": {"app.conf": text.replace("5432", "5433"), "on": "true"}},
        ),
        planned(Action.UNCHANGED, ObjectKey("", "ConfigMap", "shop", "still")),
        planned(Action.DELETE, ObjectKey("", "Service", "shop", "web")),
        planned(Action.UPDATE, ObjectKey("apps", "Deployment", "shop", "web"), before, after, line=3),
        planned(
            Action.UNCHANGED, ObjectKey("apps", "Deployment", "shop", "x"), note="already so in the cluster"
        ),
    )

    assert (
        shown(plan)
        == """\
bold   | 1 to create, 2 to update, 1 to delete, 2 unchanged
add    | + ConfigMap shop/database  (env/a.yaml:12)
change | ~ ConfigMap shop/settings  (env/a.yaml:1)
change |     ~ data["app.conf"]:
dim    |         @@ -1,3 +1,3 @@
plain  |           host=db
remove |         - port=5432
add    |         + port=5433
plain  |           user=shop
remove |     - data["gone.conf"]:
remove |         - a
remove |         - b
add    |     + data.on: "true"
remove | - Service shop/web  (env/a.yaml:1)
change | ~ Deployment.apps shop/web  (env/a.yaml:3)
change |     ~ metadata.annotations["example.com/team"]: a -> b
change |     ~ spec.containers[web].args: ["-a", "-b"] -> ["-a", "-c"]
change |     ~ spec.containers[web].env[LEVEL].value: info -> debug
add    |     + spec.containers[web].env[MORE]: {"name": "MORE", "value": ""}
change |     ~ spec.containers[web].image: shop/web:1 -> shop/web:2
add    |     + spec.containers[web].ports[80/TCP].hostPort: 80
remove |     - spec.containers[old]: {"name": "old", "image": "x"}
change |     ~ spec.replicas: 2 -> 3
dim    | = Deployment.apps shop/x  (env/a.yaml:1)
dim    |     already so in the cluster"""
    )


def test_nothing_to_do_is_said_in_one_line() -> None:
    """Not as a row of zeros."""
    plan = plan_of(planned(Action.UNCHANGED, ObjectKey("", "ConfigMap", "shop", "a")))

    assert lines(plan) == [("bold", "nothing to change, 1 unchanged")]


def test_a_secret_never_shows_its_values() -> None:
    """Even when a plan holds them; names of its keys stay."""
    before = {"data": {"a": "Zmlyc3Q="}, "stringData": {"b": "first"}, "type": "Opaque"}
    after = {"data": {"a": "c2Vjb25k"}, "stringData": {"c": "second"}, "type": "x"}
    plan = plan_of(planned(Action.UPDATE, ObjectKey("", "Secret", "shop", "a"), before, after))

    assert (
        shown(plan)
        == """\
bold   | 0 to create, 1 to update, 0 to delete, 0 unchanged
change | ~ Secret shop/a  (env/a.yaml:1)
change |     ~ data.a: changed (hidden)
remove |     - stringData.b: (hidden)
add    |     + stringData.c: (hidden)
change |     ~ type: Opaque -> x"""
    )


def test_a_manifest_cannot_move_the_cursor_of_its_reader() -> None:
    """Escape sequences, line ends and text that turns around are written as escapes, in names and values."""
    before = {"data": {"k": "a", "m": "1\n2\n"}}
    after = {"data": {"k": "\x1b[2Jall good", "m": "1\n\x1b[31m2\n", "\x1b[1A": "\u202eabc"}}
    plan = plan_of(planned(Action.UPDATE, ObjectKey("", "ConfigMap", "shop", "a"), before, after))

    text = shown(plan)

    assert (
        text
        == """\
bold   | 0 to create, 1 to update, 0 to delete, 0 unchanged
change | ~ ConfigMap shop/a  (env/a.yaml:1)
add    |     + data["\\u001b[1A"]: "\\u202eabc"
change |     ~ data.k: a -> "\\u001b[2Jall good"
change |     ~ data.m:
dim    |         @@ -1,2 +1,2 @@
plain  |           1
remove |         - 2
add    |         + \\u001b[31m2"""
    )


def test_long_values_and_texts_are_shortened() -> None:
    """The commit shows them whole."""
    many, more = "\n".join(f"a{n}" for n in range(50)), "\n".join(f"b{n}" for n in range(3000))
    before = {"data": {"line": "x" * 300, "text": "", "huge": "a\n"}}
    after = {"data": {"line": "y" * 300, "text": many, "huge": more}}
    plan = plan_of(planned(Action.UPDATE, ObjectKey("", "ConfigMap", "shop", "a"), before, after))

    found = [text for _, text in lines(plan)]

    assert found[2:6] == [
        "    ~ data.huge:",
        "        1 lines -> 3000 lines",
        f"    ~ data.line: {'x' * 100}... (300 characters) -> {'y' * 100}... (300 characters)",
        "    ~ data.text:",
    ]
    assert (len(found), found[-1]) == (6 + 40 + 1, "        ... 11 more lines")


def test_texts_that_differ_in_their_end_say_so() -> None:
    """A lost last line end is a difference, though every line is equal."""
    plan = plan_of(
        planned(
            Action.UPDATE,
            ObjectKey("", "ConfigMap", "shop", "a"),
            {"data": {"k": "a\n"}},
            {"data": {"k": "a"}},
        )
    )

    assert [text for _, text in lines(plan)][2:] == ["    ~ data.k:", "        only the line ends differ"]


def test_a_difference_without_manifest_still_has_a_path() -> None:
    """Where the content is not at hand, list items are counted."""
    key = ObjectKey("", "ConfigMap", "shop", "a")
    difference = FieldDifference(("a", 3, "b"), (1,), (True,))
    objects = (PlannedObject(Action.UPDATE, key, "v1", Place("a.yaml"), (difference,)),)

    found = lines(Plan("production", CommitId("c" * 40), objects, LeafList(()), ()))

    assert [text for _, text in found][1:] == ["~ ConfigMap shop/a  (a.yaml)", "    ~ a[3].b: 1 -> true"]
