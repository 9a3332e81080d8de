"""Running what may hang, take all memory or crash: outside programs, and the readers of strangers' files.

Each runs in a process that heads a group of its own, which is ended as a whole, and has limits of memory and
time. Memory is limited as address space, which only Linux does for the process of somebody else.
"""

import os
import pickle
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from got_train.report import counted

try:
    import resource
except ImportError:  # on Windows
    resource = None  # type: ignore[assignment]

TOO_LONG, ENDLESS = "takes too long", "writes without end"

MAX_WAIT_SECONDS = 600.0
"""Longest wait for an answer of a kept process with up to a minute of processor time: that limit ends it,
unless it was stopped or waits for a disk. Others are waited for ten times as long as they may compute."""

_HEADER_BYTES = 8
"""In front of each message between this process and a kept one: the length of the message."""
_LESS_ADDRESS_SPACE = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}
"""Threads that are not used, and memory that pyarrow reserves, would count as taken."""
_PIPE_BYTES = 1 << 20
"""Pictures go through a pipe; as large as it may be without privileges, it is filled less often."""


class LimitError(Exception):
    """What a kept process was to do takes too long or too much memory, or crashes it."""


def run_watched(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    *,
    start_seconds: float,
    step_seconds: float,
    most_seconds: float,
    max_bytes: int,
    max_memory: int | None = None,
    begin: bytes = b"",
) -> tuple[str, str | None]:
    """Runs a program in `folder`, without input, and returns its output and why it was stopped, if it was.

    It is stopped, with all it has started, when it is silent for `start_seconds` before it has said `begin`,
    or anything, or for `step_seconds` later, when it runs for `most_seconds` or writes more than `max_bytes`.
    It gets no more than `max_memory` bytes. Or a signal of somebody else ends it.
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
    if max_memory is not None:
        _limit_memory(process.pid, max_memory)
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
                patience = step_seconds if begin in output else start_seconds
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
    _end_group(process)
    return output.decode("utf-8", errors="replace"), stopped


class KeptProcess:
    """A Python process that runs functions for this one, each under limits of memory and processor time.

    It starts with the first function, is kept for the next ones, and is replaced after one that went beyond
    a limit. A forked process gets one of its own.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def run(
        self,
        function: Callable[..., Iterator[Any]],
        *arguments: Any,
        take: Callable[[Any], None],
        max_memory: int,
        seconds: int,
    ) -> None:
        """Runs a generator function there.

        Args:
            function: a function of a module, which the process imports.
            arguments: what it is called with; arguments and results are pickled.
            take: called here with each result.
            max_memory: bytes that it may take beside what the process takes anyway.
            seconds: processor time that it may take.

        Raises:
            LimitError: if the function goes beyond a limit, or crashes the process.
            Exception: whatever the function raises.
        """
        if resource is None:  # Windows has no such limits, and cannot wait for a pipe
            for result in function(*arguments):
                take(result)
            return
        kind: str = "result"
        value: object = None
        with self._lock:
            process = self._started()
            try:
                _send(process.stdin, (os.getcwd(), function, arguments, max_memory, seconds))
                wait = max(MAX_WAIT_SECONDS, 10.0 * seconds)
                until = time.monotonic() + wait
                assert process.stdout is not None, "asked for at its start"
                with selectors.DefaultSelector() as selector:
                    selector.register(process.stdout, selectors.EVENT_READ)
                    read = partial(_wait_and_read, selector, process, until)
                    while kind == "result":
                        kind, value = pickle.loads(_receive(read))
                        if kind == "result":
                            take(value)
            except (EOFError, BrokenPipeError):
                raise LimitError(_why_ended(process, max_memory, seconds)) from None
            except TimeoutError:
                raise LimitError(f"takes longer than {wait:g} seconds") from None
            finally:
                if kind == "result":  # it has not come to its end
                    self._stop()
        if kind == "memory":
            raise LimitError(_too_much(max_memory))
        if kind == "error":
            assert isinstance(value, Exception), "as `serve` sends it"
            raise value

    def call(self, function: Callable[..., Any], *arguments: Any, max_memory: int, seconds: int) -> Any:
        """What a function returns there; see `run`."""
        results: list[Any] = []
        self.run(_once, function, *arguments, take=results.append, max_memory=max_memory, seconds=seconds)
        return results[0]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
            self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                bufsize=0,
                pipesize=_PIPE_BYTES,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,  # where C libraries complain of damaged files
                env={**os.environ, **_LESS_ADDRESS_SPACE},
                start_new_session=True,  # Ctrl-C is for this process
            )
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _end_group(process)
            _close_pipes(process)

    def _forget(self) -> None:
        """In a forked process, lets go of the parent's: it ends when the parent closes its pipes."""
        process, self._process, self._lock = self._process, None, threading.Lock()
        if process is not None:
            _close_pipes(process)
            process.returncode = 0  # it is not this process's child, which could wait for it


