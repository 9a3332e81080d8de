"""Reads every row before training: finds the bad rows, and the sizes of the others."""

import functools
import os.path
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch.utils.data import DataLoader, Dataset

from got_train.data.doubts import DoubtCounts, doubts
from got_train.data.errors import RowError, file_of
from got_train.data.good_rows import NO_KEY, GoodRows, content_key, row_key
from got_train.data.images import PdfPage
from got_train.data.packed import PackedFile
from got_train.data.record import Record
from got_train.data.rows import Rows
from got_train.data.samples import SampleEncoder
from got_train.data.workers import ROW_SECONDS, Watched, naming_worker_faults
from got_train.progress import progress
from got_train.report import counted

KEEP_SECONDS = 300
"""Between two writings of the rows that were found good: what a check that is killed does again."""

BATCH_ROWS = 64
"""Rows that a process hands over at once."""


@dataclass
class CheckResult:
    """The bad rows, and the sizes of the others."""

    bad: dict[int, RowError]
    """The fault of each bad row, by the index of the row."""
    kinds: set[str]
    """The kinds of the good rows."""
    sizes: np.ndarray
    """int32, `(checked, 2)`: tokens and tiles of each row that was checked; 0 for bad rows."""
    keys: np.ndarray
    """uint64, `(checked,)`: the `content_key` of each row that was checked; `NO_KEY` of bad rows."""
    doubts: DoubtCounts
    """What good rows probably do not mean as it is read."""
    checked: Counter[str]
    """How many rows of each file were checked."""
    kind_numbers: np.ndarray
    """int32, `(checked,)`: the place of each row's kind among the sorted `kinds`; -1 for rows that cannot be
    remembered together with their file."""
    holders: dict[int, set[str]]
    """The files in which the images of the other rows lie, by the number of the row's file."""

    @classmethod
    def empty(cls, number: int) -> "CheckResult":
        """The result for a number of rows of which nothing is known."""
        sizes, keys = np.zeros((number, 2), dtype=np.int32), np.full(number, NO_KEY, dtype=np.uint64)
        kind_numbers = np.full(number, -1, dtype=np.int32)
        return cls({}, set(), sizes, keys, DoubtCounts(), Counter(), kind_numbers, {})

    @classmethod
    def joined(cls, parts: Sequence["CheckResult"]) -> "CheckResult":
        """Joins the results of all ranks; rank r checked rows r, r + world_size, ..."""
        bad = {index: error for part in parts for index, error in part.bad.items()}
        kinds = set().union(*(part.kinds for part in parts))
        joined = cls.empty(sum(len(part.sizes) for part in parts))
        for first, part in enumerate(parts):
            share = slice(first, None, len(parts))
            joined.sizes[share], joined.keys[share] = part.sizes, part.keys
            joined.kind_numbers[share] = _among(kinds, sorted(part.kinds))[part.kind_numbers]
            for file, holders in part.holders.items():
                joined.holders.setdefault(file, set()).update(holders)
        doubts = DoubtCounts.joined([part.doubts for part in parts])
        checked = sum((part.checked for part in parts), Counter())
        return replace(joined, bad=bad, kinds=kinds, doubts=doubts, checked=checked)

    def counts(self) -> dict[str, int]:
        """How many rows have each kind of fault, the most frequent first."""
        return dict(Counter(error.cause for error in self.bad.values()).most_common())

    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{cause}: {count}" for cause, count in self.counts().items())

    def errors(self) -> list[RowError]:
        """The faults, in the order of the rows."""
        return [self.bad[index] for index in sorted(self.bad)]

    def lines(self) -> list[str]:
        """A line for each bad row; one for all rows of a file if all are bad for the same cause."""
        causes = Counter((file_of(error.location), error.cause) for error in self.bad.values())
        whole = {
            (file, cause) for (file, cause), number in causes.items() if 1 < number == self.checked[file]
        }
        lines = []
        for error in self.errors():
            file = file_of(error.location)
            if (file, error.cause) not in whole:
                lines.append(str(error))
            elif causes[file, error.cause] > 0:
                lines.append(f"{error} (the same cause in all {self.checked[file]:,} rows of {file})")
                causes[file, error.cause] = 0
        return lines


def _among(kinds: set[str], names: Sequence[str]) -> np.ndarray:
    """int32: the places of some names among the sorted kinds, and -1 at the end, which stands for none."""
    places = {kind: place for place, kind in enumerate(sorted(kinds))}
    return np.array([*(places[name] for name in names), -1], dtype=np.int32)


class _Good(NamedTuple):
    """What is found about a good row."""

    key: int
    """Its `content_key`."""
    cache_key: int
    """Its key in `GoodRows`."""
    kind: str
    sizes: tuple[int, int]
    location: str
    doubts: list[tuple[str, str]]
    holders: set[str] | None
    """The files in which its images lie; None if it cannot be remembered together with its file."""


