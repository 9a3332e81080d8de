"""Rows of Arrow tables: Parquet files and sets of the hub, with their pictures.

A Parquet file is packed in groups of rows, and a whole group must be decoded to get at one row of it.
Training reads in random order, so `datasets` copies the file once into Arrow files of its cache, which are
mapped into memory, and in which every row lies as it is. 2,000 of 20,000 rows at random, pictures of 18 kB,
one core:

===============  ===============  ==========  =====================
rows in a group  decoding groups  Arrow copy  making the copy, once
===============  ===============  ==========  =====================
100              3.7 s            0.12 s      3.1 s
1,000            45 s             0.09 s      1.7 s
===============  ===============  ==========  =====================

The copy takes as much disk as the pictures (345 MB there); `HF_DATASETS_CACHE` says where it lies.
"""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from pyarrow import parquet

from got_train.data.errors import RowError
from got_train.data.packed import PackedFile
from got_train.report import UserError


class ArrowRows:
    """The rows of Arrow files, whose columns are the keys of rows.

    Pictures are structs of `bytes` and `path`, as `datasets` keeps them, bytes alone, as pandas writes them,
    or paths; or lists of these.
    """

    def __init__(self, path: Path, copies: list[Path], name: str | None = None) -> None:
        """Indexes the files.

        Args:
            path: what addresses of pictures start with, and in whose folder relative paths start.
            copies: the Arrow files, which are mapped into memory.
            name: what messages call it; default: the path.
        """
        self.path = path
        self._name = name or str(path)
        self._copies = copies
        tables = [_map_arrow(copy)[0] for copy in copies]
        self._ends = np.cumsum([len(table) for table in tables], dtype=np.int64)
        fields = list(tables[0].schema) if tables else []
        self._pictures = {field.name for field in fields if _holds_pictures(field.type)}
        self.columns = [field.name for field in fields]

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def where(self, index: int) -> str:
        """`file:row`, counted from 1."""
        return f"{self._name}:{index + 1}"

    def row(self, index: int) -> dict[str, Any]:
        """A row without its empty cells; the pictures inside are `PackedFile`s.

        Raises:
            RowError: for a text that is not UTF-8, or a date that Python has no value for.
        """
        number = int(np.searchsorted(self._ends, index, side="right"))
        copy = self._copies[number]
        table, start = _map_arrow(copy)
        place = int(index - self._ends[number] + len(table))
        row = {}
        for name in self.columns:
            cell = table[name].slice(place, 1).chunk(0)
            try:
                if name in self._pictures:
                    row[name] = _pictures(cell, f"{self.path}:{index + 1}/{name}", copy, start)
                else:
                    row[name] = cell.to_pylist()[0]
            except (ValueError, OverflowError) as error:
                raise RowError(self.where(index), "wrong type", f"{name} cannot be read: {error}") from None
        return {name: value for name, value in row.items() if value is not None}

    def find(self, address: str) -> PackedFile | None:
        """The picture whose address ends so, as in `124/image` or `124/images/0`, if there is one."""
        number, _, name = address.partition("/")
        name = name.partition("/")[0]
        if name not in self._pictures or not number.isdecimal() or not 1 <= int(number) <= len(self):
            return None
        value = self.row(int(number) - 1).get(name, [])
        for image in value if isinstance(value, list) else [value]:
            if isinstance(image, PackedFile) and image.address == f"{self.path}:{address}":
                return image
        return None


def parquet_rows(path: Path) -> ArrowRows:
    """The rows of a Parquet file, which is copied unless the cache has its copy.

    Raises:
        UserError: if it is no Parquet file.
    """
    try:
        empty = parquet.read_metadata(path).num_rows == 0
    except pyarrow.ArrowInvalid as error:
        raise UserError(f"data file {path} is not a whole Parquet file: {error}") from None
    # A shard whose samples were all rejected has no rows; `datasets` cannot copy it.
    return ArrowRows(path, [] if empty else _copy_into_cache(path))


def arrow_rows(path: Path) -> ArrowRows:
    """The rows of an Arrow file as `datasets` writes them into its cache."""
    return ArrowRows(path, [path])


def _copy_into_cache(path: Path) -> list[Path]:
    """The Arrow files of `datasets` for a Parquet file; made anew if the file has changed since."""
    import datasets  # takes a second, and not every run has Parquet files

    try:
        copy = datasets.Dataset.from_parquet(str(path))
    except (datasets.exceptions.DatasetGenerationError, ValueError) as error:  # for a type it lacks
        raise UserError(f"data file {path} cannot be read: {error.__cause__ or error}") from None
    return [Path(file["filename"]) for file in copy.cache_files]


@functools.cache
def _map_arrow(file: Path) -> tuple[pyarrow.Table, int]:
    """The table of an Arrow file, mapped into memory once in each process, and the address of its start."""
    source = pyarrow.memory_map(str(file))
    start = source.read_buffer().address
    source.seek(0)
    return pyarrow.ipc.open_stream(source).read_all(), start


def _holds_pictures(kind: pyarrow.DataType) -> bool:
    """Whether cells may be pictures: bytes, structs with `bytes` or with a `path` alone, or lists of these.

    Bytes under a key that means something else cost nothing, as they stay where they lie.
    """
    if pyarrow.types.is_struct(kind):
        fields = {field.name: field.type for field in kind}
        return set(fields) == {"path"} or ("bytes" in fields and _is_bytes(fields["bytes"]))
    return _is_bytes(kind) or (_is_list(kind) and _holds_pictures(kind.value_type))


def _is_bytes(kind: pyarrow.DataType) -> bool:
    types = pyarrow.types
    return types.is_binary(kind) or types.is_large_binary(kind) or types.is_null(kind)


def _is_list(kind: pyarrow.DataType) -> bool:
    types = pyarrow.types
    return types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)


def _pictures(cell: pyarrow.Array, address: str, copy: Path, start: int) -> Any:
    """The value of one cell of pictures: bytes as they lie in the Arrow file, paths as text."""
    if isinstance(cell, pyarrow.ListArray | pyarrow.LargeListArray | pyarrow.FixedSizeListArray):
        if cell.null_count:
            return None
        items = cell.flatten()
        return [
            _pictures(items.slice(number, 1), f"{address}/{number}", copy, start)
            for number in range(len(items))
        ]
    if isinstance(cell, pyarrow.StructArray):
        # `flatten` and not `field`: an empty struct may have anything in its fields.
        fields = dict(zip([field.name for field in cell.type], cell.flatten(), strict=True))
        if "bytes" in fields and (inside := _pictures(fields["bytes"], address, copy, start)):
            return inside
        said = {name: value for name, value in (cell.to_pylist()[0] or {}).items() if value is not None}
        # What has neither bytes nor a path, but something else, is no picture, and no empty cell either.
        return said.get("path", said or None)
    place = _place(cell)
    return None if place is None else PackedFile(copy, place[0] - start, place[1], address)


def _place(cell: pyarrow.Array) -> tuple[int, int] | None:
    """Address and size of the bytes of one cell. (Arrow's own scalars would copy them out of the file.)"""
    if cell.null_count:
        return None
    _, ends, content = cell.buffers()
    width = np.int64 if isinstance(cell, pyarrow.LargeBinaryArray) else np.int32
    first, end = np.frombuffer(ends, width)[cell.offset : cell.offset + 2].tolist()
    return content.address + first, end - first
