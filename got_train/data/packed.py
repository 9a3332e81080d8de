"""Files inside other files, read where they lie."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from got_train.report import UserError


@dataclass(frozen=True)
class PackedFile:
    """A file whose bytes lie inside another one: a member of a tar, or a picture of a Parquet row."""

    holder: Path
    """The file to read from; of a Parquet row, the Arrow copy of its file."""
    offset: int
    size: int
    """In bytes."""
    address: str
    """What messages and rows call it: `shards/00000.tar:000123.png` or `train.parquet:124/image`."""

    def __str__(self) -> str:
        return self.address

    def read(self) -> bytes:
        """Its bytes. No handle stays open: nothing to share between processes, and nothing to pickle."""
        with open(self.holder, "rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


class TarMembers:
    """The files of an uncompressed tar, indexed by one pass over its headers.

    Kept are three arrays sorted by name: 16 bytes a member, and as much as the longest name. They are sent to
    loader workers in no time.
    """

    def __init__(self, path: Path) -> None:
        """Indexes the tar.

        Raises:
            UserError: if it is compressed, cut off, or holds two members of one name.
        """
        self.path = path
        members = list(_read_headers(path))
        names = np.array([name for name, _, _ in members], dtype=np.bytes_)
        order = np.argsort(names, kind="stable")
        self.names = names[order]
        """Sorted, as UTF-8 bytes."""
        self.offsets = np.array([offset for _, offset, _ in members], dtype=np.int64)[order]
        self._sizes = np.array([size for _, _, size in members], dtype=np.int64)[order]
        twice = np.flatnonzero(self.names[1:] == self.names[:-1])
        if len(twice):
            raise UserError(f"data file {path} holds two members named {self.name(twice[0])}")

    def name(self, number: int) -> str:
        """Name of a member; numbers count the members by name."""
        return bytes(self.names[number]).decode(errors="surrogateescape")

    def file(self, number: int) -> PackedFile:
        """A member."""
        return PackedFile(
            self.path,
            int(self.offsets[number]),
            int(self._sizes[number]),
            f"{self.path}:{self.name(number)}",
        )

    def find(self, name: str) -> PackedFile | None:
        """The member of this name, if there is one."""
        try:
            key = name.encode(errors="surrogateescape")
        except UnicodeEncodeError:  # no member has half of a surrogate pair in its name
            return None
        if len(key) > self.names.itemsize:  # numpy would widen all names to compare them with it
            return None
        number = int(np.searchsorted(self.names, key))
        return self.file(number) if number < len(self.names) and self.names[number] == key else None

    def starting_with(self, start: str) -> list[int]:
        """Numbers of the members whose names start so, by name."""
        key = start.encode(errors="surrogateescape")
        # No byte of UTF-8 is 255, so this end sorts after every name that starts with the key.
        first, end = np.searchsorted(self.names, [key, key + b"\xff"])
        return list(range(first, end))


def _read_headers(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and size of each file in a tar."""
    try:
        with tarfile.open(path, "r:") as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # or it would keep them all
                if member.isfile():
                    name = member.name.removeprefix("./").encode(errors="surrogateescape")
                    yield name, member.offset_data, member.size
    except tarfile.TarError as error:
        raise UserError(
            f"data file {path} is not a whole, uncompressed tar ({error}); a compressed one must be "
            "decompressed first, because its members are read where they lie"
        ) from None
