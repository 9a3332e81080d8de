"""Random numbers for each kind of chart, and the axes they are drawn to.

A number that is not printed lies on a gridline, a whole part of the way between two, or anywhere: then its
answer is the nearest place that a reader can tell (`axes.read_at`), and the number itself stands in `exact`.
"""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from data_engines.engine import Reject
from data_engines.kinds.chart.axes import (
    TENTHS,
    AnyAxis,
    Axis,
    Counts,
    LogAxis,
    make_axis,
    moved_off,
    nearest_places,
    read_at,
    spare_places,
)
from data_engines.kinds.chart.words import Quantity
from data_engines.tools.chance import one_of

HEAD_ROOM = 0.09
"""Share of the axis that stays free beyond the outermost marks, for the numbers printed there."""
MIN_GAP_SHARE = 0.16
"""Share of the axis between two lines whose numbers are printed."""
MIN_SEGMENT_SHARE = 0.25
"""Smallest segment of stacked bars, as a share of the greatest."""
CUT_SHARES = {"line": 0.4, "column": 0.25, "bar": 0.25}
"""Share of the charts, without numbers below 0, whose axis does not start at 0."""
MIN_CUT_COUNTS = 400
"""The greatest number, in units of its last place, from which its axis may be cut: numbers differ then."""
NEGATIVE_SHARE = 0.3
"""Share of the charts of signed quantities in which all numbers are below 0."""
OFF_SHARE = 0.5
"""Share of the charts without printed numbers whose marks lie anywhere between gridlines."""
STATISTICS = ("min", "q1", "median", "q3", "max")
"""What a box plot shows of each category."""
Exact = tuple[tuple[float, ...], ...]
"""(series, category), in units of the last decimal place of the numbers that are read."""


class Numbers(NamedTuple):
    """The numbers of a chart."""

    values: Counts
    places: int
    """Decimal places of `values`."""
    axis: AnyAxis
    exact: Exact = ()
    """Where the marks are, if not at `values`."""


def rows_of(array: np.ndarray) -> tuple[tuple, ...]:
    return tuple(map(tuple, array.tolist()))


def choose_top(rng: np.random.Generator, quantity: Quantity) -> float:
    """The greatest number of a chart."""
    return float(np.exp(rng.uniform(np.log(quantity.low), np.log(quantity.high))))


def readable_axis(
    rng: np.random.Generator, low: float, high: float, num_steps: int, places: int
) -> tuple[Axis, bool]:
    """An axis to read numbers from that are not printed, and whether they may lie anywhere.

    It covers the numbers from `low` to `high` in at most `num_steps` steps, and counts units of two decimal
    places more than `places`.
    """
    unit = 10 ** (places + 2)
    axis = make_axis(low * unit, high * unit, num_steps)
    is_off = axis.step % TENTHS == 0 and rng.random() < OFF_SHARE
    parts = TENTHS if is_off else one_of(rng, [some for some in (1, 2, 2, 5, 5, 5) if axis.step % some == 0])
    return Axis(axis.low, axis.high, axis.step, parts), is_off


