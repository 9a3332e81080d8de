"""Loader workers that hang or are killed end the run in one line, which names the row that they were at.

torch itself waits without limit for a worker that is stopped or that reads from a file system that does not
answer. Here each worker writes down which row it is at. A thread of the main process looks at that: a worker
that has been at one row for too long, or that is stopped, is killed, which torch notices.
"""

import multiprocessing
import os
import re
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch.utils.data import Dataset, get_worker_info

from got_train.report import UserError
from got_train.shortages import SHARED_MEMORY, out_of_memory, shortage

ROW_SECONDS = 900
"""Longest time that a worker may take over one row: a page of a PDF takes seconds, a slow disk minutes."""

POLL_SECONDS = 2.0
"""Between two looks at the workers."""

GRACE_SECONDS = 30
"""After which a killed worker that has not ended is given up: it waits in the kernel for a file system."""

DIED = re.compile(r"DataLoader worker \(pid(?:\(s\))? ([\d, ]+)\) (?:is killed by signal: (.*?)\.|exited)")
"""torch's words for a worker that has ended."""

Item = TypeVar("Item", covariant=True)


class Located(Protocol[Item]):
    """A dataset that can name its rows."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Item: ...

    def location(self, index: int) -> str:
        """The place of a row, for messages."""


class Watched(Dataset[Item]):
    """A dataset whose loader workers are watched for as long as it lives."""

    def __init__(self, dataset: Located[Item], workers: int, seconds: float = ROW_SECONDS) -> None:
        """Begins to watch.

        Args:
            dataset: the rows.
            workers: number of loader workers; 0 for none.
            seconds: longest time that a worker may take over one row.
        """
        self.dataset = dataset
        self.seconds = seconds
        self.places = multiprocessing.RawArray("q", 3 * workers) if workers else []
        """For each worker its process, the row that it is at plus 1 or 0 for none, and a count of rows."""
        self.ended: dict[int, str] = {}
        """Why a worker was killed here, by its process."""
        _watched.add(self)
        if workers:
            threading.Thread(target=_watch, args=(weakref.ref(self),), daemon=True).start()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Item:
        worker = get_worker_info()
        if worker is None:
            return self.dataset[index]
        place = 3 * worker.id
        self.places[place : place + 3] = [os.getpid(), index + 1, self.places[place + 2] + 1]
        try:
            return self.dataset[index]
        finally:
            self.places[place + 1] = 0

    def states(self) -> dict[int, tuple[int, int]]:
        """The row of each worker plus 1, and its count of rows, by its process."""
        values = list(self.places)
        return {values[i]: (values[i + 1], values[i + 2]) for i in range(0, len(values), 3) if values[i]}

    def row_of(self, process: int) -> str | None:
        """The place of the row that a worker is at, or was at when it ended; None if it is at none."""
        row = self.states().get(process, (0, 0))[0]
        return self.dataset.location(row - 1) if row else None


_watched: "weakref.WeakSet[Watched[Any]]" = weakref.WeakSet()
"""All that are watched in this process."""


def _watch(reference: "weakref.ref[Watched[Any]]") -> None:
    """Kills the workers that hang.

    Time is counted in looks: while this process is stopped, too, as by Ctrl-Z, none passes.
    """
    last: dict[int, tuple[int, int]] = {}
    quiet: dict[int, float] = {}
    while (watched := reference()) is not None:
        states = watched.states()
        for process, state in states.items():
            hangs = (state[0] and state == last.get(process)) or is_stopped(process)
            quiet[process] = quiet.get(process, 0) + POLL_SECONDS if hangs else 0
            if quiet[process] >= watched.seconds and process not in watched.ended:
                _end(watched, process)
        last = states
        del watched
        time.sleep(POLL_SECONDS)


def _end(watched: Watched[Any], process: int) -> None:
    """Kills a worker, and this whole process if even that does not end it."""
    row = watched.row_of(process)
    why = "it was stopped" if is_stopped(process) else "perhaps its file system does not answer"
    at = f"{row} for {watched.seconds:,.0f} seconds" if row else f"no row for {watched.seconds:,.0f} seconds"
    watched.ended[process] = f"a loader worker has been at {at} ({why}), and was ended"
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:  # it has just ended
        return
    time.sleep(GRACE_SECONDS)
    if _state_of(process) not in (None, "Z"):
        # The main thread waits for a process that nobody can end, here and when Python shuts down.
        print(f"got-train: error: {watched.ended[process]}, without success", file=sys.stderr, flush=True)
        os._exit(2)


def is_stopped(process: int) -> bool:
    """Whether a process is stopped, as by SIGSTOP; only Linux tells."""
    return _state_of(process) in ("T", "t")


def _state_of(process: int) -> str | None:
    """The letter of a process's state in /proc; None if it has ended, or the system has no such files."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return None


@contextmanager
def naming_worker_faults(lower: str, go_on: Callable[[], str] | None = None) -> Iterator[None]:
    """Says in one line that a loader worker was killed or hung, or what else the machine has too little of.

    Args:
        lower: what takes less memory, such as keys to lower.
        go_on: how the work goes on.

    Raises:
        UserError: in place of errors of torch that mean this.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # torch and safetensors have no common kind: the text tells, see `shortages`
        line = _death(error, lower) or shortage(error)
        if line is None:
            raise
        if out_of_memory(error) == line:
            line = f"{line}: lower {lower}"
        words = go_on() if go_on else ""
        raise UserError(f"{line}. {words[0].upper()}{words[1:]}" if words else line) from error


def _death(error: Exception, lower: str) -> str | None:
    """How a worker has ended and at which row, if an error means that one has."""
    match = DIED.search(str(error))
    if match is None:
        return None
    # The signal is known to the error that interrupted the waiting, if there is one.
    signalled = DIED.search(str(error.__cause__))
    how = (signalled and signalled[2]) or match[2] or "Killed"
    rows = []
    for process in map(int, match[1].split(",")):
        for watched in _watched:
            if process in watched.ended:
                return f"{watched.ended[process]}; train.ddp_timeout is twice the time that a row may take"
            rows += [row] if (row := watched.row_of(process)) else []
    at = f" while it was at {', '.join(rows)}" if rows else ""
    if how == "Bus error":
        return f"a loader worker was ended{at}: {SHARED_MEMORY}"
    if how == "Killed":
        return f"a loader worker was killed{at}: out of memory? Lower {lower}"
    if how == "Terminated":
        return (
            "a loader worker was ended by SIGTERM, as by a launcher that has lost another process of the run"
        )
    return f"a loader worker crashed{at} ({how}): leave that row out, or lower {lower}"
