"""Files of rows: JSONL, JSON, CSV and WebDataset tars, each read where it lies or as a list."""

import csv
import json
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from got_train.data.errors import RowError
from got_train.data.images import picture_endings
from got_train.data.packed import PackedFile, TarMembers
from got_train.data.records import ALIASES, IMAGE_KEYS, load_json
from got_train.report import UserError

TEXT_ENDINGS = (".json", ".txt", ".cls", ".md", ".tex", ".html", ".xml", ".csv", ".tsv", ".yaml", ".yml")
"""Of members of a tar that may lie beside a row and its pictures, and are not read."""

LIST_KEYS = (*IMAGE_KEYS, "messages", *ALIASES["messages"])
LARGEST_CELL = 2**24
"""Of a CSV, in characters."""


class RowFile(Protocol):
    """The rows of one file."""

    path: Path

    def __len__(self) -> int: ...

    def where(self, index: int) -> str:
        """Which row it is, for messages."""

    def row(self, index: int) -> Any:
        """A row: a JSON value, in which pictures may also be `PackedFile`s.

        Raises:
            RowError: if it is not JSON.
        """


class JsonlRows:
    """The rows of a `.jsonl` file. Only the offsets of its lines are kept in memory: 16 bytes a row."""

    def __init__(self, path: Path) -> None:
        """Indexes the file."""
        self.path = path
        self._numbers, self._offsets = _index_lines(path)

    def __len__(self) -> int:
        return len(self._numbers)

    def where(self, index: int) -> str:
        """`file:line` of a row."""
        return f"{self.path}:{self._numbers[index] + 1}"

    def row(self, index: int) -> Any:
        """The value of a line."""
        with open(self.path, "rb") as file:
            file.seek(self._offsets[index])
            return load_json(file.readline(), self.where(index))


def _index_lines(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (from 0) and byte offsets of the lines of a file that are not blank, int64."""
    numbers: list[int] = []
    offsets: list[int] = []
    offset = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            if not line.isspace():
                numbers.append(number)
                offsets.append(offset)
            offset += len(line)
    return np.array(numbers, dtype=np.int64), np.array(offsets, dtype=np.int64)


class ListedRows:
    """The rows of a file that is read as a whole: a `.json` list, or a `.csv` with a line of column names.

    Cells of a CSV are texts; one that starts with `[` under a key of pictures or of messages is a JSON list.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            UserError: if it is not JSON or CSV.
        """
        self.path = path
        self._rows, self._numbers = (_csv_rows if path.suffix == ".csv" else _json_rows)(path)

    def __len__(self) -> int:
        return len(self._rows)

    def where(self, index: int) -> str:
        """`file:line` where a row of a CSV ends; rows of a `.json` list are counted from 1."""
        return f"{self.path}:{self._numbers[index]}"

    def row(self, index: int) -> Any:
        """A value of the list, or the cells of a line that are not empty."""
        row = self._rows[index]
        if self.path.suffix != ".csv":
            return row
        where = self.where(index)
        if None in row:
            raise RowError(where, "not CSV", f"more cells than the {len(row) - 1} columns")
        cells = {name: cell for name, cell in row.items() if cell}
        return {
            name: load_json(cell.encode(), where) if name in LIST_KEYS and cell.startswith("[") else cell
            for name, cell in cells.items()
        }


def _json_rows(path: Path) -> tuple[list[Any], list[int]]:
    try:
        rows = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # as in `load_json`
        raise UserError(f"{path} is not JSON: {error} (one row a line is a .jsonl file)") from None
    if not isinstance(rows, list):
        raise UserError(f"{path} must hold a list of rows, not {type(rows).__name__}")
    return rows, list(range(1, len(rows) + 1))


def _csv_rows(path: Path) -> tuple[list[Any], list[int]]:
    rows: list[Any] = []
    numbers = []
    limit_before = csv.field_size_limit(LARGEST_CELL)  # of the whole process
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                rows.append(row)
                numbers.append(reader.line_num)
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not CSV in UTF-8: {error}") from None
    finally:
        csv.field_size_limit(limit_before)
    return rows, numbers


class TarRows:
    """The rows of a WebDataset: each is a `KEY.json`, in the order of the tar.

    Its `images` name members: beside it, in the tar, or by what follows its key (`0.png` for `KEY.0.png`);
    other names are paths as everywhere. Without `images` all pictures of its key are meant, by name.
    """

    def __init__(self, path: Path) -> None:
        """Indexes the tar.

        Raises:
            UserError: if it is not a tar, or has no row.
        """
        self.path = path
        self.members = TarMembers(path)
        rows = [number for number, name in enumerate(self.members.names) if _is_row(name)]
        if len(self.members.names) and not rows:
            raise UserError(
                f"data file {path} has no member KEY.json that holds a row with query and response "
                "(a KEY.txt beside a picture does not say what is asked)"
            )
        self._rows = np.array(sorted(rows, key=lambda number: self.members.offsets[number]), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._rows)

    def where(self, index: int) -> str:
        """`file:key`."""
        return f"{self.path}:{self._key(index)}"

    def row(self, index: int) -> Any:
        """The value of a `KEY.json`, with the pictures that lie in the tar as `PackedFile`s."""
        row = load_json(self.members.file(self._rows[index]).read(), self.where(index))
        if not isinstance(row, dict):
            return row
        key = self._key(index)
        named = [name for name in IMAGE_KEYS if row.get(name) is not None]
        for name in named:
            images = [row[name]] if isinstance(row[name], str) else row[name]
            if isinstance(images, list):
                row[name] = [self._member(image, key) for image in images]
        return row if named else row | {"images": self._pictures(key, self.where(index))}

    def _key(self, index: int) -> str:
        return self.members.name(self._rows[index]).removesuffix(".json")

    def _member(self, image: Any, key: str) -> Any:
        """The member that a row names, or the name itself."""
        if not isinstance(image, str):
            return image
        folder = key[: key.rfind("/") + 1]
        found = (self.members.find(name) for name in (folder + image, image, f"{key}.{image}"))
        return next((member for member in found if member), image)

    def _pictures(self, key: str, where: str) -> list[PackedFile]:
        files = [self.members.file(number) for number in self.members.starting_with(f"{key}.")]
        files = [file for file in files if not file.address.lower().endswith(TEXT_ENDINGS)]
        for file in files:
            if not file.address.lower().endswith(picture_endings()):
                detail = f"{file} is no picture that is read: name those that are meant in the row's images"
                raise RowError(where, "image unreadable", detail)
        return files


def _is_row(name: bytes) -> bool:
    """Whether a member is a `KEY.json`: keys end at the first dot of the last part of the name."""
    key, _, ending = name.rpartition(b"/")[2].partition(b".")
    return bool(key) and ending == b"json"
