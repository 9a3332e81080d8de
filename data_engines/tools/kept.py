"""What takes long to find out about sources, kept in the user's cache for other runs, parts and restarts."""

import hashlib
import uuid
import zipfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from got_train.files import atomic_file, cache_folder, cache_name
from got_train.report import UserError

Arrays = dict[str, np.ndarray]

MIN_LENGTH = 1000
"""Of an array that is kept: shorter ones are made as fast as they are found."""
STATE = "state"
"""The array that says of what, and in which state of it, the others were made."""


def find_kept(name: str, state: str) -> Arrays | None:
    """The arrays that this run or an earlier one has kept; None if there are none of this state.

    Args:
        name: names what they are about, such as a file.
        state: all that they depend on, such as the content of the file.
    """
    file = _place(name)
    try:
        with np.load(file, allow_pickle=False) as held:
            arrays = dict(held)
        return arrays if str(arrays.pop(STATE)) == state else None
    # nothing was kept, or something has damaged it
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None


def keep(name: str, state: str, arrays: Arrays) -> None:
    """Keeps arrays instead of those of another state, unless they are small or the cache can't be written."""
    if max(array.size for array in arrays.values()) < MIN_LENGTH:
        return
    file = _place(name)
    written: dict[str, Any] = {**arrays, STATE: np.array(state)}
    own = file.with_name(uuid.uuid4().hex)  # parts of a run may make the same at once
    try:
        with atomic_file(own, durable=False) as part, open(part, "wb") as out:
            np.savez(out, **written)
        own.replace(file)
    except (UserError, OSError):
        return  # they are made again next time


def _place(name: str) -> Path:
    return cache_folder() / "sources" / f"{cache_name(name)}.npz"


def sha256_of(file: Path) -> str:
    """Hash of a file, which is read in pieces, and once in a process while it stays as it is."""
    found = file.stat()
    return _sha256(file, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=1024)
def _sha256(file: Path, size: int, changed: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
