"""Confidence intervals by the bootstrap: scores of rows that are drawn again and again, with replacement."""

from collections.abc import Iterable, Iterator

import numpy as np

RESAMPLES = 1000
CONFIDENCE_LEVEL = 0.95


def drawn_counts(rows: int) -> Iterator[np.ndarray]:
    """How often each of `rows` rows is drawn, int64 `(rows,)`: the same `RESAMPLES` draws at every call."""
    rng = np.random.default_rng(0)
    for _ in range(RESAMPLES):
        yield np.bincount(rng.integers(rows, size=rows), minlength=rows)


def interval(drawn: Iterable[float] | np.ndarray) -> tuple[float, float]:
    """The ends between which `CONFIDENCE_LEVEL` of the drawn scores lie."""
    low, high = np.percentile(
        np.fromiter(drawn, dtype=float), [50 - 50 * CONFIDENCE_LEVEL, 50 + 50 * CONFIDENCE_LEVEL]
    )
    return float(low), float(high)
