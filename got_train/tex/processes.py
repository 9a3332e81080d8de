"""Running outside programs that may hang, flood their output or leave children behind."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TOO_LONG, ENDLESS = "takes too long", "writes without end"


def run_watched(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    start_seconds: float,
    step_seconds: float,
    most_seconds: float,
    max_bytes: int,
) -> tuple[str, str | None]:
    """Runs a program in `folder`, without input, and returns its output and why it was stopped, if it was.

    It is stopped, with all it has started, when it is silent for `start_seconds` at first or for
    `step_seconds` later, when it runs for `most_seconds` or writes more than `max_bytes`. Or a signal of
    somebody else ends it.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # a group of its own, which can be ended as a whole
    )
    assert process.stdout is not None, "asked for above"
    output = bytearray()
    stopped: str | None = None
    last = time.monotonic() + most_seconds
    patience = start_seconds
    with process.stdout as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while stopped is None:
            if time.monotonic() > last or not selector.select(patience):
                stopped = TOO_LONG
            elif piece := os.read(pipe.fileno(), 1 << 16):
                output += piece
                patience = step_seconds
                if len(output) > max_bytes:
                    stopped = ENDLESS
            else:
                break
    if stopped is None:
        try:
            ended = process.wait(step_seconds)
            stopped = f"was ended by {signal.Signals(-ended).name}" if ended < 0 else None
        except subprocess.TimeoutExpired:
            stopped = TOO_LONG
    with suppress(ProcessLookupError):  # nobody is left of the group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return output.decode("utf-8", errors="replace"), stopped
