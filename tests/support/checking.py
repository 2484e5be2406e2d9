"""Manifests for tests of checks: read from YAML text as a file would be, judged by the real check stage."""

import json
from collections.abc import Mapping
from typing import Any

from gitwarrant.model.change import NO_BLOB, CommitId, File, TreeId
from gitwarrant.model.environment import PolicySet
from gitwarrant.model.finding import CheckReport, Severity
from gitwarrant.model.manifest import Source
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.policy.check import check
from gitwarrant.render.plain import read_manifests

PATH = "web.yaml"

WORKLOADS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "Pod": ("v1", "Pod", ("spec",)),
    "PodTemplate": ("v1", "PodTemplate", ("template", "spec")),
    "ReplicationController": ("v1", "ReplicationController", ("spec", "template", "spec")),
    "Deployment": ("apps/v1", "Deployment", ("spec", "template", "spec")),
    "ReplicaSet": ("apps/v1", "ReplicaSet", ("spec", "template", "spec")),
    "StatefulSet": ("apps/v1", "StatefulSet", ("spec", "template", "spec")),
    "DaemonSet": ("apps/v1", "DaemonSet", ("spec", "template", "spec")),
    "Job": ("batch/v1", "Job", ("spec", "template", "spec")),
    "CronJob": ("batch/v1", "CronJob", ("spec", "jobTemplate", "spec", "template", "spec")),
    "custom kind with a template": ("argoproj.io/v1alpha1", "Rollout", ("spec", "template", "spec")),
    "custom kind, deeper": ("example.com/v1", "Fleet", ("spec", "groups", "blue", "template", "spec")),
}
"""Everything that makes a Pod: apiVersion, kind, and where its spec lies."""


def rendered(text: str) -> Rendered:
    """The manifests of a text, as the render stage gives them."""
    data = text.encode()
    manifests = tuple(read_manifests(File(PATH, 0o100644, NO_BLOB, data)))
    unit = Unit("", manifests, (Source(PATH, data),))
    return Rendered(CommitId("a" * 40), TreeId("b" * 40), "", (unit,))


def judged(text: str, *checks: str, threshold: Severity = Severity.LOW) -> CheckReport:
    """What these checks say of a text."""
    return check(rendered(text), [PolicySet("test", checks, threshold)])


def said(text: str, rule: str) -> list[str]:
    """Every finding of one check, as `line message`; nothing may be left unjudged."""
    report = judged(text, rule)
    if report.unjudged:
        raise ValueError(f"not judged: {report.unjudged}")
    return [f"{one.place.line} {one.message}" for one in report.findings]


def workload(name: str, spec: Mapping[str, Any]) -> str:
    """A workload that makes a Pod of this spec, as JSON, which is YAML."""
    version, kind, way = WORKLOADS[name]
    content: Any = spec
    for step in reversed(way):
        content = {step: content}
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, **content})


def pod(spec: str) -> str:
    """A Pod in block style: the spec's first line is the file's line 5, at column 3."""
    lines = "".join(f"  {line}\n" for line in spec.strip("\n").split("\n"))
    return f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n{lines}"
