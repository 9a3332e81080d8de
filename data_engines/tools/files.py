"""Files that a user names, by themselves or in folders."""

from collections.abc import Sequence
from pathlib import Path


def files_below(path: Path, endings: Sequence[str]) -> list[Path]:
    """The file `path`, whatever its name, or those with one of the endings below the folder, in order."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in endings and file.is_file())
