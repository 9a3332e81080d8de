"""Data sets: files of rows larger than memory, which of their rows are used, and samples out of them."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import Dataset

from got_train.config import DataConfig
from got_train.data.encode import Encoding, Sample
from got_train.data.records import Record, parse_line, parse_row
from got_train.report import UserError


class JsonRows:
    """The rows of a `.jsonl` file, read where they lie, or of a `.json` file that holds one list.

    Of a JSONL file only the offsets of its lines are kept in memory: 16 bytes a row.
    """

    def __init__(self, path: Path, answered: bool = True) -> None:
        """Indexes the file; with `answered` a row without its response is an error."""
        self.path = path
        self.answered = answered
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

    def raw(self, index: int) -> bytes:
        """The row as JSON text."""
        if self._rows is not None:
            return json.dumps(self._rows[index], ensure_ascii=False).encode()
        with open(self.path, "rb") as file:
            file.seek(self._offsets[index])
            return file.readline()

    def record(self, index: int) -> Record:
        """The record of a row.

        Raises:
            RowError: if it is not a row.
        """
        if self._rows is not None:
            return parse_row(self._rows[index], self.where(index), self.answered)
        return parse_line(self.raw(index), self.where(index), self.answered)


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


@dataclass(frozen=True)
class DatasetSpec:
    """`path`, `path#N` rows or `path#P%` of the rows."""

    path: Path
    rows: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, text: str) -> "DatasetSpec":
        """Reads a specification; a path that exists stands for itself, even with a `#` in it.

        Raises:
            UserError: if the file does not exist, is of an unknown kind, or the number makes no sense.
        """
        path, mark, number = (text, "", "") if Path(text).exists() else text.rpartition("#")
        if not mark:
            path = text
        if not Path(path).is_file():
            raise UserError(f"data file {path} does not exist")
        if Path(path).suffix not in (".jsonl", ".json"):
            raise UserError(f"data file {path}: only .jsonl and .json files are read")
        if not mark:
            return cls(Path(path))
        match = re.fullmatch(r"(\d+(?:\.\d+)?)%|(\d+)", number)
        if match is None or float(match[1] or match[2]) == 0:
            raise UserError(f"{text}: after # comes a number of rows such as #5000, or a share such as #80%")
        return cls(Path(path), percent=float(match[1])) if match[1] else cls(Path(path), rows=int(match[2]))

    def count(self, available: int) -> int:
        """How many rows are meant, of `available` ones."""
        if self.percent is not None:
            return max(1, round(available * self.percent / 100))
        return available if self.rows is None else self.rows


def choose_rows(available: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Indexes of `count` rows of `available`: all, some at random, or whole repeats and a random rest.

    Below the length rows are drawn without replacement, as ms-swift's `#N` does; kept in file order.
    """
    repeats, rest = divmod(count, available)
    whole = np.tile(np.arange(available), repeats)
    part = np.sort(rng.choice(available, size=rest, replace=False))
    return np.concatenate([whole, part])


