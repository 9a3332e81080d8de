"""Where a run is written: a local folder, or any place that fsspec knows, such as `s3://bucket/folder`."""

import os
import shutil
import tempfile
import uuid
from pathlib import Path

from fsspec.core import url_to_fs

PARTIAL = ".partial"
"""Ending of what is not whole yet."""


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
        self.is_local = "file" in self._files.protocol

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}" if name else self._root

    def exists(self, name: str) -> bool:
        return bool(self._files.exists(self._at(name)))

    def read(self, name: str) -> str:
        return str(self._files.read_text(self._at(name), encoding="utf-8"))

    def names(self, folder: str = "") -> list[str]:
        """What lies in a folder, in order; nothing if there is no such folder."""
        if not self.exists(folder):
            return []
        return sorted(Path(path).name for path in self._files.ls(self._at(folder), detail=False))

    def remove(self, name: str) -> None:
        """Removes a file or a folder, if it is there."""
        if self.exists(name):
            self._files.rm(self._at(name), recursive=True)

    def work_place(self, name: str) -> Path:
        """An empty local folder to make `name` in, before it is published."""
        if not self.is_local:
            return Path(tempfile.mkdtemp(prefix="got-data-"))
        folder = Path(self._at(name + PARTIAL))
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def publish(self, made: Path, name: str) -> None:
        """Moves a local file or folder to its place here; what a killed run left there is replaced."""
        if self.is_local:
            place = Path(self._at(name))
            if place.is_dir():
                shutil.rmtree(place)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made, place)
            return
        self.remove(name)
        self._files.makedirs(os.path.dirname(self._at(name)), exist_ok=True)
        self._files.put(str(made), self._at(name), recursive=made.is_dir())
        if made.is_dir():
            shutil.rmtree(made)
        else:
            made.unlink()

    def write(self, name: str, text: str) -> None:
        """Writes a file that is never seen half written."""
        if not self.is_local:
            self._files.makedirs(os.path.dirname(self._at(name)), exist_ok=True)
            self._files.write_text(self._at(name), text, encoding="utf-8")
            return
        place = Path(self._at(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        # parts of a run on several machines may write the same file at once
        partial = place.with_name(f"{place.name}.{uuid.uuid4().hex}{PARTIAL}")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, place)
