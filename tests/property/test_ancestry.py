"""Whatever history and whatever clocks, walks agree with the plain definition of an ancestor."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from gitwarrant.git.ancestry import Ancestry, read_links
from gitwarrant.git.objects import refused
from gitwarrant.model.change import CommitId

History = Sequence[tuple[frozenset[int], int]]
"""Of each commit, oldest first: the numbers of its parents, and the time it claims."""


@st.composite
def histories(draw: st.DrawFn, *, honest: bool) -> History:
    size = draw(st.integers(2, 14))
    times = st.just(0) if honest else st.integers(0, 20)
    made = []
    for number in range(size):
        parents = st.frozensets(st.integers(0, number - 1), max_size=3) if number else st.just(frozenset())
        made.append((draw(parents), number + draw(times)))
    return made


def name(number: int) -> CommitId:
    return CommitId(f"{number:040x}")


def reading(history: History) -> Ancestry:
    def read(commit: CommitId) -> bytes:
        parents, time = history[int(commit, 16)]
        lines = [f"tree {'1' * 40}", *(f"parent {name(parent)}" for parent in sorted(parents))]
        lines += [f"author A <a@x> 0 +0000\ncommitter A <a@x> {time} +0000\n\nparent {'2' * 40}\n"]
        return "\n".join(lines).encode()

    return Ancestry(read, refused)


def ancestors(history: History) -> Mapping[CommitId, frozenset[CommitId]]:
    """Of each commit, itself and all it is made from."""
    found: dict[CommitId, frozenset[CommitId]] = {}
    for number, (parents, _) in enumerate(history):
        found[name(number)] = frozenset({name(number)}).union(*(found[name(parent)] for parent in parents))
    return found


@given(history=histories(honest=False))
@settings(max_examples=200, deadline=None)
def test_descent_and_merge_base_are_exact_whatever_clocks_say(history: History) -> None:
    """A forged date neither hides an ancestor nor makes an older merge base look like the best."""
    walks, reached = reading(history), ancestors(history)
    for one in reached:
        for other in reached:
            assert walks.descends(one, other) is (other in reached[one] and one != other)
            common = reached[one] & reached[other]
            best = {item for item in common if not any(item in reached[by] for by in common - {item})}
            base = walks.merge_base(one, other)
            assert base in best if best else base is None


@given(history=histories(honest=False))
@settings(max_examples=200, deadline=None)
def test_no_new_commit_is_left_out_whatever_clocks_say(history: History) -> None:
    """Parents come first, each once; too much may be given where clocks lie, too little never."""
    walks, reached = reading(history), ancestors(history)
    for tip in reached:
        for known in reached:
            found = list(walks.new(tip, known))
            assert set(found) >= reached[tip] - reached[known]
            assert set(found) <= reached[tip]
            for position, commit in enumerate(found):
                assert not reached[commit] & set(found[position + 1 :])


@given(history=histories(honest=True))
@settings(max_examples=100, deadline=None)
def test_new_commits_are_exact_where_clocks_go_forward(history: History) -> None:
    """Then what is known is never judged again."""
    walks, reached = reading(history), ancestors(history)
    for tip in reached:
        for known in reached:
            assert set(walks.new(tip, known)) == reached[tip] - reached[known]


@given(raw=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_arbitrary_bytes_have_links(raw: bytes) -> None:
    """Old history may be malformed in any way; it is walked all the same, and never wrongly typed."""
    with suppress(ValueError):
        links = read_links(raw)

        assert all(len(parent) in {40, 64} for parent in links.parents)
