"""One target in a process of its own, since a crash or a hang ends it.

    python -m tests.fuzz.child TABLE NAME OPTION ... CORPUS

What follows the name goes to libFuzzer. Not for people: `tests.fuzz` starts it.
"""

import sys
from importlib import import_module
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # the stubs of another fuzzer bear its name


def main() -> None:
    """Write the seeds into the corpus (the last argument), then feed the target until libFuzzer ends."""
    table, name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=["gitwarrant"], enable_loader_override=False):
        target = import_module(table).TARGETS[name]
    for number, seed in enumerate(target.seeds()):
        (Path(options[-1]) / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
