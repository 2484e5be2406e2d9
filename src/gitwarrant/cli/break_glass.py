"""`gitwarrant break-glass`."""

import argparse

from gitwarrant.cli.orders import give
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.statement import OrderKind


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Sign the order."""
    return give(OrderKind.BREAK_GLASS, arguments, terminal, commit=arguments.revision)
