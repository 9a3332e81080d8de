"""The numbers of charts, as whole counts of the last decimal place that is shown, and the axes of charts."""

import math
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from data_engines.kinds.chart.words import Quantity
from data_engines.tools.chance import one_of

STEPS = (1, 2, 5)
"""Gridlines are one of these, times a power of ten, apart."""
HEAD_ROOM = 0.09
"""Share of the axis that stays free beyond the outermost marks, for the numbers printed there."""
MIN_GAP_SHARE = 0.16
"""Share of the axis between two lines whose numbers are printed."""
MIN_SEGMENT_SHARE = 0.25
"""Smallest segment of stacked bars, as a share of the greatest."""
Counts = tuple[tuple[int, ...], ...]
"""(series, category)"""


@dataclass(frozen=True)
class Axis:
    """Gridlines from `low` to `high`, `step` apart, in units of the chart."""

    low: int
    high: int
    step: int
    parts: int = 1
    """Parts into which marks, or the eye, divide the space between gridlines; numbers lie at their ends."""

    @property
    def ticks(self) -> range:
        return range(self.low, self.high + 1, self.step)

    @property
    def part(self) -> int:
        """Distance between the places at which numbers lie that are not printed."""
        return self.step // self.parts

    @property
    def marks(self) -> range:
        """Gridlines, and the finer lines between them; halves are seen without finer lines."""
        return self.ticks if self.parts <= 2 else range(self.low, self.high + 1, self.part)


def number(count: int, places: int) -> int | float:
    """
    >>> number(125, 1), number(12, 0)
    (12.5, 12)
    """
    return count if places == 0 else float(Decimal(count).scaleb(-places))


def written(count: int, places: int) -> str:
    """
    >>> written(123450, 2)
    '1,234.50'
    """
    return f"{Decimal(count).scaleb(-places):,.{places}f}"


def spare_places(places: int, *counts: int) -> int:
    """How many of the last decimal places are 0 in all counts.

    >>> spare_places(2, 1200, 250)
    1
    """
    divisor = math.gcd(*counts)
    return max(spare for spare in range(places + 1) if divisor % 10**spare == 0)


def tick_text(count: int, places: int, axis: Axis) -> str:
    """A number of an axis, with the decimal places that its gridlines need.

    >>> tick_text(50, 1, Axis(0, 100, 50))
    '5'
    """
    spare = spare_places(places, axis.low, axis.step)
    return written(count // 10**spare, places - spare)


def make_axis(low: float, high: float, num_steps: int) -> Axis:
    """The finest axis of at most `num_steps` steps of 1, 2 or 5 times a power of ten from low to high.

    >>> make_axis(0, 93, 5)
    Axis(low=0, high=100, step=20, parts=1)
    """
    power = 1
    while True:
        for step in STEPS:
            first, last = int(np.floor(low / (step * power))), int(np.ceil(high / (step * power)))
            if last - first <= num_steps:
                return Axis(first * step * power, last * step * power, step * power)
        power *= 10


def sample_counts(
    rng: np.random.Generator,
    quantity: Quantity,
    shape: tuple[int, int],
    ordered: bool,
    form: str,
    labelled: bool,
    stacked: bool,
) -> tuple[Counts, int, Axis]:
    """The numbers of `shape` (series, category), their decimal places, and the axis they are drawn to."""
    shares = _sample_shares(rng, *shape, ordered)
    if labelled and form == "line" and len(shares) > 1:
        shares = _apart(shares)
    if stacked:
        shares = np.maximum(shares, MIN_SEGMENT_SHARE) / len(shares)
    elif quantity.signed and form != "area" and rng.random() < 0.5:
        shares = shares * 1.4 - 0.4
    numbers = shares * float(np.exp(rng.uniform(np.log(quantity.low), np.log(quantity.high))))
    reached = numbers.sum(axis=0) if stacked else numbers
    room = HEAD_ROOM * (reached.max() - min(reached.min(), 0)) if labelled and not stacked else 0.0
    low, high = min(reached.min() - room, 0.0) if reached.min() < 0 else 0.0, reached.max() + room
    if form == "line" and reached.min() > 0.5 * reached.max() and rng.random() < 0.7:
        low = max(reached.min() - 0.3 * (reached.max() - reached.min()) - room, 0.0)
    num_steps = int(rng.integers(5, 9))
    # numbers that are not printed get one more place for parts of steps; it is dropped below if it is unused
    places = quantity.decimals if labelled else max(quantity.decimals, 1) + 1
    unit = 10**places
    axis = make_axis(low * unit, high * unit, num_steps)
    parts, part, least = 1, 1, -axis.high if low < 0 else 1
    if not labelled:
        # halves between two gridlines can be seen without finer lines, fifths get them
        parts = one_of(rng, [parts for parts in (1, 2, 2, 5, 5, 5) if axis.step % parts == 0])
        part = axis.step // parts
        least = axis.low + part
    rounded = np.maximum(np.rint(numbers * unit / part).astype(int) * part, least)
    if form == "line" and not labelled:
        _make_distinct(rounded, part)
    most = int(rounded.sum(axis=0).max() if stacked else rounded.max())
    high_tick = max(axis.high, -(-most // axis.step) * axis.step)
    spare = spare_places(places, part, axis.low)
    unit = 10**spare
    axis = Axis(axis.low // unit, high_tick // unit, axis.step // unit, parts)
    return tuple(map(tuple, (rounded // unit).tolist())), places - spare, axis


def _make_distinct(counts: np.ndarray, part: int) -> None:
    """Raises counts, by `part`, that are equal within a category: one mark would hide the other."""
    for series in range(1, len(counts)):
        while (taken := (counts[:series] == counts[series]).any(axis=0)).any():
            counts[series, taken] += part


def _sample_shares(rng: np.random.Generator, num_series: int, num_values: int, ordered: bool) -> np.ndarray:
    """(series, category), from about 0.1 to 1: trends, seasons or ranks; each series has its own size."""
    across = np.linspace(0, 1, num_values)
    shape = rng.integers(3)
    rows = []
    for size in rng.uniform(0.3, 1, num_series):
        if ordered and shape == 0:
            course = 1 + rng.uniform(-0.7, 1.2) * across
        elif ordered and shape == 1:
            course = 1 + rng.uniform(0.2, 0.5) * np.sin(across * rng.uniform(2, 7) + rng.uniform(0, 6))
        elif not ordered and shape == 0:
            course = np.sort(rng.uniform(0.2, 1, num_values))[::-1]
        else:
            course = rng.uniform(0.3, 1.2, num_values)
        rows.append(size * course * (1 + rng.normal(0, 0.06, num_values)))
    shares = np.maximum(np.array(rows), 0.05)
    return shares / shares.max()


def _apart(shares: np.ndarray) -> np.ndarray:
    """The lines moved apart vertically, so that numbers printed at one line don't stand on another."""
    lifted = [shares[0]]
    for row in shares[1:]:
        gap = MIN_GAP_SHARE * len(shares) * shares.max()
        lifted.append(row + max(0.0, float((lifted[-1] + gap - row).max())))
    stack = np.array(lifted)
    return stack / stack.max()


def hundred(shares: np.ndarray, places: int) -> list[int]:
    """Percentages of `places` decimal places that add up to 100 exactly, in counts of the last place."""
    ends = np.cumsum(shares)
    return np.diff(np.ceil(ends / ends[-1] * 100 * 10**places), prepend=0).astype(int).tolist()
