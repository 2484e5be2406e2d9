"""All checks, in the order in which they are listed: the worst first."""

from gitwarrant.policy.builtin.cluster_admin_binding import ClusterAdminBinding
from gitwarrant.policy.builtin.dangerous_capabilities import DangerousCapabilities
from gitwarrant.policy.builtin.hidden_characters import HiddenCharacters
from gitwarrant.policy.builtin.host_namespaces import HostNamespaces
from gitwarrant.policy.builtin.host_path import HostPath
from gitwarrant.policy.builtin.image_without_digest import ImageWithoutDigest
from gitwarrant.policy.builtin.missing_limits import MissingLimits
from gitwarrant.policy.builtin.plaintext_secret import PlaintextSecret
from gitwarrant.policy.builtin.privileged_container import PrivilegedContainer
from gitwarrant.policy.builtin.runs_as_root import RunsAsRoot
from gitwarrant.policy.builtin.wildcard_rbac import WildcardRbac
from gitwarrant.policy.subject import Check

CHECKS: tuple[Check, ...] = (
    PrivilegedContainer(),
    ClusterAdminBinding(),
    HostNamespaces(),
    HostPath(),
    DangerousCapabilities(),
    WildcardRbac(),
    PlaintextSecret(),
    RunsAsRoot(),
    ImageWithoutDigest(),
    HiddenCharacters(),
    MissingLimits(),
)
