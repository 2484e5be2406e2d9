"""wildcard-rbac."""

from collections.abc import Iterator

from gitwarrant.model.finding import Severity
from gitwarrant.objects.embedded import is_a
from gitwarrant.objects.rbac import GROUP, ROLES, aggregates_cluster_admin, wildcards
from gitwarrant.policy.subject import Subject, Violation

EVERYTHING = {
    "apiGroups": "every API group, those of tomorrow too",
    "resources": "every resource, Secrets among them",
    "verbs": "every verb, 'escalate', 'bind' and 'impersonate' among them",
    "nonResourceURLs": "every URL of the API server",
}


class WildcardRbac:
    """A `*` in the rules of a Role, or an aggregation that takes in those of cluster-admin."""

    id = "wildcard-rbac"
    severity = Severity.HIGH
    title = "A role with a wildcard allows more than anybody reviewed"
    why = (
        "A '*' allows what exists today and what will be installed tomorrow. Nobody can say what such a role "
        "may do, so nobody can review it; mostly it holds a way to become cluster-admin. An aggregated "
        "ClusterRole whose selector takes in cluster-admin has its wildcards without showing one."
    )
    remedy = "name the API groups, resources and verbs that are needed"
    before = """\
rules:
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: ["*"]
"""
    after = """\
rules:
  - apiGroups: [apps]
    resources: [deployments]
    verbs: [get, list, watch]
"""
    maps_to: tuple[str, ...] = ("CIS 5.1.3",)

    def applies(self, subject: Subject) -> bool:
        """Roles and ClusterRoles, also those wrapped in other objects."""
        return any(is_a(content, GROUP, *ROLES) for _, content in subject.objects)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation per wildcard and per selector that takes in cluster-admin."""
        for pointer, content in subject.objects:
            if not is_a(content, GROUP, *ROLES):
                continue
            for found in wildcards(content, pointer):
                message = f"{found.field} has {found.word!r}: {EVERYTHING[found.field]}"
                yield Violation(found.pointer, message, f"name the {found.field} that are needed")
            for way in aggregates_cluster_admin(content, pointer):
                yield Violation(
                    way,
                    "the selector takes in the rules of cluster-admin, which are wildcards",
                    remedy="select by a label of your own, for example 'rbac.example.com/to-team: \"true\"'",
                )
