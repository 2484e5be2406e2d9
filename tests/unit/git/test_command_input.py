"""What git is given on its standard input arrives, however much it is and whenever git reads it."""

import time
from dataclasses import replace
from pathlib import Path

from gitwarrant.git.command import Limits, run
from gitwarrant.git.remote import Remote

LIMITS = replace(Limits(), seconds=20)
SLOW = "!sleep 1; wc -c; :"


def test_more_than_a_pipe_holds_reaches_a_git_that_reads_late(tmp_path: Path) -> None:
    """Some 400 statements are more than a pipe takes at once; git may be busy for longer than one look."""
    remote = Remote(tmp_path.as_uri())
    run(remote, tmp_path, ["init", "--quiet", "--bare"], limits=LIMITS)
    given = b"x" * 1_000_000
    begun = time.monotonic()

    said = run(remote, tmp_path, ["-c", f"alias.late={SLOW}", "late"], limits=LIMITS, given=given)

    assert (said.split()[0], time.monotonic() - begun < 10) == (b"1000000", True)
