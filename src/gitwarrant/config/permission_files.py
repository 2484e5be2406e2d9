"""What a bot may change, as identities.yaml says it."""

from typing import Literal

from pydantic import Field

from gitwarrant.config.fields import FieldPathText, ImageRepository, KindName, Text
from gitwarrant.config.source import Source, StrictModel
from gitwarrant.model.manifest import Pointer
from gitwarrant.model.permission import (
    Constraint,
    DigestOnly,
    ImageByDigest,
    Permission,
    TextLike,
    WholeNumber,
    read_field_path,
)


class ImageFile(StrictModel):
    """An image that a bot may write."""

    repository: ImageRepository = Field(
        description="its name without tag and digest; '*' stands for anything but a slash"
    )
    form: Literal["digest"] = Field("digest", description="digest: it must be named by digest")


class NumberFile(StrictModel):
    """A range of whole numbers."""

    min: int = Field(description="the least")
    max: int = Field(description="the greatest")


class ValueFile(StrictModel):
    """What a field may be set to: exactly one of these."""

    image: ImageFile | None = Field(None, description="an image of this repository")
    digest: Literal[True] | None = Field(None, description="true: a digest alone, like sha256:...")
    pattern: Text | None = Field(None, description="text that this RE2 expression matches as a whole")
    number: NumberFile | None = Field(None, description="a whole number in this range")


class PermissionFile(StrictModel):
    """Fields that a bot may change."""

    files: Text = Field(description="a pattern as in rules.yaml: the files")
    kinds: list[KindName] = Field(description="the kinds of objects, such as Deployment.apps", min_length=1)
    fields: list[FieldPathText] = Field(
        description="ways to fields: spec.template.spec.containers[name=web].image", min_length=1
    )
    value: ValueFile = Field(description="what they may be set to: image, digest, pattern or number")


def judge_permissions(source: Source, pointer: Pointer, files: list[PermissionFile], *, is_bot: bool) -> None:
    """Note permissions of a person, and values that are none or several."""
    if files and not is_bot:
        source.wrong(pointer, "only a bot is bound to fields", "remove 'may'; people are bound by the rules")
    for index, file in enumerate(files):
        value = file.value
        given = [name for name in ValueFile.model_fields if getattr(value, name) is not None]
        if len(given) != 1:
            source.wrong(
                (*pointer, index, "value"),
                f"a value is one thing, not {' and '.join(given) or 'nothing'}",
                "write one of image, digest, pattern and number; make another entry for other fields",
            )
        if value.number and value.number.min > value.number.max:
            source.wrong(
                (*pointer, index, "value", "number"), "the range is empty", "make 'max' at least 'min'"
            )


def permissions(source: Source, pointer: Pointer, files: list[PermissionFile]) -> tuple[Permission, ...]:
    """Translate what a bot may change."""
    return tuple(
        Permission(
            files=file.files,
            kinds=frozenset(file.kinds),
            fields=tuple(read_field_path(text) for text in file.fields),
            value=_constraint(file.value),
            place=source.place((*pointer, index)),
        )
        for index, file in enumerate(files)
    )


def _constraint(value: ValueFile) -> Constraint:
    if value.image:
        return ImageByDigest(value.image.repository)
    if value.pattern:
        return TextLike(value.pattern)
    if value.number:
        return WholeNumber(value.number.min, value.number.max)
    return DigestOnly()
