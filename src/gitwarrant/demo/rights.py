"""What the agent of the second act may do in its cluster: what `gitwarrant rbac` computes, no more."""

from collections.abc import Mapping
from pathlib import Path

from gitwarrant.cluster.power.needs import Naming, Served
from gitwarrant.cluster.power.text import manifest_text
from gitwarrant.demo.kubectl import Target, run_kubectl
from gitwarrant.objects.power.subjects import Subject
from gitwarrant.pipeline.candidates import candidate
from gitwarrant.pipeline.delivery import Delivery
from gitwarrant.pipeline.power import Site, computed

AGENT = Subject("User", "", "gitwarrant-applier")


def give_rights(
    work: Delivery, environment: str, target: Target, environ: Mapping[str, str], folder: Path
) -> int:
    """Apply the agent's Roles for an environment as an administrator would; how many rules they have.

    Raises:
        GitwarrantError: kubectl fails.
    """
    found = candidate(work, environment)
    question = found.question
    site = Site(found.repository, question.environment, question.tenant, Served())
    roles = computed(site, question.change.head, None, naming=Naming.GRANT, holder=AGENT).granted
    path = folder / f"rbac-{environment}.yaml"
    path.write_text(manifest_text(roles, ()))
    run_kubectl(target, environ, ["apply", "--server-side", "-f", str(path)])
    return sum(len(rules) for _, rules in roles.roles)
