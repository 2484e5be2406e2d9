"""Print a completion script for your shell."""

import argparse

from gitwarrant.cli.terminal import Terminal

EXAMPLES = """\
examples:
  gitwarrant completion bash > ~/.local/share/bash-completion/completions/gitwarrant
  gitwarrant completion zsh > ~/.zfunc/_gitwarrant
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the shell's name."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell to complete for")


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Build every command's parser and hand them to shtab."""
    import shtab  # noqa: PLC0415 - an optional extra, and nobody else needs it

    print(shtab.complete(_whole_parser(), shell=arguments.shell), file=terminal.out)
    return 0


def _whole_parser() -> argparse.ArgumentParser:
    from gitwarrant.cli.main import COMMANDS, command_parser  # noqa: PLC0415 - main imports commands, not they it

    parser = argparse.ArgumentParser(prog="gitwarrant", description="GitOps with warrants")
    commands = parser.add_subparsers(dest="command")
    for name, what in COMMANDS.items():
        one = command_parser(name)
        commands.add_parser(name, help=what, parents=[one], add_help=False, description=one.description)
    return parser
