#!/usr/bin/env python3
"""Build the real parts from their pinned Go modules into .tools/bin.

Builds what is named (default: what `gitwarrant sandbox` needs) and skips what is up to date. Two builds at
once do not clash: the second waits and shows how far the first is. Nothing but Python and Go is needed;
for what only tests need (`--tests`) a C compiler too, and without one that part is left out.

exit status: 0 everything is there, 1 a build failed, 2 wrong usage, 3 Go is missing, 4 too little disk
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

BUILT, FAILED, NO_GO, NO_DISK = 0, 1, 3, 4

TOOLS = Path(__file__).resolve().parent
FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly")
# No C compiler is needed, and a file built here runs on any Linux of this architecture.
GO_ENVIRONMENT = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
LINK_SECONDS = 6.0  # per program, on two cores; no package is reported meanwhile
REDRAW_SECONDS = 0.2
LINE_SECONDS = 10.0  # where the output is no terminal


@dataclass(frozen=True)
class Module:
    """One Go module under tools/, and the programs built from it. Costs: empty caches, two cores."""

    name: str
    version: str
    programs: Mapping[str, str]
    """From the program's name to its Go package."""
    seconds: int
    disk_mb: int
    variables: Mapping[str, str] = field(default_factory=dict)
    """What the linker sets."""
    tags: str = ""
    """Go build tags, separated by spaces."""
    cgo: bool = False
    """Whether a part of it is written in C."""

    @property
    def flags(self) -> tuple[str, ...]:
        """What Go is told before the packages."""
        return (*FLAGS, "-tags", self.tags) if self.tags else FLAGS

    @property
    def environment(self) -> Mapping[str, str]:
        """What of Go's environment decides the result."""
        return {**GO_ENVIRONMENT, "CGO_ENABLED": "1"} if self.cgo else GO_ENVIRONMENT

    @property
    def linker_flags(self) -> str:
        """One argument: no symbol tables, and the version where the program does not know its own."""
        return " ".join(("-s", "-w", *(f"-X {name}={value}" for name, value in self.variables.items())))

    def key(self, program: str) -> str:
        """What a built program depends on; the same key means the same program."""
        digest = hashlib.sha256()
        for name in ("go.mod", "go.sum"):
            digest.update((TOOLS / self.name / name).read_bytes())
        settings = (self.programs[program], *self.flags, self.linker_flags, *sorted(self.environment.items()))
        digest.update(repr(settings).encode())
        return digest.hexdigest()


_VERSION = "k8s.io/component-base/version."

MODULES = (
    Module("etcd", "v3.7.3", {"etcd": "go.etcd.io/etcd/server/v3"}, seconds=40, disk_mb=500),
    Module(
        "kubernetes",
        "v1.36.3",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        seconds=290,
        disk_mb=3500,
        # Otherwise each calls itself v0.0.0-master, which kubectl cannot parse.
        variables={
            f"{_VERSION}gitVersion": "v1.36.3",
            f"{_VERSION}gitMajor": "1",
            f"{_VERSION}gitMinor": "36",
        },
    ),
    Module("kwok", "v0.8.0", {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}, seconds=60, disk_mb=700),
    # Only tests need it: another project's program that verifies our warrants.
    Module(
        "cosign", "v3.1.3", {"cosign": "github.com/sigstore/cosign/v3/cmd/cosign"}, seconds=170, disk_mb=3200
    ),
    Module(
        "gitea",
        "v1.26.0",
        {"gitea": "code.gitea.io/gitea"},
        seconds=190,
        disk_mb=1500,
        variables={"main.Version": "1.26.0"},  # otherwise it calls itself development
        tags="sqlite sqlite_unlock_notify",
        cgo=True,
    ),
    # Only the bench needs it: what our apply is measured beside.
    Module(
        "flux",
        "v1.9.5",
        {"kustomize-controller": "github.com/fluxcd/kustomize-controller"},
        seconds=170,
        disk_mb=2500,
    ),
)
SANDBOX = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kwok")
TESTS = (*SANDBOX, "cosign", "gitea")


@dataclass(frozen=True)
class Job:
    """The programs of one module that have to be built."""

    module: Module
    programs: tuple[str, ...]

    @property
    def packages(self) -> tuple[str, ...]:
        """The Go packages of the programs."""
        return tuple(self.module.programs[program] for program in self.programs)


class Stopped(Exception):
    """Why nothing more is done, what to do about it, and with which exit status."""

    def __init__(self, what: str, *, remedy: str, status: int) -> None:
        self.status = status
        super().__init__(f"{what}\n  remedy: {remedy}")


def jobs(names: Iterable[str], folder: Path) -> list[Job]:
    """What has to be built so that every named program in `folder` is up to date."""
    wanted = set(names)
    found = (
        Job(
            module,
            tuple(
                name for name in module.programs if name in wanted and not _is_current(module, name, folder)
            ),
        )
        for module in MODULES
    )
    return [job for job in found if job.programs]


def _is_current(module: Module, program: str, folder: Path) -> bool:
    key = folder / f"{program}.key"
    return (folder / program).is_file() and key.is_file() and key.read_text() == module.key(program)


