"""Chosen rows of data files, in order."""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from got_train.data.errors import ContentError, file_of, located
from got_train.data.images import find_image, image_address
from got_train.data.json_values import read_list
from got_train.data.names import images_of_prefix
from got_train.data.record import ReadOptions, Record
from got_train.data.records import (
    IMAGE_KEYS,
    LIST_KEYS,
    MESSAGE_KEYS,
    QUESTION_KEYS,
    image_names,
    parse_row,
    plain_row,
)
from got_train.data.row_files import RowFile, with_images


@dataclass(frozen=True)
class OpenFile:
    """A data file and how its rows are read."""

    file: RowFile
    options: ReadOptions
    source: str
    """The user's name of the set that the file belongs to, such as `a.jsonl#80%`."""

    @functools.cached_property
    def folders(self) -> list[Path]:
        """The folders in which relative paths of the file's rows are looked up."""
        root = self.options.image_root
        return [self.file.path.parent, *([Path(root).expanduser()] if root else []), Path.cwd()]


class Rows:
    """Chosen rows of several files, in order; a row may come more than once."""

    def __init__(self, files: Sequence[OpenFile], picks: np.ndarray | None = None) -> None:
        """Makes a view of rows; nothing is read.

        Args:
            files: the files with the rows.
            picks: int64 `(rows, 2)`: the number of the file, and the row in it; by default every row once.
        """
        self.files = list(files)
        self.picks = _all_rows(files) if picks is None else picks

    def __len__(self) -> int:
        return len(self.picks)

    def record(self, index: int) -> Record:
        """The record of a row, its images found.

        Raises:
            RowError: if the row is bad, or an image is missing.
        """
        return self.row_and_record(index)[1]

    def row_and_record(self, index: int) -> tuple[Any, Record]:
        """A row, and the record that is made of it.

        Raises:
            RowError: if the row is bad, or an image is missing.
        """
        row = self.row(index)
        return row, self._record(index, row)

    def row(self, index: int) -> Any:
        """A row as its file has it, with our names of its keys, and all pictures that a prefix stands for.

        Raises:
            RowError: if the row is not JSON, has a key twice after renaming, or messages that cannot be
                read.
        """
        opened, place = self._place(index)
        with located(opened.file.location(place)):
            row = rename_keys(opened.file.row(place), opened.options)
            return with_images_of_prefix(row, opened.folders)

    def location(self, index: int) -> str:
        """The place of a row, for messages."""
        opened, place = self._place(index)
        return opened.file.location(place)

    def file(self, index: int) -> OpenFile:
        """The file of a row."""
        return self._place(index)[0]

    def _place(self, index: int) -> tuple[OpenFile, int]:
        """The file of a row, and the index of the row in it."""
        number, place = self.picks[index].tolist()
        return self.files[number], place

    def _record(self, index: int, row: Any) -> Record:
        """The record of a row that was read, with relative image paths looked up in three folders."""
        opened, place = self._place(index)
        find = functools.partial(find_image, folders=opened.folders)
        options = opened.options
        location = opened.file.location(place)
        return parse_row(row, location, options.answered, find, options.compared, options.with_regions)

    def records(self) -> list[Record]:
        """All records."""
        return [self.record(index) for index in range(len(self))]

    def subset(self, indexes: np.ndarray) -> "Rows":
        """Some of the rows, in the order of their indexes."""
        return Rows(self.files, self.picks[indexes])

    def spread(self, limit: int) -> "Rows":
        """At most `limit` of the rows, evenly spread over all of them."""
        return self.subset(np.linspace(0, len(self), min(limit, len(self)), endpoint=False, dtype=np.int64))

    def counts(self) -> dict[str, int]:
        """The number of rows from each set, by the user's name of the set."""
        counts = dict.fromkeys((opened.source for opened in self.files), 0)
        numbers = np.bincount(self.picks[:, 0], minlength=len(self.files)).tolist()
        for opened, number in zip(self.files, numbers, strict=True):
            counts[opened.source] += number
        return counts

    def checked(self, indexes: np.ndarray) -> dict[str, int]:
        """How many of the rows at `indexes` each file has, by the name of the file in locations of rows."""
        counts: dict[str, int] = {}
        numbers = np.bincount(self.picks[indexes, 0], minlength=len(self.files)).tolist()
        for opened, number in zip(self.files, numbers, strict=True):
            if number:
                name = file_of(opened.file.location(0))
                counts[name] = counts.get(name, 0) + number
        return counts

    def unused_columns(self) -> dict[str, str]:
        """The columns to rename that no row of any file has, each with what it should be called."""
        unused = dict(self.files[0].options.columns) if self.files else {}
        for opened in self.files:
            for place in range(len(opened.file)):
                if not unused:
                    return {}
                try:
                    row = opened.file.row(place)
                except ContentError:
                    continue  # the check of rows names it
                unused = {
                    name: ours
                    for name, ours in unused.items()
                    if not isinstance(row, dict) or name not in row
                }
        return unused

    def joined(self, other: "Rows") -> "Rows":
        """These rows, followed by the other rows."""
        picks = other.picks + [len(self.files), 0]
        return Rows([*self.files, *other.files], np.concatenate([self.picks, picks]))

    @functools.cached_property
    def distinct(self) -> np.ndarray:
        """int64: the index of the first appearance of each row, in the order of the files."""
        return np.unique(self._keys(), return_index=True)[1]

    def distinct_numbers(self) -> np.ndarray:
        """int64, `(rows,)`: for each row, the place of its first appearance in `distinct`; it is not kept."""
        return np.unique(self._keys(), return_inverse=True)[1]

    def repeats(self, indexes: np.ndarray) -> np.ndarray:
        """bool, `(rows,)`: whether each row is one of the rows at `indexes`, or a repeat of one."""
        keys = self._keys()
        return np.isin(keys, keys[indexes])

    def _keys(self) -> np.ndarray:
        """One number for each row, equal for repeats: ten million rows can be compared quickly."""
        return self.picks[:, 0] * (self.picks[:, 1].max(initial=0) + 1) + self.picks[:, 1]

    def portable_row(self, index: int) -> str:
        """The row as a line of JSON that can be read from any folder.

        Its images are absolute paths, or addresses that start with one: see `find_image`.
        """
        row, record = self.row_and_record(index)
        if images := record.images:
            row = plain_row(row)  # blocks of messages would name the images, too
            row = {key: value for key, value in row.items() if key not in IMAGE_KEYS}
            row["images"] = [image_address(image) for image in images]
        # Under keys that are not read, a Parquet file may have values that JSON lacks, such as dates: they
        # become text. JSON may have halves of surrogate pairs, which UTF-8 lacks: they become escapes.
        line = json.dumps(row, ensure_ascii=False, default=str)
        return line.encode(errors="backslashreplace").decode()


