"""Reads every row before training does: which are bad, and how large the others are."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from got_train.data.encode import RowFacts
from got_train.data.good_rows import NO_KEY, GoodRows
from got_train.data.records import RowError
from got_train.data.sources import RowDataset


@dataclass
class CheckResult:
    """What is wrong with rows of a data set, and how large the good ones are."""

    bad: dict[int, RowError]
    """By the sample's index."""
    kinds: set[str]
    """Of the rows that are not bad."""
    sizes: np.ndarray
    """int32, `(samples, 2)`: tokens and tiles of each sample that was read and is not bad."""

    @classmethod
    def joined(cls, parts: Sequence["CheckResult"]) -> "CheckResult":
        """What was found in parts of one data set."""
        bad = {index: error for part in parts for index, error in part.bad.items()}
        kinds = set().union(*(part.kinds for part in parts))
        return cls(bad, kinds, np.maximum.reduce([part.sizes for part in parts]))

    def counts(self) -> dict[str, int]:
        """How many rows have each kind of fault, the most frequent first."""
        return dict(Counter(error.cause for error in self.bad.values()).most_common())

    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{cause}: {count}" for cause, count in self.counts().items())

    def errors(self) -> list[RowError]:
        """In the order of the rows."""
        return [self.bad[index] for index in sorted(self.bad)]

    def lines(self) -> list[str]:
        """One line a row."""
        return [str(error) for error in self.errors()]


class _Attempts(Dataset[tuple[int, int, RowFacts | RowError]]):
    """For each index: itself, and of its row the key and what is known of it, or what is wrong with it."""

    def __init__(self, data: RowDataset, indexes: np.ndarray, known: GoodRows | None) -> None:
        self.data = data
        self.indexes = indexes
        self.known = known

    def __len__(self) -> int:
        return len(self.indexes)

    def __getitem__(self, position: int) -> tuple[int, int, RowFacts | RowError]:
        index = int(self.indexes[position])
        try:
            if self.known is None:
                return index, NO_KEY, self.data.facts(index)
            return index, *self.known.facts(self.data, index)
        except RowError as error:
            return index, NO_KEY, error


def check_rows(
    data: RowDataset, indexes: np.ndarray, workers: int, description: str, known: GoodRows | None = None
) -> CheckResult:
    """Reads every row once, as training will.

    Args:
        data: the rows.
        indexes: samples to try.
        workers: processes beside this one; 0 for none.
        description: names the progress bar.
        known: rows that need not be read again; the good ones of these are added.
    """
    result = CheckResult({}, set(), np.zeros((len(data), 2), dtype=np.int32))
    keys = np.full(len(data), NO_KEY, dtype=np.uint64)
    loader = DataLoader(_Attempts(data, indexes, known), batch_size=64, num_workers=workers, collate_fn=list)
    with tqdm(total=len(indexes), desc=description, unit="row", leave=False) as bar:
        for attempts in loader:
            for index, key, found in attempts:
                if isinstance(found, RowError):
                    result.bad[index] = found
                else:
                    keys[index] = key
                    result.kinds.add(found.kind)
                    result.sizes[index] = found.length, found.num_tiles
            bar.update(len(attempts))
    if known is not None:
        known.add(keys, result.sizes)
    return result
