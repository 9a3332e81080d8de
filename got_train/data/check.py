"""Finds every bad row before training does."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from got_train.data.records import RowError
from got_train.data.sources import RowDataset


@dataclass
class Problems:
    """What is wrong with a data set."""

    bad: dict[int, RowError] = field(default_factory=dict)
    """By the sample's index."""

    def counts(self) -> dict[str, int]:
        """How many rows have each kind of fault, the most frequent first."""
        return dict(Counter(error.cause for error in self.bad.values()).most_common())

    def summary(self) -> str:
        """The counts in one line."""
        return ", ".join(f"{cause}: {count}" for cause, count in self.counts().items())

    def lines(self) -> list[str]:
        """One line a row, in the order of the rows."""
        return [str(self.bad[index]) for index in sorted(self.bad)]


class _Attempts(Dataset[tuple[int, RowError | None]]):
    """For each index: itself, and what is wrong with its row."""

    def __init__(self, data: RowDataset, indexes: np.ndarray) -> None:
        self.data = data
        self.indexes = indexes

    def __len__(self) -> int:
        return len(self.indexes)

    def __getitem__(self, position: int) -> tuple[int, RowError | None]:
        index = int(self.indexes[position])
        try:
            self.data.check(index)
        except RowError as error:
            return index, error
        return index, None


def find_problems(data: RowDataset, indexes: np.ndarray, workers: int, description: str) -> Problems:
    """Reads every row once, as training will, and keeps what fails.

    Args:
        data: the rows.
        indexes: samples to try.
        workers: processes beside this one; 0 for none.
        description: names the progress bar.
    """
    problems = Problems()
    loader = DataLoader(_Attempts(data, indexes), batch_size=64, num_workers=workers, collate_fn=list)
    with tqdm(total=len(indexes), desc=description, unit="row", leave=False) as bar:
        for attempts in loader:
            problems.bad |= {index: error for index, error in attempts if error is not None}
            bar.update(len(attempts))
    return problems
