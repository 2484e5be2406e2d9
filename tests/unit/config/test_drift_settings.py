"""`drift` in environments.yaml: a mode alone, or a mode with ignore rules that are narrow and say why."""

from datetime import UTC, datetime

import pytest

from gitwarrant.config.environment_files import EnvironmentsFile, environments, judge_environments
from gitwarrant.config.source import Source
from gitwarrant.config.trust_files import People
from gitwarrant.model.environment import DriftMode, Environment, IgnoreRule, PolicySet
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import Severity

SETS = {"basic": PolicySet("basic", ("privileged",), Severity.HIGH)}
WIDE = (
    "is too wide to be ignored: changes of anything below it would go unseen"
    " -> name the one field that differs: gitwarrant drift ENVIRONMENT --explain shows it"
)


def read(drift: str) -> tuple[Environment | None, list[str]]:
    """The stage with this `drift`, and the problems with it."""
    text = f"stages:\n  shop:\n    branch: main\n    policies: [basic]\n    drift: {drift}\n"
    source = Source(text.encode(), "environments.yaml")
    file = source.parse(EnvironmentsFile)
    if file:
        judge_environments(source, file, set(SETS), People(None))
    problems = [f"{item.place}: {item.what} -> {item.remedy}" for item in source.problems]
    if file is None or problems:
        return None, problems
    [stage] = environments(source, file, SETS)
    return stage, []


@pytest.mark.parametrize("mode", DriftMode)
def test_a_mode_alone_is_enough(mode: DriftMode) -> None:
    stage, _ = read(mode.value)

    assert stage is not None
    assert (stage.drift, stage.ignore, stage.unmanaged) == (mode, (), False)


def test_all_settings_are_read() -> None:
    stage, _ = read(
        "{mode: revert, unmanaged: report, ignore: [{kind: Deployment.apps, name: web-*,"
        " pointer: /spec/template/spec/containers/*/resources, when: 'value.size() == 1',"
        " reason: sized by hand, until: 2027-06-30}, {kind: Secret, name: cache-*, reason: the cache's}]}"
    )

    assert stage is not None
    assert (stage.drift, stage.unmanaged) == (DriftMode.REVERT, True)
    assert stage.ignore == (
        IgnoreRule(
            "Deployment.apps",
            "web-*",
            ("spec", "template", "spec", "containers", "*", "resources"),
            "value.size() == 1",
            "sized by hand",
            datetime(2027, 7, 1, tzinfo=UTC),
            Place("environments.yaml", 5, 55),
        ),
        IgnoreRule("Secret", "cache-*", (), "", "the cache's", None, Place("environments.yaml", 5, 215)),
    )


def test_a_slash_in_a_name_is_written_as_json_pointers_do() -> None:
    stage, _ = read("{ignore: [{kind: Service, pointer: /metadata/annotations/a.b~1c~0d, reason: x}]}")

    assert stage is not None
    assert stage.ignore[0].pointer == ("metadata", "annotations", "a.b/c~d")


@pytest.mark.parametrize(
    ("drift", "problem"),
    [
        pytest.param(
            "never",
            "5:12: 'never' is not possible for 'mode' -> write 'report', 'revert' or 'propose'",
            id="no mode",
        ),
        pytest.param(
            "{ignore: [{kind: Service, pointer: /spec/type}]}",
            "5:22: field 'reason' is missing -> add it: why; everybody who looks at drift reads it",
            id="no reason",
        ),
        pytest.param(
            "{ignore: [{kind: Service, reason: x}]}",
            "5:22: the rule would let every Service be that nobody declared"
            " -> write a pointer to a field, or name the objects: name: cache-*",
            id="every undeclared object of a kind",
        ),
        pytest.param(
            "{ignore: [{kind: Service, pointer: spec.type, reason: x}]}",
            "5:47: 'spec.type' is not a JSON pointer"
            " -> write it like /spec/replicas; a slash in a name as ~1",
            id="no pointer",
        ),
        pytest.param(
            "{ignore: [{kind: Service, pointer: /spec/ports/0/nodePort, reason: x}]}",
            "5:47: item 0 of a list may be another one tomorrow -> write * for every item",
            id="one item by its index",
        ),
        *(
            pytest.param(
                f"{{ignore: [{{kind: Service, pointer: {pointer!r}, reason: x}}]}}",
                f"5:47: {pointer!r} {WIDE}",
                id=pointer,
            )
            for pointer in (
                "/spec",
                "/spec/*",
                "/data",
                "/rules/*",
                "/metadata/labels",
                "/metadata/annotations",
                "/metadata/ownerReferences",
                "/metadata/labels/applyset.kubernetes.io~1part-of",
                "/spec/template",
                "/spec/template/spec",
                "/spec/template/spec/containers",
                "/spec/template/spec/containers/*",
                "/spec/jobTemplate/spec/template/spec/initContainers",
            )
        ),
    ],
)
def test_what_would_hide_too_much_is_refused_with_its_place(drift: str, problem: str) -> None:
    assert read(drift)[1] == [f"environments.yaml:{problem}"]
