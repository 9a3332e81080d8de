"""SIGTERM and SIGUSR1, which Slurm and spot machines send before they end a program."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from got_train.report import StoppedError

SIGNALS = (signal.SIGTERM, getattr(signal, "SIGUSR1", signal.SIGTERM))
"""Signals after which a command ends so that it can go on; Windows has no SIGUSR1."""


@contextmanager
def stopped_by_signals(go_on: str) -> Iterator[None]:
    """Has a signal end the work as Ctrl-C does, with what is half written removed.

    Args:
        go_on: how the command goes on, for the message.

    Raises:
        StoppedError: when a signal comes.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise StoppedError(f"by {signal.Signals(number).name}; {go_on}")

    if threading.current_thread() is not threading.main_thread():  # which alone may handle signals
        yield
        return
    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def killed_by_signals() -> Iterator[None]:
    """Has a signal end this process at once.

    While a library waits for other processes, which the same signal may have ended, Python runs no handler:
    this one would wait for them as long as it may.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_DFL) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
