"""Files that a user names, by themselves or in folders."""

from collections.abc import Sequence
from pathlib import Path


def files_below(path: Path, endings: Sequence[str], flag: str) -> list[Path]:
    """The file `path`, whatever its name, or those with one of the endings below the folder, in order.

    Raises:
        ValueError: there is neither; `flag` is where it was named.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise ValueError(
            f"{flag} {path} does not exist; give a file ({', '.join(endings)}) or a folder of them"
        )
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in endings and file.is_file())
