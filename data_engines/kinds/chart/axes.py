"""The axes of charts, and their numbers: whole counts of the last decimal place that is shown."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

STEPS = (1, 2, 5)
"""Gridlines are one of these, times a power of ten, apart."""
TENTHS = 10
"""Parts of the space between gridlines to which a mark is read that lies anywhere between them.

It is the rule for the scales of instruments: a tenth of the smallest division is estimated by eye."""
MIN_PART_PIXELS = 3.0
"""Pixels between two places at which numbers are read that are not printed."""
MARKED_PARTS = 5
"""Parts that get finer gridlines; halves and tenths are left to the eye."""
DECADE = (10, 12, 14, 16, 18, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90)
"""Places in each decade of a logarithmic axis that can be told apart, in tenths of its beginning.

Lines stand at its whole multiples; between them the eye tells fifths, halves, and at last nothing."""
MAX_OFFSET = 0.45
"""How far a mark may lie from the place that it is read as, in parts: less than half, so that it is nearer
to its own place than to the next."""
EXACT_PLACES = 3
"""Decimal places of a count that is not whole."""
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
    def ticks(self) -> Sequence[int]:
        return range(self.low, self.high + 1, self.step)

    @property
    def part(self) -> int:
        """Distance between the places at which numbers are read that are not printed."""
        return self.step // self.parts

    @property
    def marks(self) -> Sequence[int]:
        """Gridlines, and the finer lines between them."""
        return self.places if self.parts == MARKED_PARTS else self.ticks

    @property
    def places(self) -> Sequence[int]:
        """Where numbers are read that are not printed."""
        return range(self.low, self.high + 1, self.part)

    @property
    def gap(self) -> float:
        """The smallest distance between two places, in the measure of `positions`."""
        return self.part

    def positions(self, counts: Sequence[float] | np.ndarray) -> np.ndarray:
        """What grows evenly along the axis."""
        return np.asarray(counts, dtype=float)

    def counts(self, positions: np.ndarray) -> np.ndarray:
        """The inverse of `positions`."""
        return positions


@dataclass(frozen=True)
class LogAxis:
    """Gridlines at the powers of ten from `low`, at least 10, to `high`; finer lines at their multiples."""

    low: int
    high: int
    powers: bool = False
    """Whether its numbers are written as powers of ten."""

    @property
    def ticks(self) -> Sequence[int]:
        return [10**power for power in range(round(math.log10(self.low)), round(math.log10(self.high)) + 1)]

    @property
    def marks(self) -> Sequence[int]:
        return [tick * digit for tick in self.ticks[:-1] for digit in range(1, 10)] + [self.high]

    @property
    def places(self) -> Sequence[int]:
        return [tick // 10 * tenths for tick in self.ticks[:-1] for tenths in DECADE] + [self.high]

    @property
    def gap(self) -> float:
        return math.log10(10 / 9)

    def positions(self, counts: Sequence[float] | np.ndarray) -> np.ndarray:
        return np.log10(np.asarray(counts, dtype=float))

    def counts(self, positions: np.ndarray) -> np.ndarray:
        return 10**positions


AnyAxis = Axis | LogAxis


def number(count: float, places: int) -> int | float:
    """
    >>> number(125, 1), number(12, 0)
    (12.5, 12)
    """
    return count if places == 0 else float(Decimal(str(count)).scaleb(-places))


def written(count: int, places: int) -> str:
    """
    >>> written(123450, 2)
    '1,234.50'
    """
    return f"{Decimal(count).scaleb(-places):,.{places}f}"


def spare_places(places: int, counts: Iterable[int]) -> int:
    """How many of the last decimal places are 0 in all counts.

    >>> spare_places(2, (1200, 250))
    1
    """
    divisor = math.gcd(*counts)
    return max(spare for spare in range(places + 1) if divisor % 10**spare == 0)


def tick_text(count: int, places: int, axis: AnyAxis) -> str:
    """A number of an axis, with the decimal places that its gridlines need; powers of ten as TeX.

    >>> tick_text(50, 1, Axis(0, 100, 50))
    '5'
    >>> tick_text(1000, 0, LogAxis(10, 1000, powers=True))
    '$10^{3}$'
    """
    if isinstance(axis, LogAxis) and axis.powers:
        return f"$10^{{{round(math.log10(count)) - places}}}$"
    spare = spare_places(places, axis.ticks)
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


def nearest_places(axis: AnyAxis, counts: np.ndarray) -> np.ndarray:
    """For each number the index of the place of `axis.places` that is nearest along the axis."""
    distances = np.abs(axis.positions(axis.places) - axis.positions(counts)[..., None])
    return distances.argmin(axis=-1)


def read_at(axis: AnyAxis, counts: np.ndarray) -> np.ndarray:
    """What a reader takes numbers for that are not printed.

    >>> read_at(Axis(0, 100, 50, parts=10), np.array([12.2, 48])).tolist()
    [10, 50]
    """
    return np.array(axis.places)[nearest_places(axis, counts)]


def moved_off(rng: np.random.Generator, axis: AnyAxis, counts: np.ndarray) -> np.ndarray:
    """Numbers near the places `counts`, to which `read_at` leads back."""
    places = axis.positions(axis.places)
    at = nearest_places(axis, counts)
    share = rng.uniform(-MAX_OFFSET, MAX_OFFSET, counts.shape)
    following = np.clip(at + np.sign(share).astype(int), 0, len(places) - 1)
    moved = axis.counts(places[at] + np.abs(share) * (places[following] - places[at]))
    return np.round(moved, EXACT_PLACES)
