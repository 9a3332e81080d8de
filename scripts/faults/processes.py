"""Processes that `torture.py` starts, and what happens to them when they change a file.

They are copies of one process that has everything imported. What changes a file is told by Python's audit
events; libraries that write files in C or Rust are made to announce them likewise.
"""

import errno
import os
import random
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

MAX_SECONDS = 600
"""After this long a process counts as hanging."""
STOPPED, REFUSED, FAULT = 75, 2, 1
"""Exit codes: saved after a signal, one line for the user, a traceback."""

MAKES = {"open", "os.mkdir", "shutil.copyfile"}
"""Events that need room on the disk."""
CHANGES = MAKES | {"os.rename", "os.remove", "os.rmdir", "os.chmod"}
"""Events that change files."""
OF_FOLDERS = {"os.remove", "os.rmdir"}
"""Events whose last argument is an open folder, or -1."""


class Lost(Exception):  # noqa: N818
    """A fault has cost something."""


@dataclass(frozen=True)
class Ended:
    """A process that has ended."""

    code: int
    """Its exit code; minus the signal that killed it."""
    output: str

    @property
    def last_line(self) -> str:
        """What it said last."""
        return (self.output.splitlines() or [""])[-1]


@dataclass(frozen=True)
class Processes:
    """Processes that were started together, one for each rank."""

    ranks: dict[int, Path]
    """The log of each process, by its number in the system."""

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to all of them, as a launcher passes it on."""
        for process in self.ranks:
            os.kill(process, number)

    def wait(self) -> Ended:
        """Waits as a launcher does: when a process fails, or all hang, the others are killed."""
        begun, left, failed = time.monotonic(), dict(self.ranks), Ended(0, "")
        hangs = False
        while left:
            for process, log in list(left.items()):
                number, status = os.waitpid(process, os.WNOHANG)
                if number == 0:
                    continue
                del left[process]
                if status and not failed.code:
                    failed = Ended(os.waitstatus_to_exitcode(status), log.read_text(errors="replace"))
            hangs = hangs or time.monotonic() - begun > MAX_SECONDS
            if (failed.code and failed.code != STOPPED) or hangs:
                Processes(left).send(signal.SIGKILL)
            time.sleep(0.01)
        if hangs:
            raise Lost(f"no end after {MAX_SECONDS} s:\n{failed.output}")
        return failed


def forked(work: Callable[[], object], log: Path, environment: dict[str, str]) -> int:
    """Starts work in a copy of this process; returns its number."""
    sys.stdout.flush()
    log.touch()  # the copy may be killed before it has opened it
    process = os.fork()
    if process:
        return process
    code = FAULT
    try:
        with open(log, "w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ |= environment
        work()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def free_port() -> str:
    """A port for the processes of a run to meet at.

    It is below those that systems give out by themselves: one of those might be given to another run before
    this one listens at it.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as tried:
            with suppress(OSError):  # somebody listens at it
                tried.bind(("127.0.0.1", port))
                return str(port)


def announce(module: Any, name: str, place: int) -> None:
    """Has a library's function tell Python that it opens a file, as Python's own functions do.

    Args:
        module: the module that the function is called in.
        name: of the function.
        place: of the file among its arguments.
    """
    function = getattr(module, name)

    def announced(*args: Any, **kwargs: Any) -> Any:
        if isinstance(args[place], str | os.PathLike):
            sys.audit("open", args[place], "wb", os.O_WRONLY)
        return function(*args, **kwargs)

    setattr(module, name, announced)


def at_change(folder: Path, happens: Callable[[int, str, str], None]) -> None:
    """Has something happen just before each change of a file in a folder.

    Args:
        folder: the folder.
        happens: is told the number of the change, from 1, its event, and its file.
    """
    seen = 0

    def hook(event: str, args: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in CHANGES or not isinstance(args[0], str | os.PathLike):
            return
        if event == "open" and not (args[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        path = os.fspath(args[0])
        if event in OF_FOLDERS and args[-1] >= 0:  # `shutil.rmtree` removes names from open folders
            path = os.path.join(os.readlink(f"/proc/self/fd/{args[-1]}"), path)
        if not path.startswith(f"{folder}/") or (event == "os.mkdir" and os.path.isdir(path)):
            return
        seen += 1
        happens(seen, event, path)

    sys.addaudithook(hook)


def kill_self() -> NoReturn:
    """Ends this process as a full memory or a pulled plug would."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def kill_at(folder: Path, point: int) -> None:
    """Has this process killed just before a change, counted from 1, of a file in a folder."""
    at_change(folder, lambda number, *_: kill_self() if number == point else None)


def full_from(folder: Path, point: int) -> None:
    """Has the disk full from a change, counted from 1, of a file in a folder."""

    def happens(number: int, event: str, file: str) -> None:
        if number >= point and event in MAKES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file)

    at_change(folder, happens)


def limit_files(size: int, kills: bool) -> None:
    """Lets no file of this process become larger than some bytes: it is killed then, or refused."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kills else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def list_changes(folder: Path, file: Path) -> None:
    """Writes each change of a file in a folder into a list."""

    def happens(number: int, event: str, changed: str) -> None:
        with open(file, "a") as changes:
            changes.write(f"{event} {os.path.relpath(changed, folder)}\n")

    at_change(folder, happens)
