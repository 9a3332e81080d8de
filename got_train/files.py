"""Writing files so that they are whole or not there.

A program may be killed, and a disk may become full, at any moment while something is written: files and
folders are written beside their place, and renamed at the end. `foreign_files` reads.
"""

import errno
import hashlib
import os
import platform
import re
import shutil
import uuid
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, BinaryIO

from got_train.report import UserError

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

PART = ".part"
"""What is added to the name of a file or folder while it is written."""

_locked: "weakref.WeakSet[IO[str]]" = weakref.WeakSet()
"""The files that this process has locked."""

REFUSED = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG),
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
}
"""Errors of the operating system that no program can avoid, such as a full disk. Any other OSError is a fault
of this program."""


def cache_folder() -> Path:
    """The folder in the user's cache for what can be made again."""
    return Path(os.path.expanduser(os.environ.get("XDG_CACHE_HOME") or "~/.cache")) / "got-train"


def cache_name(source: Path | str) -> str:
    """A name for what the cache keeps of a source, whose path, or what tells it from others, is too long."""
    return hashlib.blake2b(os.fsencode(source), digest_size=16).hexdigest()


def keep_in_cache(place: Path, write: Callable[[BinaryIO], object]) -> None:
    """Keeps what can be made again, unless the cache cannot be written.

    Args:
        place: a file in `cache_folder`, which several processes may write at once.
        write: writes its content.
    """
    own = place.with_name(uuid.uuid4().hex)
    try:
        with atomic_file(place, durable=False, part=own) as part, open(part, "wb") as file:
            write(file)
    except (UserError, OSError):
        return  # it is made again next time


def digest_of(file: Path, algorithm: Callable[[], Any]) -> str:
    """The hash of a file, which is read in pieces, in hexadecimal digits.

    Args:
        file: what is read.
        algorithm: makes a hash object, such as `hashlib.sha256`.
    """
    with open(file, "rb") as content:
        return hashlib.file_digest(content, algorithm).hexdigest()


def digest_once(file: Path, algorithm: Callable[[], Any]) -> str:
    """As `digest_of`, once in a process while the size of the file and its time of change stay the same."""
    found = file.stat()
    return _digest_of_state(file, algorithm, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=1024)
def _digest_of_state(file: Path, algorithm: Callable[[], Any], size: int, changed_ns: int) -> str:
    return digest_of(file, algorithm)


@contextmanager
def atomic_file(path: Path, durable: bool = True, part: Path | None = None) -> Iterator[Path]:
    """A place to write a file, which becomes `path` when it is on the disk.

    Args:
        path: the file.
        durable: whether to wait for the disk. Otherwise a loss of power may leave an empty file.
        part: the place, where several processes may write the same file at once.

    Raises:
        UserError: if the system refuses to write it; a file that was there before stays as it was.
    """
    part = part or path.with_name(path.name + PART)
    with naming_refusals(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            if durable:
                flush(part)
            part.replace(path)
            if durable:
                flush(path.parent)
        finally:
            part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes a text as `atomic_file` does."""
    with atomic_file(path) as part:
        part.write_text(text, encoding="utf-8")


@contextmanager
def atomic_folder(path: Path, durable: bool = True) -> Iterator[Path]:
    """A new folder to fill, which becomes `path` when all of it is on the disk; `path` may be an empty one.

    Args:
        path: the folder.
        durable: as in `atomic_file`; waiting for thousands of small files takes minutes.

    Raises:
        UserError: if the system refuses to write a file in it; nothing is left then.
    """
    part = path.with_name(path.name + PART)
    with naming_refusals(path):
        try:
            shutil.rmtree(part, ignore_errors=True)  # of a program that was killed
            part.mkdir(parents=True)
            yield part
            if durable:
                flush_folder(part)
            part.replace(path)
            if durable:
                flush(path.parent)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def lock(file: IO[str], what: Path, holder: str = "another process") -> None:
    """Makes this process the only writer of something while a file is open, however the process ends.

    Nothing is locked where the system knows no `flock`, which is Windows.

    Args:
        file: the open file that stands for it.
        what: its name.
        holder: who has it if this process does not get it.

    Raises:
        UserError: if another process has it.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UserError(f"{what} is being written by {holder}") from None
    _locked.add(file)


def _let_go() -> None:
    """In a forked process, such as a loader worker: it may outlive this one, and would keep the lock."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for file in _locked:
        if not file.closed:
            os.dup2(nothing, file.fileno())
    os.close(nothing)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


@contextmanager
def only_writer(path: Path, what: Path) -> Iterator[None]:
    """Makes this process the only writer of something, however it ends; see `lock`.

    Args:
        path: the file to lock, which names the writer to others.
        what: what is written.

    Raises:
        UserError: if another process writes it, with its number and host.
    """
    if fcntl is None:
        yield
        return
    while True:
        with open(path, "a+", encoding="utf-8") as file:
            file.seek(0)
            lock(file, what, file.read().strip() or "another process")
            try:
                if not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    continue
            except FileNotFoundError:  # its last writer has removed it in the meantime
                continue
            file.truncate(0)
            file.write(f"process {os.getpid()} on {platform.node()}\n")
            file.flush()
            yield
            return


def flush(path: Path) -> None:
    """Returns when a file's content, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_folder(folder: Path) -> None:
    """As `flush`, for everything in a folder."""
    for path in (folder, *folder.rglob("*")):
        flush(path)


FAILED_WRITES = ("PytorchStreamWriter failed", "unexpected pos", "basic_ios::clear: iostream error")
"""How torch's writer says that writing failed: within a file, at its end, and when it closes one."""


@contextmanager
def naming_refusals(path: Path) -> Iterator[None]:
    """Names what cannot be written, whichever library noticed it."""
    try:
        yield
    except Exception as error:
        reason = refusal(error)
        if reason is None:
            raise
        raise UserError(f"{path} cannot be written: {reason}") from error


def refusal(error: BaseException) -> str | None:
    """Why the system refused to write; None for any other error.

    safetensors, tokenizers and torch raise errors of their own, with the system's number or words in the text
    or nothing but that writing failed.

    >>> refusal(OSError(28, "No space left on device"))
    'No space left on device'
    >>> refusal(Exception("I/O error: No space left on device (os error 28)"))
    'No space left on device'
    >>> refusal(KeyError("x"))
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror if error.errno in REFUSED else None
    number = re.search(r"\(os error (\d+)\)", str(error))
    if number and int(number[1]) in REFUSED:
        return os.strerror(int(number[1]))
    named = [os.strerror(known) for known in sorted(REFUSED) if os.strerror(known) in str(error)]
    if named:
        return named[0]
    if any(words in str(error) for words in FAILED_WRITES):
        return "writing failed, the disk may be full"
    return None


def permit_as_umask(path: Path) -> None:
    """Gives a file of safetensors, or those of a folder, the permissions of any new file.

    safetensors makes files that only their owner can read.
    """
    mask = os.umask(0)
    os.umask(mask)
    for file in path.glob("*.safetensors") if path.is_dir() else [path]:
        file.chmod(0o666 & ~mask)