def with_images_of_prefix(row: Any, folders: list[Path]) -> Any:
    """A row whose one image is a prefix, as the authors write several crops or pages, with all its images."""
    if not isinstance(row, dict):
        return row
    named = [name for name in IMAGE_KEYS if row.get(name)]
    plain = row if named else plain_row(row)  # messages may name images, too
    key = named[0] if named else "images"
    names = image_names(plain.get(key)) if len(named) < 2 else []
    prefix = names[0] if len(names) == 1 else None
    images = images_of_prefix(prefix, folders) if isinstance(prefix, str) else []
    return with_images(plain, key, images) if images else row


def _all_rows(files: Sequence[OpenFile]) -> np.ndarray:
    lengths = [len(opened.file) for opened in files]
    numbers = np.repeat(np.arange(len(files), dtype=np.int64), lengths)
    places = [np.arange(length, dtype=np.int64) for length in lengths]
    return np.stack([numbers, np.concatenate([*places, np.zeros(0, dtype=np.int64)])], axis=1)


def rename_keys(row: Any, options: ReadOptions) -> Any:
    """A row with our names of its keys, and with a query; any value except an object is returned unchanged.

    Raises:
        ContentError: if two keys would get the same name.
    """
    if not isinstance(row, Mapping):
        return row
    renamed: dict[str, Any] = {}
    for key, value in row.items():
        name = options.columns.get(key, key)
        if name in renamed:
            same = " and ".join(key for key in row if options.columns.get(key, key) == name)
            raise ContentError("ambiguous keys", f"{same} both mean {name}: keep one of them")
        is_list = name in LIST_KEYS and isinstance(value, str) and value.startswith("[")
        renamed[name] = read_list(value) if is_list else value
    if options.query is not None and not any(map(renamed.get, QUESTION_KEYS)):
        renamed["query"] = options.query
    return _with_messages_of_trl(renamed)


def _with_messages_of_trl(row: dict[str, Any]) -> dict[str, Any]:
    """A row whose `prompt`, or `prompt` and `completion`, are lists of messages, with these as `messages`."""
    lists = {key: row[key] for key in ("prompt", "completion") if isinstance(row.get(key), list)}
    parts = {key: value for key, value in lists.items() if all(isinstance(part, Mapping) for part in value)}
    if "prompt" not in parts or any(map(row.get, MESSAGE_KEYS)):
        return row
    rest = {key: value for key, value in row.items() if key not in parts}
    return rest | {"messages": sum(parts.values(), [])}
