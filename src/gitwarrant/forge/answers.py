"""Reading a forge's JSON by its types: what is missing or of another kind is refused, never guessed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from gitwarrant.forge.forge import ForgeError
from gitwarrant.model.change import OBJECT_ID, CommitId

T = TypeVar("T")

MAX_LOGIN = 255  # characters; forges allow fewer
REMEDY = "check forge.url and forge.kind; if they are right, this version of the forge is not known yet"


@dataclass(frozen=True, slots=True)
class Answer:
    """One JSON object of an answer. `what` names it in messages; other fields may stand beside those read."""

    what: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, what: str, value: Any) -> "Answer":
        """Take a value as an object.

        Raises:
            ForgeError: it is something else; so do all below.
        """
        if not isinstance(value, dict):
            raise ForgeError(f"{what} is not an object", remedy=REMEDY)
        return cls(what, value)

    def text(self, name: str) -> str:
        return self._of_type(name, str, "a text")

    def flag(self, name: str) -> bool:
        return self._of_type(name, bool, "true or false")

    def number(self, name: str) -> int:
        """A whole number from 1 on."""
        value = self._of_type(name, int, "a number")
        if isinstance(value, bool) or value < 1:
            raise self.wrong(name, "not a number from 1 on")
        return value

    def commit(self, name: str) -> CommitId:
        """A commit's id, as `parse_commit` wants it."""
        value = self.text(name)
        if not OBJECT_ID.fullmatch(value):
            raise self.wrong(name, "not a commit's id")
        return CommitId(value)

    def moment(self, name: str) -> datetime:
        """A time of RFC 3339 with its zone, in UTC."""
        try:
            value = datetime.fromisoformat(self.text(name))
            if value.tzinfo is None:
                raise self.wrong(name, "a time without a zone")
            return value.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise self.wrong(name, "not a time") from error

    def object(self, name: str) -> "Answer":
        return Answer.of(f"{self.what}.{name}", self.fields.get(name))

    def login(self, name: str) -> str:
        """The login of the account in a field; empty: there is none, or it was deleted."""
        if self.fields.get(name) is None:
            return ""
        account = self.object(name)
        identifier = account.fields.get("id")
        if not isinstance(identifier, int) or isinstance(identifier, bool):
            raise account.wrong("id", "not a number")
        login = account.text("login")
        if not 0 < len(login) <= MAX_LOGIN or not login.isprintable():
            raise account.wrong("login", "not a login")
        return login if identifier > 0 else ""

    def wrong(self, name: str, why: str) -> ForgeError:
        return ForgeError(f"the forge's answer has {self.what}.{name} {why}", remedy=REMEDY)

    def _of_type(self, name: str, kind: type[T], noun: str) -> T:
        value = self.fields.get(name)
        if not isinstance(value, kind):
            raise self.wrong(name, f"not {noun}")
        return value


def answers(what: str, value: Any, most: int) -> tuple[Answer, ...]:
    """The objects of a list.

    Raises:
        ForgeError: it is no list of objects, or longer than what was asked for.
    """
    if not isinstance(value, list) or len(value) > most:
        raise ForgeError(f"the forge's answer has no list of at most {most} {what}s", remedy=REMEDY)
    return tuple(Answer.of(what, item) for item in value)
