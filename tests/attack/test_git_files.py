"""Attacks on files and their names: one path that people and machines read differently, or far too much."""

from pathlib import Path

import pytest
from pygit2.enums import ObjectType
from tests.support.repositories import Simulator
from tests.support.sha256 import Sha256Simulator

from gitwarrant.git.files import Bounds
from gitwarrant.git.reading import Repository
from gitwarrant.model.change import BlobId, CommitId, File, Tree
from gitwarrant.model.errors import Refused

BLOB, FOLDER, LINK, SUBMODULE = 0o100644, 0o40000, 0o120000, 0o160000
ID = b"x" * 20  # where a malformed tree names an object; as long as the repository's ids are
SMALL = Bounds(files=3, folders=4, depth=2, file_bytes=1000, total_bytes=1500)


@pytest.fixture(params=[Simulator, Sha256Simulator], ids=["sha1", "sha256"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Simulator:
    simulator: type[Simulator] = request.param
    return simulator(tmp_path / "forge.git")


def read(repository: Simulator, tree: str, folder: str = "", bounds: Bounds = SMALL) -> Tree:
    commit = repository.commit(by="mallory", tree=tree)
    return Repository(repository.path).tree(commit, folder, bounds)


def refusal(repository: Simulator, tree: str, folder: str = "") -> str:
    with pytest.raises(Refused) as caught:
        read(repository, tree, folder)

    assert caught.value.stage == "fetch"
    return caught.value.what


def test_an_honest_folder_is_read_sorted_by_path(repository: Simulator) -> None:
    """Only what lies below the folder is read; a submodule beside it does not matter."""
    inner = repository.tree({"b/x.yaml": "1", "a.yaml": "2"})
    tree = repository.raw_tree([(FOLDER, b"prod", inner), (SUBMODULE, b"vendor", "1" * len(inner))])

    found = read(repository, tree, "prod/")

    one, two = BlobId(repository.blob(b"1")), BlobId(repository.blob(b"2"))
    files = (File("prod/a.yaml", BLOB, two, b"2"), File("prod/b/x.yaml", BLOB, one, b"1"))
    assert found == Tree.of(CommitId(repository.tip()), inner, "prod", files)


@pytest.mark.parametrize(
    ("mode", "what"),
    [
        pytest.param(LINK, "web.yaml is a symbolic link", id="symlink"),
        pytest.param(SUBMODULE, "web.yaml is a submodule", id="submodule"),
    ],
)
def test_symlink_or_submodule(repository: Simulator, mode: int, what: str) -> None:
    """What a link or a submodule leads to is not in the signed tree."""
    tree = repository.raw_tree([(mode, b"web.yaml", repository.blob(b"/etc/passwd"))])

    assert refusal(repository, tree) == what


def linked(repository: Simulator, target: str) -> str:
    """A folder `prod` with a file, and a link to somewhere; a secret lies outside of it."""
    link, file = repository.blob(target.encode()), repository.blob(b"kind: Pod")
    prod = repository.raw_tree(
        [(LINK, b"link.yaml", link), (LINK, b"other.yaml", link), (BLOB, b"web.yaml", file)]
    )
    return repository.raw_tree([(FOLDER, b"prod", prod), (BLOB, b"secret.yaml", file)])


def test_an_allowed_link_is_the_file_it_leads_to(repository: Simulator) -> None:
    """Its content is that of the signed tree; the link itself is nowhere followed."""
    commit = repository.commit(by="alice", tree=linked(repository, "./web.yaml"))
    links = frozenset({"prod/link.yaml", "prod/other.yaml"})

    found = Repository(repository.path).tree(commit, "prod", links=links).files

    blob = BlobId(repository.blob(b"kind: Pod"))
    names = ("prod/link.yaml", "prod/other.yaml", "prod/web.yaml")
    assert found == tuple(File(name, BLOB, blob, b"kind: Pod") for name in names)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param("../secret.yaml", id="outside of the folder"),
        pytest.param("../../secret.yaml", id="outside of the repository"),
        pytest.param("/etc/passwd", id="absolute"),
        pytest.param("/prod/web.yaml", id="absolute, and it looks like one of ours"),
        pytest.param("other.yaml", id="another link"),
        pytest.param("link.yaml", id="itself"),
        pytest.param("none.yaml", id="nowhere"),
        pytest.param(".", id="a folder"),
        pytest.param("web.yaml\0x", id="a NUL byte"),
    ],
)
def test_an_allowed_link_that_leads_elsewhere(repository: Simulator, target: str) -> None:
    """Allowing the path allows no other content."""
    commit = repository.commit(by="mallory", tree=linked(repository, target))
    links = frozenset({"prod/link.yaml", "prod/other.yaml"})

    with pytest.raises(Refused, match="is a symbolic link that leads to no file of this folder"):
        Repository(repository.path).tree(commit, "prod", links=links)