class RowDataset(Dataset[Sample]):
    """Chosen rows of several files, in order, as samples."""

    def __init__(self, files: Sequence[JsonRows], picks: np.ndarray, encoding: Encoding) -> None:
        """Keeps what it is given.

        Args:
            files: where the rows are.
            picks: int64 `(rows, 2)`: file and row of each sample.
            encoding: makes samples.
        """
        self.files = list(files)
        self.picks = picks
        self.encoding = encoding

    def __len__(self) -> int:
        return len(self.picks)

    def record(self, index: int) -> Record:
        """The record behind a sample."""
        file, row = self.picks[index]
        return self.files[file].record(row)

    def folder(self, index: int) -> Path:
        """Where the record's file lies."""
        return self.files[self.picks[index][0]].path.parent

    def questions(self) -> list[tuple[Record, Path]]:
        """Records with their folders."""
        return [(self.record(index), self.folder(index)) for index in range(len(self))]

    def spread(self, limit: int) -> "RowDataset":
        """At most `limit` of the rows, evenly spread over the set."""
        return self.subset(np.linspace(0, len(self), min(limit, len(self)), endpoint=False, dtype=np.int64))

    def __getitem__(self, index: int) -> Sample:
        return self.encoding.sample(self.record(index), self.folder(index))

    def check(self, index: int) -> None:
        """Raises the RowError that making this sample would raise, for less work."""
        self.encoding.read(self.record(index), self.folder(index))

    def subset(self, indexes: np.ndarray) -> "RowDataset":
        """The same with some of the rows only."""
        return RowDataset(self.files, self.picks[indexes], self.encoding)

    @cached_property
    def distinct(self) -> np.ndarray:
        """Index of one sample for each row that is used at all."""
        indexes: np.ndarray = np.sort(np.unique(self.picks, axis=0, return_index=True)[1])
        return indexes

    def without(self, indexes: np.ndarray) -> "RowDataset":
        """The same without the rows of some samples, nor any repeat of those rows."""
        # One number a row, so that ten million rows compare at once.
        keys = self.picks[:, 0] * (self.picks[:, 1].max() + 1) + self.picks[:, 1]
        return self.subset(np.flatnonzero(~np.isin(keys, keys[indexes])))

    def portable_row(self, index: int) -> str:
        """The row as a line of JSON that can be read from anywhere: its picture paths are absolute."""
        file, row = self.picks[index]
        value = json.loads(self.files[file].raw(row))
        record = self.record(index)
        if record.images:
            value.pop("image", None)
            paths = self.encoding.image_paths(record, self.folder(index))
            value["images"] = [str(path.resolve()) for path in paths]
        return json.dumps(value, ensure_ascii=False)


def build_data(config: DataConfig, encoding: Encoding, seed: int) -> tuple[RowDataset, RowDataset | None]:
    """Training and validation sets of a run.

    Raises:
        UserError: for a file that does not exist, or sets that are empty.
    """
    rng = np.random.default_rng(seed)
    train = select_rows(config.train, encoding, rng, config.weights)
    if config.val is not None:
        return train, select_rows(config.val, encoding, rng)
    if config.val_ratio == 0:
        return train, None
    return _split(train, config.val_ratio, rng)


def select_rows(
    specs: list[str],
    encoding: Encoding,
    rng: np.random.Generator,
    weights: list[float] | None = None,
    answered: bool = True,
) -> RowDataset:
    """The chosen rows of several sets, one after the other.

    Args:
        specs: what `DatasetSpec.parse` reads.
        encoding: makes samples.
        rng: chooses rows.
        weights: share of each set in an epoch, which keeps its number of rows; default: all chosen rows.
        answered: whether rows must have a response.
    """
    if not specs:
        raise UserError("no data: name at least one file, as in data.train=[a.jsonl]")
    parsed = [DatasetSpec.parse(text) for text in specs]
    files = [JsonRows(spec.path, answered) for spec in parsed]
    for spec, rows in zip(parsed, files, strict=True):
        if len(rows) == 0:
            raise UserError(f"data file {spec.path} has no rows")
    counts = [spec.count(len(rows)) for spec, rows in zip(parsed, files, strict=True)]
    if weights is not None:
        total = sum(counts)
        counts = [round(total * weight / sum(weights)) for weight in weights]
    picks = [
        np.stack([np.full(count, file), choose_rows(len(rows), count, rng)], axis=1)
        for file, (rows, count) in enumerate(zip(files, counts, strict=True))
    ]
    return RowDataset(files, np.concatenate(picks).astype(np.int64), encoding)


def _split(train: RowDataset, ratio: float, rng: np.random.Generator) -> tuple[RowDataset, RowDataset]:
    """Splits rows off for validation; a row that training repeats goes over with all its repeats."""
    distinct = train.distinct
    count = max(1, int(len(distinct) * ratio))
    if count >= len(distinct):
        raise UserError(
            f"{len(distinct)} row{'s' if len(distinct) > 1 else ''} cannot be split into training and "
            "validation: give data.val, or set data.val_ratio=0"
        )
    chosen = np.sort(rng.choice(distinct, size=count, replace=False))
    return train.without(chosen), train.subset(chosen)
