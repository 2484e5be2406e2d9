"""Bring in public keys that people keep elsewhere already.

Reads OpenSSH's allowed_signers, .pub files, USER.keys as forges serve them (or
a folder of them), and what gpg --armor --export wrote. Prints entries for
.gitwarrant/identities.yaml; with --write it adds them at the end of that file
and leaves all else as it stands. Whoever is in it already is refused.
"""

import argparse
from pathlib import Path

EXAMPLES = """\
examples:
  gitwarrant keys import ~/.config/git/allowed_signers
  gitwarrant keys import keys/ --domain example.com --write     a folder of USER.keys
  gitwarrant keys import grace.pub --email grace@example.com
  gpg --armor --export-options export-minimal --export grace@example.com > grace.asc
  gitwarrant keys import grace.asc
"""

IDENTITIES = Path(".gitwarrant/identities.yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the files, and what they do not say."""
    parser.add_argument("action", choices=("import",), help="what to do")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder of keys")
    parser.add_argument("--name", default="", help="the name of the one person whose keys these are")
    parser.add_argument("--email", action="append", default=[], help="an address that person writes as")
    parser.add_argument("--domain", help="USER.keys belongs to USER@DOMAIN")
    parser.add_argument("--kind", choices=("person", "bot"), default="person", help="(default: person)")
    parser.add_argument(
        "--write",
        nargs="?",
        type=Path,
        const=IDENTITIES,
        metavar="FILE",
        help="add them to this file (default: .gitwarrant/identities.yaml)",
    )
