"""A bot with bounds whose key was stolen: nothing but a permitted value of a permitted field gets through."""

import pytest
from tests.support.bots import DEPLOYMENT, FILES, KUSTOMIZE, NEW, OLD, WEB, shop
from tests.support.chain import Chain

from gitwarrant.model.authorship import Proof
from gitwarrant.model.errors import Place, Refused

KUSTOMIZATION = "apps/kustomization.yaml"


def refusal(chain: Chain) -> Refused:
    with pytest.raises(Refused) as caught:
        chain.verify()
    assert caught.value.stage == "verify"
    return caught.value


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        pytest.param(WEB, f"web@{OLD}", f"web@{NEW}", id="another digest"),
        pytest.param(WEB, f"web@{OLD}", f"web:1.2@{NEW}", id="with a tag beside the digest"),
        pytest.param(WEB, f"shop/web@{OLD}", f"shop/other@{NEW}", id="another image of the same folder"),
        pytest.param(WEB, f"oci.lan/shop/web@{OLD}", f"'oci.lan/shop/web@{NEW}'", id="in quotes"),
        pytest.param(WEB, "replicas: 3\n", "replicas: 5\n", id="a number in its range"),
        pytest.param(KUSTOMIZATION, OLD, NEW, id="a kustomization's digest"),
    ],
)
def test_what_the_bot_may_do(path: str, old: str, new: str) -> None:
    """Else the attacks below would prove nothing."""
    chain = shop()
    chain.land({path: FILES[path].replace(old, new, 1)}, by="robot")

    [proof] = chain.verify().landings

    assert (proof.proof, proof.authors, proof.paths) == (Proof.SIGNATURE, frozenset({"robot"}), (path,))


WEB_IMAGE = f"oci.lan/shop/web@{OLD}"
WEB_ITEM = DEPLOYMENT[DEPLOYMENT.index("        - name: web") : DEPLOYMENT.index("        - name: proxy")]
PROXY_ITEM = DEPLOYMENT[DEPLOYMENT.index("        - name: proxy") : DEPLOYMENT.index("---")]


def value_refused(value: str, wanted: str, line: int) -> str:
    return f"is set to {value!r}, which is not {wanted} (.gitwarrant/identities.yaml:{line})"


IMAGE = "an image of oci.lan/shop/* by digest (name@sha256:...)"
OTHERWISE = "more than permitted values differs"


