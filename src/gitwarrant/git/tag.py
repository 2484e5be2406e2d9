"""A strict reader of annotated tags: one spelling, one signature, of a commit, or refused.

A tag's signature stands at the end of its message. Git takes the last line that
begins one, so that a message may carry a second; and it believes the name of
the ref, not the one that was signed. Here there is one signature or none, and
the signed name is read, to be compared with the ref's.

Not checked here: whether the signature is good and whose it is, and whether the
ref bears the tag's name and always did (trust).
"""

import re
from dataclasses import dataclass

from gitwarrant.git.headers import Headers, Person
from gitwarrant.model.change import CommitId

MAX_TAG_BYTES = 256 * 1024  # as for commits; release notes are some KiB

ORDER = ("object", "type", "tag", "tagger")
BEGINS = (b"-----BEGIN SSH SIGNATURE-----", b"-----BEGIN PGP ", b"-----BEGIN SIGNED MESSAGE-----")
"""What Git takes for the first line of a signature."""
NAME = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)|@\{))[A-Za-z0-9_][A-Za-z0-9._/@+#=-]*(?<![./])")
MAX_NAME = 200  # characters; file systems end at 255 bytes


@dataclass(frozen=True, slots=True)
class ParsedTag:
    """An annotated tag in parts; `payload` is exactly what was signed, `name` stands behind `refs/tags/`."""

    id: str
    commit: CommitId
    name: str
    tagger: Person
    signature: bytes | None
    payload: bytes
    message: bytes


def parse_tag(raw: bytes, id: str) -> ParsedTag:  # noqa: A002 - the glossary's name
    """Read a tag's bytes, which must have the given id.

    Exactly the headers `object`, `type` (a commit: a tag of a tag hides what it
    leads to), `tag` and `tagger`, in this order.

    Raises:
        MalformedObject: too large, another id, or any other spelling.

    Source: git, Documentation/gitformat-signature, tag.c, gpg-interface.c. Time: one pass.
    """
    headers = Headers("tag", id)
    header, message = headers.split(raw, MAX_TAG_BYTES)
    fields = headers.fields(header, ORDER, needed=ORDER)
    if fields["type"][0] != "commit":
        raise headers.malformed("it is not of a commit")
    name = fields["tag"][0]
    if len(name) > MAX_NAME or not NAME.fullmatch(name):
        raise headers.malformed("its name is not one that every tool reads alike")
    text, signature = _cut_signature(headers, message)
    return ParsedTag(
        id=id,
        commit=CommitId(headers.object_id("object", fields["object"][0])),
        name=name,
        tagger=headers.person("tagger", fields["tagger"][0]),
        signature=signature,
        payload=header + b"\n\n" + text,
        message=text,
    )


def _cut_signature(headers: Headers, message: bytes) -> tuple[bytes, bytes | None]:
    """Split a message into what was signed and the signature, which ends it."""
    lines = message.split(b"\n")
    starts = [number for number, line in enumerate(lines) if line.startswith(BEGINS)]
    if not starts:
        return message, None
    if len(starts) > 1:
        raise headers.malformed("it has two signatures")
    text, signature = b"\n".join(lines[: starts[0]]), b"\n".join(lines[starts[0] :])
    return text + b"\n" if starts[0] else text, signature
