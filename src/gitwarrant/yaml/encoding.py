"""A file's bytes before they are parsed: size and encoding come first."""

import codecs

from gitwarrant.model.errors import Place
from gitwarrant.yaml.errors import CONTROL_REMEDY, YamlError, place_of_byte

MAX_FILE_BYTES = 16 * 1024 * 1024
"""Ten times the largest manifest bundle in use; the API server itself takes 3 MiB at once."""

MARKS = (
    (codecs.BOM_UTF8, "begins with a byte order mark", "save it as UTF-8 without a byte order mark"),
    (codecs.BOM_UTF16_LE, "is written in UTF-16", "save it as UTF-8"),
    (codecs.BOM_UTF16_BE, "is written in UTF-16", "save it as UTF-8"),
)


def check_bytes(data: bytes, path: str) -> None:
    """Refuse what must not reach a parser.

    Raises:
        YamlError: too large, not UTF-8, or holding a NUL.
    """
    if len(data) > MAX_FILE_BYTES:
        raise YamlError(
            f"the file has {len(data) / 1048576:.0f} MiB; at most {MAX_FILE_BYTES // 1048576} MiB are read",
            remedy="split it into files of one object each, or leave it out of the environment's folder",
            place=Place(path),
        )
    if data.isascii() and 0 not in data:
        return
    for mark, what, remedy in MARKS:
        if data.startswith(mark):
            raise YamlError(f"the file {what}", remedy=remedy, place=Place(path, 1, 1))
    nul = data.find(0)
    if nul >= 0:
        place = place_of_byte(data, path, nul)
        raise YamlError("a NUL byte: not text, or not UTF-8", remedy=CONTROL_REMEDY, place=place)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        place = place_of_byte(data, path, error.start)
        raise YamlError(f"not UTF-8: {error.reason}", remedy="save the file as UTF-8", place=place) from error
