"""`gitwarrant approve`: sign an `approve` statement."""

import argparse

from gitwarrant.cli.signing import sign_statement
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.statement import StatementKind


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Sign an `approve` statement."""
    return sign_statement(StatementKind.APPROVE, arguments, terminal)
