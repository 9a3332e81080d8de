"""How a command ends: its last line, its exit code, and that nothing of it is left running."""

import atexit
import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import NoReturn

from got_train.files import REFUSED
from got_train.ranks import has_process_group
from got_train.report import StoppedError, UserError, printable, readable
from got_train.secrets import masked
from got_train.shortages import shortage
from got_train.stop_signals import stopped_by_signals

TRACEBACK = "GOT_TRAIN_TRACEBACK"
"""Environment variable that adds the traceback to the one line about a user's mistake."""

REFUSAL, INTERRUPTED = 2, 130
"""Exit codes after a user's mistake, and after Ctrl-C."""

STOPPED = 75
"""Exit code of a run that was asked to end, has saved, and can go on: EX_TEMPFAIL of sysexits.h."""

THREAD_SECONDS = 30
"""Longest wait for a thread after an error."""


class _OneLine(logging.Formatter):
    """Warnings of this program as one line each, whatever the names of files and rows in them are."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return printable(text) if record.name.startswith("got_train.") else text


def run_and_end(run: Callable[[], int], go_on: str) -> NoReturn:
    """Runs a command, and ends the process.

    Args:
        run: the command; it returns the exit code.
        go_on: how it goes on after a signal has ended it.

    Raises:
        Exception: a fault of ours, which keeps its traceback.
    """
    threads = threading.enumerate()
    sys.excepthook = _print_masked
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_OneLine())
    try:
        with stopped_by_signals(go_on):
            status = run()
    except Exception as error:  # what a machine has too little of has no kind of error: see `shortages`
        line = _line_of(error)
        if line is None:
            raise
        if TRACEBACK in os.environ:
            traceback.print_exc()
        print(readable(f"got-train: error: {line}"), file=sys.stderr)
        status = REFUSAL
    except KeyboardInterrupt as error:
        print(f"got-train: interrupted{error.args and f': {error}' or ''}", file=sys.stderr)
        status = INTERRUPTED
    except StoppedError as stopped:
        print(f"got-train: stopped: {stopped}", file=sys.stderr)
        status = STOPPED
    if status != 0:
        _end_what_hangs(status, threads)
    _exit(status)


def _line_of(error: Exception) -> str | None:
    """The line that says what a user can put right; None for a fault of this program."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in REFUSED:
        unnamed = f"a file cannot be written or read: {error.strerror} (see ulimit -a, df)"
        return unnamed if error.filename is None else str(error)
    return shortage(error)


def _print_masked(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints a traceback that nothing has caught, without the secrets in its messages."""
    print(masked("".join(traceback.format_exception(kind, error, trace))), file=sys.stderr, end="")


def _end_what_hangs(status: int, before: Sequence[threading.Thread]) -> None:
    """Ends processes and threads that were left by an error, for which Python would wait without limit."""
    if "multiprocessing" in sys.modules:
        for child in sys.modules["multiprocessing"].active_children():
            child.kill()
    for thread in set(threading.enumerate()) - set(before):
        if not thread.daemon:
            thread.join(THREAD_SECONDS)
            if thread.is_alive():  # it reads from a file system that does not answer
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)


def _exit(status: int) -> NoReturn:
    """Ends the process; one of several ranks ends without waiting for the interpreter to shut down.

    `DistributedDataParallel` keeps the process group and its threads after `destroy_process_group`. If such a
    thread frees a tensor while Python shuts down, it aborts a run that was successful.
    """
    if not has_process_group():
        sys.exit(status)
    if status == 0:
        sys.modules["torch.distributed"].destroy_process_group()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


@contextmanager
def ended_as_a_whole(go_on: str) -> Iterator[None]:
    """For commands of several runs, of which the one that was ended says how it would go on alone.

    Args:
        go_on: how the command goes on.
    """
    try:
        yield
    except (KeyboardInterrupt, StoppedError) as ended:
        raise type(ended)(go_on) from None
