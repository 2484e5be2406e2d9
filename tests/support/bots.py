"""A bot that may set images by digest, and an environment repository that it writes to."""

from dataclasses import replace

from gitwarrant.model.errors import Place
from gitwarrant.model.identity import IdentityKind
from gitwarrant.model.permission import (
    Constraint,
    DigestOnly,
    ImageByDigest,
    Permission,
    WholeNumber,
    read_field_path,
)
from tests.support.chain import POLICY, Chain, person, rule

OLD, NEW = ("sha256:" + digit * 64 for digit in "ab")
POD = "spec.template.spec."
KUSTOMIZATION = "Kustomization.kustomize.config.k8s.io"
DEPLOYMENT = f"""\
# the shop's front  # no robot obeys this
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, namespace: shop}}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: web
          image: oci.lan/shop/web@{OLD} # {{"$imagepolicy": "shop:web"}}
          env:
            - {{name: MODE, value: "é𝄞"}}
        - name: proxy
          image: "oci.lan/shop/proxy@{OLD}"
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: web, namespace: shop}}
spec: {{replicas: 3}}
data: {{image: a}}
"""
KUSTOMIZE = f"""\
resources: [web.yaml]
images:
  - name: shop
    newName: oci.lan/shop/web
    digest: {OLD}
"""


def permission(files: str, kind: str, field: str, value: Constraint, line: int) -> Permission:
    place = Place(".gitwarrant/identities.yaml", line)
    return Permission(files, frozenset([kind]), (read_field_path(field),), value, place)


SHOP = ImageByDigest("oci.lan/shop/*")
MAY = (
    permission("/apps/", "Deployment.apps", POD + "containers[name=web].image", SHOP, 20),
    permission("/apps/", "Deployment.apps", "spec.replicas", WholeNumber(1, 5), 25),
    permission("kustomization.yaml", KUSTOMIZATION, "images[name=shop].digest", DigestOnly(), 30),
)
WEB = "apps/web.yaml"
FILES = {WEB: DEPLOYMENT, "apps/kustomization.yaml": KUSTOMIZE, "README.md": "hello"}


def shop() -> Chain:
    """A chain whose bot `robot` has bounds; the rules alone would let it write anywhere."""
    robot = replace(person("robot", kind=IdentityKind.BOT), may=MAY)
    others = tuple(who for who in POLICY.identities if who.name != "robot")
    rules = (rule("*", 3, writers=[], approvals=0, approvers=[]),)
    policy = replace(POLICY, identities=(*others, robot), rules=rules)
    return Chain(ref="refs/heads/env", files=dict(FILES), policy=policy)
