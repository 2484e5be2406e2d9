"""What Flux and Argo CD deploy, read from a repository, as environments of ours."""

import asyncio
from pathlib import Path

import pytest
from tests.support.repositories import Simulator

from gitwarrant.config.environment_files import EnvironmentsFile
from gitwarrant.config.source import Source
from gitwarrant.git.reading import Repository
from gitwarrant.model.environment import Adoptable
from gitwarrant.model.errors import GitwarrantError
from gitwarrant.pipeline.importing.imported import Weight
from gitwarrant.pipeline.importing.importing import Shown, bring
from gitwarrant.pipeline.importing.stages import Reach, grant_text, stage_text, with_stages

SOURCE = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: env, namespace: flux-system}
spec: {url: "https://git.example.com/shop/env", ref: {branch: production}}
"""
SHOP = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: shop, namespace: flux-system}
spec:
  path: ./apps/shop
  prune: true
  wait: true
  targetNamespace: web
  sourceRef: {kind: GitRepository, name: env}
  dependsOn: [{name: base}]
"""
BASE = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: base, namespace: flux-system}
spec:
  path: ./base
  postBuild: {substitute: {size: large}}
  sourceRef: {kind: OCIRepository, name: base}
"""
WEB = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: info}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: []
"""
APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  source: {repoURL: "https://git.example.com/shop/env", path: apps/shop, targetRevision: HEAD}
  destination: {server: "https://kubernetes.default.svc", namespace: web}
  syncPolicy:
    automated: {prune: false, selfHeal: true}
    syncOptions: [CreateNamespace=true, PruneLast=true]
  ignoreDifferences:
  - {group: apps, kind: Deployment, jsonPointers: [/spec/replicas], jqPathExpressions: [.spec.x]}
"""


def brought(tmp_path: Path, tool: Adoptable, files: dict[str, str], *only: str) -> dict[str, Shown]:
    """All that a repository of these files has the tool deploy, by name."""
    simulator = Simulator(tmp_path / "env.git")
    commit = simulator.commit(by="alice", files=files)
    found = asyncio.run(bring(tool, Repository(tmp_path / "env.git"), commit, None, only=only))
    return {shown.imported.name: shown for shown in found}


def test_a_kustomization_becomes_an_environment(tmp_path: Path) -> None:
    """With its folder, branch and namespace, and exactly the reach that its objects need."""
    files = {"clusters/prod.yaml": f"{SOURCE}---\n{SHOP}", "apps/shop/web.yaml": WEB}

    shown = brought(tmp_path, Adoptable.FLUX, files)["shop"]

    assert (
        stage_text(shown.imported, "main")
        == """\
  shop:
    # from Kustomization.kustomize.toolkit.fluxcd.io flux-system/shop
    # it waited for base
    branch: "production"
    path: "apps/shop"
    namespace: web
    auto_deploy: true
    policies: [basic-security]
    adopt: [flux, kubectl]
    drift: revert
"""
    )
    assert shown.reach == Reach(("web",), ("ConfigMap",), ("ClusterRole.rbac.authorization.k8s.io",))
    assert (
        grant_text(shown.imported, shown.reach)
        == """\
    shop:
      cluster: main
      namespaces: [web]
      kinds: [ConfigMap]
      cluster_kinds: [ClusterRole.rbac.authorization.k8s.io]
"""
    )


def test_what_would_make_other_manifests_is_said_and_not_imported(tmp_path: Path) -> None:
    """With the field, the place and what to do: an environment that differs must not look like the same."""
    files = {"clusters/prod.yaml": BASE, "base/web.yaml": WEB}

    shown = brought(tmp_path, Adoptable.FLUX, files)["base"]

    assert not shown.imported.importable
    assert [(note.weight, note.field, str(note.place)) for note in shown.imported.notes] == [
        (Weight.DIFFERS, "spec.postBuild", "clusters/prod.yaml:1:1"),
        (Weight.DIFFERS, "spec.sourceRef", "clusters/prod.yaml:1:1"),
    ]
    assert shown.manifests == ()


def test_an_application_becomes_an_environment(tmp_path: Path) -> None:
    """It never deletes where Argo CD did not prune; what it did not compare is kept as a comment."""
    files = {"argocd/shop.yaml": APPLICATION, "apps/shop/web.yaml": WEB}

    shown = brought(tmp_path, Adoptable.ARGOCD, files)["shop"]

    text = stage_text(shown.imported, "main")
    assert (
        text
        == """\
  shop:
    # from Application.argoproj.io argocd/shop
    # it did not compare /spec/replicas of Deployment.apps
    # spec.source.directory.recurse: it reads its folder alone, we those below it too
    # spec.syncPolicy.syncOptions CreateNamespace=true: declare the Namespace in the repository
    # spec.ignoreDifferences jqPathExpressions: write what it ignores as a JSON pointer below 'drift.ignore'
    branch: "main"
    path: "apps/shop"
    namespace: web
    auto_deploy: true
    policies: [basic-security]
    adopt: [argocd, kubectl]
    drift: revert
    bounds: {max_deletes: 0}  # it never deletes
"""
    )


def test_two_of_one_name_are_told_apart(tmp_path: Path) -> None:
    other = SHOP.replace("namespace: flux-system", "namespace: team-a")
    files = {"clusters/prod.yaml": f"{SOURCE}---\n{SHOP}---\n{other}", "apps/shop/web.yaml": WEB}

    found = brought(tmp_path, Adoptable.FLUX, files)

    assert sorted(found) == ["flux-system-shop", "team-a-shop"]


def test_only_what_was_named_is_brought(tmp_path: Path) -> None:
    """A name that is not there is an error: nobody believes that something was imported."""
    files = {"clusters/prod.yaml": f"{SOURCE}---\n{SHOP}---\n{BASE}", "apps/shop/web.yaml": WEB}

    assert sorted(brought(tmp_path / "one", Adoptable.FLUX, files, "shop")) == ["shop"]
    with pytest.raises(GitwarrantError, match=r"nothing here is called blog\n.*name some of: base, shop"):
        brought(tmp_path / "two", Adoptable.FLUX, files, "blog")


def test_a_repository_without_the_tool_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GitwarrantError, match="there is no Application"):
        brought(tmp_path, Adoptable.ARGOCD, {"web.yaml": WEB})


def test_stages_are_written_behind_those_that_are_there(tmp_path: Path) -> None:
    """The comments and the order of people stay; what comes out is a file that loads."""
    files = {"clusters/prod.yaml": f"{SOURCE}---\n{SHOP}", "apps/shop/web.yaml": WEB}
    shown = brought(tmp_path, Adoptable.FLUX, files)["shop"]
    found = [(shown.imported, stage_text(shown.imported, "main"))]
    before = b"stages:\n  blog:  # ours\n    branch: main\n    policies: [basic-security]\n"

    after = with_stages(before, found)

    assert after.startswith(before)
    read = Source(after, "environments.yaml").parse(EnvironmentsFile)
    assert read is not None
    assert sorted(read.stages) == ["blog", "shop"]
    with pytest.raises(GitwarrantError, match="has a stage 'shop' already"):
        with_stages(after, found)
    with pytest.raises(GitwarrantError, match="one stage below the other"):
        with_stages(b"stages: {blog: {branch: main, policies: [basic-security]}}\n", found)