def shortened(values: np.ndarray, places: int, axis: Axis, exact: np.ndarray | None = None) -> Numbers:
    """The numbers without those last decimal places that are 0 in all of them."""
    spare = spare_places(places, (axis.part, axis.low))
    unit = 10**spare
    axis = Axis(axis.low // unit, axis.high // unit, axis.step // unit, axis.parts)
    moved = () if exact is None else rows_of(exact / unit)
    return Numbers(rows_of(values // unit), places - spare, axis, moved)


def sample_counts(
    rng: np.random.Generator,
    quantity: Quantity,
    shape: tuple[int, int],
    ordered: bool,
    form: str,
    labelled: bool,
    stacked: bool,
) -> Numbers:
    """The numbers of bars or lines, of `shape` (series, category)."""
    shares = _sample_shares(rng, *shape, ordered)
    if labelled and form == "line" and len(shares) > 1:
        shares = _apart(shares)
    low, top, unit = 0.0, choose_top(rng, quantity), 10**quantity.decimals
    if stacked:
        shares = np.maximum(shares, MIN_SEGMENT_SHARE) / len(shares)
    elif quantity.signed and form != "area" and rng.random() < 0.6:
        shares = -shares if rng.random() < NEGATIVE_SHARE else shares * 1.4 - 0.4
    elif rng.random() < CUT_SHARES.get(form, 0) and (not labelled or top * unit >= MIN_CUT_COUNTS):
        rest = rng.uniform(0.5, 0.9)
        shares = rest + (1 - rest) * shares
        low = max(shares.min() - rng.uniform(0.2, 0.5) * (shares.max() - shares.min()), 0.0)
    reached = shares.sum(axis=0) if stacked else shares
    low, high = min(low, reached.min()), max(reached.max(), 0.0)
    if labelled and not stacked:
        room = HEAD_ROOM * (high - low)
        low = low - room if low < 0 else low
        high = high + room if high > 0 else high
    num_steps = int(rng.integers(5, 9))
    if labelled:
        places = quantity.decimals
        axis = make_axis(low * top * unit, high * top * unit, num_steps)
        values = np.rint(shares * top * unit).astype(int)
        values = np.maximum(values, axis.low if axis.low < 0 else axis.low + 1)
        return Numbers(rows_of(values), places, _reaching(axis, values, stacked))
    axis, is_off = readable_axis(rng, low * top, high * top, num_steps, quantity.decimals)
    places = quantity.decimals + 2
    part = axis.part
    values = np.rint(shares * top * 10**places / part).astype(int) * part
    values = np.maximum(values, axis.low if axis.low < 0 else axis.low + part)
    if form == "line":
        _make_distinct(values, part, 2 * part if is_off else part)
    # the parts of a stacked bar may all be longer than they are read
    axis = _reaching(axis, values, stacked, spare=part * len(values) if is_off and stacked else 0)
    return shortened(values, places, axis, moved_off(rng, axis, values) if is_off else None)


def _reaching(axis: Axis, values: np.ndarray, stacked: bool, spare: int = 0) -> Axis:
    """The axis extended to the longest mark, as parts of a stacked bar are rounded one by one."""
    most = int(values.sum(axis=0).max() if stacked else values.max()) + spare
    return Axis(axis.low, max(axis.high, -(-most // axis.step) * axis.step), axis.step, axis.parts)


def sample_log_counts(
    rng: np.random.Generator, shape: tuple[int, int], ordered: bool, form: str, labelled: bool
) -> Numbers:
    """Numbers of `shape` (series, category) that a logarithmic axis shows."""
    axis = sample_log_axis(rng)
    shares = _sample_shares(rng, *shape, ordered)
    if labelled and form == "line" and len(shares) > 1:
        shares = _apart(shares)
    start, end = axis.positions([axis.low, axis.high])
    reach = end - start
    values = np.rint(10 ** (start + (0.03 + (0.95 - HEAD_ROOM) * shares) * reach)).astype(int)
    if labelled:
        return Numbers(rows_of(values), 0, axis)
    at = nearest_places(axis, values)
    if form == "line":
        _make_distinct(at, 1, 2)
    if at.max() >= len(axis.places):
        raise Reject("the lines are too near each other")
    values = np.array(axis.places)[at]
    return Numbers(rows_of(values), 0, axis, rows_of(moved_off(rng, axis, values)))


def sample_log_axis(rng: np.random.Generator) -> LogAxis:
    first, decades = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    return LogAxis(10**first, 10 ** (first + decades), powers=bool(rng.random() < 0.5))


def sample_boxes(rng: np.random.Generator, quantity: Quantity, num_boxes: int) -> Numbers:
    """The `STATISTICS` of some boxes, (statistic, box)."""
    top = choose_top(rng, quantity)
    middles = rng.uniform(0.35, 0.75, num_boxes)
    spreads = rng.uniform(0.05, 0.14, num_boxes)
    away = np.array([[-2.4], [-0.9], [0], [0.9], [2.4]]) + rng.uniform(-0.6, 0.6, (5, num_boxes))
    numbers = (middles + spreads * away) * top
    low = numbers.min() - rng.uniform(0, 0.3) * np.ptp(numbers) if rng.random() < 0.6 else 0.0
    places = quantity.decimals + 2
    axis, is_off = readable_axis(
        rng, max(low, 0.0), numbers.max(), int(rng.integers(5, 9)), quantity.decimals
    )
    values = read_at(axis, numbers * 10**places)
    gap = 2 * axis.part if is_off else axis.part
    for below, row in pairwise(values):
        np.maximum(row, below + gap, out=row)
    if values.min() == axis.low:
        raise Reject("a line of a box lies on the frame")
    steps = -(-(int(values.max()) + 1 - axis.low) // axis.step)
    axis = replace(axis, high=axis.low + steps * axis.step)
    return shortened(values, places, axis, moved_off(rng, axis, values) if is_off else None)


def sample_bins(rng: np.random.Generator, num_bins: int) -> np.ndarray:
    """How often values lie in each bin, as shares of the greatest: one hill or two, leaning or not."""
    across = (np.arange(num_bins) + 0.5) / num_bins
    shares = np.zeros(num_bins)
    for _ in range(one_of(rng, (1, 1, 2))):
        middle, width = rng.uniform(0.15, 0.85), rng.uniform(0.12, 0.3)
        shares += rng.uniform(0.5, 1) * np.exp(-(((across - middle) / width) ** 2) / 2)
    shares = (shares + 0.03) * (1 + rng.normal(0, 0.08, num_bins))
    return np.maximum(shares, 0.03) / shares.max()


def _make_distinct(counts: np.ndarray, part: int, gap: int) -> None:
    """Raises counts, by `part`, that are less than `gap` apart within a category: marks would hide marks."""
    for series in range(1, len(counts)):
        while (taken := (np.abs(counts[:series] - counts[series]) < gap).any(axis=0)).any():
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
