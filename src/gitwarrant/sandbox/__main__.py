"""`python -m gitwarrant.sandbox supervise FOLDER`: how `up` starts the supervisor of a sandbox."""

import os
import sys
from pathlib import Path

from gitwarrant.model.errors import GitwarrantError
from gitwarrant.sandbox.supervisor import supervise


def main(arguments: list[str]) -> int:
    """Return 0 once the supervisor runs by itself, 1 when it could not be started."""
    match arguments:
        case ["supervise", folder]:
            return _detach(Path(folder))
        case _:
            sys.stderr.write("usage: python -m gitwarrant.sandbox supervise FOLDER\n")
            return 2


def _detach(folder: Path) -> int:
    """Leave the terminal and the parent behind, and return as soon as the supervisor has published itself."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        return 0 if os.read(reader, 1) else 1
    os.setsid()
    try:
        supervise(folder, started=lambda: os.write(writer, b"1"))
    except GitwarrantError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
