"""cluster-admin-binding."""

from collections.abc import Iterator

from gitwarrant.model.finding import Severity
from gitwarrant.model.manifest import Content, Pointer
from gitwarrant.objects.embedded import is_a
from gitwarrant.objects.fields import text
from gitwarrant.objects.rbac import BINDINGS, GROUP, binds_cluster_admin, masters
from gitwarrant.policy.subject import Subject, Violation


class ClusterAdminBinding:
    """A binding to cluster-admin, or to the group that RBAC does not even ask about."""

    id = "cluster-admin-binding"
    severity = Severity.CRITICAL
    title = "A binding to cluster-admin gives everything away"
    why = (
        "Who is bound to cluster-admin may read every Secret, become every account and undo every rule, in "
        "the whole cluster or (by a RoleBinding) in the whole namespace. The group 'system:masters' is "
        "worse: the API server lets it pass before any rule is asked, so it cannot be taken back by RBAC."
    )
    remedy = "bind a role that names what is needed"
    before = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: deployer
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
  - kind: ServiceAccount
    name: deployer
    namespace: ci
"""
    after = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: deployer
  namespace: web
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: deployer
subjects:
  - kind: ServiceAccount
    name: deployer
    namespace: ci
"""
    maps_to: tuple[str, ...] = ("CIS 5.1.1", "CIS 5.1.7")

    def applies(self, subject: Subject) -> bool:
        """RoleBindings and ClusterRoleBindings, also those wrapped in other objects."""
        return any(is_a(content, GROUP, *BINDINGS) for _, content in subject.objects)

    def run(self, subject: Subject) -> Iterator[Violation]:
        """One violation for the role, one per subject that is system:masters."""
        for pointer, content in subject.objects:
            if is_a(content, GROUP, *BINDINGS):
                yield from _judge(content, pointer)


def _judge(binding: Content, pointer: Pointer) -> Iterator[Violation]:
    role = binds_cluster_admin(binding, pointer)
    if role is not None:
        whole = text(binding, "kind", pointer) == "ClusterRoleBinding"
        reach = "the whole cluster" if whole else "everything in its namespace"
        yield Violation(role, f"cluster-admin is bound: {reach} is given away")
    for subject in masters(binding, pointer):
        yield Violation(
            subject,
            "the group system:masters is bound: the API server never asks RBAC about it",
            remedy="bind a group of your own",
        )
