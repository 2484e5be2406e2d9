"""The tree of `gitwarrant status`, whole."""

from datetime import UTC, datetime, timedelta
from io import StringIO

from gitwarrant.cli.status import lines
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.change import CommitId
from gitwarrant.model.live import Drift, DriftKind, Health, ObjectHealth, Offspring
from gitwarrant.model.manifest import ObjectKey
from gitwarrant.model.plan import FieldDifference
from gitwarrant.pipeline.status import ObjectStatus, Status, sickness

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def verdict(group: str, kind: str, name: str, health: Health, reason: str = "") -> ObjectHealth:
    return ObjectHealth(ObjectKey(group, kind, "shop", name), health, reason)


def pod(name: str, health: Health, reason: str = "") -> Offspring:
    return Offspring(verdict("", "Pod", name, health, reason))


WEB = verdict("apps", "Deployment", "web", Health.FAILED, "1 of 2 Pods are available; 1 of 2 Pods: no image")
REPLICAS = Offspring(
    verdict("apps", "ReplicaSet", "web-1", Health.PROGRESSING, "1 of 2 Pods are available"),
    (pod("web-1-a", Health.HEALTHY), pod("web-1-b", Health.FAILED, "no image")),
)
FLAGS = verdict("", "ConfigMap", "flags", Health.HEALTHY)
DRIFT = Drift(
    FLAGS.key,
    DriftKind.CHANGED,
    (FieldDifference(("data", "mode"), ("safe",), ("unsafe",)),),
    ("kubectl-edit",),
)
STATUS = Status(
    "production",
    CommitId("3f2a1b9c0d1e" + "0" * 28),
    7,
    NOW - timedelta(minutes=12),
    applied=False,
    suspended=True,
    held=None,
    objects=(ObjectStatus(FLAGS, DRIFT, ()), ObjectStatus(WEB, None, (REPLICAS,))),
)


def shown(*, colour: bool = False) -> str:
    out = StringIO()
    terminal = Terminal(out, out, colour=colour, as_json=False)
    terminal.say("\n".join(lines(STATUS, terminal, NOW)))
    return out.getvalue()


def test_the_tree_tells_what_is_wrong_where() -> None:
    assert (
        shown()
        == """\
production  revision 3f2a1b9c0d1e, warrant 7, 12 minutes ago, not applied to its end, suspended: \
1 of 2 objects are healthy
├─ ConfigMap shop/flags  healthy  drifted: data.mode
└─ Deployment.apps shop/web  failed: 1 of 2 Pods are available; 1 of 2 Pods: no image
   └─ ReplicaSet web-1  progressing: 1 of 2 Pods are available
      ├─ Pod web-1-a  healthy
      └─ Pod web-1-b  failed: no image
"""
    )


def test_colours_change_no_word() -> None:
    plain = Terminal(StringIO(), StringIO(), colour=False, as_json=False)

    assert "\x1b[31;1mfailed\x1b[0m" in shown(colour=True)
    assert "\x1b" not in "\n".join(lines(STATUS, plain, NOW))


def test_what_is_not_healthy_is_said_in_one_sentence() -> None:
    assert sickness([item.health for item in STATUS.objects]) == (
        "Deployment.apps shop/web is failed: 1 of 2 Pods are available; 1 of 2 Pods: no image"
    )
