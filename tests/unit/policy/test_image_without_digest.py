"""image-without-digest: what it finds, what it leaves alone, what must not slip by."""

import pytest
from tests.support.checking import judged, pod, said

RULE = "image-without-digest"
WHOLE = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("image", "fault"),
    [
        pytest.param("web", "no digest", id="violating: no tag"),
        pytest.param("web:1.2", "no digest", id="violating: a tag can move"),
        pytest.param(f"web@{WHOLE}", "", id="clean"),
        pytest.param(f"registry.example:5000/team/web:1.2@{WHOLE}", "", id="clean: port, tag and digest"),
        pytest.param("web@sha256:abc", "a digest that is not whole", id="evading: a short digest"),
        pytest.param(f"web@{WHOLE.upper()}", "a digest that is not whole", id="evading: capital letters"),
        pytest.param(f"web:sha256-{'a' * 64}", "no digest", id="evading: a tag that looks like one"),
        pytest.param(f"@{WHOLE}", "a digest that is not whole", id="evading: a digest of nothing"),
    ],
)
def test_image_without_digest(image: str, fault: str) -> None:
    """Whether the reference names bytes or a label."""
    expected = [f"5 container 'web' uses {image!r}, which has {fault}"] if fault else []

    assert said(pod(f"containers: [{{name: web, image: {image!r}}}]").replace("'", '"'), RULE) == expected


def test_the_remedy_is_the_reference_to_write() -> None:
    """Name and port stay, the tag goes."""
    report = judged(pod("containers: [{name: web, image: registry.example:5000/web:1}]"), RULE)

    assert [one.remedy for one in report.findings] == ["write it as registry.example:5000/web@sha256:..."]


def test_a_container_without_an_image_is_found() -> None:
    """A mutating webhook may fill in anything."""
    assert said(pod("containers: [{name: web}]"), RULE) == ["5 container 'web' names no image"]


def test_an_image_mounted_as_a_volume_is_judged() -> None:
    """Evading: bytes come in by a volume instead of a container."""
    spec = (
        f"containers: [{{name: web, image: web@{WHOLE}}}]\nvolumes: [{{name: m, image: {{reference: m:1}}}}]"
    )

    assert said(pod(spec), RULE) == ["6 volume 'm' uses 'm:1', which has no digest"]
