"""What a machine has too little of, or has lost: the words of torch, numpy and the system in one line.

None of them has an error of its own for most of this: torch raises `RuntimeError`, safetensors an error that
is no `OSError`, and the text alone says what happened. What an error here matches was seen in torch 2.13,
safetensors 0.8 and numpy 2.
"""

import errno
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from got_train.report import UserError

DEVICE_IS_FULL = re.compile(r"(CUDA|HIP|XPU|NPU|MPS)\b.*out of memory|_STATUS_ALLOC_FAILED", re.DOTALL)
MEMORY_IS_FULL = re.compile(
    r"can't allocate memory|Cannot allocate memory|\(os error 12\)|std::bad_alloc|Unable to allocate "
)
SHARED_MEMORY_IS_FULL = re.compile(
    r"unable to (write to file|allocate shared memory|mmap|resize file|open shared memory object)"
    r"|Bus error|insufficient shared memory",
    re.DOTALL,
)
FILES_ARE_OUT = re.compile(r"Too many open files|\(os error 24\)|received 0 items of ancdata")
THREADS_ARE_OUT = re.compile(r"can't start new thread|Resource temporarily unavailable")
PEER_IS_LOST = re.compile(
    r"Connection (closed|reset) by peer|Broken pipe.*gloo|gloo.*Broken pipe|\[gloo/.*(timed? ?out|Timed out)"
    r"|Timed out waiting \d+ms for (recv|send) operation|Connection refused.*gloo|NCCL.*(timed? ?out|remote)"
    r"|wait timeout after \d+ms|Socket Timeout|The client socket has (failed|timed out)|monitoredBarrier",
    re.DOTALL | re.IGNORECASE,
)
SHARED_MEMORY = (
    "shared memory (/dev/shm) is full, where loader workers leave samples: start the container with more, as "
    "in --shm-size=16g, or set train.dataloader_num_workers=0"
)


def out_of_memory(error: BaseException) -> str | None:
    """Whose memory was not enough; None for any other error.

    >>> out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you ..."))
    'there is not enough memory'
    >>> out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has ..."))
    'the device is out of memory'
    >>> out_of_memory(RuntimeError("shape mismatch"))
    """
    text = str(error)
    if type(error).__name__ == "OutOfMemoryError" or DEVICE_IS_FULL.search(text):
        return "the device is out of memory"
    is_full = isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM
    if is_full or (isinstance(error, Exception) and MEMORY_IS_FULL.search(text)):
        return "there is not enough memory"
    return None


def shortage(error: BaseException) -> str | None:
    """What has run out or was lost, and what helps; None for any other error.

    >>> shortage(OSError(24, "Too many open files"))
    'too many open files: raise the limit with `ulimit -n 65536` before the command'
    """
    text, number = str(error), getattr(error, "errno", None)
    if number in (errno.EMFILE, errno.ENFILE) or FILES_ARE_OUT.search(text):
        return "too many open files: raise the limit with `ulimit -n 65536` before the command"
    if SHARED_MEMORY_IS_FULL.search(text):
        return SHARED_MEMORY
    reason = out_of_memory(error)
    if reason is not None:
        return reason
    if number == errno.EAGAIN or THREADS_ARE_OUT.search(text):
        limits = "raise their limit with `ulimit -u`, or that of memory with `ulimit -v`"
        return f"the system allows no more processes or threads: {limits}"
    if type(error).__name__ in ("DistBackendError", "DistNetworkError") or PEER_IS_LOST.search(text):
        return (
            "another process of this launch has ended, or has not answered within train.ddp_timeout seconds: "
            "its own last lines say why; if there are none it was killed, perhaps for want of memory"
        )
    return None


@contextmanager
def naming_memory(what: Callable[[], str], lower: str) -> Iterator[None]:
    """Says what did not fit into memory.

    Args:
        what: names it, such as a batch with its rows; called only when it did not fit.
        lower: what makes it smaller.

    Raises:
        UserError: in place of any error that means that memory was not enough.
    """
    try:
        yield
    except (RuntimeError, MemoryError, OSError) as error:
        reason = out_of_memory(error)
        if reason is None:
            raise
        raise UserError(f"{reason}: {what()} did not fit; {lower}") from error
