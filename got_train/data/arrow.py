"""Rows of Arrow tables: Parquet files and sets of the hub, with their images.

A Parquet file is packed in groups of rows: to read one row, its whole group must be decoded. Training reads
in random order, so the file is copied once into an Arrow file in the cache of `datasets`. It is mapped into
memory, and its rows need no decoding. Time to read 2,000 of 20,000 rows at random, images of 18 kB, one
core:

===============  ===============  ==========  =====================
rows in a group  decoding groups  Arrow copy  making the copy, once
===============  ===============  ==========  =====================
100              3.7 s            0.12 s      3.1 s
1,000            45 s             0.09 s      1.7 s
===============  ===============  ==========  =====================

The copy takes as much disk as the images (here 345 MB); `HF_DATASETS_CACHE` names its folder.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow

from got_train.data.errors import ContentError, located
from got_train.data.packed import PackedFile
from got_train.data.parquet_copies import arrow_copy
from got_train.processes import KeptProcess, LimitError
from got_train.report import UserError, one_line

_BYTES = (pyarrow.binary(), pyarrow.large_binary(), pyarrow.null())
_READER = KeptProcess()
"""Looks at Arrow files that rows name."""
_MEMORY, _SECONDS = 1 << 26, 30
"""Bytes that an Arrow file may take beside what is mapped, and processor time."""
_LISTS = (pyarrow.ListType, pyarrow.LargeListType, pyarrow.FixedSizeListType)


class ArrowRows:
    """The rows of Arrow files; the columns are the keys of rows.

    Images are structs of `bytes` and `path`, as `datasets` keeps them; bytes alone, as pandas writes them;
    paths; or lists of these.
    """

    def __init__(self, path: Path, copies: list[Path], name: str | None = None) -> None:
        """Indexes the files.

        Args:
            path: the data file. Addresses of images start with it, and relative paths start in its folder.
            copies: the Arrow files, which are mapped into memory.
            name: name of the file in messages; default: the path.
        """
        self.path = path
        self._name = name or str(path)
        self._copies = copies
        tables = [_map_arrow(copy)[0] for copy in copies]
        self._ends = np.cumsum([len(table) for table in tables], dtype=np.int64)
        fields = list(tables[0].schema) if tables else []
        self._image_columns = {field.name for field in fields if _holds_images(field.type)}
        self.columns = [field.name for field in fields]

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def location(self, index: int) -> str:
        """The location of a row as `file:row`, with rows counted from 1."""
        return f"{self._name}:{index + 1}"

    def row(self, index: int) -> dict[str, Any]:
        """A row without its empty cells; the images inside are `PackedFile`s.

        Raises:
            ContentError: for a text that is not UTF-8, or a date that Python cannot represent.
        """
        number = int(np.searchsorted(self._ends, index, side="right"))
        copy = self._copies[number]
        table, start = _map_arrow(copy)
        place = int(index - self._ends[number] + len(table))
        row = {}
        for name in self.columns:
            cell = table[name].slice(place, 1).chunk(0)
            try:
                if name in self._image_columns:
                    row[name] = _cell_images(cell, f"{self.path}:{index + 1}/{name}", copy, start)
                else:
                    row[name] = cell.to_pylist()[0]
            except (ValueError, OverflowError) as error:
                raise ContentError("wrong type", f"{name} cannot be read: {error}") from None
        return {name: value for name, value in row.items() if value is not None}

    def find(self, address: str) -> PackedFile | None:
        """The image with an address such as `124/image` or `124/images/0` (row, column, place in a list).

        None if there is no such image.
        """
        number, _, name = address.partition("/")
        name = name.partition("/")[0]
        if name not in self._image_columns or not number.isdecimal() or not 1 <= int(number) <= len(self):
            return None
        index = int(number) - 1
        with located(self.location(index)):
            value = self.row(index).get(name)
        images = value if isinstance(value, list) else [value]
        return next((image for image in images if str(image) == f"{self.path}:{address}"), None)


def parquet_rows(path: Path) -> ArrowRows:
    """The rows of a Parquet file, which is first copied unless the cache already has its copy.

    Raises:
        UserError: if the file is not a whole Parquet file.
    """
    return ArrowRows(path, [arrow_copy(path)])


def arrow_rows(path: Path) -> ArrowRows:
    """The rows of an Arrow file that a row names; those of `datasets` are not compressed.

    Raises:
        UserError: if it is no whole Arrow file, or a compressed one, which may be gigabytes in memory.
    """
    memory = _MEMORY + 2 * path.stat().st_size  # it is mapped, and counts as taken
    try:
        taken = _READER.call(memory_of_arrow, path, max_memory=memory, seconds=_SECONDS)
    except LimitError as error:
        raise UserError(f"{path} {error}") from None
    if taken > _MEMORY:
        raise UserError(f"{path} is a compressed Arrow file: datasets writes them without compression")
    return ArrowRows(path, [path])


def memory_of_arrow(path: Path) -> int:
    """Bytes that an Arrow file takes beside what is mapped."""
    _map_arrow.__wrapped__(path)
    return pyarrow.default_memory_pool().max_memory() or 0


@functools.cache
def _map_arrow(file: Path) -> tuple[pyarrow.Table, int]:
    """The table of an Arrow file, mapped into memory once in each process, and the address of its start.

    Raises:
        UserError: if the file is not a whole Arrow file, as `datasets` writes them.
    """
    try:
        source = pyarrow.memory_map(str(file))
        start = source.read_buffer().address
        source.seek(0)
        table = pyarrow.ipc.open_stream(source).read_all()
        table.validate()
    except (pyarrow.ArrowException, OSError) as error:  # OSError: of an empty file, and of some damaged ones
        raise UserError(f"{file} is not a whole Arrow file of datasets: {one_line(error, lines=1)}") from None
    return table, start


def _holds_images(kind: pyarrow.DataType) -> bool:
    """Whether cells may be images: bytes, structs with `bytes` or with a `path` alone, or lists of these.

    Bytes under a key that means something else cost nothing: they are never read from the file.
    """
    if pyarrow.types.is_struct(kind):
        fields = {field.name: field.type for field in kind}
        return set(fields) == {"path"} or fields.get("bytes") in _BYTES
    return kind in _BYTES or (isinstance(kind, _LISTS) and _holds_images(kind.value_type))


def _cell_images(cell: pyarrow.Array, address: str, copy: Path, start: int) -> Any:
    """The value of one cell of images: bytes as `PackedFile`s in the Arrow file, paths as text."""
    if cell.null_count:
        return None
    if isinstance(cell.type, _LISTS):
        items = cell.flatten()
        return [
            _cell_images(items.slice(number, 1), f"{address}/{number}", copy, start)
            for number in range(len(items))
        ]
    if isinstance(cell, pyarrow.StructArray):
        has_bytes = cell.type.get_field_index("bytes") >= 0
        if has_bytes and (inside := _cell_images(cell.field("bytes"), address, copy, start)):
            return inside
        values = {name: value for name, value in cell.to_pylist()[0].items() if value is not None}
        # A struct with other values than bytes and path is not an image, and it is not an empty cell either.
        return values.get("path", values or None)
    # Only the place of the bytes is taken: Arrow's own scalars would copy them from the file.
    _, ends, content = cell.buffers()
    width = np.int64 if isinstance(cell, pyarrow.LargeBinaryArray) else np.int32
    first, end = np.frombuffer(ends, width)[cell.offset : cell.offset + 2].tolist()
    return PackedFile(copy, content.address + first - start, end - first, address)
