"""Print the JSON Schema of the configuration files, for editors and pipelines."""

import argparse
import json

from gitwarrant.cli.terminal import Terminal

KINDS = ("agent", "trust", "identities", "rules", "environments", "policies")

EXAMPLES = """\
examples:
  gitwarrant schema                                  all of them, by kind of file
  gitwarrant schema environments > environments.json
  # in an editor that knows yaml-language-server, above the file:
  # yaml-language-server: $schema=environments.json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the kind of file."""
    parser.add_argument("kind", nargs="?", choices=KINDS, help="the file; all of them when left out")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0. The schema is JSON whatever `--output` says."""
    from gitwarrant.config.schema import schemas  # noqa: PLC0415 - imports Pydantic; --help needs none of it

    found = schemas()
    shown = found[arguments.kind] if arguments.kind else found
    print(json.dumps(shown, indent=2, ensure_ascii=False), file=terminal.out)
    return 0
