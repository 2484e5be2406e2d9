"""The command line: a table of commands, each imported when it is called."""

import argparse
import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

from gitwarrant import __version__
from gitwarrant.cli.terminal import Terminal
from gitwarrant.model.errors import GitwarrantError, Refused, Unreachable

COMMANDS: Mapping[str, str] = {
    "try": "see what a repository shows of itself: no configuration, nothing is changed",
    "init": "make a working .gitwarrant/ from your SSH key and CODEOWNERS",
    "import": "take over from Flux or Argo CD: environments, proof that they are the same, live objects",
    "check": "judge manifests by the built-in checks, without Git or a cluster",
    "keys": "bring in public keys that people keep elsewhere",
    "explain": "list the checks, or teach one",
    "verify": "prove who wrote and who accepted every landing",
    "plan": "show what a change would create, update and delete",
    "propose": "sign that you wrote a change",
    "approve": "sign that you read and accept a change",
    "approvals": "show who approved, who is missing, and why one does not count",
    "inbox": "show what awaits your approval, across repositories",
    "blocked": "say what stops an environment, and the shortest legitimate way on",
    "suspend": "stop an environment for a while",
    "resume": "end a suspension",
    "break-glass": "in an emergency, let one revision through without approvals",
    "rollback": "order an environment back to an earlier revision and hold it there, or release it",
    "apply": "deploy once, from any pipeline (push mode)",
    "run": "deploy and watch, again and again (pull mode)",
    "status": "show whether everything that was deployed does what it is for",
    "wait": "wait until an environment is applied, or healthy",
    "drift": "compare the cluster with what was warranted",
    "rbac": "print the least power that deploying takes; say what power a change gives to whom",
    "compare": "prove two clusters the same in all that an environment declares",
    "rebuild": "bring environments into an empty cluster, as they were last warranted",
    "trust": "look after root keys, checkpoints and what is taken back",
    "heartbeat": "sign what the Git server shows, so that agents see when it stops",
    "audit": "ask the log: what happened, who did it",
    "warrant": "show, verify and hand over the signed authorisation of a change",
    "sandbox": "a real Kubernetes to try things on",
    "demo": "see a stolen account refused and a signed change deployed",
    "schema": "print the JSON Schema of the configuration files",
    "doctor": "say what is missing on this machine and how to get it",
    "completion": "print a completion script for your shell",
}

# A command whose name is a word of Python's own has a module of another name.
MODULES: Mapping[str, str] = {"try": "trial", "import": "importing", "break-glass": "break_glass"}

# These say themselves how they are called. For all others cli/usage/ does: their work is slow to import, and
# `--help` needs none of it.
LIGHT = frozenset({"schema", "completion"})

# Which extra brings which optional module.
EXTRAS: Mapping[str, str] = {
    "aiohttp": "cluster",
    "cel_expr_python": "cluster",
    "lightkube": "cluster",
    "orjson": "cluster",
    "prometheus_client": "cluster",
    "structlog": "cluster",
    "shtab": "completion",
    "jwt": "forge",
    "urllib3": "forge",
    "pkcs11": "pkcs11",
}

DONE, REFUSED, COULD_NOT, UNREACHABLE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 70, 130

PROMISE = "GitOps delivery where a stolen Git account is not enough to deploy."
EPILOGUE = """\
exit status:
  0  done; nothing refused
  1  refused by a gate, or findings at or above the threshold
  2  could not run: wrong usage, or bad input
  3  a server could not be reached: trying again may help

examples:
  gitwarrant demo --no-cluster        see an attack refused, in seconds
  gitwarrant try                      how a repository stands, without any configuration
  gitwarrant check deploy/            judge manifests
  gitwarrant plan production          what would change, before it does

'gitwarrant COMMAND --help' tells more and has examples.
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors end like all others: what, and what to do."""

    def error(self, message: str) -> NoReturn:
        print(f"error: {message}\n  remedy: {self.prog} --help", file=sys.stderr)
        raise SystemExit(COULD_NOT)