def test_a_link_beside_the_allowed_one(repository: Simulator) -> None:
    """The list names paths, not folders."""
    commit = repository.commit(by="mallory", tree=linked(repository, "web.yaml"))

    with pytest.raises(Refused, match=r"prod/other\.yaml is a symbolic link"):
        Repository(repository.path).tree(commit, "prod", links=frozenset({"prod/link.yaml"}))


def test_an_allowed_submodule_is_left_out(repository: Simulator) -> None:
    """Its content is in another repository: whoever allows it deploys without."""
    tree = repository.raw_tree([(SUBMODULE, b"vendor", "1" * repository.digits)])
    commit = repository.commit(by="alice", tree=tree)

    assert Repository(repository.path).tree(commit, "", links=frozenset({"vendor"})).files == ()


def test_attributes_have_no_effect(repository: Simulator) -> None:
    """No filter runs, nothing is substituted or left out: the bytes are those of the signed blob."""
    trap = repository.path / "sprung"
    attributes = "* filter=evil ident export-subst export-ignore eol=crlf text working-tree-encoding=UTF-16\n"
    text = b"commit: $Format:%H$\nid: $Id$\nlines: as they are\n"
    commit = repository.commit(by="mallory", files={".gitattributes": attributes, "web.yaml": text})
    (repository.path / "info" / "attributes").write_text(attributes)
    with (repository.path / "config").open("a") as config:
        config.write(
            f'[filter "evil"]\n\tsmudge = touch {trap}\n\tprocess = touch {trap}\n\trequired = true\n'
        )

    found = Repository(repository.path).tree(commit, "").files

    assert [(file.path, file.data) for file in found] == [
        (".gitattributes", attributes.encode()),
        ("web.yaml", text),
    ]
    assert not trap.exists()


@pytest.mark.parametrize(
    ("names", "what"),
    [
        pytest.param(
            [b"Web.yaml", b"web.yaml"],
            "'Web.yaml' and 'web.yaml' in the repository's root are one name",
            id="case_clash",
        ),
        pytest.param(
            ["e\u0301.yaml".encode(), "\u00e9.yaml".encode()],
            "'e\\u0301.yaml' and '\\xe9.yaml' in the repository's root are one name",
            id="unicode_clash",
        ),
        pytest.param([b"web.yaml", b"web.yaml."], "'web.yaml' and 'web.yaml.'", id="trailing dot clash"),
        pytest.param([b"web.yaml", b"web.yaml "], "'web.yaml' and 'web.yaml '", id="trailing space clash"),
        pytest.param(
            [b"web.yaml", b"web.yaml::$DATA"], "'web.yaml' and 'web.yaml::$DATA'", id="stream clash"
        ),
        pytest.param(
            [b"web.yaml", "w\u200deb.yaml".encode()],
            "'web.yaml' and 'w\\u200deb.yaml'",
            id="clash by hidden character",
        ),
        pytest.param(
            [b"fi.yaml", "\ufb01.yaml".encode()], "'fi.yaml' and '\\ufb01.yaml'", id="compatibility clash"
        ),
        pytest.param([b".GIT"], "the path '.GIT' reads as .git", id="dot_git_lookalike by case"),
        pytest.param([b"git~1"], "the path 'git~1' reads as .git", id="dot_git_lookalike by short name"),
        pytest.param(
            [b".git::$DATA"], "the path '.git::$DATA' reads as .git", id="dot_git_lookalike by stream"
        ),
        pytest.param(
            [".g\u200cit".encode()],
            "the path '.g\\u200cit' reads as .git",
            id="dot_git_lookalike by hidden character",
        ),
        pytest.param([b"web\xff.yaml"], "the name of b'web\\xff.yaml' is not UTF-8", id="non_utf8_path"),
        pytest.param(
            [b"a\x1b[2Kb"], "the name of 'a\\x1b[2Kb' holds a control character", id="escape sequence"
        ),
        pytest.param([b"a\\b"], "the name of 'a\\\\b' holds a backslash", id="backslash"),
        pytest.param([b".."], "the path '..' leaves its own folder", id="dot dot"),
    ],
)
def test_name_that_reads_as_another(repository: Simulator, names: list[bytes], what: str) -> None:
    """Two spellings of one name, or one that hides, are refused with the name made visible."""
    blob = repository.blob(b"kind: Pod")
    tree = repository.raw_tree([(BLOB, name, blob) for name in names])

    assert refusal(repository, tree).startswith(what)


