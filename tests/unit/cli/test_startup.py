"""What a command loads before it works: little, and nothing of an extra that is not installed."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from gitwarrant.cli import sandbox, usage
from gitwarrant.cli.main import COMMANDS, EXTRAS, LIGHT, MODULES
from gitwarrant.cli.usage import check, explain, options, trust
from gitwarrant.cli.usage import sandbox as sandbox_usage
from gitwarrant.model.finding import Severity
from gitwarrant.model.statement import Bind
from gitwarrant.policy.registry import CHECKS
from gitwarrant.policy.sets import BUILTIN_SETS
from gitwarrant.sandbox.logs import SOURCES
from gitwarrant.trust.what_if import Stolen

ROOT = Path(__file__).parents[3]

HEAVY = {
    *("aiohttp", "asyncio", "cryptography", "importlib.metadata", "lightkube", "orjson", "pydantic"),
    *("pygit2", "rich", "shtab", "sqlite3", "ssl", "structlog", "yaml"),
}
"""Modules that take some milliseconds each, or hundreds."""

# Without the extras: their modules are as if they were not installed.
WITHOUT_EXTRAS = f"""
import sys
sys.modules.update(dict.fromkeys({sorted(EXTRAS)!r}))
"""


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a Python of its own that has loaded nothing yet."""
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r})\n{program}"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, timeout=60)


def test_the_help_of_no_command_loads_what_is_heavy() -> None:
    """Each parser is built in turn, so what a command adds is told with its name."""
    done = python(
        "from gitwarrant.cli.main import COMMANDS, command_parser, top_parser\n"
        "top_parser().format_help()\n"
        "for name in COMMANDS:\n"
        "    command_parser(name).format_help()\n"
        "    print(name, *sys.modules)\n"
    )

    loaded = {line.split()[0]: sorted(HEAVY & {*line.split()[1:]}) for line in done.stdout.splitlines()}
    assert done.stderr == ""
    assert loaded == {name: [] for name in COMMANDS}


def test_how_a_command_is_called_stands_apart_exactly_where_the_table_says() -> None:
    modules = {path.stem for path in Path(next(iter(usage.__path__))).glob("*.py")}

    named = {MODULES.get(command, command) for command in COMMANDS.keys() - LIGHT}
    assert modules - {"__init__", "options"} == named


def test_the_choices_written_down_for_quick_help_are_the_real_ones() -> None:
    """They are spelled out in usage/, because what defines them is slow to import."""
    assert tuple(bind.value for bind in Bind) == options.BINDS
    assert tuple(sandbox.ACTIONS) == sandbox_usage.ACTIONS
    assert ", ".join(SOURCES) == sandbox_usage.PARTS
    assert tuple(BUILTIN_SETS) == check.SETS
    assert tuple(stolen.value for stolen in Stolen) == trust.STOLEN
    assert tuple(severity.value for severity in Severity) == check.SEVERITIES
    assert sorted(each.id for each in CHECKS) == explain.CHECKS


def test_every_module_of_an_extra_is_known() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]

    named = {"pyjwt": "jwt", "python-pkcs11": "pkcs11", "cel-expr-python": "cel_expr_python"}
    named["prometheus-client"] = "prometheus_client"
    modules = {
        named.get(name := re.split(r"[\[>]", requirement)[0], name): extra
        for extra in sorted(declared.keys() - {"all"})
        for requirement in declared[extra]
    }
    assert modules == EXTRAS


@pytest.mark.parametrize(
    ("arguments", "extra", "module"),
    [
        pytest.param(["apply", "production"], "cluster", "lightkube.config", id="apply"),
        pytest.param(["run"], "cluster", "structlog", id="run"),
        pytest.param(["drift", "production"], "cluster", "lightkube.config", id="drift"),
        pytest.param(["completion", "bash"], "completion", "shtab", id="completion"),
    ],
)
def test_a_command_without_its_extra_says_what_to_install(
    arguments: list[str], extra: str, module: str
) -> None:
    program = f"{WITHOUT_EXTRAS}\nfrom gitwarrant.cli.main import main\nsys.exit(main())"

    done = python(program, *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: this needs the extra {extra!r}: there is no module {module!r}\n"
        f"  remedy: pip install 'gitwarrant[{extra}]'\n"
    )


def test_work_on_pull_requests_needs_no_extra() -> None:
    """The modules that do the work import, although no extra is installed."""
    names = [
        "approve",
        "audit",
        "check",
        "demo",
        "doctor",
        "init",
        "plan",
        "propose",
        "schema",
        "trial",
        "verify",
    ]

    done = python(
        f"{WITHOUT_EXTRAS}\nfrom importlib import import_module\n"
        "for name in sys.argv[1:]: import_module(f'gitwarrant.cli.{name}')",
        *names,
    )

    assert (done.returncode, done.stderr) == (0, "")
