"""What every refusal looks like: what happened, where, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a file, for people: lines and columns count from 1; 0 means the whole file or line."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        if not self.line:
            return self.path
        return f"{self.path}:{self.line}:{self.column}" if self.column else f"{self.path}:{self.line}"


class GitwarrantError(Exception):
    """Anything gitwarrant refuses or cannot do, said to a person."""

    def __init__(self, what: str, *, remedy: str, place: Place | None = None) -> None:
        self.what, self.remedy, self.place = what, remedy, place
        where = f"{place}: " if place else ""
        super().__init__(f"{where}{what}\n  remedy: {remedy}")


class Refused(GitwarrantError):
    """A gate judged the change and said no. Everything else is something we could not do."""

    def __init__(self, what: str, *, stage: str, remedy: str, place: Place | None = None) -> None:
        self.stage = stage
        super().__init__(what, remedy=remedy, place=place)


class Unreachable(GitwarrantError):
    """A server did not answer. The only error that trying again may mend."""