def _once(function: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    yield function(*arguments)


def serve() -> None:
    """Runs the functions that a `KeptProcess` sends, until it closes the pipe."""
    requests, answers = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb", 0)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):  # whatever a function prints is no answer
        os.dup2(nothing, stream)
    while True:
        try:
            message = _receive(requests.read)
        except EOFError:
            return
        kind, value = "end", None
        try:
            folder, function, arguments, max_memory, seconds = pickle.loads(message)
            os.chdir(folder)  # in which relative paths of the other process begin
            with _limits(max_memory, seconds):
                for result in function(*arguments):
                    _send(answers, ("result", result))
        except MemoryError:
            kind = "memory"
        except BrokenPipeError:
            return
        except Exception as error:  # the other process raises it
            kind, value = "error", error
        _send(answers, (kind, value))


@contextmanager
def _limits(max_memory: int, seconds: int) -> Iterator[None]:
    """Limits this process for a while. Signals end it however deep it is in a C library."""
    _limit_memory(os.getpid(), _address_space() + max_memory)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        _limit_memory(os.getpid(), None)


def _limit_memory(process: int, max_bytes: int | None) -> None:
    """Limits the address space of a process; None for as much as the system gives it."""
    if resource is None or not hasattr(resource, "prlimit"):
        return
    with suppress(ProcessLookupError):  # a program may have ended already
        _, most = resource.prlimit(process, resource.RLIMIT_AS)
        if max_bytes is None or 0 <= most < max_bytes:
            max_bytes = most
        resource.prlimit(process, resource.RLIMIT_AS, (max_bytes, most))


def _address_space() -> int:
    """Bytes of address space that this process has taken; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except FileNotFoundError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _send(pipe: Any, message: Any) -> None:
    content = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    for part in (len(content).to_bytes(_HEADER_BYTES, "little"), content):
        view = memoryview(part)
        while view:
            view = view[pipe.write(view) :]


def _receive(read: Callable[[int], bytes]) -> bytes:
    size = int.from_bytes(_read_all(read, _HEADER_BYTES), "little")
    return _read_all(read, size)


def _read_all(read: Callable[[int], bytes], size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        piece = read(min(size - len(content), _PIPE_BYTES))
        if not piece:
            raise EOFError
        content += piece
    return bytes(content)


def _wait_and_read(
    selector: selectors.BaseSelector, process: subprocess.Popen[bytes], until: float, size: int
) -> bytes:
    if not selector.select(max(0.0, until - time.monotonic())):
        raise TimeoutError
    assert process.stdout is not None, "asked for at its start"
    return os.read(process.stdout.fileno(), size)


def _why_ended(process: subprocess.Popen[bytes], max_memory: int, seconds: int) -> str:
    ended = process.wait(MAX_WAIT_SECONDS)
    if ended == -signal.SIGPROF:
        return f"takes longer than {counted(seconds, 'second')}"
    by = f" ({signal.Signals(-ended).name})" if ended < 0 else ""
    return f"crashes its reader{by}, or {_too_much(max_memory)}"


def _too_much(max_memory: int) -> str:
    return f"needs more than {max_memory / 2**30:.1f} GB of memory"


def _end_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):  # nobody is left of the group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None, "asked for at its start"
        pipe.close()
