"""Running outside programs that may hang, flood their output or leave children behind."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

Stopped = Literal["takes too long", "writes without end"]


def run_watched(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    start_seconds: float,
    step_seconds: float,
    most_seconds: float,
    max_bytes: int,
) -> tuple[str, Stopped | None]:
    """Runs a program in `folder`, without input, and returns its output and why it was stopped, if it was.

    It is stopped, with all it has started, when it is silent for `start_seconds` at first or for
    `step_seconds` later, when it runs for `most_seconds` or writes more than `max_bytes`.
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
    stopped: Stopped | None = None
    last = time.monotonic() + most_seconds
    patience = start_seconds
    with process.stdout as pipe, selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while stopped is None:
            if time.monotonic() > last or not selector.select(patience):
                stopped = "takes too long"
            elif piece := os.read(pipe.fileno(), 1 << 16):
                output += piece
                patience = step_seconds
                if len(output) > max_bytes:
                    stopped = "writes without end"
            else:
                break
    if stopped is None:
        try:
            process.wait(step_seconds)
        except subprocess.TimeoutExpired:
            stopped = "takes too long"
    with suppress(ProcessLookupError):  # nobody is left of the group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return output.decode("utf-8", errors="replace"), stopped
