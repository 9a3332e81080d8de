"""The numbers of charts, as whole counts of the last decimal place that is shown, and the axes of charts."""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from data_engines.kinds.chart.words import Quantity

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
    def marks(self) -> range:
        """Gridlines, and the finer lines between them; halves are seen without finer lines."""
        return self.ticks if self.parts <= 2 else range(self.low, self.high + 1, self.step // self.parts)


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


def tick_text(count: int, places: int, axis: Axis) -> str:
    """A number of an axis, with the decimal places that its gridlines need.

    >>> tick_text(50, 1, Axis(0, 100, 50))
    '5'
    """
    while places and axis.step % 10 == 0 and axis.low % 10 == 0:
        count, places = count // 10, places - 1
        axis = Axis(axis.low // 10, axis.high // 10, axis.step // 10)
    return written(count, places)


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
    if labelled:
        part = 1
        counts = _whole(numbers * unit, part, least=-axis.high if low < 0 else 1)
    else:
        axis = replace(axis, parts=_choose_parts(rng, axis.step))
        part = axis.step // axis.parts
        counts = _whole(numbers * unit, part, least=axis.low + part)
        if form == "line":
            counts = _distinct(counts, part)
    most = max(map(sum, zip(*counts, strict=True))) if stacked else max(map(max, counts))
    axis = replace(axis, high=max(axis.high, -(-most // axis.step) * axis.step))
    while places and part % 10 == 0 and axis.low % 10 == 0:
        counts = tuple(tuple(count // 10 for count in row) for row in counts)
        axis = Axis(axis.low // 10, axis.high // 10, axis.step // 10, axis.parts)
        part, places = part // 10, places - 1
    return counts, places, axis


def _distinct(counts: Counts, part: int) -> Counts:
    """Counts that differ within each category, as equal ones would have one mark hide another."""
    columns = []
    for column in zip(*counts, strict=True):
        taken: list[int] = []
        for count in column:
            while count in taken:
                count += part
            taken.append(count)
        columns.append(taken)
    return tuple(zip(*columns, strict=True))


def _choose_parts(rng: np.random.Generator, step: int) -> int:
    """Parts between two gridlines: halves can be seen without finer lines, fifths get them."""
    able = [parts for parts in (1, 2, 2, 5, 5, 5) if step % parts == 0]
    return able[rng.integers(len(able))]


def _whole(counts: np.ndarray, part: int, least: int) -> Counts:
    """The counts rounded to multiples of `part`, none below `least`."""
    rounded = np.rint(counts / part).astype(int) * part
    return tuple(tuple(int(max(count, least)) for count in row) for row in rounded)


def _sample_shares(rng: np.random.Generator, num_series: int, num_values: int, ordered: bool) -> np.ndarray:
    """(series, category), from about 0.1 to 1: trends, seasons or ranks; each series has its own size."""
    across = np.linspace(0, 1, num_values)
    shape = rng.integers(3)
    rows = []
    for _ in range(num_series):
        size = rng.uniform(0.3, 1)
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
    exact = shares / shares.sum() * 100 * 10**places
    counts = np.floor(exact).astype(int)
    missing = 100 * 10**places - int(counts.sum())
    for position in np.argsort(counts - exact, kind="stable")[:missing]:
        counts[position] += 1
    return [int(count) for count in counts]
