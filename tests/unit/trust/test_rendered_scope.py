"""What a bot's change renders to is judged by the same permissions."""

from typing import Any

import pytest
from tests.support.bots import NEW, OLD, shop

from gitwarrant.model.errors import Place
from gitwarrant.model.manifest import Manifest, ObjectKey
from gitwarrant.model.permission import Permission, TextLike, read_field_path
from gitwarrant.trust.scope.fields import OutOfScope
from gitwarrant.trust.scope.rendered import check_rendered

PLACE = Place("web.yaml", 7)
[MAY] = [who.may for who in shop().policy.identities if who.may]


def deployment(
    image: str = f"oci.lan/shop/web@{OLD}", *, name: str = "web", version: str = "v1", **spec: Any
) -> Manifest:
    containers = [{"name": "web", "image": image}, {"name": "proxy", "image": "p"}]
    content = {
        "apiVersion": f"apps/{version}",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"replicas": 3, "template": {"spec": {"containers": containers}}, **spec},
    }
    return Manifest(ObjectKey("apps", "Deployment", "shop", name), version, content, PLACE, 0, ())


@pytest.mark.parametrize(
    "after",
    [
        pytest.param([deployment()], id="nothing"),
        pytest.param([deployment(f"oci.lan/shop/web@{NEW}")], id="the image"),
        pytest.param([deployment(f"oci.lan/shop/api@{NEW}", replicas=5)], id="both fields"),
    ],
)
def test_permitted_values_pass(after: list[Manifest]) -> None:
    check_rendered([deployment()], after, MAY)


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        pytest.param(
            [deployment("oci.lan/shop/web:2")],
            "is set to 'oci.lan/shop/web:2', which is not an image",
            id="a tag",
        ),
        pytest.param(
            [deployment(replicas=9)], "spec.replicas of a Deployment.apps is set to 9", id="a number"
        ),
        pytest.param(
            [deployment(paused=True)], "spec.paused of a Deployment.apps is changed: it is new", id="a field"
        ),
        pytest.param(
            [deployment(), deployment(name="new")], "Deployment.apps shop/new is new", id="an object"
        ),
        pytest.param([], "Deployment.apps shop/web is gone", id="an object that is gone"),
        pytest.param([deployment(), deployment()], "is there twice", id="an object twice"),
        pytest.param([deployment(version="v2")], "changes from version v1 to v2", id="a version"),
        pytest.param(
            [
                deployment(
                    template={
                        "spec": {
                            "containers": [
                                {"name": "proxy", "image": "p"},
                                {"name": "web", "image": f"oci.lan/shop/web@{OLD}"},
                            ]
                        }
                    }
                )
            ],
            "containers[0].image of a Deployment.apps is changed",
            id="reordered",
        ),
    ],
)
def test_anything_else_is_refused(after: list[Manifest], reason: str) -> None:
    with pytest.raises(OutOfScope) as caught:
        check_rendered([deployment()], after, MAY)

    assert reason in caught.value.what
    assert caught.value.place == PLACE


def test_two_items_of_one_name_are_no_item() -> None:
    """`[name=web]` means the only one: with two of them nobody knows which runs."""
    twice = [
        deployment(
            template={
                "spec": {"containers": [{"name": "web", "image": image}, {"name": "web", "image": "b"}]}
            }
        )
        for image in ("a", f"oci.lan/shop/web@{NEW}")
    ]

    with pytest.raises(OutOfScope, match=r"containers\[0\]\.image of a Deployment\.apps is changed"):
        check_rendered(twice[:1], twice[1:], MAY)


def test_a_value_of_a_secret_is_not_shown() -> None:
    path = read_field_path('stringData["a.key"]')
    may = (Permission("*", frozenset(["Secret"]), (path,), TextLike("[a-z]+"), Place("identities.yaml", 3)),)
    old, new = (
        Manifest(ObjectKey("", "Secret", "shop", "s"), "v1", {"stringData": {"a.key": value}}, PLACE, 0, ())
        for value in ("abc", "HUSH")
    )

    with pytest.raises(OutOfScope) as caught:
        check_rendered([old], [new], may)

    assert caught.value.what == (
        "Secret shop/s: stringData['a.key'] of a Secret is set to another value, "
        "which is not text like '[a-z]+' (identities.yaml:3)"
    )


def test_a_permission_whose_expression_is_none_refuses() -> None:
    may = (
        Permission(
            "*", frozenset(["Deployment.apps"]), (read_field_path("spec.replicas"),), TextLike("("), PLACE
        ),
    )

    with pytest.raises(OutOfScope, match="cannot be used"):
        check_rendered([deployment(replicas="a")], [deployment(replicas="b")], may)
