"""`gitwarrant trust forget-tag`: a tag may lead elsewhere than when this clone first used it."""

import argparse
from pathlib import Path

from gitwarrant.cli.terminal import Terminal
from gitwarrant.git.clone import Clone
from gitwarrant.pipeline.revisions import forget


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Exit status: 0 forgotten; 2 nothing was remembered."""
    ref, known = forget(Clone.around(Path.cwd()), arguments.tag)
    terminal.result({"tag": ref, "led_to": known})
    terminal.say(f"forgot that {ref} led to {known[:12]}; where it leads at its next use is remembered")
    return 0
