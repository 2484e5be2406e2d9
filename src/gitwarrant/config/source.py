"""One configuration file: read, checked against its model, and able to say where things stand in it."""

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from gitwarrant.config.hidden import hidden_in_file
from gitwarrant.config.problem import Problem
from gitwarrant.config.words import words
from gitwarrant.model.errors import GitwarrantError, Place
from gitwarrant.model.manifest import Json, Pointer
from gitwarrant.yaml.hidden import hidden_in_text
from gitwarrant.yaml.locate import locate
from gitwarrant.yaml.reader import read

M = TypeVar("M", bound=BaseModel)

MAX_FILE_BYTES = 1024 * 1024  # a thousand identities are a fifth of it


class StrictModel(BaseModel):
    """A mapping in a configuration file: no unknown field, no conversion, never changed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=False)


class Source:
    """A file's bytes, and the problems found in it."""

    def __init__(self, data: bytes, path: str) -> None:
        self.data, self.path = data, path
        self.problems: list[Problem] = []

    def place(self, pointer: Pointer = ()) -> Place:
        """Where a field stands; of one that is missing, where it should be."""
        return locate(self.data, self.path, 0, pointer)

    def wrong(self, pointer: Pointer, what: str, remedy: str) -> None:
        """Note a problem at a field."""
        self.problems.append(Problem(what, remedy, self.place(pointer)))

    def parse(self, model: type[M]) -> M | None:
        """Read the file as its model; None: it has problems, noted."""
        value = self._value()
        if self.problems:
            return None
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for details in error.errors(include_url=False):
                self._translate(details, model)
            return None

    def _value(self) -> Json:
        if len(self.data) > MAX_FILE_BYTES:
            self._whole(f"{len(self.data)} bytes exceed the limit of {MAX_FILE_BYTES}", "make it smaller")
            return None
        hidden = hidden_in_file(self.data, self.path)
        if hidden:
            self.problems.append(hidden)
            return None
        try:
            documents = read(self.data, self.path)
        except GitwarrantError as error:
            self.problems.append(Problem(error.what, error.remedy, error.place or Place(self.path)))
            return None
        if len(documents) != 1 or documents[0].number:
            self._whole(
                f"the file has {len(documents)} documents, not one", "write one document, without '---'"
            )
            return None
        self._refuse_hidden_values(documents[0].value, ())
        return documents[0].value

    def _whole(self, what: str, remedy: str) -> None:
        self.problems.append(Problem(what, remedy, Place(self.path)))

    def _refuse_hidden_values(self, value: Json, pointer: Pointer) -> None:
        """An escape like \\u202e is visible in the file, but not in the messages made from it."""
        match value:
            case str():
                hidden = hidden_in_text(value)
                if hidden:
                    self.wrong(pointer, f"the value contains the invisible {hidden}", "write it without")
            case dict():
                for name, item in value.items():
                    self._refuse_hidden_values(name, (*pointer, name))
                    self._refuse_hidden_values(item, (*pointer, name))
            case list():
                for index, item in enumerate(value):
                    self._refuse_hidden_values(item, (*pointer, index))

    def _translate(self, details: ErrorDetails, model: type[BaseModel]) -> None:
        location = tuple(part for part in details["loc"] if part != "[key]")
        what, remedy = words(details, model, location)
        self.wrong(location, what, remedy)