@pytest.mark.parametrize(
    ("path", "content", "reason", "line"),
    [
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_ITEM + PROXY_ITEM, PROXY_ITEM + WEB_ITEM),
            "spec.template.spec.containers[0].env of a Deployment.apps is changed: it is gone",
            10,
            id="list reorder",
        ),
        pytest.param(
            KUSTOMIZATION,
            KUSTOMIZE.replace("oci.lan/shop/web", "evil.example.com/web"),
            "images[0].newName of a Kustomization.kustomize.config.k8s.io is changed",
            4,
            id="images newName",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, "oci.lan/shop/web:2"),
            value_refused("oci.lan/shop/web:2", IMAGE, 20),
            11,
            id="a tag instead of a digest",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, WEB_IMAGE.replace("oci.lan/shop", "oci.lan/evil")),
            "which is not " + IMAGE,
            11,
            id="another repository",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, WEB_IMAGE.replace("shop/", "shop/../evil/")),
            "which is not " + IMAGE,
            11,
            id="another repository through dots",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, WEB_IMAGE.replace("shop/", "shop/sub/")),
            "which is not " + IMAGE,
            11,
            id="a folder below the repository",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, f"{WEB_IMAGE}@{NEW}"),
            "which is not " + IMAGE,
            11,
            id="two digests",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, WEB_IMAGE[:-1]),
            "which is not " + IMAGE,
            11,
            id="half a digest",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("replicas: 3\n", "replicas: 6\n"),
            value_refused("6", "a whole number from 1 to 5", 25).replace("'", ""),
            6,
            id="a number out of range",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("replicas: 3\n", "replicas: true\n"),
            "is set to True, which is not a whole number",
            6,
            id="true as a number",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("---", f"        - name: new\n          image: {WEB_IMAGE}\n---"),
            "spec.template.spec.containers of a Deployment.apps is changed in its shape",
            10,
            id="an added container with an allowed image",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("name: proxy", "name: web"),
            "containers[1].name of a Deployment.apps is changed",
            14,
            id="another container under its name",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, f"{WEB_IMAGE}\n          command: [sh]"),
            "containers[0].command of a Deployment.apps is changed: it is new",
            12,
            id="a field behind the value",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, f'{{"oci.lan/shop/web@{OLD}": 1}}'),
            "containers[0].image of a Deployment.apps is changed in its shape",
            11,
            id="a mapping instead of the value",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("shop:web", "evil:web"),
            OTHERWISE,
            11,
            id="a changed comment directive",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(OLD + " #", NEW + "  #"),
            OTHERWISE,
            11,
            id="a blank more beside a good change",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(f'"oci.lan/shop/proxy@{OLD}"', f"oci.lan/shop/proxy@{OLD}"),
            OTHERWISE,
            15,
            id="quotes of another value",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("\n", "\r\n").replace(f"web@{OLD}", f"web@{NEW}"),
            OTHERWISE,
            1,
            id="CRLF everywhere",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(f'proxy@{OLD}"\n', f'proxy@{OLD}"\r\n'),
            OTHERWISE,
            15,
            id="one CRLF",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, f">-\n            {WEB_IMAGE.replace(OLD, NEW)}\n").replace(
                ' # {"$imagepolicy": "shop:web"}', ""
            ),
            "a changed value is not written on one line",
            11,
            id="a value over two lines",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace(WEB_IMAGE, f'"oci.lan/shop/\\\n            web@{NEW}"'),
            "a changed value is not written on one line",
            11,
            id="a quoted value over two lines",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT + "---\nkind: Secret\n",
            "documents are added or removed",
            0,
            id="a document appended",
        ),
        pytest.param(WEB, DEPLOYMENT + "---\n", OTHERWISE, 22, id="an empty document appended"),
        pytest.param(WEB, "---\n" + DEPLOYMENT, OTHERWISE, 1, id="a document mark before it"),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("{replicas: 3}", "{replicas: 4}"),
            "spec.replicas of a ConfigMap is changed; nothing of that kind may be",
            20,
            id="two kinds in one file",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("kind: ConfigMap", "kind: Deployment"),
            "becomes another object",
            17,
            id="another kind",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("name: web, namespace: shop", "name: api, namespace: shop", 1),
            "becomes another object",
            2,
            id="another name",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("replicas: 3\n", "replicas: 4\n  replicas: 5\n"),
            "the key 'replicas' stands twice",
            7,
            id="through a duplicate key",
        ),
        pytest.param(
            WEB,
            DEPLOYMENT.replace("replicas: 3\n", "replicas: [\n"),
            "",
            8,
            id="a file that no longer parses",
        ),
        pytest.param(WEB, "\ufeff" + DEPLOYMENT, "begins with a byte order mark", 1, id="a byte order mark"),
        pytest.param(WEB, "", "documents are added or removed", 0, id="an emptied file"),
        pytest.param(WEB, None, "the file is removed", 0, id="a removed file"),
        pytest.param("apps/new.yaml", DEPLOYMENT, "the file is new", 0, id="a new file"),
        pytest.param(
            "README.md", "hello!", "the file is changed; only these may be: /apps/", 0, id="another file"
        ),
    ],
)
def test_bot_beyond_its_bounds(path: str, content: str | None, reason: str, line: int) -> None:
    """Stopped by verify, at the line where it happens."""
    attacked = shop()
    attacked.land({path: content}, by="robot")

    refused = refusal(attacked)

    assert reason in refused.what
    assert refused.place is not None
    assert (refused.place.path, refused.place.line) == (path, line)


ANCHORED = DEPLOYMENT.replace(f"image: oci.lan/shop/web@{OLD}", f"image: &i oci.lan/shop/web@{OLD}").replace(
    f'"oci.lan/shop/proxy@{OLD}"', "*i"
)
MERGED = DEPLOYMENT.replace("spec:\n  replicas: 3\n", "spec:\n  <<: &s {replicas: 3}\n").replace(
    "  template:\n", "  paused: false\n  template:\n"
)


