"""The files of `.gitwarrant/` about places to deploy to: environments.yaml and policies.yaml."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Literal

from pydantic import Field, RootModel

from gitwarrant.config.drift_files import Drift, DriftFile, ignore_rules, judge_drift
from gitwarrant.config.fields import Branch, Duration, Folder, KindName, Label, Name, duration
from gitwarrant.config.health_files import HealthRuleFile, health_rules, judge_health
from gitwarrant.config.problem import near, near_or
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.config.trust_files import People
from gitwarrant.config.window_files import WindowFile, judge_windows, windows
from gitwarrant.model.environment import Adoptable, Bounds, DriftMode, Environment, PolicySet
from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Pointer


class PolicySetFile(StrictModel):
    """A policy set of your own."""

    checks: list[Name] = Field(
        description="the checks it runs: 'gitwarrant explain' lists them", min_length=1
    )
    threshold: Literal["low", "medium", "high", "critical"] = Field(
        "high", description="the severity from which a finding refuses: low, medium, high or critical"
    )


class PoliciesFile(RootModel[dict[Label, PolicySetFile]]):
    """Policy sets of your own, by name: .gitwarrant/policies.yaml (optional)."""


class BoundsFile(StrictModel):
    """How much one change may do."""

    max_objects: int = Field(1000, description="most objects that the environment may have", ge=1, le=200_000)
    max_deletes: int = Field(
        10, description="most objects that one change may delete, making again included", ge=0, le=100_000
    )


class RollbackFile(StrictModel):
    """When the agent goes back by itself."""

    when: Literal["failed-health"] = Field(
        description="failed-health: an object of the newest warrant failed"
    )
    within: Duration = Field(
        "10m", description="how long after it was applied; longer than a Deployment's progressDeadlineSeconds"
    )


class StageFile(StrictModel):
    """A place to deploy to, and the gates in front of it."""

    branch: Branch = Field(description="the branch that is deployed")
    policies: list[Label] = Field(description="the policy sets that judge it; at least one", min_length=1)
    path: Folder = Field(".", description="the folder of its manifests; '.': the whole repository")
    namespace: Label | None = Field(
        None, description="the namespace of objects that name none (default: the stage's name)"
    )
    auto_deploy: bool = Field(False, description="true: deploy as soon as every gate has passed")
    promotion_source: Label | None = Field(
        None, description="the stage that must have run the same content, healthy, before"
    )
    approval_required: bool = Field(False, description="true: one of the approvers must approve each change")
    approvers: list[Name] = Field([], description="teams or people whose approval opens this stage")
    windows: list[WindowFile] = Field([], description="when it is frozen, and when it may be changed")
    operators: list[Name] = Field(
        [], description="teams or people who may suspend and resume it (default: its approvers)"
    )
    break_glass: list[Name] = Field(
        [], description="teams or people whose security key lets one revision through in an emergency"
    )
    bounds: BoundsFile = Field(BoundsFile(), description="how much one change may do")
    rollback: RollbackFile | None = Field(
        None, description="when the agent goes back to the last healthy warrant by itself (default: never)"
    )
    drift: Drift = Field(
        DriftFile(), description="what happens when the cluster differs: report, revert or propose; or below"
    )
    allow_links: list[Folder] = Field(
        [], description="paths from the repository's top where a symbolic link or a submodule may stand"
    )
    adopt: list[Literal["kubectl", "flux", "argocd", "helm"]] = Field(
        [], description="tools whose objects it may take over: kubectl, flux, argocd or helm"
    )
    depends_on: list[Label] = Field(
        [], description="the stages that must be applied to the end and healthy before this one is changed"
    )
    recreate: list[KindName] = Field(
        [], description="kinds that may be deleted and made again where they cannot be changed in place"
    )
    data_kinds: list[KindName] = Field(
        [], description="kinds that hold data, besides Kubernetes' own: deleting one needs an announcement"
    )
    health: list[HealthRuleFile] = Field(
        [], description="how the health of kinds is judged, by CEL expressions"
    )
    health_deadline: Duration = Field(
        "10m", description="how long an object may be progressing before it has failed"
    )


class EnvironmentsFile(StrictModel):
    """The environments: .gitwarrant/environments.yaml."""

    stages: dict[Label, StageFile] = Field(description="the environments, by name")


def judge_policies(
    source: Source, file: PoliciesFile, builtin: Mapping[str, PolicySet], checks: AbstractSet[str]
) -> None:
    """Note checks that do not exist, and names that gitwarrant's own sets have."""
    for name, own in file.root.items():
        if name in builtin:
            source.wrong((name,), f"policy set {name!r} is one of gitwarrant's own", "choose another name")
        for index, check in enumerate(own.checks):
            if check not in checks:
                source.wrong((name, "checks", index), f"there is no check {check!r}", near(check, checks))


def policy_sets(file: PoliciesFile) -> dict[str, PolicySet]:
    """Translate policies.yaml."""
    return {
        name: PolicySet(name, tuple(own.checks), Severity(own.threshold)) for name, own in file.root.items()
    }


