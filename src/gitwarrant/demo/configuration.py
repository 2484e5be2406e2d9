"""The shop's `.gitwarrant/` and the agent's own configuration, written as a team would write them."""

from datetime import date, timedelta
from pathlib import Path

from gitwarrant.demo.forge import Forge, Person

REPOSITORY = "shop-environments"
CLUSTER = "demo"
ENVIRONMENTS = ("staging", "production")
NAMESPACES = {name: f"shop-{name}" for name in ENVIRONMENTS}
TRUST_LIFETIME = timedelta(days=180)


def repository_files(ada: Person, grace: Person, today: date) -> dict[str, str]:
    """`.gitwarrant/` of the environment repository: path to text."""
    return {
        ".gitwarrant/trust.yaml": f"""\
repository: {REPOSITORY}
version: 1
expires: {today + TRUST_LIFETIME}
""",
        ".gitwarrant/identities.yaml": f"""\
ada:
  kind: person
  emails: [{ada.email}]
  keys:
    - public: "{ada.public}"
  teams: [shop-team]
grace:
  kind: person
  emails: [{grace.email}]
  keys:
    - public: "{grace.public}"
  teams: [platform-team]
""",
        ".gitwarrant/rules.yaml": """\
# The last rule that matches a path decides.
- path: "*"
  change: [shop-team, platform-team]
  approvals: 0
- path: "/production/"
  change: [shop-team, platform-team]
  approvals: 1
  from: [platform-team]
""",
        ".gitwarrant/environments.yaml": f"""\
stages:
  staging:
    branch: main
    path: staging
    namespace: {NAMESPACES["staging"]}
    auto_deploy: true
    policies: [basic-security]
    drift: revert
  production:
    branch: main
    path: production
    namespace: {NAMESPACES["production"]}
    auto_deploy: true
    policies: [production-security]
    approval_required: true
    approvers: [platform-team]
    drift: revert
""",
    }


def agent_file(
    forge: Forge, grace: Person, trusted_at: str, *, state: Path, key: Path, cluster: dict[str, str]
) -> str:
    """The operator's configuration: root of trust and tenant, which no commit can change.

    `cluster` holds the settings of the cluster: `kubeconfig`, or `uid` alone
    where a warrant is to be shown without one.
    """
    grants = "".join(
        f"""\
    {name}:
      cluster: {CLUSTER}
      namespaces: [{NAMESPACES[name]}]
      kinds: [ConfigMap, Service, Deployment.apps, StatefulSet.apps]
      cluster_kinds: [Namespace]
"""
        for name in ENVIRONMENTS
    )
    settings = "".join(f"    {name}: {value}\n" for name, value in cluster.items())
    return f"""\
version: 1
state: {state}
interval: 2s
root:
  repository: {REPOSITORY}
  url: {forge.url}
  trust_ref: refs/heads/main
  trusted_at: {trusted_at}
  threshold: 1
  keys:
    - holder: {grace.name}
      public: "{grace.public}"
tenant:
  name: shop
  grants:
{grants}clusters:
  {CLUSTER}:
{settings}warrant:
  key: {key}
  lifetime: 24h
"""