def test_case_clash_of_the_environment_folder_itself(repository: Simulator) -> None:
    """A folder beside the environment's that differs by case is where people would look."""
    inner = repository.tree({"a.yaml": "1"})
    tree = repository.raw_tree([(FOLDER, b"Prod", inner), (FOLDER, b"prod", inner)])

    assert refusal(repository, tree, "prod").startswith(
        "'prod' and 'Prod' in the repository's root are one name"
    )


def test_name_that_reads_as_another_in_a_change(repository: Simulator) -> None:
    """What cannot be shown to a reviewer does not get as far as verify."""
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    tree = repository.raw_tree([(BLOB, b"\xff.yaml", repository.blob(b"x"))])
    head = repository.commit(by="mallory", tree=tree)

    with pytest.raises(Refused, match="is not UTF-8"):
        Repository(repository.path).change("shop", "refs/heads/main", base, head)


def test_huge_file_is_refused_before_its_bytes_are_loaded(
    repository: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """100 MB are refused by path and size; nothing of them is read."""
    tree = repository.tree({"big.yaml": bytes(100_000_000), "web.yaml": "1"})
    commit = repository.commit(by="mallory", tree=tree)
    reading = Repository(repository.path)
    monkeypatch.setattr(reading.objects, "blob", None)

    with pytest.raises(Refused) as caught:
        reading.tree(commit, "")

    assert caught.value.what == "big.yaml has 100,000,000 bytes; the limit for one file is 16,777,216"


@pytest.mark.parametrize(
    ("files", "what"),
    [
        pytest.param(
            dict.fromkeys("abcd", "x"), "the repository holds 4 files; the limit is 3", id="many files"
        ),
        pytest.param(
            {"a": "x" * 800, "b": "y" * 800},
            "the repository holds 1,600 bytes; the limit is 1,500",
            id="many bytes",
        ),
        pytest.param({"a/b/c/d": "x"}, "a/b/c/ holds folders nested 3 deep; the limit is 2", id="deep tree"),
        pytest.param(
            {f"{name}/x": "x" for name in "abcd"},
            "the repository holds more than 4 folders; the limit is 4",
            id="many folders",
        ),
    ],
)
def test_huge_tree(repository: Simulator, files: dict[str, str | bytes | None], what: str) -> None:
    """Each bound says what there is too much of."""
    assert refusal(repository, repository.tree(files)) == what


def test_tree_that_repeats_one_folder_without_end(repository: Simulator) -> None:
    """Ten names in each of twenty levels are 10^20 folders in a few kilobytes: counted, not walked."""
    tree = repository.raw_tree([])
    for _ in range(20):
        tree = repository.raw_tree([(FOLDER, b"%d" % name, tree) for name in range(10)])
    base = repository.commit(by="alice", files={"web.yaml": "1"})
    head = repository.commit(by="mallory", tree=tree)

    with pytest.raises(Refused, match="folders differ in one commit"):
        Repository(repository.path).change("shop", "refs/heads/main", base, head)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"100644 b\0" + ID + b"100644 a\0" + ID, id="out of order"),
        pytest.param(b"100644 a\0" + ID + b"40000 a\0" + ID, id="name twice"),
        pytest.param(b"100664 a\0" + ID, id="unknown mode"),
        pytest.param(b"100644 a/b\0" + ID, id="slash in a name"),
        pytest.param(b"100644 a\0" + b"x" * 19, id="cut off"),
    ],
)
def test_malformed_tree(repository: Simulator, content: bytes) -> None:
    """A tree that git would read in its own way is refused."""
    tree = repository.raw(ObjectType.TREE, content.replace(ID, b"x" * (repository.digits // 2)))

    assert refusal(repository, tree).startswith(f"tree {tree} is malformed")


def test_a_missing_folder_is_refused(repository: Simulator) -> None:
    """The error names the folder, not an object id."""
    assert refusal(repository, repository.tree({"a": "x"}), "prod") == "the revision has no folder 'prod'"
