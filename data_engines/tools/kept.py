"""What takes long to find out about sources, kept in the user's cache for other runs, parts and restarts."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from got_train.files import cache_folder, cache_name, keep_in_cache

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
    written: dict[str, Any] = {**arrays, STATE: np.array(state)}
    keep_in_cache(_place(name), lambda file: np.savez(file, **written))


def _place(name: str) -> Path:
    return cache_folder() / "sources" / f"{cache_name(name)}.npz"
