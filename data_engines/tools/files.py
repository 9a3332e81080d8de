"""The files that a user names, directly or by a folder that holds them."""

from collections.abc import Sequence
from pathlib import Path


def files_below(path: Path, endings: Sequence[str]) -> list[Path]:
    """The file `path`, whatever its ending, or the files below the folder `path` with one of `endings`."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in endings and file.is_file())
