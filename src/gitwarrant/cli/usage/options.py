"""Options that several commands take."""

import argparse

BINDS = ("diff", "tree")  # the values of model.statement.Bind


def add_config(parser: argparse.ArgumentParser) -> None:
    """Take the agent's configuration file."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="the agent's configuration: root of trust, tenant, clusters (default: GITWARRANT_CONFIG, then "
        "gitwarrant.yaml in the clone's Git folder, then /etc/gitwarrant/gitwarrant.yaml)",
    )


def add_order(parser: argparse.ArgumentParser, default_lifetime: str, *, revision: bool = False) -> None:
    """Take an order about an environment."""
    parser.add_argument("environment", help="the environment it is about")
    if revision:
        parser.add_argument("revision", help="the one revision that it lets through")
    parser.add_argument("--reason", required=True, metavar="TEXT", help="why; everybody will read it")
    parser.add_argument("--expires", metavar="TIME", default=default_lifetime, help="such as 30m or 2h")
    add_pushing(parser)


def add_signing(parser: argparse.ArgumentParser, default_lifetime: str, *, default: str) -> None:
    """Take the interval and how the statement binds to it."""
    parser.add_argument("revision", nargs="?", help=f"a branch or commit (default: {default})")
    parser.add_argument("--base", metavar="REV", help="where it begins (default: where it left the ref)")
    parser.add_argument(
        "--bind",
        choices=BINDS,
        default="diff",
        help="diff: these path changes, wherever they land (default); tree: exactly this result",
    )
    parser.add_argument("--expires", metavar="TIME", default=default_lifetime, help="such as 14d or 12h")
    parser.add_argument("--ref", help="the protected ref it is for (default: the trust ref)")
    parser.add_argument("--environment", help="count for this environment only (default: wherever it lands)")
    add_pushing(parser)


def add_pushing(parser: argparse.ArgumentParser) -> None:
    """Take how it is signed and pushed."""
    parser.add_argument("--key", metavar="FILE", help="the SSH key to sign with (default: user.signingkey)")
    parser.add_argument("--yes", action="store_true", help="sign without asking")
    parser.add_argument("--no-push", action="store_true", help="keep the statement in this clone for now")
    parser.add_argument("--dry-run", action="store_true", help="show what would be signed, and stop")
    add_config(parser)
