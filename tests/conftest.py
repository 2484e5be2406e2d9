"""What all tests share: one running cluster, a mode that skips nothing, and a last line that counts."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from gitwarrant.sandbox import life
from gitwarrant.sandbox.binaries import Binaries
from gitwarrant.sandbox.errors import SandboxError
from gitwarrant.sandbox.find import Sandbox
from tests.support.gitea import Gitea, running

# A busy machine is no failure: speed is measured in `bench`.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

NO_SKIP = bool(os.environ.get("GITWARRANT_NO_SKIP"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A running Kubernetes that all tests of a session share: use a namespace of your own."""
    yield from _sandbox("shared", tmp_path_factory.mktemp("sandbox"))


@pytest.fixture(scope="session")
def other_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A second one, for what moves from one to the other."""
    yield from _sandbox("other", tmp_path_factory.mktemp("other-sandbox"))


def _sandbox(name: str, root: Path) -> Iterator[Sandbox]:
    try:
        binaries = Binaries.of(os.environ).find_all()
    except SandboxError as error:
        pytest.skip(str(error))
    sandbox = life.up(name, root=root, binaries=binaries)
    yield sandbox
    life.down(name, root=root)


@pytest.fixture(scope="session")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """A running forge that all tests of a session share: make a repository of your own."""
    with running(tmp_path_factory.mktemp("gitea")) as server:
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With GITWARRANT_NO_SKIP, a test that skips has failed: its reason is what is missing."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself."""
    report = yield
    _forbid_skip(report)
    return report


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and nothing may be: {report.longrepr}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Count, in one line that other programs can read."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or config.option.collectonly:
        return
    count = {name: len(reports) for name, reports in reporter.stats.items()}
    passed = count.get("passed", 0)
    failed = count.get("failed", 0) + count.get("error", 0)
    skipped = count.get("skipped", 0) + count.get("xfailed", 0)
    reporter.write_line(f"{passed} passed, {failed} failed, {skipped} skipped")
