"""A strict reader of commits: one spelling, one signature, or refused.

`git verify-commit` reads leniently: it takes a commit with two signature
headers, skips headers it does not know, and shows a message only up to its
first NUL byte. Each of these lets one person read what another did not sign.
Here a commit has exactly the headers that Git itself writes, in Git's order,
or it is malformed.

Not checked here: whether the signature is good and whose it is (trust), and
whether the objects it names exist (reading). The comparison of ids here does not
detect SHA-1 collisions; git does when an object arrives, libgit2 at every read.
"""

from dataclasses import dataclass

from gitwarrant.git.headers import Headers, MalformedObject, Person, object_id, shown
from gitwarrant.model.change import CommitId, TreeId

MAX_COMMIT_BYTES = 256 * 1024  # forges cut messages at 64 KiB; the largest signature is some KiB

CANONICAL_ORDER = ("tree", "parent", "author", "committer", "encoding")  # then the signature
NEEDED = ("tree", "author", "committer")
SIGNATURE_HEADERS = {40: b"gpgsig", 64: b"gpgsig-sha256"}  # by length of id: each hash signs under its own


@dataclass(frozen=True, slots=True)
class ParsedCommit:
    """A commit in parts.

    `payload` is exactly what was signed: the commit's bytes without its
    signature header. `signature` is armored and ends with a line feed.
    """

    id: CommitId
    tree: TreeId
    parents: tuple[CommitId, ...]
    author: Person
    committer: Person
    signature: bytes | None
    payload: bytes
    message: bytes


def parse_commit(raw: bytes, id: CommitId) -> ParsedCommit:  # noqa: A002 - the glossary's name
    """Read a commit's bytes, which must have the given id.

    Accepted headers, in this order: `tree`, any `parent`, `author`,
    `committer`, at most one `encoding` (UTF-8 only), at most one signature
    (`gpgsig` in a SHA-1 repository, `gpgsig-sha256` in a SHA-256 one).

    Raises:
        MalformedObject: too large, another id, or any other spelling.

    Source: git, Documentation/gitformat-signature, commit.c. Time: one pass.
    """
    headers = Headers("commit", id)
    header, message = headers.split(raw, MAX_COMMIT_BYTES)
    signed, signature = _cut_signature(headers, header)
    fields = headers.fields(signed, CANONICAL_ORDER, needed=NEEDED, many="parent")
    if fields.get("encoding", ["UTF-8"])[0].upper() != "UTF-8":
        raise headers.malformed("its encoding is not UTF-8")
    return ParsedCommit(
        id=id,
        tree=TreeId(headers.object_id("tree", fields["tree"][0])),
        parents=tuple(CommitId(headers.object_id("parent", value)) for value in fields.get("parent", [])),
        author=headers.person("author", fields["author"][0]),
        committer=headers.person("committer", fields["committer"][0]),
        signature=signature,
        payload=signed + b"\n\n" + message,
        message=message,
    )


def _cut_signature(headers: Headers, header: bytes) -> tuple[bytes, bytes | None]:
    """Split headers into what was signed and the signature: the last header, the only folded one."""
    marker = b"\n" + SIGNATURE_HEADERS[len(headers.id)] + b" "
    signed, found, folded = header.partition(marker)
    if not found:
        return header, None
    if marker in folded:
        raise headers.malformed("it has two signature headers")
    lines = folded.split(b"\n")
    for line in lines[1:]:
        if not line.startswith(b" "):
            raise headers.malformed(f"a header follows its signature: {shown(line.decode())}")
    return signed, b"\n".join([lines[0], *(line[1:] for line in lines[1:])]) + b"\n"


__all__ = ["MAX_COMMIT_BYTES", "MalformedObject", "ParsedCommit", "Person", "object_id", "parse_commit"]
