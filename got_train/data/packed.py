"""Files inside other files, which are read without unpacking."""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from got_train.report import UserError


@dataclass(frozen=True)
class PackedFile:
    """A file whose bytes are inside another file: a member of a tar, or an image of a Parquet row."""

    holder: Path
    """The file to read from; for a Parquet row, the Arrow copy of its file."""
    offset: int
    size: int
    """Offset and size are in bytes."""
    address: str
    """Its name in messages and rows: `shards/00000.tar:000123.png` or `train.parquet:124/image`."""

    def __str__(self) -> str:
        return self.address

    def read_bytes(self) -> bytes:
        """The bytes of the file. No handle stays open, so none is shared between processes or pickled."""
        if not self.size:  # an empty cell has no place in the file
            return b""
        with open(self.holder, "rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


class TarMembers:
    """The files of an uncompressed tar, indexed by one pass over its headers.

    The index is three arrays sorted by name. They take 16 bytes a member, plus the length of the longest
    name, and are sent to loader workers quickly.
    """

    def __init__(self, path: Path) -> None:
        """Indexes the tar.

        Raises:
            UserError: if the tar is compressed, cut off, or holds two members with the same name.
        """
        self.path = path
        members = list(_read_headers(path))
        names = np.array([name for name, _, _ in members], dtype=np.bytes_)
        order = np.argsort(names, kind="stable")
        self.names = names[order]
        """Names as UTF-8 bytes, sorted."""
        self.offsets = np.array([offset for _, offset, _ in members], dtype=np.int64)[order]
        self._sizes = np.array([size for _, _, size in members], dtype=np.int64)[order]
        twice = np.flatnonzero(self.names[1:] == self.names[:-1])
        if len(twice):
            raise UserError(f"data file {path} holds two members named {self.name(twice[0])}")

    def name(self, number: int) -> str:
        """Name of a member, given its number in the order of names."""
        return bytes(self.names[number]).decode(errors="surrogateescape")

    def file(self, number: int) -> PackedFile:
        """A member, given its number in the order of names."""
        offset, size = int(self.offsets[number]), int(self._sizes[number])
        return PackedFile(self.path, offset, size, f"{self.path}:{self.name(number)}")

    def find(self, name: str) -> PackedFile | None:
        """The member of this name; None if there is none."""
        try:
            key = name.encode(errors="surrogateescape")
        except UnicodeEncodeError:  # no member has half of a surrogate pair in its name
            return None
        if len(key) > self.names.itemsize:  # numpy would first copy all names to this width
            return None
        number = int(np.searchsorted(self.names, key))
        return self.file(number) if number < len(self.names) and self.names[number] == key else None

    def starting_with(self, start: str) -> list[int]:
        """Numbers of the members whose names begin with `start`, in the order of names."""
        key = start.encode(errors="surrogateescape")
        # No byte of UTF-8 is 255, so this end sorts after every name that starts with the key.
        first, end = np.searchsorted(self.names, [key, key + b"\xff"])
        return list(range(first, end))


def _read_headers(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and size of each file in a tar."""
    try:
        with tarfile.open(path, "r:") as tar:
            while (member := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # or it would keep all members
                # a sparse file does not lie there as it is read
                if member.isfile() and not member.issparse():
                    name = member.name.removeprefix("./").encode(errors="surrogateescape")
                    yield name, member.offset_data, member.size
    except tarfile.TarError as error:
        raise UserError(
            f"data file {path} is not a whole, uncompressed tar ({error}); a compressed one must be "
            "decompressed first, because members are read from the tar without unpacking it"
        ) from None
