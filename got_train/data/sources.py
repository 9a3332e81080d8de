"""Data sets: which rows of the files are used, and samples out of them."""

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from got_train.config import DataConfig
from got_train.data.encode import Encoding, RowFacts, Sample
from got_train.data.features import FeatureStore
from got_train.data.images import image_address
from got_train.data.readers import Rows, Source, find_sources, matches
from got_train.data.records import IMAGE_KEYS, Record
from got_train.report import UserError


@dataclass(frozen=True)
class DatasetSpec:
    """`path`, `path#N` rows or `path#P%` of the rows; what the path may be, `find_sources` says."""

    sources: tuple[Source, ...]
    rows: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, text: str) -> "DatasetSpec":
        """Reads a specification; a path that exists stands for itself, even with a `#` in it.

        Raises:
            UserError: if there is no such file, one is of an unknown kind, or the number makes no sense.
        """
        path, mark, number = (text, "", "") if matches(text) else text.rpartition("#")
        if not mark:
            return cls(tuple(find_sources(text)))
        sources = tuple(find_sources(path))
        match = re.fullmatch(r"(\d+(?:\.\d+)?)%|(\d+)", number)
        if match is None or float(match[1] or match[2]) == 0:
            raise UserError(f"{text}: after # comes a number of rows such as #5000, or a share such as #80%")
        return cls(sources, percent=float(match[1])) if match[1] else cls(sources, rows=int(match[2]))

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
    """Chosen rows of several sets, in order, as samples."""

    def __init__(
        self, sets: Sequence[Rows], picks: np.ndarray, encoding: Encoding, sizes: np.ndarray | None = None
    ) -> None:
        """Keeps what it is given.

        Args:
            sets: where the rows are.
            picks: int64 `(samples, 2)`: set and row of each sample.
            encoding: makes samples.
            sizes: int32 `(samples, 2)`: tokens and tiles of each sample, once they have been counted.
        """
        self.sets = list(sets)
        self.picks = picks
        self.encoding = encoding
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.picks)

    def record(self, index: int) -> Record:
        """The record behind a sample."""
        rows, row = self.picks[index]
        return self.sets[rows].record(row)

    def folder(self, index: int) -> Path:
        """Where the record's file lies."""
        rows, row = self.picks[index]
        return self.sets[rows].folder(row)

    def questions(self) -> list[tuple[Record, Path]]:
        """Records with their folders."""
        return [(self.record(index), self.folder(index)) for index in range(len(self))]

    def spread(self, limit: int) -> "RowDataset":
        """At most `limit` of the rows, evenly spread over the set."""
        return self.subset(np.linspace(0, len(self), min(limit, len(self)), endpoint=False, dtype=np.int64))

    def __getitem__(self, index: int) -> Sample:
        return self.encoding.sample(self.record(index), self.folder(index))

    def facts(self, index: int) -> RowFacts:
        """What is known of a row; raises the RowError that making its sample would raise, for less work."""
        record = self.record(index)
        return self.encoding.facts(record, self.encoding.find_images(record, self.folder(index)))

    def subset(self, indexes: np.ndarray) -> "RowDataset":
        """The same with some of the rows only."""
        sizes = None if self.sizes is None else self.sizes[indexes]
        return RowDataset(self.sets, self.picks[indexes], self.encoding, sizes)

    def sized(self, sizes: np.ndarray) -> "RowDataset":
        """The same with sizes, counted for each sample of `distinct`."""
        first, row = self._first_and_row
        places = np.searchsorted(self.distinct, first)
        return RowDataset(self.sets, self.picks, self.encoding, sizes[places[row]])

    def keeping_features(self, features: FeatureStore) -> "RowDataset":
        """The same with a store of what the encoder makes of the pictures."""
        return RowDataset(self.sets, self.picks, replace(self.encoding, features=features), self.sizes)

    def joined(self, other: "RowDataset") -> "RowDataset":
        """The rows of both, with this one's encoding."""
        picks = other.picks + [len(self.sets), 0]
        return RowDataset([*self.sets, *other.sets], np.concatenate([self.picks, picks]), self.encoding)

    @cached_property
    def distinct(self) -> np.ndarray:
        """Index of one sample for each row that is used at all."""
        indexes: np.ndarray = np.sort(self._first_and_row[0])
        return indexes

    @cached_property
    def _first_and_row(self) -> tuple[np.ndarray, np.ndarray]:
        """Index of the first sample of each distinct row, and which of these rows each sample is of."""
        _, first, row = np.unique(self._keys, return_index=True, return_inverse=True)
        return first, row

    @cached_property
    def _keys(self) -> np.ndarray:
        """One number a row, so that ten million rows compare at once."""
        keys: np.ndarray = self.picks[:, 0] * (self.picks[:, 1].max(initial=0) + 1) + self.picks[:, 1]
        return keys

    def without(self, indexes: np.ndarray) -> "RowDataset":
        """The same without the rows of some samples, nor any repeat of those rows."""
        return self.subset(np.flatnonzero(~np.isin(self._keys, self._keys[indexes])))

    def portable_row(self, index: int) -> str:
        """The row as a line of JSON that can be read from anywhere.

        Its pictures are absolute paths, or addresses of the files that hold them, which `find_image` takes.
        """
        rows, row = self.picks[index]
        value = dict(self.sets[rows].row(row))
        record = self.record(index)
        if record.images:
            for key in IMAGE_KEYS:
                value.pop(key, None)
            images = self.encoding.find_images(record, self.folder(index))
            value["images"] = [image_address(image) for image in images]
        # Under keys that nobody reads, a Parquet file may hold more than JSON can, such as dates; and JSON
        # more than UTF-8 can: halves of surrogate pairs, which are written as the escapes that they were.
        line = json.dumps(value, ensure_ascii=False, default=str)
        return line.encode(errors="backslashreplace").decode()


def build_data(config: DataConfig, encoding: Encoding, seed: int) -> tuple[RowDataset, RowDataset | None]:
    """Training and validation sets of a run; of `replay`, nothing is split off.

    Raises:
        UserError: for a file that does not exist, or sets that are empty.
    """
    rng = np.random.default_rng(seed)
    train = select_rows(config.train, encoding, rng, config.weights)
    val = None
    if config.val is not None:
        val = select_rows(config.val, encoding, rng)
    elif config.val_ratio > 0:
        train, val = _split(train, config.val_ratio, rng)
    if config.replay:
        replay = select_rows(config.replay, encoding, rng)
        count = math.ceil(len(train) * config.replay_ratio / (1 - config.replay_ratio))
        train = train.joined(replay.subset(choose_rows(len(replay), count, rng)))
    return train, val


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
    config = encoding.config
    sets = [Rows(spec.sources, answered, config.columns, config.query) for spec in parsed]
    for text, rows in zip(specs, sets, strict=True):
        if len(rows) == 0:
            raise UserError(f"data file {text} has no rows")
    counts = [spec.count(len(rows)) for spec, rows in zip(parsed, sets, strict=True)]
    if weights is not None:
        total = sum(counts)
        counts = [round(total * weight / sum(weights)) for weight in weights]
    picks = [
        np.stack([np.full(count, number), choose_rows(len(rows), count, rng)], axis=1)
        for number, (rows, count) in enumerate(zip(sets, counts, strict=True))
    ]
    return RowDataset(sets, np.concatenate(picks).astype(np.int64), encoding)


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
