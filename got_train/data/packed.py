"""Files inside other files, which are read without unpacking."""

import bisect
import tarfile
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from got_train.data.kept_indexes import keep_index, kept_index
from got_train.report import UserError

MAX_NAME = 4096
"""Longest name of a member in bytes, as of a path on Linux: all names take as much memory as the longest."""
MAX_FACTS = 1 << 20
"""Most bytes of what a tar says about a member in front of it."""
MAX_OFFSET = 1 << 62

_ABOUT_THE_NEXT = (b"x", b"g", b"L", b"K")
"""Types of headers that a name or facts about the next member follow."""


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

    The index of a large tar is kept on the disk for the next start and mapped into memory, so that all
    processes of a machine share it. It takes 16 bytes a member, plus the length of the longest name.
    """

    def __init__(self, path: Path) -> None:
        """Indexes the tar.

        Raises:
            UserError: if the tar is compressed, cut off, or holds two members with the same name.
        """
        self.path = path
        stat = path.stat()
        state = f"{path.absolute()} {stat.st_size} {stat.st_mtime_ns}"
        index = kept_index(path, state)
        if index is None:
            made = _index(path)
            keep_index(path, state, made)
            kept = kept_index(path, state)
            index = made if kept is None else kept  # which takes no memory of this process alone
        self.names = index["name"]
        """Names as UTF-8 bytes, sorted."""
        self.offsets = index["offset"]
        self._sizes = index["size"]

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
        number = bisect.bisect_left(self.names, key)
        return self.file(number) if number < len(self.names) and self.names[number] == key else None

    def starting_with(self, start: str) -> list[int]:
        """Numbers of the members whose names begin with `start`, in the order of names."""
        key = start.encode(errors="surrogateescape")
        # `searchsorted` would first copy all names to the width of a longer key, for every row. No byte of
        # UTF-8 is 255, so the end sorts after every name that starts with the key.
        first = bisect.bisect_left(self.names, key)
        return list(range(first, bisect.bisect_left(self.names, key + b"\xff", first)))


def _index(path: Path) -> np.ndarray:
    """`name`, `offset` and `size` of each member of a tar, sorted by name."""
    names, offsets, sizes = list[bytes](), array("q"), array("q")
    for name, offset, size in _read_headers(path):
        if len(name) > MAX_NAME:
            raise UserError(
                f"data file {path}: the member at byte {offset:,} has a name of {len(name):,} bytes"
            )
        names.append(name)
        offsets.append(offset)
        sizes.append(size)
    columns = {
        "name": np.array(names, dtype=np.bytes_),
        "offset": np.array(offsets, dtype=np.int64),
        "size": np.array(sizes, dtype=np.int64),
    }
    order = np.argsort(columns["name"], kind="stable")
    index = np.empty(len(order), [(key, column.dtype) for key, column in columns.items()])
    for key, column in columns.items():
        index[key] = column[order]
    twice = np.flatnonzero(index["name"][1:] == index["name"][:-1])
    if len(twice):
        same = bytes(index["name"][twice[0]]).decode(errors="surrogateescape")
        raise UserError(f"data file {path} holds two members named {same}")
    return index


def _read_headers(path: Path) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and size of each file in a tar."""
    try:
        with open(path, "rb") as file, _opened(file) as tar:
            tar.firstmember = None  # type: ignore[attr-defined]  # it is read again
            end = 0
            while True:
                file.seek(end)
                plain = None if tar.pax_headers else _plain_member(file.read(tarfile.BLOCKSIZE))
                if plain is not None:
                    name, size = plain
                    offset = end + tarfile.BLOCKSIZE
                    yield name.removeprefix(b"./"), offset, size
                    end = offset + size + -size % tarfile.BLOCKSIZE
                    continue
                tar.offset = end
                _check_header(file, end)
                file.seek(0)  # then `next` seeks itself, and looks whether the last member is whole
                if (member := tar.next()) is None:
                    _check_rest(file, end)
                    return
                if member.size < 0 or tar.offset <= end or tar.offset > MAX_OFFSET:
                    raise tarfile.ReadError(f"the size of the member at byte {end:,} is impossible")
                tar.members.clear()  # type: ignore[attr-defined]  # or it would keep all members
                # a sparse file does not lie there as it is read
                if member.isfile() and not member.issparse():
                    name = member.name.removeprefix("./").encode(errors="surrogateescape")
                    yield name, member.offset_data, member.size
                end = tar.offset
    # of numbers and headers that are damaged on purpose tarfile raises the others
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise UserError(
            f"data file {path} is not a whole, uncompressed tar ({error}); a compressed one must be "
            "decompressed first, because members are read from the tar without unpacking it"
        ) from None


def _opened(file: IO[bytes]) -> tarfile.TarFile:
    _check_header(file, 0)  # which tarfile reads at once
    file.seek(0)
    return tarfile.open(fileobj=file, mode="r:")


def _check_header(file: IO[bytes], place: int) -> None:
    """Refuses megabytes of facts about a member, such as its name: they would be read as a whole."""
    file.seek(place)
    header = file.read(tarfile.BLOCKSIZE)
    if len(header) == tarfile.BLOCKSIZE and header[156:157] in _ABOUT_THE_NEXT:
        size = header[124:136].strip(b"\0 ")
        if not size.isdigit() or int(size, 8) > MAX_FACTS:
            raise tarfile.ReadError(f"what stands at byte {place:,} about a member is too long")


def _check_rest(file: IO[bytes], place: int) -> None:
    """Refuses a tar with something behind the end of its members, which a damaged header would hide."""
    file.seek(place)
    while chunk := file.read(1 << 20):
        if chunk.strip(b"\0"):
            raise tarfile.ReadError(
                f"behind byte {place:,} stands what is no member: it is damaged, or several tars were joined"
            )


def _plain_member(header: bytes) -> tuple[bytes, int] | None:
    """Name and size of a regular file; None for what `tarfile` reads, four times as slowly.

    That is whatever is not a regular file with a short name, and headers that are damaged or cut off.
    """
    if len(header) != tarfile.BLOCKSIZE or header[156] not in b"0\0" or header[345]:
        return None
    name = header[:100].partition(b"\0")[0]
    try:
        size, checksum = (int(header[a:b].partition(b"\0")[0], 8) for a, b in ((124, 136), (148, 156)))
    except ValueError:
        return None
    found = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    return (name, size) if found == checksum and size >= 0 and name[-1:] not in (b"", b"/") else None
