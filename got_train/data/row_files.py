"""Files of rows. JSONL and WebDataset tars are read row by row, JSON and CSV as a whole."""

from array import array
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from got_train.data.errors import ContentError
from got_train.data.json_values import load_json
from got_train.data.names import choose_pictures, image_endings, is_prefix
from got_train.data.packed import PackedFile, TarMembers
from got_train.data.records import IMAGE_KEYS, QUESTION_KEYS, plain_row
from got_train.data.utf8 import HEAD_BYTES, check_head, guess_encoding, not_utf8
from got_train.data.whole_files import check_lines, read_csv, read_json_list
from got_train.prompts import IMAGE_TAG
from got_train.report import UserError, counted

TEXT_ENDINGS = (".json", ".txt", ".cls", ".md", ".tex", ".html", ".xml", ".csv", ".tsv", ".yaml", ".yml")
"""Endings of tar members that may be beside a row and its images, and are not read."""

MAX_ROW_BYTES = 1 << 26
"""Longest row, many times what any `sample.max_length` can hold."""

SAMPLE_BYTES = 1 << 16
"""So many bytes of lines that are no UTF-8 are enough to guess their encoding."""


class RowFile(Protocol):
    """The rows of one file."""

    path: Path

    def __len__(self) -> int: ...

    def location(self, index: int) -> str:
        """The place of a row, for messages."""

    def row(self, index: int) -> Any:
        """A row: a JSON value, in which images may also be `PackedFile`s.

        Raises:
            ContentError: if the row cannot be read.
        """


class JsonlRows:
    """The rows of a `.jsonl` file. Only the offsets of its lines are kept in memory: 16 bytes a row."""

    def __init__(self, path: Path) -> None:
        """Indexes the file.

        Raises:
            UserError: if the file as a whole is something else: in another encoding, compressed, one list.
        """
        self.path = path
        self._numbers, self._offsets = _index_lines(path)
        if len(self):
            check_lines(path, self._offsets)

    def __len__(self) -> int:
        return len(self._numbers)

    def location(self, index: int) -> str:
        """The location of a row as `file:line`."""
        return f"{self.path}:{self._numbers[index] + 1}"

    def row(self, index: int) -> Any:
        """The JSON value of a line."""
        with open(self.path, "rb") as file:
            file.seek(self._offsets[index])
            return load_json(file.readline())


