"""Where a run is written: a local folder, or any place that fsspec knows, such as `s3://bucket/folder`."""

import contextlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from got_train.files import atomic_file, only_writer

PARTIAL = ".partial"
"""Ending of what is not whole yet."""
FILES_AT_ONCE = 1000
"""Files that are read together, so that they fit the memory."""


class Store:
    """A folder of files that are there whole or not at all."""

    def __init__(self, url: str) -> None:
        """Opens `url`, a path or what fsspec takes.

        Raises:
            ValueError: there is no such protocol, or its package is missing.
        """
        self.url = url
        try:
            self._files, self._root = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ValueError(f"--output {url}: {error}") from error
        self.is_local = isinstance(self._files, LocalFileSystem)
        self._folders: set[str] = set()  # made by this store

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def exists(self, name: str) -> bool:
        self._files.invalidate_cache()  # of listings: other machines write here, too
        return bool(self._files.exists(self._at(name)))

    def read(self, name: str) -> str:
        return str(self._files.read_text(self._at(name), encoding="utf-8"))

    def read_all(self, names: Sequence[str]) -> Iterator[str]:
        """The texts of small files, in the order of their names; object stores send many at once."""
        if self.is_local:
            yield from map(self.read, names)
            return
        for start in range(0, len(names), FILES_AT_ONCE):
            read = self._files.cat([self._at(name) for name in names[start : start + FILES_AT_ONCE]])
            yield from (content.decode() for _, content in sorted(read.items()))

    def names(self, folder: str = "") -> list[str]:
        """What lies in a folder, in order; nothing if there is no such folder."""
        self._files.invalidate_cache()
        try:
            return sorted(Path(path).name for path in self._files.ls(self._at(folder), detail=False))
        except FileNotFoundError:
            return []

    @contextlib.contextmanager
    def only_writer(self, name: str) -> Iterator[None]:
        """Keeps a second process away while this one holds the lock file `name`; elsewhere nothing can.

        Raises:
            ValueError: another process holds it, with its number and host.
        """
        if not self.is_local:
            yield
            return
        place = Path(self._at(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        with only_writer(place, Path(self.url)):
            try:
                yield
            finally:
                self.remove(name)

    def make_folder(self, name: str) -> None:
        """Makes a folder, unless this store has made it: object stores would be asked for each file."""
        if name not in self._folders:
            self._files.makedirs(self._at(name), exist_ok=True)
            self._folders.add(name)

    def remove(self, name: str) -> None:
        """Removes a file or a folder, if it is there."""
        # another part of the run may remove it at this moment
        with contextlib.suppress(FileNotFoundError):
            self._files.rm(self._at(name), recursive=True)

    @contextlib.contextmanager
    def work_place(self, name: str) -> Iterator[Path]:
        """An empty local folder to make `name` in, before it is published; what is left of it is removed."""
        if self.is_local:
            folder = self._partial(name)
            folder.mkdir(parents=True)
        else:
            folder = Path(tempfile.mkdtemp(prefix="got-data-"))
        try:
            yield folder
        except OSError as error:
            if error.errno is not None and error.filename is None:  # as when the disk is full
                error.filename = self._at(name)
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _partial(self, name: str) -> Path:
        """A place of this process alone: others may be making the same `name`."""
        return Path(self._at(f"{name}.{uuid.uuid4().hex}{PARTIAL}"))

    def publish(self, made: Path, name: str) -> None:
        """Puts what was made in a work place into its place here, instead of what a killed run left there."""
        if self.is_local:
            place = Path(self._at(name))
            if place.is_dir():
                shutil.rmtree(place)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made, place)
            return
        self.make_folder(os.path.dirname(name))
        if made.is_dir():
            self.remove(name)
            self._files.put(str(made), self._at(name), recursive=True)
        else:
            self._files.put_file(str(made), self._at(name))

    def write(self, name: str, texts: Iterable[str]) -> None:
        """Writes texts one after the other into a file; a local one is never seen half written."""
        if not self.is_local:
            self.make_folder(os.path.dirname(name))
            with self._files.open(self._at(name), "w", encoding="utf-8") as file:
                file.writelines(texts)
            return
        place = atomic_file(Path(self._at(name)), part=self._partial(name))
        with place as part, open(part, "w", encoding="utf-8") as file:
            file.writelines(texts)
