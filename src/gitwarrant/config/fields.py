"""Kinds of values that several files share: names, keys, durations, dates, patterns of kinds."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from gitwarrant.model.change import OBJECT_ID
from gitwarrant.model.permission import read_field_path

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
BRANCH = re.compile(r"(?!.*(?:\.\.|//|/\.|\.lock(?:/|$)|@\{))[A-Za-z0-9_][A-Za-z0-9._/@+#-]*(?<![./])")
EMAIL = re.compile(r"[!-?A-~]+@[!-?A-~]+")
DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
KIND = re.compile(r"[A-Z][A-Za-z0-9]{0,62}(?:\.[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)?")

LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
IMAGE_REPOSITORY = re.compile(r"[a-z0-9*][a-z0-9*._-]*(?::[0-9]+)?(?:/[a-z0-9*][a-z0-9*._-]*)+")

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
KEY_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
MAX_KEY_TEXT = 4096  # characters; an RSA key of 16384 bits has 2800
MAX_CERTIFICATE_TEXT = 64 * 1024  # characters; exported without others' signatures a key takes 1 to 8 KiB
OPENPGP_BEGIN, OPENPGP_END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"
MINIMAL_EXPORT = "write what this prints: gpg --armor --export-options export-minimal --export KEY"


def bad(what: str, remedy: str) -> PydanticCustomError:
    """A field's own complaint, carried through Pydantic to `words`."""
    return PydanticCustomError("gitwarrant", "{what}", {"what": what, "remedy": remedy})