def _index_lines(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Numbers (from 0) and byte offsets of the lines that are not blank, both int64.

    Raises:
        UserError: if the file is in another encoding than UTF-8, or a line has more than `MAX_ROW_BYTES`. A
            damaged line among good ones is left to the reader of the row.
    """
    numbers, offsets = array("q"), array("q")  # lists of millions of numbers would be five times as large
    offset, last_good, num_good, num_wrong, mixed = 0, -1, 0, 0, False
    wrong: list[tuple[int, int]] = []  # lines and places in them
    sample = bytearray()
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        first_line, end, _ = head.partition(b"\n")
        check_head(path, f"data file {path}", first_line if end and _wrong_byte(first_line) is None else head)
        file.seek(0)
        for number, line in enumerate(iter(lambda: file.readline(MAX_ROW_BYTES + 1), b"")):
            if len(line) > MAX_ROW_BYTES:
                where = f"data file {path}:{number + 1} has a line of more than {MAX_ROW_BYTES:,} bytes"
                raise UserError(f"{where}: JSONL has a row in each line")
            if not line.isspace():
                numbers.append(number)
                offsets.append(offset)
            offset += len(line)
            if (place := _wrong_byte(line)) is not None:
                wrong = [*wrong[:1], (number, place)]
                num_wrong += 1
                mixed = mixed or last_good > wrong[0][0]
                sample += line if len(sample) < SAMPLE_BYTES else b""
            elif not line.isascii():
                last_good, num_good = number, num_good + 1
    # a few damaged lines among good ones are left to the reader of rows
    few = num_wrong * 10 < num_good if mixed else num_wrong == 1 and last_good > wrong[0][0]
    if wrong and not few and guess_encoding(bytes(sample)):
        (first, place), (last, _) = wrong[0], wrong[-1]
        if mixed:
            what = f"{num_wrong:,} lines are not UTF-8, the first is {first + 1}, and {num_good:,} are"
            raise UserError(f"data file {path} is in two encodings: {what}; write all in UTF-8")
        lines = (first + 1, last + 1) if num_good or 0 in sample else None
        raise not_utf8(path, f"data file {path}:{first + 1}", bytes(sample), place, lines)
    return np.frombuffer(numbers, dtype=np.int64), np.frombuffer(offsets, dtype=np.int64)


def _wrong_byte(line: bytes) -> int | None:
    """The place of the first byte of a line that cannot stand in JSON in UTF-8; None if all can."""
    if 0 in line:
        return line.index(0)
    try:
        line.decode()
    except UnicodeDecodeError as error:
        return error.start
    return None


class ListedRows:
    """The rows of a file that is read as a whole: a `.json` list, or a `.csv` or `.tsv` with column names."""

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            UserError: if the file is not JSON or CSV.
        """
        self.path = path
        self.columns: list[str] | None = None
        """Names of the columns of a CSV; None for JSON, whose rows have keys of their own."""
        if path.suffix.lower() in (".csv", ".tsv"):
            self.columns, self._rows = read_csv(path)
        else:
            self._rows = list(enumerate(read_json_list(path), 1))

    def __len__(self) -> int:
        return len(self._rows)

    def location(self, index: int) -> str:
        """The location of a row: `file:line`, the last line of a CSV row, or `file:row` of a list, from 1."""
        return f"{self.path}:{self._rows[index][0]}"

    def row(self, index: int) -> Any:
        """A value of the list, or the cells of a CSV row that are not empty."""
        _, row = self._rows[index]
        if self.columns is None:
            return row
        if len(row) != len(self.columns):
            detail = f"{counted(len(row), 'cell')} for {counted(len(self.columns), 'column')}"
            raise ContentError("not CSV", detail)
        return {name: cell for name, cell in zip(self.columns, row, strict=True) if cell}


class TarRows:
    """The rows of a WebDataset: each is a member `KEY.json`, in the order of the tar.

    The `images` of a row name members of the tar: relative to the folder of `KEY.json`, by their full name,
    or by the part after the key (`0.png` for `KEY.0.png`). Other names are paths, as in other files. A row
    without `images` has all images of its key, in the order of their names.
    """

    def __init__(self, path: Path) -> None:
        """Indexes the tar.

        Raises:
            UserError: if the file is not a whole, uncompressed tar, or has members but no row.
        """
        self.path = path
        self.members = TarMembers(path)
        names = self.members.names
        likely = np.flatnonzero(np.char.endswith(names, b".json"))
        rows = np.array([number for number in likely if _is_row(names[number])], dtype=np.int64)
        if len(names) and not len(rows):
            raise UserError(
                f"data file {path} has no member KEY.json that holds a row with query and response "
                "(a KEY.txt beside an image does not say what is asked)"
            )
        self._rows = rows[np.argsort(self.members.offsets[rows])]

    def __len__(self) -> int:
        return len(self._rows)

    def location(self, index: int) -> str:
        """The location of a row as `file:key`."""
        return f"{self.path}:{self._key(index)}"

    def row(self, index: int) -> Any:
        """The value of a `KEY.json`; its images that are members of the tar are `PackedFile`s."""
        member = self.members.file(self._rows[index])
        if member.size > MAX_ROW_BYTES:
            raise ContentError("too long", f"it has {member.size:,} bytes, a row at most {MAX_ROW_BYTES:,}")
        row = load_json(member.read_bytes())
        if not isinstance(row, dict):
            return row
        row = dict(plain_row(row))  # messages may name images, too
        key = self._key(index)
        named = [name for name in IMAGE_KEYS if row.get(name) is not None]
        for name in named:
            images = [row[name]] if isinstance(row[name], str) else row[name]
            if isinstance(images, list):
                row[name] = [self._member(image, key) for image in images]
                if len(named) == len(images) == 1 and (members := self._of_prefix(row[name][0], key)):
                    return with_images(row, name, members)
        return row if named else row | {"images": self._images_of_key(key)}

    def _key(self, index: int) -> str:
        return self.members.name(self._rows[index]).removesuffix(".json")

    def _member(self, image: Any, key: str) -> Any:
        """The member that a row names, or the name itself if the tar has no such member."""
        if not isinstance(image, str):
            return image
        found = map(self.members.find, _full_names(image, key))
        return next((member for member in found if member), image)

    def _of_prefix(self, image: Any, key: str) -> list[PackedFile]:
        """The members that a prefix stands for, as `images_of_prefix` does in folders."""
        for prefix in _full_names(image, key) if isinstance(image, str) and is_prefix(image) else ():
            beginning = map(self.members.name, self.members.starting_with(prefix))
            chosen = choose_pictures(prefix, [name for name in beginning if "/" not in name[len(prefix) :]])
            if chosen:
                return [member for name in chosen if (member := self.members.find(name))]
        return []

    def _images_of_key(self, key: str) -> list[PackedFile]:
        files = [self.members.file(number) for number in self.members.starting_with(f"{key}.")]
        files = [file for file in files if not file.address.lower().endswith(TEXT_ENDINGS)]
        for file in files:
            if not file.address.lower().endswith(image_endings()):
                detail = f"{file} is not an image that can be read: name the row's images in its key images"
                raise ContentError("image unreadable", detail)
        return files


def _full_names(image: str, key: str) -> list[str]:
    """What a member may be called whose name stands in the row of a key."""
    return [key[: key.rfind("/") + 1] + image, image, f"{key}.{image}"]


def _is_row(name: bytes) -> bool:
    """Whether a member is a `KEY.json`: keys end at the first dot of the last part of the name."""
    key, _, ending = name.rpartition(b"/")[2].partition(b".")
    return bool(key) and ending == b"json"


def with_images(row: Mapping[str, Any], key: str, images: Sequence[Any]) -> dict[str, Any]:
    """A row whose one image, under `key`, is replaced by several.

    A question with one tag gets one for each image, side by side; one with more is left as it is.
    """

    def repeated(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(IMAGE_TAG, IMAGE_TAG * len(images))
        if isinstance(value, list):
            return [repeated(part) for part in value]
        return {name: repeated(part) for name, part in value.items()} if isinstance(value, dict) else value

    asked = {name: row[name] for name in (*QUESTION_KEYS, "history") if name in row}
    if all(str(value).count(IMAGE_TAG) < 2 for value in asked.values()):
        asked = {name: repeated(value) for name, value in asked.items()}
    return {**row, **asked, key: list(images)}