def judge_environments(
    source: Source, file: EnvironmentsFile, sets: AbstractSet[str] | None, people: People
) -> None:
    """Note names that are not defined (sets None: not known), and gates that nobody could open."""
    for name, stage in file.stages.items():
        for index, policy in enumerate(stage.policies):
            if sets is not None and policy not in sets:
                source.wrong(
                    ("stages", name, "policies", index),
                    f"policy set {policy!r} is not defined",
                    near_or(policy, sets, "define it in .gitwarrant/policies.yaml"),
                )
        _judge_predecessors(source, file, name)
        _judge_approvers(source, name, stage, people)
        judge_windows(source, ("stages", name, "windows"), stage.windows)
        judge_drift(source, ("stages", name, "drift"), stage.drift)
        people.judge(source, ("stages", name, "operators"), stage.operators)
        people.judge(source, ("stages", name, "break_glass"), stage.break_glass)
        judge_health(source, ("stages", name), stage.health, stage.health_deadline)
        if stage.rollback and not duration(stage.rollback.within):
            source.wrong(
                ("stages", name, "rollback", "within"),
                "within no time, nothing can fail",
                "write how long after a deploy, such as 10m, or remove 'rollback'",
            )


def environments(
    source: Source, file: EnvironmentsFile, sets: Mapping[str, PolicySet]
) -> tuple[Environment, ...]:
    """Translate environments.yaml, in the order of names."""
    return tuple(
        Environment(
            name=name,
            ref=f"refs/heads/{stage.branch}",
            path="" if stage.path == "." else stage.path,
            namespace=stage.namespace or name,
            auto_deploy=stage.auto_deploy,
            promotion_source=stage.promotion_source or "",
            policies=tuple(sets[policy] for policy in stage.policies),
            approval_required=stage.approval_required,
            approvers=tuple(stage.approvers),
            bounds=Bounds(stage.bounds.max_objects, stage.bounds.max_deletes),
            drift=DriftMode(stage.drift.mode),
            place=source.place(("stages", name)),
            allow_links=tuple(sorted(stage.allow_links)),
            windows=windows(source, ("stages", name, "windows"), stage.windows),
            operators=tuple(stage.operators),
            break_glass=tuple(stage.break_glass),
            adopt=tuple(Adoptable(tool) for tool in stage.adopt),
            ignore=ignore_rules(source, ("stages", name, "drift"), stage.drift),
            unmanaged=stage.drift.unmanaged == "report",
            rollback_within=int(duration(stage.rollback.within).total_seconds()) if stage.rollback else 0,
            depends_on=tuple(stage.depends_on),
            recreate=tuple(sorted(stage.recreate)),
            data_kinds=tuple(sorted(stage.data_kinds)),
            health=health_rules(source, ("stages", name), stage.health),
            health_deadline=int(duration(stage.health_deadline).total_seconds()),
        )
        for name, stage in sorted(file.stages.items())
    )


def _judge_predecessors(source: Source, file: EnvironmentsFile, name: str) -> None:
    """Note stages that are waited for and do not exist, and circles of stages that wait for each other."""
    for pointer, before in _predecessors(file, name):
        if before not in file.stages:
            what = f"{pointer[2]} {before!r} is no stage"
            source.wrong(pointer, what, near(before, set(file.stages) - {name}) or "define it below 'stages'")
        elif way := _way_back(file, before, name):
            source.wrong(
                pointer,
                f"stages wait for each other in a circle: {' <- '.join([name, *way])}",
                "remove the promotion_source or depends_on of the stage where it begins",
            )


def _predecessors(file: EnvironmentsFile, name: str) -> Iterator[tuple[Pointer, str]]:
    """The stages that one waits for, each with where it says so."""
    stage = file.stages[name]
    if stage.promotion_source is not None:
        yield ("stages", name, "promotion_source"), stage.promotion_source
    for index, before in enumerate(stage.depends_on):
        yield ("stages", name, "depends_on", index), before


def _way_back(file: EnvironmentsFile, start: str, name: str) -> tuple[str, ...]:
    """How a stage, over those that it waits for, leads back to `name`; empty where it does not."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == name:
            return way
        for _, before in _predecessors(file, way[-1]):
            if before in file.stages and before not in seen:
                seen.add(before)
                ways.append((*way, before))
    return ()


def _judge_approvers(source: Source, name: str, stage: StageFile, people: People) -> None:
    pointer = ("stages", name, "approvers")
    people.judge(source, pointer, stage.approvers)
    if stage.approval_required and not stage.approvers:
        source.wrong(
            ("stages", name, "approval_required"),
            "approval is required, but nobody is named to give it",
            f"name teams or people: approvers: [{', '.join(sorted(people.teams)) or 'platform-team'}]",
        )
    elif stage.approvers and not stage.approval_required:
        source.wrong(
            pointer,
            "approvers are named, but no approval is required",
            "write approval_required: true, or remove them",
        )
    elif stage.approvers and people.know(stage.approvers) and not people.approving(stage.approvers):
        source.wrong(
            pointer, "no person is among the approvers", "name a team with people in it; bots cannot approve"
        )