def _like(pattern: re.Pattern[str], noun: str, remedy: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise bad(f"{text[:80]!r} is not {noun}", remedy)
        return text

    return check


Name = Annotated[
    str,
    AfterValidator(
        _like(NAME, "a name", "use up to 63 letters, digits, '.', '_' and '-', a letter or digit first")
    ),
    Field(json_schema_extra={"pattern": f"^{NAME.pattern}$"}),
]
Label = Annotated[
    str,
    AfterValidator(
        _like(LABEL, "a name that Kubernetes takes", "use up to 63 lowercase letters, digits and '-'")
    ),
    Field(json_schema_extra={"pattern": f"^{LABEL.pattern}$"}),
]
RepositoryName = Annotated[
    str, AfterValidator(_like(REPOSITORY, "a repository's name", "write it like shop/environments"))
]
Branch = Annotated[str, AfterValidator(_like(BRANCH, "a branch", "write its name as 'git branch' shows it"))]
Ref = Annotated[
    str,
    AfterValidator(
        _like(
            re.compile(f"refs/heads/{BRANCH.pattern}"),
            "a branch's full name",
            "write it like refs/heads/main",
        )
    ),
]
Email = Annotated[
    str, AfterValidator(_like(EMAIL, "an e-mail address", "write it as commits have it: ada@example.com"))
]
HttpsText = Annotated[
    str,
    AfterValidator(
        _like(
            re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*/?"),
            "an https address",
            "write it like https://git.example.com/api/v3, without user and query",
        )
    ),
]
CommitText = Annotated[
    str,
    AfterValidator(
        _like(OBJECT_ID, "a commit id", "write all 40 (or 64) hexadecimal digits: git rev-parse main")
    ),
]
KindName = Annotated[
    str, AfterValidator(_like(KIND, "a kind", "write it like ConfigMap, or Deployment.apps"))
]


def kind_or_all(text: str) -> str:
    """Accept a kind, or `*`."""
    if text != "*" and not KIND.fullmatch(text):
        raise bad(
            f"{text[:80]!r} is not a kind", "write it like ConfigMap or Deployment.apps, or '*' for all"
        )
    return text


def _field_path(text: str) -> str:
    try:
        read_field_path(text)
    except ValueError as error:
        raise bad(
            str(error), "write it like spec.template.spec.containers[name=web].image, or images[*].digest"
        ) from error
    return text


FieldPathText = Annotated[str, AfterValidator(_field_path)]
ImageRepository = Annotated[
    str,
    AfterValidator(
        _like(IMAGE_REPOSITORY, "an image's repository", "write it like oci.lan/shop/web or oci.lan/shop/*")
    ),
]
Login = Annotated[
    str, AfterValidator(_like(LOGIN, "a login", "write it without the @, as the forge shows it"))
]

KindPattern = Annotated[str, AfterValidator(kind_or_all)]
Duration = Annotated[
    str,
    AfterValidator(_like(DURATION, "a duration", "write it like 30s, 10m, 1h or 7d")),
    Field(json_schema_extra={"pattern": f"^{DURATION.pattern}$"}),
]


def duration(text: str) -> timedelta:
    """Read a duration that its model accepted."""
    match = DURATION.fullmatch(text)
    if not match:
        raise ValueError(f"not a duration: {text!r}")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def public_key(text: str) -> str:
    """Accept an OpenSSH public key line and drop its comment.

    Whether the key is strong and on its curve is judged where signatures are.
    """
    algorithm, encoded, *_ = [*text.split(" "), ""] if len(text) <= MAX_KEY_TEXT else ["", ""]
    if algorithm not in KEY_TYPES:
        shown = (
            f"{algorithm[:40]!r} is not a type of key that is accepted"
            if algorithm
            else "this is no public key"
        )
        raise bad(shown, "write the line of the .pub file; take ssh-ed25519: ssh-keygen -t ed25519")
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        blob = b""
    name = algorithm.encode()
    if blob[: 4 + len(name)] != len(name).to_bytes(4, "big") + name or not _whole(blob):
        raise bad(f"the {algorithm} key is damaged", "write the whole line of the .pub file, copied again")
    return f"{algorithm} {encoded}"


def _whole(blob: bytes) -> bool:
    """Whether a key's fields (RFC 4253, section 6.6) end exactly where the blob ends."""
    at, fields = 0, 0
    while at + 4 <= len(blob):
        at += 4 + int.from_bytes(blob[at : at + 4], "big")
        fields += 1
    return at == len(blob) and fields >= 2


PublicKey = Annotated[str, AfterValidator(public_key)]


def signing_key(text: str) -> str:
    """Accept an OpenSSH public key line, or an armored OpenPGP certificate as gpg exports it."""
    if not text.startswith("-----BEGIN "):
        return public_key(text)
    if len(text) > MAX_CERTIFICATE_TEXT:
        raise bad(f"an OpenPGP key of {len(text)} characters is too large", MINIMAL_EXPORT)
    whole = text.startswith(OPENPGP_BEGIN) and text.rstrip("\n").endswith(OPENPGP_END)
    if not whole or not text.isascii():
        raise bad("this is no armored OpenPGP public key", MINIMAL_EXPORT)
    return text.rstrip("\n") + "\n"


SigningKey = Annotated[str, AfterValidator(signing_key)]


def _moment(text: str) -> str:
    moment(text, end_of_day=False)
    return text


def moment(text: str, *, end_of_day: bool) -> datetime:
    """Read `2027-06-30` (its first moment, or its end) or `2027-06-30T12:00:00Z`; days are UTC."""
    try:
        if len(text) == 10:
            start = datetime.combine(date.fromisoformat(text), time(), UTC)
            return start + timedelta(days=1) if end_of_day else start
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise bad(f"the time {text!r} has no zone", "end it with Z, or with an offset like +02:00")
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        if isinstance(error, PydanticCustomError):
            raise
        raise bad(
            f"{text[:80]!r} is not a date", "write it like 2027-06-30, or 2027-06-30T12:00:00Z"
        ) from error


Moment = Annotated[str, AfterValidator(_moment)]


def _folder(text: str) -> str:
    parts = text.split("/")
    clean = text == "." or all(part not in ("", ".", "..") for part in parts)
    if not clean or "\\" in text or not text.isprintable() or parts[0] in (".git", ".gitwarrant"):
        raise bad(
            f"{text[:80]!r} is not a folder of the repository",
            "write it from the repository's top, without '.' and '..': environments/production",
        )
    return text


Folder = Annotated[str, AfterValidator(_folder)]


def _text(text: str) -> str:
    if not text.strip() or not text.isprintable() or text.startswith("-"):
        raise bad(f"{text[:80]!r} is not possible here", "write printable text that does not begin with '-'")
    return text


Text = Annotated[str, AfterValidator(_text)]