class Progress:
    """How far the build is: one line, redrawn on a terminal, repeated elsewhere, and in a file for others."""

    def __init__(self, out: TextIO, file: Path | None, *, total: int = 0, links: int = 0) -> None:
        self.total, self.links, self.done = total, links, 0
        self._out, self._file = out, file
        self._started = time.monotonic()
        self._shown = 0.0

    def line(self, module: str, *, elapsed: float) -> str:
        """Such as: building kubernetes: 812 of 1604 packages, about 2 min left."""
        if self.done >= self.total:
            return f"building {module}: linking"
        left = self.links * LINK_SECONDS
        if self.done:
            left += elapsed / self.done * (self.total - self.done)
            return f"building {module}: {self.done} of {self.total} packages, about {duration(left)} left"
        return f"building {module}: 0 of {self.total} packages"

    def show(self, module: str) -> None:
        """Say how far it is, if there is something new to say."""
        self.say(self.line(module, elapsed=time.monotonic() - self._started))

    def say(self, line: str) -> None:
        """Say this line, unless the last one was said just before."""
        terminal = self._out.isatty()
        now = time.monotonic()
        if now - self._shown < (REDRAW_SECONDS if terminal else LINE_SECONDS):
            return
        self._shown = now
        if self._file:
            self._file.write_text(line)
        self._out.write(f"\r\x1b[K{line}" if terminal else f"{line}\n")
        self._out.flush()

    def close(self) -> None:
        """Leave the terminal on a line of its own, and nothing for others to read."""
        if self._file:
            self._file.unlink(missing_ok=True)
        if self._out.isatty():
            self._out.write("\r\x1b[K")


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 3 min."""
    return f"{max(5, round(seconds / 5) * 5)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def go_environment(environ: Mapping[str, str], ours: Mapping[str, str] = GO_ENVIRONMENT) -> dict[str, str]:
    """The environment for Go: caches and proxies are the user's, what decides the result is ours."""
    return {**environ, **ours}


