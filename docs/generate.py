"""Write the lower part of docs/reference/cli.md from the commands themselves: python docs/generate.py"""  # noqa: INP001 - a script

import os
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path

from gitwarrant.cli.main import COMMANDS, command_parser, top_parser

CLI = Path(__file__).parent / "reference" / "cli.md"
COLUMNS = "100"
MARK = "docs/generate.py; a test compares it with what the commands say. -->\n"
QUESTIONS = {
    "audit": ("log", "who"),
    "trust": (
        *("show", "explain", "what-if", "checkpoint", "rotate", "add-key", "revoke", "withdraw"),
        "forget-tag",
    ),
    "warrant": ("show", "verify", "export"),
}
"""Commands that have commands of their own."""


def sections() -> str:
    """All commands, as `--help` speaks now."""
    os.environ["COLUMNS"] = COLUMNS  # argparse asks for the terminal's width
    written = [_fenced("gitwarrant --help", top_parser().format_help())]
    for name, what in COMMANDS.items():
        written.append(f"\n## {name}\n\n{what[0].upper()}{what[1:]}.\n")
        written.append(_fenced(f"gitwarrant {name} --help", command_parser(name).format_help()))
        written += [
            _fenced(f"gitwarrant {name} {question} --help", _help_below(name, question))
            for question in QUESTIONS.get(name, ())
        ]
    return "".join(written)


def _help_below(name: str, question: str) -> str:
    said = StringIO()
    with redirect_stdout(said), suppress(SystemExit):
        command_parser(name).parse_args([question, "--help"])
    return said.getvalue()


def _fenced(command: str, text: str) -> str:
    return f"\n```text\n$ {command}\n{text.strip()}\n```\n"


if __name__ == "__main__":
    by_hand, mark, _ = CLI.read_text().partition(MARK)
    CLI.write_text(by_hand + mark + sections())
