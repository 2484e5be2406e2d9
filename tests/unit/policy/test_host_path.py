"""host-path: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, pod, said

from gitwarrant.model.finding import Fix

VOLUME = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: disk}\nspec:\n"
WRAPPED = "apiVersion: example.com/v1\nkind: Wrapper\nmetadata: {name: x}\nspec:\n  object:\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            pod("containers: [{name: web}]\nvolumes:\n  - name: node\n    hostPath: {path: /var/run}"),
            ["8 volume 'node' is the path '/var/run' of the node"],
            id="violating",
        ),
        pytest.param(
            pod("containers: [{name: web}]\nvolumes: [{name: a, emptyDir: {}}, {name: b, secret: {}}]"),
            [],
            id="clean: other volumes",
        ),
        pytest.param(
            pod("containers: [{name: web}]\nvolumes: [{name: node, hostPath: {}}]"),
            ["6 volume 'node' is a path of the node"],
            id="evading: without a path",
        ),
        pytest.param(
            VOLUME + "  hostPath: {path: /}",
            ["5 the volume (hostPath) is the path '/' of the node"],
            id="evading: by a PersistentVolume",
        ),
        pytest.param(
            VOLUME + "  local: {path: /}",
            ["5 the volume (local) is the path '/' of the node"],
            id="evading: by a local PersistentVolume",
        ),
        pytest.param(VOLUME + "  csi: {driver: disk.example.com}", [], id="clean: storage of a driver"),
        pytest.param(
            WRAPPED + "    {apiVersion: v1, kind: PersistentVolume, spec: {hostPath: {path: /}}}",
            ["6 the volume (hostPath) is the path '/' of the node"],
            id="evading: a PersistentVolume wrapped in a custom kind",
        ),
    ],
)
def test_host_path(text: str, expected: list[str]) -> None:
    """All findings of one object."""
    assert said(text, "host-path") == expected


def test_the_fix_keeps_the_volume_and_its_name() -> None:
    """Mounts of it stay valid; what was in it is gone, so it is not safe."""
    report = judged(
        pod("containers: [{name: web}]\nvolumes: [{name: disk, hostPath: {path: /}}]"), "host-path"
    )

    [finding] = report.findings
    assert finding.fix == Fix(
        "use an empty directory that lives as long as the Pod",
        ("spec", "volumes", 0),
        {"name": "disk", "emptyDir": {}},
        safe=False,
    )
