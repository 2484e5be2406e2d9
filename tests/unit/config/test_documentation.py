"""Every setting and every record is documented, and nothing else is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gitwarrant.cli.schema import KINDS
from gitwarrant.config.schema import schemas
from gitwarrant.model.record import RecordKind

DOCS = Path(__file__).parents[3] / "docs"


def settings(schema: dict[str, Any], whole: dict[str, Any], way: str = "") -> Iterator[str]:
    """The settings of a schema, as the documentation names them: `root.keys[].public`."""
    if "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    for option in schema.get("anyOf", ()):
        yield from settings(option, whole, way)
    if isinstance(schema.get("items"), dict):
        yield from settings(schema["items"], whole, way + "[]")
    for named in (schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()):
        if isinstance(named, dict):
            yield from settings(named, whole, f"{way}.NAME".lstrip("."))
    for name, field in schema.get("properties", {}).items():
        yield f"{way}.{name}".lstrip(".")
        yield from settings(field, whole, f"{way}.{name}".lstrip("."))


@pytest.mark.parametrize("kind", schemas())
def test_the_reference_lists_exactly_the_settings_of_each_file(kind: str) -> None:
    text = (DOCS / "reference" / "configuration.md").read_text()
    [section] = re.findall(rf"^## [^\n]*`schema {kind}`.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)

    documented = re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE)

    assert sorted(documented) == sorted(set(settings(schemas()[kind], schemas()[kind])))


def test_the_reference_has_a_section_for_each_kind_of_record() -> None:
    text = (DOCS / "reference" / "records.md").read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
        *sorted((kind.value for kind in RecordKind), key=lambda value: text.index(f"## {value}\n"))
    ]
    assert len(re.findall(r"^## ", text, re.MULTILINE)) == len(RecordKind)


def test_every_field_says_what_it_is_for() -> None:
    silent = [
        f"{kind} {name}.{field}"
        for kind, schema in schemas().items()
        for name, part in {"": schema, **schema.get("$defs", {})}.items()
        for field, described in part.get("properties", {}).items()
        if not described.get("description")
    ]

    assert silent == []


def test_the_command_offers_every_schema() -> None:
    assert tuple(schemas()) == KINDS
