"""`gitwarrant propose`: sign an `author` statement."""

import argparse

from gitwarrant.cli.signing import sign_statement
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.statement import StatementKind


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Sign an `author` statement."""
    return sign_statement(StatementKind.AUTHOR, arguments, terminal)
