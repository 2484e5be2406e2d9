"""Renderers that are known by name and refused until they can run without anything to steal."""

from gitwarrant.model.change import File
from gitwarrant.model.errors import Place, Refused
from gitwarrant.model.manifest import Manifest


class WaitingRenderer:
    """A tool that runs programs or templates: it waits for the jail."""

    def __init__(self, name: str, marks: frozenset[str]) -> None:
        self.name = name
        self._marks = marks

    def claims(self, files: tuple[File, ...]) -> bool:
        """Whether a file of its name is anywhere in the tree."""
        return self._marked(files) is not None

    def render(self, files: tuple[File, ...]) -> tuple[Manifest, ...]:
        """Refuse, by name.

        Raises:
            Refused: always.
        """
        marked = self._marked(files)
        raise Refused(
            f"{self.name} is not rendered yet: it needs a jail without network and credentials",
            stage="render",
            remedy=f"commit what {self.name} renders as plain YAML, or move this file out of the folder",
            place=Place(marked.path) if marked else None,
        )

    def _marked(self, files: tuple[File, ...]) -> File | None:
        return next((file for file in files if file.path.rpartition("/")[2] in self._marks), None)