@pytest.mark.parametrize(
    ("before", "old", "new", "reason", "line"),
    [
        pytest.param(
            ANCHORED,
            f"&i oci.lan/shop/web@{OLD}",
            f"&i oci.lan/shop/web@{NEW}",
            "spec.template.spec.containers[1].image of a Deployment.apps is changed",
            11,
            id="through an anchor into another field",
        ),
        pytest.param(
            ANCHORED.replace("*i", "x"),
            f"@{OLD}",
            f"@{NEW}",
            "has an anchor, an alias, a merge or a tag",
            11,
            id="a value with an anchor",
        ),
        pytest.param(
            MERGED,
            "&s {replicas: 3}\n",
            "&s {replicas: 4}\n",
            "has an anchor, an alias, a merge or a tag",
            6,
            id="through a merge",
        ),
        pytest.param(
            DEPLOYMENT.replace("name: web\n", "name: !!str web\n"),
            f"web@{OLD}",
            f"web@{NEW}",
            "has an anchor, an alias, a merge or a tag",
            10,
            id="beside a tag",
        ),
    ],
)
def test_bot_through_yaml_anchor(before: str, old: str, new: str, reason: str, line: int) -> None:
    """Where one value's characters decide about others, nothing is let through. Stopped by verify."""
    attacked = shop()
    attacked.files[WEB] = before
    assert before.count(old) == 1
    attacked.land({WEB: before.replace(old, new)}, by="robot")

    refused = refusal(attacked)

    assert reason in refused.what
    assert refused.place is not None
    assert refused.place.line == line


def test_bot_edits_a_list_of_objects() -> None:
    """`kind: List` may hold anything. Stopped by verify."""
    attacked = shop()
    attacked.files[WEB] = "apiVersion: v1\nkind: List\nitems: [{kind: Deployment, spec: {replicas: 3}}]\n"
    attacked.land({WEB: attacked.files[WEB].replace("3", "4")}, by="robot")

    assert "a List holds objects of any kind" in refusal(attacked).what


def test_bot_puts_back_what_it_did_in_the_same_landing() -> None:
    """Each of its commits is judged, not only what comes of them. Stopped by verify."""
    attacked = shop()
    attacked.merge(
        {WEB: DEPLOYMENT.replace("MODE", "EVIL")}, by="robot", hidden={WEB: DEPLOYMENT}, merged_by="alice"
    )

    assert "containers[0].env[0].name of a Deployment.apps is changed" in refusal(attacked).what


def test_bot_hides_an_edit_in_a_merge() -> None:
    """What a merge adds is the merger's own. Stopped by verify."""
    attacked = shop()
    attacked.merge(
        {"README.md": "by alice"},
        by="alice",
        hidden={WEB: DEPLOYMENT.replace("MODE", "EVIL")},
        merged_by="robot",
    )

    assert "containers[0].env[0].name of a Deployment.apps is changed" in refusal(attacked).what


def test_bot_claims_what_somebody_else_did() -> None:
    """Its `author` statement covers nothing beyond its bounds. Stopped by verify."""
    attacked = shop()
    attacked.land({WEB: DEPLOYMENT.replace("MODE", "EVIL")}, by="mallory", signed=False)
    attacked.propose("robot")

    assert "the bot 'robot' may not do this: spec.template" in refusal(attacked).what


def test_bot_claims_what_it_did_and_the_forge_squashed() -> None:
    landed = shop()
    landed.land({WEB: DEPLOYMENT.replace(f"web@{OLD}", f"web@{NEW}")}, by="robot", signed=False)
    landed.propose("robot")

    [proof] = landed.verify().landings

    assert (proof.proof, proof.authors) == (Proof.STATEMENT, frozenset({"robot"}))


@pytest.mark.parametrize("forged", [None, b"spec: {}\n"], ids=["left out", "other bytes"])
def test_bytes_of_another_id(forged: bytes | None) -> None:
    """Whoever hands in the bytes cannot choose them. Stopped by verify."""
    attacked = shop()
    attacked.land({WEB: DEPLOYMENT.replace(f"web@{OLD}", f"web@{NEW}")}, by="robot")
    [changed] = attacked.landings[0].changes
    if forged is None:
        del attacked.blobs[changed.new_blob]
    else:
        attacked.blobs[changed.new_blob] = forged

    refused = refusal(attacked)

    assert "the bytes of the file are not at hand" in refused.what
    assert refused.place == Place(WEB)


def test_a_person_is_bound_by_the_rules_only() -> None:
    landed = shop()
    landed.land({WEB: DEPLOYMENT.replace("MODE", "OTHER")}, by="alice")

    assert landed.verify().landings[0].authors == {"alice"}