def main(argv: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run one command; the only place where errors become text and a status."""
    arguments, name = _parse(list(sys.argv[1:] if argv is None else argv))
    terminal = Terminal.standard(environ, colour=arguments.color, output=arguments.output)
    try:
        return int(import_module(f"gitwarrant.cli.{MODULES.get(name, name)}").run(arguments, terminal))
    except GitwarrantError as error:
        terminal.refuse(error)
        return _status(error)
    except BrokenPipeError:
        # The reader went away (`| head`); close quietly as other tools do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        terminal.note("interrupted")
        return INTERRUPTED
    except OSError as error:
        terminal.refuse(_machine_error(error))
        return COULD_NOT
    except Exception as error:
        if extra := _missing_extra(error):
            terminal.refuse(extra)
            return COULD_NOT
        if environ.get("GITWARRANT_DEBUG"):
            raise
        terminal.refuse(
            GitwarrantError(
                f"a fault in gitwarrant itself: {type(error).__name__}: {error}",
                remedy="nothing was changed after this point; please report it, with GITWARRANT_DEBUG=1 set",
            )
        )
        return INTERNAL


def command_parser(name: str) -> argparse.ArgumentParser:
    """The parser of one command, with what all commands share."""
    folder = "gitwarrant.cli" if name in LIGHT else "gitwarrant.cli.usage"
    module = import_module(f"{folder}.{MODULES.get(name, name)}")
    parser = Parser(
        prog=f"gitwarrant {name}",
        description=(module.__doc__ or COMMANDS[name]).strip(),
        epilog=getattr(module, "EXAMPLES", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    _add_common(parser)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    common = parser.add_argument_group("output")
    common.add_argument(
        "--output", choices=("text", "json"), default="text", help="text for people, json for programs"
    )
    common.add_argument(
        "--color",
        choices=("auto", "always", "never"),
        default="auto",
        help="colours (default: on a terminal)",
    )


def _parse(argv: list[str]) -> tuple[argparse.Namespace, str]:
    if argv and argv[0] in COMMANDS:
        return command_parser(argv[0]).parse_args(argv[1:]), argv[0]
    parser = top_parser()
    if argv and not argv[0].startswith("-"):
        import difflib  # noqa: PLC0415 - only a misspelt command needs it

        near = difflib.get_close_matches(argv[0], COMMANDS, 1)
        parser.error(f"there is no command {argv[0]!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    parser.parse_args(argv)
    parser.print_help()
    raise SystemExit(DONE)


def top_parser() -> argparse.ArgumentParser:
    """What `gitwarrant --help` shows: made from the table alone, so nothing else is imported."""
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:<{width}}  {what}" for name, what in COMMANDS.items())
    parser = Parser(
        prog="gitwarrant",
        usage="gitwarrant COMMAND ...",
        description=f"{PROMISE}\n\ncommands:\n{listing}",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gitwarrant {__version__}")
    parser.add_argument(
        "command", choices=tuple(COMMANDS), nargs="?", metavar="COMMAND", help=argparse.SUPPRESS
    )
    return parser


def _missing_extra(error: Exception) -> GitwarrantError | None:
    """What to install, when the error is that an optional module is not here."""
    module = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    extra = EXTRAS.get(module.partition(".")[0])
    if extra is None:
        return None
    return GitwarrantError(
        f"this needs the extra {extra!r}: there is no module {module!r}",
        remedy=f"pip install 'gitwarrant[{extra}]'",
    )


def _status(error: GitwarrantError) -> int:
    match error:
        case Refused():
            return REFUSED
        case Unreachable():
            return UNREACHABLE
        case _:
            return COULD_NOT


_MACHINE_REMEDIES: Mapping[int, str] = {
    errno.ENOSPC: "free some disk space and run it again; nothing recorded so far is lost",
    errno.EDQUOT: "raise the disk quota or free space, and run it again; nothing recorded so far is lost",
    errno.EACCES: "give this user the right to it, or name another place",
    errno.EPERM: "give this user the right to it, or name another place",
    errno.ENOENT: "check the spelling, or make it first",
    errno.EROFS: "name a place that can be written to",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


def _machine_error(error: OSError) -> GitwarrantError:
    where = f": {error.filename}" if error.filename else ""
    remedy = _MACHINE_REMEDIES.get(error.errno or 0, "see what the system says, mend it, and run it again")
    return GitwarrantError(f"{error.strerror or error}{where}", remedy=remedy)
