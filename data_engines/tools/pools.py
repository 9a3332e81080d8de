"""Waiting for processes, and noticing that one of them hangs."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, TypeVar

HANG_SECONDS = 1800.0
"""Longest time in which no process gets on: a batch of slow pages takes minutes."""

POLL_SECONDS = 5.0

GOES_ON = "the same command goes on where this one stopped"

Result = TypeVar("Result")


def as_ended(
    futures: Iterable["Future[Result]"], progress: Callable[[], Any] = lambda: None
) -> Iterator["Future[Result]"]:
    """Futures of processes in the order in which they end.

    Args:
        futures: what to wait for.
        progress: a value that changes while the processes get on, in between.

    Raises:
        ValueError: if nothing ends or gets on for `HANG_SECONDS`, as when a process is stopped, or reads from
            a file system that does not answer. All processes are killed then: nobody could wait for them.
    """
    waiting = set(futures)
    quiet, before = 0.0, progress()
    while waiting:
        ended, waiting = wait(waiting, POLL_SECONDS, FIRST_COMPLETED)
        now = progress()
        # counted in looks: while this process is stopped, too, as by Ctrl-Z, no time passes
        quiet, before = (0.0 if ended or now != before else quiet + POLL_SECONDS), now
        if quiet >= HANG_SECONDS:
            for process in multiprocessing.active_children():
                process.kill()
            raise ValueError(
                f"no worker has got on for {HANG_SECONDS:,.0f} seconds: one is stopped, or its file system "
                f"does not answer; {GOES_ON}"
            )
        yield from ended
