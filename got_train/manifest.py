"""What a checkpoint consists of, so that a damaged one is noticed before it is used."""

import json
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import xxhash

from got_train.files import read_json
from got_train.report import UserError

FILE = "manifest.json"
"""The file of a checkpoint that lists all others, with their sizes in bytes and their hashes."""

CHUNK_BYTES = 2**24


def write_manifest(folder: Path, **facts: Any) -> None:
    """Lists all files of a folder.

    Args:
        folder: with everything that belongs to the checkpoint.
        facts: more to write down, such as the number of devices and versions of packages.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    content = {
        **facts,
        "files": {
            path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "xxh3_128": digest(path)}
            for path in files
        },
    }
    (folder / FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def digest(file: Path) -> str:
    """The XXH3 hash of a file, in hexadecimal digits: against chance, not against an attacker."""
    hashed = xxhash.xxh3_128()
    with open(file, "rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            hashed.update(chunk)
    return hashed.hexdigest()


def damage(folder: Path, pattern: str = "*") -> str | None:
    """What differs in a checkpoint from what was saved; None if nothing does, or if nobody can tell.

    Checkpoints of earlier versions have no manifest.

    Args:
        folder: a checkpoint.
        pattern: of the files to look at: those that are about to be used.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        files = read_json(folder / FILE)["files"]
        listed = [(name, facts["bytes"], facts["xxh3_128"]) for name, facts in files.items()]
    except (UserError, KeyError, TypeError, AttributeError):
        return f"{FILE} is damaged"
    return _first_damage(folder, [entry for entry in listed if Path(entry[0]).match(pattern)])


def _first_damage(folder: Path, listed: Iterable[tuple[str, int, str]]) -> str | None:
    for name, size, saved in listed:
        file = folder / name
        if not file.is_file():
            return f"{name} is missing"
        stat = file.stat()
        if stat.st_size != size:
            return f"{name} has {stat.st_size:,} bytes and had {size:,}"
        if _digest_once(file, stat.st_size, stat.st_mtime_ns) != saved:
            return f"{name} is not what was saved"
    return None


@lru_cache
def _digest_once(file: Path, size: int, changed_ns: int) -> str:
    """The hash of a file, computed again if it has changed: a start asks for the same weights often."""
    return digest(file)
