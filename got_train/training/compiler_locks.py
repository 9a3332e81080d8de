"""Locks of torch's extension compiler, with which DeepSpeed compiles, that killed processes have left.

A process makes a file `lock` in the folder of an extension, and holds it open while it compiles; others wait
until it is gone, without limit. If the first one is killed, the file stays. Whether its holder lives is seen
from outside: it has the file open, or, on another host or in another container, it changes the folder.
"""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from got_train.report import UserError

logger = logging.getLogger(__name__)

QUIET_SECONDS = 900
"""Without a change in the folder for so long nobody compiles there: a file of DeepSpeed takes a minute."""

POLL_SECONDS = 1.0


def wait_for_compilers() -> None:
    """Removes locks that nobody can hold any more; waits up to `QUIET_SECONDS` where that is not sure yet.

    Raises:
        UserError: for a lock whose process hangs, or that cannot be removed.
    """
    for lock in _locks():
        said, before, seen = False, 0.0, 0.0
        while (changed := _last_change(lock)) is not None:
            if changed != before:
                before, seen = changed, time.monotonic()
            # The clock of another host, or of this one, may be wrong: then the time since it was seen counts.
            quiet = max(time.time() - changed, time.monotonic() - seen)
            holder = _holder(lock)
            if quiet > QUIET_SECONDS:
                _end(lock, holder, quiet)
                break
            if holder is not None:
                break  # it compiles, and DeepSpeed waits for it
            if not said:
                left = QUIET_SECONDS - quiet
                logger.warning(
                    "%s was made %.0f seconds ago by a process that was killed or is not on this host. It is "
                    "removed in %.0f seconds unless somebody compiles there; remove it if nobody does",
                    *(lock, quiet, left),
                )
                said = True
            time.sleep(POLL_SECONDS)


def _locks() -> Iterator[Path]:
    """The locks of all extensions: `FOLDER/py311_cu126/NAME/lock`."""
    folder = os.environ.get("TORCH_EXTENSIONS_DIR")
    if folder is not None:
        return Path(folder).glob("*/lock")  # torch puts no version between them then
    from torch.utils.cpp_extension import get_default_build_root

    return Path(get_default_build_root()).glob("*/*/lock")


def _last_change(lock: Path) -> float | None:
    """When something in the folder of a lock was last changed, in seconds since 1970; None without a lock."""
    times = []
    for file in (lock, *lock.parent.iterdir()):
        try:
            times.append(file.stat().st_mtime)
        except FileNotFoundError:
            if file == lock:
                return None
    return max(times)


def _holder(lock: Path) -> int | None:
    """The process of this host that has a lock open."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.path.samefile(handle, lock) for handle in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:  # it has ended, closed a file, or is another user's
            continue
    return None


def _end(lock: Path, holder: int | None, quiet: float) -> None:
    """Removes a lock that nobody holds."""
    age = f"{quiet / 60:,.0f} minutes"
    if holder is not None:
        raise UserError(
            f"process {holder} holds {lock}, and has compiled nothing for {age}: DeepSpeed would wait for it "
            "without limit. End that process, and remove the file"
        )
    try:
        lock.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            f"{lock} is left of a process that was killed {age} ago, and DeepSpeed would wait for it without "
            f"limit: remove it ({error.strerror})"
        ) from None
    logger.warning("%s is removed: it was left %s ago by a process that was killed", lock, age)
