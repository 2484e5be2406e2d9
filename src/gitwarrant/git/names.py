"""Which names a path may have so that every person and every machine reads the same one."""

import re
import unicodedata
from collections.abc import Iterable

from gitwarrant.git.objects import refused

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
IGNORED_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)  # git, utf8.c: next_hfs_char
STREAM = re.compile(r"::\$[a-z_]+$")  # NTFS: `web.yaml::$DATA` opens web.yaml
REMEDY = "rename it, or take it out of the repository"


def readable(path: bytes) -> str:
    """Read a path that differs between two trees.

    Raises:
        Refused: not UTF-8, or a part of it is empty, `.`, `..`, looks like
            `.git` to some file system, or holds a control character or backslash.
    """
    try:
        text = path.decode()
    except UnicodeDecodeError as error:
        raise refused(f"the name of {path!r} is not UTF-8", REMEDY) from error
    if CONTROLS.search(text):
        raise refused(f"the name of {text!a} holds a control character", REMEDY)
    if "\\" in text:
        raise refused(f"the name of {text!r} holds a backslash, which some systems read as a folder", REMEDY)
    for part in text.split("/"):
        if part in ("", ".", ".."):
            raise refused(f"the path {text!r} leaves its own folder", REMEDY)
        if looks_like_dot_git(part):
            raise refused(f"the path {text!a} reads as .git on some file systems", REMEDY)
    return text


def looks_like_dot_git(name: str) -> bool:
    """Whether NTFS (short names, streams, trailing dots) or HFS+ (ignored characters) reads `.git`."""
    visible = name.translate(IGNORED_BY_HFS).casefold().partition(":")[0].rstrip(". ")
    return visible in (".git", "git~1")


def same_name(name: str) -> str:
    """What is left of a name where case, Unicode form, trailing dots and stream types do not count."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return STREAM.sub("", folded.translate(IGNORED_BY_HFS)).rstrip(". ")


def refuse_clashes(folder: str, names: Iterable[str]) -> None:
    """Refuse two names of one folder that some system or some eye cannot tell apart."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(same_name(name), name)
        if first != name:
            place = folder or "the repository's root"
            raise refused(
                f"{first!a} and {name!a} in {place} are one name where case, Unicode form "
                "or a last dot is ignored",
                "rename one of them",
            )
