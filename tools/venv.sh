#!/bin/sh
# Make .venv, install a lock file into it, and put the gitwarrant command there.
#
# usage: tools/venv.sh PYTHON LOCK
#
# uv does the installing: half a second where pip takes ten. Where it is not on PATH, pip fetches it first,
# by hash like everything else. Nothing is built: the package itself is only made importable from src/.
set -eu
python=$1 lock=$2

fail() {
    printf 'error: %s\n  remedy: %s\n' "$1" "$2" >&2
    exit 2
}

"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null ||
    fail "$python is not Python 3.11 to 3.14" "install one and name it: make PYTHON=/path/to/python3.11"

if [ ! -x .venv/bin/python ]; then
    "$python" -m venv --without-pip .venv ||
        fail "$python cannot make a virtual environment" "on Debian and Ubuntu: apt-get install python3-venv"
fi

if command -v uv >/dev/null; then
    uv=uv
else
    uv=.venv/bin/uv
    if [ ! -x $uv ]; then
        options="install --quiet --require-hashes --no-deps -r requirements-uv.lock"
        # pip from the machine if it knows --python (22.3), else the one that Python brings along.
        # shellcheck disable=SC2086 # the options are words
        "$python" -m pip --python .venv/bin/python $options 2>/dev/null ||
            { .venv/bin/python -m ensurepip >/dev/null 2>&1 && .venv/bin/python -m pip $options; } ||
            fail "uv is not here and pip cannot fetch it" "check the network; or install uv, or python3-pip"
    fi
fi
$uv pip install --quiet --python .venv/bin/python --require-hashes --no-deps -r "$lock" ||
    fail "installing $lock failed" "check the network and run it again"

packages=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
printf '%s/src\n' "$PWD" >"$packages/gitwarrant.pth"
cat >.venv/bin/gitwarrant <<END
#!$PWD/.venv/bin/python
import sys

from gitwarrant.cli.main import main

sys.exit(main())
END
chmod +x .venv/bin/gitwarrant
