"""What a checkpoint consists of, so that a damaged one is noticed before it is used."""

import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import xxhash

from got_train.files import digest_of
from got_train.foreign_files import read_json
from got_train.report import UserError

MANIFEST_FILE = "manifest.json"
"""The file of a checkpoint that lists all others, with their sizes in bytes and their hashes."""

Listed = dict[str, tuple[int, str]]
"""Size in bytes and hash of each file of a checkpoint, by its path there."""


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
    (folder / MANIFEST_FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def digest(file: Path) -> str:
    """The XXH3 hash of a file, in hexadecimal digits: against chance, not against an attacker."""
    return digest_of(file, xxhash.xxh3_128)


def damage(folder: Path) -> str | None:
    """What differs in a checkpoint from what was saved; None if nothing does, or if nobody can tell.

    Checkpoints of earlier versions have no manifest.
    """
    return _first_damage(folder, "*", _file_damage)


def wrong_size(folder: Path, pattern: str) -> str | None:
    """As `damage`, but files are only measured: who then reads one calls `check_file`.

    Args:
        folder: a checkpoint.
        pattern: of the files to look at: those that are about to be used.
    """
    return _first_damage(folder, pattern, _size_damage)


def check_file(file: Path) -> None:
    """Refuses a file that is not what was saved with the checkpoint that it is in.

    Raises:
        UserError: with what differs.
    """
    fault = _first_damage(file.parent, file.name, _file_damage)
    if fault is not None:
        raise UserError(f"{file.parent} is damaged: {fault}")


def _first_damage(
    folder: Path, pattern: str, fault_of: Callable[[Path, str, int, str], str | None]
) -> str | None:
    if not (folder / MANIFEST_FILE).exists():
        return None
    listed = _listed(folder)
    if listed is None:
        return f"{MANIFEST_FILE} is damaged"
    names = (name for name in listed if PurePosixPath(name).match(pattern))
    faults = (fault_of(folder / name, name, *listed[name]) for name in names)
    return next(filter(None, faults), None)


def _listed(folder: Path) -> Listed | None:
    """What a manifest lists; None if it is damaged, or leads out of its folder."""
    try:
        files = read_json(folder / MANIFEST_FILE)["files"]
        listed = {name: (int(facts["bytes"]), str(facts["xxh3_128"])) for name, facts in files.items()}
    except (UserError, KeyError, TypeError, AttributeError, ValueError, OverflowError):
        return None
    inside = all(
        "\0" not in name and not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
        for name in listed
    )
    return listed if inside else None


def _size_damage(file: Path, name: str, size: int, saved: str) -> str | None:
    if not file.is_file():
        return f"{name} is missing"
    found = file.stat().st_size
    return f"{name} has {found:,} bytes and had {size:,}" if found != size else None


def _file_damage(file: Path, name: str, size: int, saved: str) -> str | None:
    differs = _size_damage(file, name, size, saved)
    return differs or (f"{name} is not what was saved" if digest(file) != saved else None)
