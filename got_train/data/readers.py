"""Files of rows, read where they lie: JSONL, JSON, WebDataset tars and Parquet.

`open_rows` takes what a user writes, a path, a quoted pattern or a folder of `got-data`, and gives all its
rows by number, one set whatever the files are. Pictures are opened by `images`.
"""

import glob
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from tqdm import tqdm

from got_train.data.packed import PackedFile, TarMembers
from got_train.data.parquet import ParquetRows
from got_train.data.records import IMAGE_KEYS, Record, load_json, parse_row
from got_train.report import UserError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""What members of a tar are pictures."""

RUN_FILES = {"files": "data.jsonl", "webdataset": "shards/*.tar", "parquet": "shards/*.parquet"}
"""Where `got-data` puts the rows, for each format in which it writes."""


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


class JsonRows:
    """The rows of a `.jsonl` file, read where they lie, or of a `.json` file that holds one list.

    Of a JSONL file only the offsets of its lines are kept in memory: 16 bytes a row.
    """

    def __init__(self, path: Path) -> None:
        """Indexes the file."""
        self.path = path
        self._rows: list[Any] | None = None
        if path.suffix == ".json":
            self._rows = _json_list(path)
            self._numbers = np.arange(len(self._rows))
        else:
            self._numbers, self._offsets = _index_lines(path)

    def __len__(self) -> int:
        return len(self._numbers)

    def where(self, index: int) -> str:
        """`file:line` of a row; rows of a `.json` list are counted from 1."""
        return f"{self.path}:{self._numbers[index] + 1}"

    def row(self, index: int) -> Any:
        """The value of a line."""
        if self._rows is not None:
            return self._rows[index]
        with open(self.path, "rb") as file:
            file.seek(self._offsets[index])
            return load_json(file.readline(), self.where(index))


def _json_list(path: Path) -> list[Any]:
    try:
        rows = json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not JSON: {error} (one row a line is a .jsonl file)") from None
    if not isinstance(rows, list):
        raise UserError(f"{path} must hold a list of rows, not {type(rows).__name__}")
    return rows


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
        return row if named else row | {"images": self._pictures(key)}

    def _key(self, index: int) -> str:
        return self.members.name(self._rows[index]).removesuffix(".json")

    def _member(self, image: Any, key: str) -> Any:
        """The member that a row names, or the name itself."""
        if not isinstance(image, str):
            return image
        folder = key[: key.rfind("/") + 1]
        found = (self.members.find(name) for name in (folder + image, image, f"{key}.{image}"))
        return next((member for member in found if member), image)

    def _pictures(self, key: str) -> list[PackedFile]:
        files = [self.members.file(number) for number in self.members.starting_with(f"{key}.")]
        return [file for file in files if file.address.lower().endswith(IMAGE_ENDINGS)]


def _is_row(name: bytes) -> bool:
    """Whether a member is a `KEY.json`: keys end at the first dot of the last part of the name."""
    key, _, ending = name.rpartition(b"/")[2].partition(b".")
    return bool(key) and ending == b"json"


READERS: dict[str, type[JsonRows | TarRows | ParquetRows]] = {
    ".jsonl": JsonRows,
    ".json": JsonRows,
    ".tar": TarRows,
    ".parquet": ParquetRows,
}


class Rows:
    """The rows of one or more files, one file after the other."""

    def __init__(self, paths: Sequence[Path], answered: bool = True) -> None:
        """Indexes the files; with `answered` a row without its response is an error."""
        self.answered = answered
        self.files: list[RowFile] = [
            READERS[path.suffix](path)
            for path in tqdm(paths, desc="opening data files", unit="file", leave=False, delay=2)
        ]
        self._ends = np.cumsum([len(file) for file in self.files])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def _find(self, index: int) -> tuple[RowFile, int]:
        number = int(np.searchsorted(self._ends, index, side="right"))
        file = self.files[number]
        return file, int(index - self._ends[number] + len(file))

    def row(self, index: int) -> Any:
        """A row as it is written; pictures inside its file are `PackedFile`s.

        Raises:
            RowError: if it is not JSON.
        """
        file, place = self._find(index)
        return file.row(place)

    def record(self, index: int) -> Record:
        """The record of a row.

        Raises:
            RowError: if it is not a row.
        """
        file, place = self._find(index)
        return parse_row(file.row(place), file.where(place), self.answered)

    def folder(self, index: int) -> Path:
        """Where the row's file lies: relative picture paths start there."""
        return self._find(index)[0].path.parent


def open_rows(text: str, answered: bool = True) -> Rows:
    """All rows of what a user names.

    Args:
        text: what `find_files` takes.
        answered: whether a row without its response is an error.

    Raises:
        UserError: if there is no such data, or it cannot be read.
    """
    return Rows(find_files(text), answered)


def matches(text: str) -> list[Path]:
    """What a path or pattern stands for, in order; a path that exists stands for itself."""
    return [Path(text)] if Path(text).exists() else sorted(map(Path, glob.glob(text, recursive=True)))


def find_files(text: str) -> list[Path]:
    """The data files that a path, a pattern such as `shards/*.tar`, or a folder of `got-data` stand for.

    Raises:
        UserError: if there are none, or one of an unknown kind.
    """
    found = matches(text)
    if not found:
        raise UserError(f"data file {text} does not exist")
    files = [file for match in found for file in (_files_of_run(match) if match.is_dir() else [match])]
    for file in files:
        if file.suffix not in READERS:
            raise UserError(f"data file {file}: only {', '.join(READERS)} files are read, none compressed")
    return files


def _files_of_run(folder: Path) -> list[Path]:
    """The data files of a folder that `got-data` wrote."""
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        if (folder / "plan.json").exists() or any(folder.glob("**/*.partial")):
            raise UserError(f"data folder {folder} is unfinished: the same got-data command goes on with it")
        raise UserError(
            f"data folder {folder} has no manifest.json of got-data: name files, as {folder}/*.tar"
        )
    said = json.loads(manifest.read_text(encoding="utf-8"))
    if "sets" in said:  # a mix of several runs
        return [file for name in said["sets"] for file in _files_of_run(folder / name)]
    # Runs from before there were formats have no such key.
    kind = said.get("format", "files")
    if kind not in RUN_FILES:
        raise UserError(f"{manifest}: format {kind!r} is not read: {', '.join(RUN_FILES)} are")
    files = sorted(folder.glob(RUN_FILES[kind]))
    if not files:
        raise UserError(
            f"data folder {folder} has no {RUN_FILES[kind]}, where its manifest says the rows are"
        )
    return files
