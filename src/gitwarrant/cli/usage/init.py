"""Make a working .gitwarrant/ from your SSH key and CODEOWNERS.

Asks what it cannot know; with --yes, or without a terminal, it takes what it
finds. Writes four files with comments, never over others, and prints an agent
configuration to save outside of the repository. Git's configuration is left
alone unless --configure-git is given.
"""

import argparse

EXAMPLES = """\
examples:
  gitwarrant init
  gitwarrant init --yes --environment production --path deploy --namespace shop
  gitwarrant init --key ~/.ssh/id_ed25519.pub --email ada@example.com > ~/gitwarrant.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the answers to the questions."""
    parser.add_argument("--name", help="your name in the rules (default: the e-mail's first part)")
    parser.add_argument("--email", help="the address you write commits as (default: git config user.email)")
    parser.add_argument(
        "--key", metavar="FILE", help="your SSH public key (default: git's signing key, ~/.ssh)"
    )
    parser.add_argument("--environment", help="the first environment (default: production)")
    parser.add_argument("--path", help="the folder of its manifests (default: one of its name, or the top)")
    parser.add_argument("--namespace", help="its namespace (default: its name)")
    parser.add_argument("--yes", action="store_true", help="ask nothing")
    parser.add_argument(
        "--configure-git", action="store_true", help="let this clone sign with the key, and fetch statements"
    )
