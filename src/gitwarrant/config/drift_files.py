"""Drift in environments.yaml: what happens when the cluster differs, and which differences are wanted."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from gitwarrant.config.fields import KindName, Moment, Text, bad, moment
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.model.environment import IgnoreRule
from gitwarrant.model.manifest import Pointer

OBJECT_NAME = re.compile(r"[a-z0-9:.*?-]{1,253}")
ITEMS = "*"

WHOLE = frozenset(
    {
        "apiVersion",
        "binaryData",
        "data",
        "kind",
        "metadata",
        "roleRef",
        "rules",
        "spec",
        "stringData",
        "subjects",
        "webhooks",
    }
)
"""Top-level fields that are what an object is about: a rule must name something inside."""
WIDE = frozenset({"containers", "ephemeralContainers", "initContainers", "jobTemplate", "spec", "template"})
"""Fields that are too much at any depth: whoever may change them runs what they like."""
OURS = ("metadata", "labels", "applyset.kubernetes.io/part-of")
MAPS = (("metadata", "annotations"), ("metadata", "labels"), ("metadata", "ownerReferences"), OURS)


def _name(text: str) -> str:
    if not OBJECT_NAME.fullmatch(text):
        raise bad(f"{text[:80]!r} is no name of objects", "write a name, with * and ? where it may vary")
    return text


def _pointer(text: str) -> str:
    steps = read_pointer(text)
    if not text.startswith("/") or not all(steps) or re.search(r"~(?![01])", text):
        raise bad(
            f"{text[:80]!r} is not a JSON pointer", "write it like /spec/replicas; a slash in a name as ~1"
        )
    for step in steps:
        if step.isdigit():
            raise bad(f"item {step} of a list may be another one tomorrow", "write * for every item")
        if ITEMS in step and step != ITEMS:
            raise bad(f"the step {step[:80]!r} is no name", "write the whole name, or * alone for every item")
    _narrow(text, steps)
    return text


def _narrow(text: str, steps: tuple[str, ...]) -> None:
    """Refuse what would let an object become something else without anybody hearing of it."""
    named = tuple(step for step in steps if step != ITEMS)
    whole = len(named) < 2 and (not named or named[0] in WHOLE)
    if whole or named[-1] in WIDE or named in MAPS:
        raise bad(
            f"{text[:80]!r} is too wide to be ignored: changes of anything below it would go unseen",
            "name the one field that differs: gitwarrant drift ENVIRONMENT --explain shows it",
        )


def read_pointer(text: str) -> tuple[str, ...]:
    """The steps of a JSON pointer (RFC 6901)."""
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


class IgnoreFile(StrictModel):
    """A difference that is wanted."""

    kind: KindName = Field(description="the kind of objects, like ConfigMap or Deployment.apps")
    name: Annotated[str, AfterValidator(_name)] = Field(
        "*", description="their names; * stands for anything, ? for one character"
    )
    pointer: Annotated[str, AfterValidator(_pointer)] | None = Field(
        None,
        description="the field, with all below it: /spec/replicas; * is every item of a list; "
        "without one, the rule is about objects that nobody declared",
    )
    when: Text | None = Field(
        None, description="a CEL expression over self, baseline and value: only where it is true"
    )
    reason: Text = Field(description="why; everybody who looks at drift reads it")
    until: Moment | None = Field(None, description="the last day or moment of this rule")


class DriftFile(StrictModel):
    """What happens when the cluster differs from what was warranted."""

    mode: Literal["report", "revert", "propose"] = Field(
        "report", description="report it, revert it, or report it with a proposed change of the repository"
    )
    ignore: list[IgnoreFile] = Field([], description="differences that are wanted, each with its reason")
    unmanaged: Literal["owned", "report"] = Field(
        "owned",
        description="where objects that nobody declared are reported: owned: in namespaces that it declares; "
        "report: also in its own namespace",
    )


def _mode_alone(value: object) -> object:
    return {"mode": value} if isinstance(value, str) else value


Drift = Annotated[DriftFile, BeforeValidator(_mode_alone, json_schema_input_type=str | DriftFile)]


def judge_drift(source: Source, pointer: Pointer, file: DriftFile) -> None:
    """Note rules that would let every object of a kind be, declared by nobody."""
    for index, rule in enumerate(file.ignore):
        if rule.pointer is None and not rule.name.strip("*?"):
            source.wrong(
                (*pointer, "ignore", index),
                f"the rule would let every {rule.kind} be that nobody declared",
                "write a pointer to a field, or name the objects: name: cache-*",
            )


def ignore_rules(source: Source, pointer: Pointer, file: DriftFile) -> tuple[IgnoreRule, ...]:
    """Translate the ignore rules of one environment."""
    return tuple(
        IgnoreRule(
            kind=rule.kind,
            name=rule.name,
            pointer=read_pointer(rule.pointer) if rule.pointer else (),
            when=rule.when or "",
            reason=rule.reason,
            until=moment(rule.until, end_of_day=True) if rule.until else None,
            place=source.place((*pointer, "ignore", index)),
        )
        for index, rule in enumerate(file.ignore)
    )
