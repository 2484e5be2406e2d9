"""Whatever a repository holds, a trial of it says something, and never breaks."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pygit2.enums import ObjectType
from tests.support.repositories import Simulator
from tests.support.trials import listed, printed, tried

from gitwarrant.git.odd import read_odd
from gitwarrant.git.past import Past
from gitwarrant.model.canonical import encode
from gitwarrant.model.change import CommitId
from gitwarrant.pipeline.trial.counted import counted

WORDS = [
    b"apiVersion: v1\n",
    b"kind: Pod\n",
    b"metadata: {name: web}\n",
    b"spec: {containers: [{}]}\n",
    b"[",
    b"\xff",
]
NAMES = st.sampled_from(
    [b"a.yaml", b"Chart.yaml", b"CODEOWNERS", b"kustomization.yaml", b".git", b"\xff.yaml", b"b"]
)
FILES = st.dictionaries(NAMES, st.lists(st.sampled_from(WORDS), max_size=5).map(b"".join), max_size=4)
MODES = st.sampled_from([0o100644, 0o100755, 0o120000, 0o160000, 0o100664])
PEOPLE = st.sampled_from(
    [
        b"Ada <ada@example.com> 1767225600 +0000",
        b"ADA <a@example.com> 1767225700 +0200",
        b"Bot[bot] <b[bot]@example.com> 99 -0100",
        b"GitHub <noreply@github.com> 1767229600 +0000",
        b"<> 0 +0000",
        b"Eve \xff <eve@example.com> 99999999999 +9999",
    ]
)
EXTRA = st.sampled_from(
    [
        b"",
        b"",
        b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n",
        b"gpgsig -----BEGIN SSH SIGNATURE-----\n x\n -----END SSH SIGNATURE-----\n",
        b"change-id x\n",
        b"mergetag object 0\n type commit\n",
    ]
)
COMMIT = st.tuples(
    FILES, MODES, PEOPLE, PEOPLE, EXTRA, st.lists(st.integers(0, 20), max_size=3), st.binary(max_size=8)
)


@given(made=st.lists(COMMIT, min_size=1, max_size=9))
@settings(max_examples=60, deadline=None)
def test_every_repository_gets_its_screen(
    made: list[tuple[dict[bytes, bytes], int, bytes, bytes, bytes, list[int], bytes]],
) -> None:
    """Commits as no git writes them, over trees as no git writes them, with parents at random."""
    with tempfile.TemporaryDirectory() as folder:
        repository = Simulator(Path(folder) / "odd.git")
        commits: list[str] = []
        for files, mode, author, committer, extra, chosen, message in made:
            entries = sorted((name, repository.blob(data)) for name, data in files.items())
            tree = repository.raw_tree([(mode, name, blob) for name, blob in entries])
            parents = [commits[-1 - place % len(commits)] for place in chosen] if commits else []
            lines = [f"tree {tree}".encode(), *(f"parent {parent}".encode() for parent in parents)]
            lines += [b"author " + author, b"committer " + committer]
            commits.append(repository.raw_commit(b"\n".join(lines) + b"\n" + extra + b"\n" + message))
        repository.point("refs/heads/main", commits[-1])

        seen = tried(repository.path)

        assert printed(seen).endswith("with commits.\n")
        assert listed(seen) is not None
        assert encode(seen)
        landings = len(seen.history.landings)
        groups = counted(seen.history)
        for name in ("landings_by_kind", "landings_by_hand", "landings_by_signature"):
            assert sum(map(len, groups[name].values())) == landings


@given(
    raw=st.binary(max_size=200)
    | st.lists(
        st.sampled_from(
            [b"tree " + b"1" * 40, b"parent " + b"2" * 40, b"committer A <a> 99999999999 +0000", b"", b"x"]
        ),
        max_size=6,
    ).map(b"\n".join)
)
@settings(max_examples=100, deadline=None)
def test_arbitrary_bytes_are_an_odd_commit_or_nothing(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        repository = Simulator(Path(folder) / "odd.git")
        commit = CommitId(repository.raw(ObjectType.COMMIT, raw))

        found = read_odd(Past(repository.path).objects, commit, "why")

        assert found is None or (found.id, found.reason) == (commit, "why")
