"""The second act: the agent deploys to a real cluster, a hand edit is put back, and the log answers."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gitwarrant.agent.loop import Event, Loop, Mood
from gitwarrant.audit.answers import parse_query, who
from gitwarrant.audit.telling import tell as tell_answers
from gitwarrant.cluster.client import Cluster
from gitwarrant.cluster.connection import Connection, from_kubeconfig
from gitwarrant.config.agent import Agent
from gitwarrant.demo.act_one import Say, tell
from gitwarrant.demo.configuration import ENVIRONMENTS, NAMESPACES
from gitwarrant.demo.kubectl import Target, run_kubectl
from gitwarrant.demo.rights import give_rights
from gitwarrant.demo.story import Shop
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.model.live import Health
from gitwarrant.pipeline.delivery import Delivery, open_delivery

ROUNDS = 15  # looks until everything is healthy: two seconds each
STYLES = {Mood.GOOD: "good", Mood.NEWS: "", Mood.BAD: "warn"}


def act_two(shop: Shop, target: Target, environ: Mapping[str, str], say: Say) -> Agent:
    """Play the second act; the agent's configuration, to go on with.

    Raises:
        GitwarrantError: the cluster cannot be reached, or something in it is not ours.
    """
    settings = {"kubeconfig": str(target.agent or target.kubeconfig)}
    if target.context:
        settings["context"] = target.context
    agent = shop.agent(settings, state="agent")
    say("", "")
    say("Act 2   The agent, and a real Kubernetes API server", "bold")
    with open_delivery(agent, lambda: datetime.now(UTC)) as work:
        play = _Play(work, target, environ, say)
        if target.agent:
            _give_rights(play, shop)
        for environment in ENVIRONMENTS:
            tell(say, f"The agent fetches, judges and deploys {environment}.")
            play.look(environment, until_healthy=target.pods_start)
        if target.kubectl:
            _edit_by_hand(play)
        tell(say, "Who changed the database's settings? gitwarrant audit who")
        query = parse_query(f"ConfigMap {NAMESPACES['production']}/database", "")
        for text, style in tell_answers(who(work.recorder, query)):
            say(f"    {text}", style)
    return agent


@dataclass(frozen=True, slots=True)
class _Play:
    work: Delivery
    target: Target
    environ: Mapping[str, str]
    say: Say

    def look(self, environment: str, *, until_healthy: bool) -> None:
        """Let the agent's own loop look until everything is well, and show what it says."""
        loop = Loop(self.work, [environment], lambda _: Cluster(self._connection()), self._show)

        def well() -> bool:
            seen = loop.observation(environment)
            healthy = seen is not None and all(item.health is Health.HEALTHY for item in seen.health)
            return seen is not None and (healthy or not until_healthy)

        asyncio.run(loop.run(rounds=ROUNDS, until=well))
        if not well():
            raise GitwarrantError(
                f"{environment} is not healthy after {ROUNDS} looks",
                remedy="see what it waits for: kubectl get pods; then run the demo again",
            )

    def _connection(self) -> Connection:
        target = self.target
        return from_kubeconfig(
            target.agent or target.kubeconfig, environment=self.environ, context=target.context or None
        )

    def _show(self, event: Event) -> None:
        self.say(f"    {event.environment:<10} {event.what}", STYLES[event.mood])


def _give_rights(play: _Play, shop: Shop) -> None:
    tell(play.say, "An administrator gives the agent what it needs: gitwarrant rbac ENV | kubectl apply")
    for environment in ENVIRONMENTS:
        rules = give_rights(play.work, environment, play.target, play.environ, shop.folder)
        play.say(f"    {environment:<10} {rules} rules, each with its reasons: rbac-{environment}.yaml", "")


def _edit_by_hand(play: _Play) -> None:
    namespace = NAMESPACES["production"]
    command = ["set", "env", "deployment/web", "LOG_LEVEL=trace", "DEBUG=1"]
    tell(play.say, f"Somebody helps with kubectl: kubectl -n {namespace} {' '.join(command)}")
    run_kubectl(play.target, play.environ, ["-n", namespace, *command])
    play.look("production", until_healthy=play.target.pods_start)


def commands_to_try(agent_file: Path, target: Target, program: str, log: Path) -> Iterator[tuple[str, str]]:
    """Five commands, each with what it shows."""
    namespace = NAMESPACES["production"]
    config = f"--config {agent_file}"
    kubectl = f"{target.kubectl or 'kubectl'} --kubeconfig {target.kubeconfig}"
    yield "break something; the agent puts it back", f"{kubectl} -n {namespace} scale deploy web --replicas=9"
    yield "watch the agent do it", f"tail -n 20 -f {log}"
    yield (
        "who changed it, and who accepted that",
        f"{program} audit who deployment/web -n {namespace} {config}",
    )
    yield "compare the cluster with what was warranted", f"{program} drift production {config}"
    yield "everything that happened, refusals too", f"{program} audit log {config}"
