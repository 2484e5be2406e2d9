"""`gitwarrant trust`: a table of actions, each imported when it is called."""

import argparse
from collections.abc import Mapping
from importlib import import_module

from gitwarrant.cli.terminal import Terminal

ACTIONS: Mapping[str, str] = {
    "show": "trust_show",
    "explain": "trust_explain",
    "what-if": "trust_what_if",
    "checkpoint": "trust_checkpoint",
    "rotate": "trust_rotate",
    "add-key": "trust_add_key",
    "revoke": "trust_revoke",
    "withdraw": "trust_withdraw",
    "forget-tag": "trust_forget_tag",
}


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Run one action."""
    return int(import_module(f"gitwarrant.cli.{ACTIONS[arguments.action]}").run(arguments, terminal))
