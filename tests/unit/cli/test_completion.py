"""The completion scripts: each shell can read its own, and they know every command."""

import shutil
import subprocess

import pytest

from gitwarrant.cli.main import COMMANDS, main

SHELLS = [shell for shell in ("bash", "zsh") if shutil.which(shell)]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_one_that_the_shell_can_read(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell], {}) == 0

    script = capsys.readouterr().out
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_bash_completes_commands_and_their_options(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked as bash asks: the words so far, and which of them is being written."""
    main(["completion", "bash"], {})
    script = capsys.readouterr().out

    assert _completions(script, "gitwarrant", "") >= COMMANDS.keys()
    assert _completions(script, "gitwarrant", "plan", "--f") == {"--fetched"}
    assert _completions(script, "gitwarrant", "audit", "w") == {"who"}


def _completions(script: str, *words: str) -> set[str]:
    """What bash offers for the last of the words."""
    asked = (
        f"{script}\nCOMP_WORDS=({' '.join(repr(word) for word in words)}) COMP_CWORD={len(words) - 1}\n"
        "$(complete -p gitwarrant | sed -E 's/.*-F ([^ ]+).*/\\1/')\nprintf '%s\\n' \"${COMPREPLY[@]}\""
    )
    done = subprocess.run(["bash"], input=asked, capture_output=True, text=True, check=True, timeout=30)
    return set(done.stdout.split())