def require_go(module: str) -> None:
    """Refuse where Go is missing or too old for this module."""
    if shutil.which("go") is None:
        raise Stopped(
            "Go is not installed, and the real parts are built with it",
            remedy="install Go 1.26 or newer, or put the programs on PATH (tools/build.py --list names them)",
            status=NO_GO,
        )
    asked = subprocess.run(
        ["go", "version"],
        cwd=TOOLS / module,
        env=go_environment(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        said = asked.stderr.strip()
        raise Stopped(
            f"the installed Go does not do: {said}", remedy="install Go 1.26 or newer", status=NO_GO
        )


def disk_needed_mb(todo: Sequence[Job], modules: Path) -> int:
    """How much disk the build may take; little for a module that was fetched here before."""
    return sum(
        job.module.disk_mb // (4 if _is_fetched(job, modules) else 1) + 120 * len(job.programs)
        for job in todo
    )


def _is_fetched(job: Job, modules: Path) -> bool:
    path = job.packages[0].split("/cmd/")[0]
    return (modules / f"{path}@{job.module.version}").is_dir()


def say_cost(todo: Sequence[Job], tools: Path, out: TextIO) -> None:
    """Say what is to come, disk first; refuse when there is too little."""
    modules, cache = caches()
    needed = disk_needed_mb(todo, modules)
    free = min(_free_mb(path) for path in (modules, cache, tools))
    names = ", ".join(program for job in todo for program in job.programs)
    seconds = sum(job.module.seconds for job in todo)
    out.write(
        f"disk: up to {needed / 1000:.1f} GB for Go's caches and the programs, {free / 1000:.1f} GB free\n"
    )
    out.write(f"time: up to {duration(seconds)} on 2 cores the first time, seconds later\n")
    out.write(f"building: {names}\n")
    out.flush()
    if free < needed:
        raise Stopped(
            f"{needed / 1000:.1f} GB of disk are needed and {free / 1000:.1f} GB are free",
            remedy="free some, or point GOMODCACHE, GOCACHE and GITWARRANT_TOOLS to a larger disk",
            status=NO_DISK,
        )


def caches() -> tuple[Path, Path]:
    """Where Go keeps the modules it fetched and the packages it compiled."""
    asked = subprocess.run(
        ["go", "env", "GOMODCACHE", "GOCACHE"],
        env=go_environment(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    modules, cache = asked.stdout.splitlines()
    return Path(modules), Path(cache)


def _free_mb(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free // 1_000_000


def build_all(todo: Sequence[Job], folder: Path, progress: Progress) -> None:
    """Build every job, and put each program in its place in one step."""
    stale = {job.module.name: stale_packages(job, progress) for job in todo}
    progress.total = len(frozenset().union(*stale.values()))  # the standard library is compiled once for all
    progress.links = sum(len(job.programs) for job in todo)
    for job in todo:
        build(job, folder, progress)
        progress.links -= len(job.programs)


def stale_packages(job: Job, progress: Progress) -> frozenset[str]:
    """The packages that Go has to compile, each with its version; fetches the modules on the way."""
    template = "{{if .Stale}}{{.ImportPath}}{{with .Module}}@{{.Version}}{{end}}{{end}}"
    command = ("go", "list", *job.module.flags, "-deps", "-f", template, *job.packages)
    fetched = 0
    listed: set[str] = set()
    for line in run(command, job):
        if line.startswith("go: downloading "):
            fetched += 1
            progress.say(f"fetching modules for {job.module.name}: {fetched}")
        elif line:
            listed.add(line)
    return frozenset(listed)


def build(job: Job, folder: Path, progress: Progress) -> None:
    """Compile and link the programs of one module."""
    staging = folder / f".{job.module.name}"
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    command = (
        "go",
        "build",
        "-v",
        *job.module.flags,
        "-ldflags",
        job.module.linker_flags,
        "-o",
        f"{staging}/",
        *job.packages,
    )
    try:
        for line in run(command, job):
            progress.done += is_package(line)
            progress.show(job.module.name)
        for program in job.programs:
            # The key goes first and comes last: an interruption in between means building again.
            (folder / f"{program}.key").unlink(missing_ok=True)
            (staging / program_file(job.module.programs[program])).replace(folder / program)
            (folder / f"{program}.key").write_text(job.module.key(program))
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def is_package(line: str) -> bool:
    """Whether Go names a package it has compiled, and does not complain, fetch or warn."""
    return re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*", line) is not None


def program_file(package: str) -> str:
    """The name Go gives a program: its package's last element that is not a major version."""
    elements = package.split("/")
    return elements[-2] if re.fullmatch(r"v\d+", elements[-1]) else elements[-1]


def run(command: Sequence[str], job: Job) -> Iterator[str]:
    """Run Go in the module's folder and give its lines as they come; its complaints are ours."""
    said: list[str] = []
    with subprocess.Popen(
        command,
        cwd=TOOLS / job.module.name,
        env=go_environment(os.environ, job.module.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            said = [*said[-19:], line.rstrip()]
            yield line.rstrip()
    if process.returncode:
        raise Stopped(
            "\n  ".join((f"building {job.module.name} failed; the last Go said:", *said)),
            remedy="check the network (Go fetches modules) and run it again: what is done is kept",
            status=FAILED,
        )


@contextmanager
def alone(tools: Path, out: TextIO) -> Iterator[None]:
    """Wait until nobody else builds, showing how far they are; then keep others waiting."""
    with (tools / "build.lock").open("w") as lock:
        waiting = Progress(out, None)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting.say(_line_of_other(tools / "build.progress"))
                time.sleep(0.3)
        waiting.close()
        yield


def _line_of_other(file: Path) -> str:
    try:
        return file.read_text() or "another build is running"
    except OSError:
        return "another build is running"


def list_programs(folder: Path, out: TextIO) -> None:
    """Say which programs there are, and which are built."""
    for module in MODULES:
        for program in module.programs:
            state = "built" if _is_current(module, program, folder) else "not built"
            out.write(f"{program:<24} {module.version:<9} {state}\n")


def main(argv: Sequence[str], environ: Mapping[str, str], out: TextIO) -> int:
    """Build what is named; see the exit status above."""
    programs = [program for module in MODULES for program in module.programs]
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a program (default: all that the sandbox needs)"
    )
    parser.add_argument("--tests", action="store_true", help="also what only tests need")
    parser.add_argument("--list", action="store_true", help="say which programs there are, and stop")
    arguments = parser.parse_args(argv)
    if unknown := [name for name in arguments.names if name not in programs]:
        parser.error(f"there is no {', '.join(unknown)}; there are: {', '.join(programs)}")
    tools = Path(environ.get("GITWARRANT_TOOLS") or TOOLS.parent / ".tools").absolute()
    if arguments.list:
        list_programs(tools / "bin", out)
        return BUILT
    try:
        make(arguments.names or (for_tests(out) if arguments.tests else SANDBOX), tools, out)
    except Stopped as stopped:
        sys.stderr.write(f"error: {stopped}\n")
        return stopped.status
    return BUILT


def for_tests(out: TextIO) -> Sequence[str]:
    """All that tests need and that can be built here; tests skip what is missing, and say so."""
    if shutil.which("gcc") or shutil.which("cc") or shutil.which("clang"):
        return TESTS
    out.write("there is no C compiler: gitea is left out, and its tests will be skipped\n")
    return tuple(name for name in TESTS if name != "gitea")


def make(names: Sequence[str], tools: Path, out: TextIO) -> None:
    """Bring the named programs up to date.

    Raises:
        Stopped: Go is missing, the disk is too small, or a build failed.
    """
    folder = tools / "bin"
    if not (todo := jobs(names, folder)):
        out.write(f"up to date: {', '.join(names)}\n")
        return
    require_go(todo[0].module.name)
    folder.mkdir(parents=True, exist_ok=True)
    say_cost(todo, tools, out)  # before anything else, also where somebody else builds it already
    with alone(tools, out):
        if not (todo := jobs(names, folder)):
            return
        started = time.monotonic()
        progress = Progress(out, tools / "build.progress")
        try:
            build_all(todo, folder, progress)
        finally:
            progress.close()
        out.write(f"built in {duration(time.monotonic() - started)}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ, sys.stdout))
