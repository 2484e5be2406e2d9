"""Evidence for one small deployment, as the stages before authorise would give it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from gitwarrant.model.authorship import Authorship
from gitwarrant.model.canonical import Digest
from gitwarrant.model.change import CommitId, TreeId
from gitwarrant.model.environment import Environment, Grant, Tenant
from gitwarrant.model.errors import Place
from gitwarrant.model.finding import CheckReport
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.plan import Leaf, LeafList, Operation, Plan
from gitwarrant.model.rendered import Rendered, Unit
from gitwarrant.model.warrant import Warrant, WarrantBundle
from gitwarrant.trust.authorise import authorise
from gitwarrant.trust.file_signer import FileSigner
from gitwarrant.trust.signer import Signer
from gitwarrant.trust.warrant_keys import WarrantKeys
from tests.support.chain import BASE, MAIN, NOW, REPOSITORY, environment

HEAD = CommitId("c" * 40)
CLUSTER = "6f1c2a52-7d0e-4a0e-9a7e-2f1f3c6f0b11"
ENVIRONMENT = environment("security")
GRANT = Grant("production", frozenset(["shop"]), frozenset(["ConfigMap"]), frozenset())
TENANT = Tenant("shop", (GRANT,))
AUTHORSHIP = Authorship(REPOSITORY, MAIN, BASE, HEAD, Digest("sha256:" + "a" * 64), ())
SIGNER = FileSigner(ec.derive_private_key(2026, ec.SECP256R1()))
OTHER_SIGNER = FileSigner(ec.derive_private_key(666, ec.SECP256R1()))
KEYS = WarrantKeys((SIGNER.public_pem,))
BOTH = WarrantKeys((SIGNER.public_pem, OTHER_SIGNER.public_pem), needed=2)
SOURCE = "git+https://git.example.com/shop.git"
HOUR = timedelta(hours=1)


def config_map(name: str, **data: str) -> Manifest:
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "shop"},
        "data": data,
    }
    key = ObjectKey("", "ConfigMap", "shop", name)
    return Manifest(key, "v1", content, Place(f"{name}.yaml", 1), 0, ())


def leaf(manifest: Manifest, operation: Operation = Operation.APPLY) -> Leaf:
    key = manifest.key
    return Leaf(
        key.group, manifest.version, key.kind, key.namespace, key.name, operation.value, manifest.digest
    )


def leaf_list(*leaves: Leaf) -> LeafList:
    return LeafList(tuple(sorted(leaves)))


WEB, DATABASE, GONE = config_map("web", size="1"), config_map("database", size="2"), config_map("gone")
LEAVES = leaf_list(leaf(WEB), leaf(DATABASE), leaf(GONE, Operation.DELETE))
PLAN = Plan("production", HEAD, (), LEAVES, (DATABASE, WEB))
RENDERED = Rendered(HEAD, TreeId("d" * 40), "", (Unit("", (DATABASE, WEB), ()),))
REPORT = CheckReport(HEAD, 2, (), (), (), ())


def issue(
    *,
    to: Environment = ENVIRONMENT,
    tenant: Tenant = TENANT,
    authorship: Authorship = AUTHORSHIP,
    report: CheckReport = REPORT,
    plan: Plan = PLAN,
    rendered: Rendered = RENDERED,
    cluster: str = CLUSTER,
    previous: Warrant | None = None,
    owners: Mapping[ObjectKey, str] | None = None,
    signers: Sequence[Signer] = (SIGNER,),
) -> WarrantBundle:
    """Authorise the deployment, with one piece of evidence replaced."""
    return authorise(
        to,
        tenant,
        authorship,
        report,
        plan,
        rendered=rendered,
        cluster=cluster,
        previous=previous,
        owners=owners or {},
        now=NOW,
        lifetime=HOUR,
        source=SOURCE,
        signers=signers,
    )


def plan_with(*leaves: Leaf) -> Plan:
    return replace(PLAN, leaves=leaf_list(*leaves))
