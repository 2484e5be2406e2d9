"""Where configuration lies: `.gitwarrant/` above a folder, and the agent's own file."""

from pathlib import Path

from gitwarrant.config.repository import CONFIG_FOLDER
from gitwarrant.model.errors import GitwarrantError

AGENT_FILE = Path("gitwarrant.yaml")
SYSTEM_AGENT_FILE = Path("/etc/gitwarrant/gitwarrant.yaml")


class NotFound(GitwarrantError):
    """Configuration that is nowhere it could be."""


def repository_folder(start: Path) -> Path:
    """The nearest folder at or above `start` that holds `.gitwarrant/`; a repository's top ends the search.

    Raises:
        NotFound: there is none.
    """
    start = start.absolute()
    for folder in (start, *start.parents):
        if (folder / CONFIG_FOLDER).is_dir():
            return folder
        if (folder / ".git").exists():
            break
    raise NotFound(
        f"there is no {CONFIG_FOLDER}/ at or above {start}",
        remedy="go into an environment repository, or make one of this: gitwarrant init",
    )


def repository_files(folder: Path) -> dict[str, bytes]:
    """The files of `.gitwarrant/` in a work tree, as `repository.load` takes them.

    Raises:
        NotFound: one cannot be read, or is no regular file.
    """
    files = {}
    for path in sorted((folder / CONFIG_FOLDER).iterdir()):
        if path.is_symlink() or not path.is_file():
            raise NotFound(f"{path} is no regular file", remedy=f"keep plain files only in {CONFIG_FOLDER}/")
        try:
            files[f"{CONFIG_FOLDER}/{path.name}"] = path.read_bytes()
        except OSError as error:
            raise NotFound(
                f"{path} cannot be read: {error.strerror}", remedy="give this user the right to read it"
            ) from error
    return files


def agent_file(argument: str | None, environment: str | None, git_folder: Path | None) -> Path:
    """The agent's configuration file: named by an argument, by the environment, or in a usual place.

    Never looked for in a work tree: a pull request could add the file there,
    and whoever checks it out would judge it by the attacker's root of trust.

    Args:
        argument: what the command line named.
        environment: the value of GITWARRANT_CONFIG.
        git_folder: the clone's Git folder (`.git`), private to the clone; None outside of one.

    Raises:
        NotFound: none is named, and none is in a usual place. One that is named is not looked for.
    """
    if argument or environment:
        return Path(argument or environment or "")
    usual = ([git_folder / AGENT_FILE] if git_folder else []) + [SYSTEM_AGENT_FILE]
    for path in usual:
        if path.is_file():
            return path
    raise NotFound(
        f"there is no agent configuration at {' or '.join(map(str, usual))}",
        remedy="name it with --config or GITWARRANT_CONFIG; 'gitwarrant init' prints one to begin with",
    )
