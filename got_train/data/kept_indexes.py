"""Indexes of large files that hold others, kept in the user's cache from one start to the next.

To index a tar of a million members takes seconds, in each process that reads it. A kept index is mapped into
memory: it is there at once, and all processes of a machine share it.
"""

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow
import xxhash

from got_train.files import cache_folder, cache_name, keep_in_cache

MIN_MEMBERS = 1000
"""Smaller indexes are made as fast as they are found."""

MAX_HEADER_BYTES = 4096
"""More than numpy writes before the values of an index."""


def kept_index(path: Path, state: str) -> np.ndarray | None:
    """The index of a file, mapped into memory; None if none was kept, the file has changed, or it is damaged.

    Args:
        path: the file that is indexed.
        state: names the file as it is now: its place, size and time of change.
    """
    kept = index_file(path)
    if kept is None or not kept.is_file():
        return None
    try:
        # numpy's own mapping would keep a file open for each tar, and a process may not have a thousand.
        with pyarrow.memory_map(str(kept)) as file:
            content = file.read_buffer()
        header = io.BytesIO(content[:MAX_HEADER_BYTES].to_pybytes())
        np.lib.format.read_magic(header)
        (length,), _, dtype = np.lib.format.read_array_header_1_0(header)
        index = np.frombuffer(content, dtype, length, header.tell())
    except (OSError, EOFError, ValueError, TypeError):  # pyarrow's errors are OSErrors or ValueErrors
        return None
    return index if content[-16:].to_pybytes() == _digest(index, state) else None


def keep_index(path: Path, state: str, index: np.ndarray) -> None:
    """Keeps the index of a file, unless it is small or the cache cannot be written."""
    kept = index_file(path)
    if kept is None or len(index) < MIN_MEMBERS:
        return

    def write(file: BinaryIO) -> None:
        np.save(file, index)
        file.write(_digest(index, state))

    keep_in_cache(kept, write)  # all processes of a launch may index the same file


def _digest(index: np.ndarray, state: str) -> bytes:
    digest = xxhash.xxh3_128(state.encode(errors="surrogateescape"))
    digest.update(index.view(np.uint8).data if len(index) else b"")
    return digest.digest()


def index_file(path: Path) -> Path | None:
    """The file that holds the index of a file, in the user's cache; None if there is no such folder."""
    cache = cache_folder()
    return cache / "indexes" / f"{cache_name(path.absolute())}.npy" if cache.is_absolute() else None