@dataclass(frozen=True)
class _Checks(Dataset[_Good | RowError]):
    """What is found about each row: the fault of a bad one."""

    rows: Rows
    indexes: np.ndarray
    encoder: SampleEncoder
    good_rows: GoodRows | None

    def __len__(self) -> int:
        return len(self.indexes)

    def __getitem__(self, position: int) -> _Good | RowError:
        try:
            row, record = self.rows.row_and_record(int(self.indexes[position]))
            cache_key, known = NO_KEY, None
            if self.good_rows is not None:
                cache_key = row_key(record)
                known = self.good_rows.find(cache_key)
            sizes = known or self.encoder.sizes(record)
            found = list(doubts(row, record))
            holders = None if found else self._holders(record, int(self.indexes[position]))
            return _Good(content_key(record), cache_key, record.kind, sizes, record.location, found, holders)
        except RowError as error:
            error.__context__ = None  # this and the traceback would keep the row and much else, 5 kB
            return error.with_traceback(None)

    def location(self, position: int) -> str:
        """The place of a row, for messages."""
        return self.rows.location(int(self.indexes[position]))

    def _holders(self, record: Record, index: int) -> set[str] | None:
        """The files in which the images of a row lie; None if some image is a file, or in memory."""
        opened, holders = self.rows.file(index), set[str]()
        for image in record.images:
            if not isinstance(image, PackedFile | PdfPage):
                return None
            is_own = str(image).startswith(f"{opened.file.path}:")
            if not is_own and not _found_first(image.holder, tuple(opened.folders)):
                return None
            holders.add(os.path.abspath(image.holder))
        return holders


@functools.lru_cache(maxsize=4096)
def _found_first(holder: Path, folders: tuple[Path, ...]) -> bool:
    """Whether no other file, when it appears, would be taken in place of this one."""
    first, *others = folders
    return holder.is_relative_to(first) or not any(holder.is_relative_to(other) for other in others)


def check_rows(
    rows: Rows,
    indexes: np.ndarray,
    encoder: SampleEncoder,
    workers: int,
    description: str,
    good_rows: GoodRows | None = None,
    row_seconds: float = ROW_SECONDS,
) -> CheckResult:
    """Reads every row once, as training will.

    Args:
        rows: the rows.
        indexes: int64, the indexes of the rows to check.
        encoder: the encoder that training makes samples with.
        workers: number of processes beside this one; 0 for none.
        description: title of the progress bar.
        good_rows: rows that earlier checks found good, which are not read again; new good rows are added, so
            that a check that is killed goes on about where it was.
        row_seconds: longest time that a process may take over a row.

    Raises:
        UserError: if a process is killed or hangs.
    """
    result = replace(CheckResult.empty(len(indexes)), checked=Counter(rows.checked(indexes)))
    cache_keys, kinds = np.full(len(indexes), NO_KEY, dtype=np.uint64), dict[str, int]()
    numbers = rows.picks[indexes, 0]
    checks = Watched(_Checks(rows, indexes, encoder, good_rows), workers, row_seconds)
    loader = DataLoader(checks, batch_size=BATCH_ROWS, num_workers=workers, collate_fn=list)
    lower = "train.dataloader_num_workers or sample.max_pixels"
    with naming_worker_faults(lower), progress(description, len(indexes), "row") as bar:
        kept, kept_at = 0, time.monotonic()
        for position, found in enumerate(check for batch in loader for check in batch):
            if good_rows is not None and time.monotonic() - kept_at > KEEP_SECONDS:
                good_rows.add(cache_keys[kept:position], result.sizes[kept:position])
                kept, kept_at = position, time.monotonic()
            if isinstance(found, RowError):
                result.bad[int(indexes[position])] = found
            else:
                result.keys[position], cache_keys[position] = found.key, found.cache_key
                result.sizes[position] = found.sizes
                kind = kinds.setdefault(found.kind, len(kinds))
                result.doubts.add(found.location, found.doubts)
                if found.holders is not None:
                    result.kind_numbers[position] = kind
                    result.holders.setdefault(int(numbers[position]), set()).update(found.holders)
            bar.update()
    result.kinds = set(kinds)
    result.kind_numbers = _among(result.kinds, list(kinds))[result.kind_numbers]
    if good_rows is not None:
        good_rows.add(cache_keys[kept:], result.sizes[kept:])
    return result


def trained_on(train: np.ndarray, val: np.ndarray) -> list[str]:
    """A line if validation rows are training rows too: then they do not show what the model has learnt.

    Args:
        train: uint64, the `content_key`s of training rows.
        val: uint64, those of validation rows.
    """
    good = val[val != NO_KEY]
    if not (both := int(np.isin(good, train).sum())):
        return []
    rows = f"{both:,} of {counted(len(good), 'validation row')}"
    return [f"warning: {rows} are training rows too: name others in data.val, or set data.val_ratio"]
