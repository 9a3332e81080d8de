"""Curves over the steps of training, or over its rows, as SVG inside a page.

They have the page's colours, light or dark. Lines are told apart by dashes, dots and letters too, and each
curve has a text for those who do not see it and its figures as a table.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from got_train.pages.template import render

WIDTH, HEIGHT = 400, 250
"""Size of a curve in units that are pixels where it is shown in its own size, as on a phone."""
TOP, BOTTOM, RIGHT = 14, 38, 34
CHARACTER = 7.0
"""Width of a digit."""
LETTER_GAP = 13
"""Least distance of letters at the ends of lines."""

MAX_POINTS = 300
"""Most points of a line; of more, the lowest and the highest of each of equal stretches are drawn."""
MAX_ROWS = 24
"""Most steps in the table of a curve."""
MAX_VALUE = 1e100
"""Larger numbers are drawn as if they were not finite."""
LEAST = 1e-30
"""Smaller differences are none."""
LOG_RATIO = 20
"""Losses whose largest value is so many times the least are drawn over a logarithmic scale."""
NUM_COLORS = 6

Points = Sequence[tuple[int, float]]
"""Steps and values, by step."""


@dataclass(frozen=True)
class Line:
    """A line of a curve."""

    label: str
    points: Points
    color: int = 0
    dashed: bool = False
    """Dashed lines have a dot at each point."""
    letter: str = ""
    """What stands at its end."""
    intervals: Sequence[tuple[int, float, float]] = ()
    """Bars from a lowest to a highest value, at some of the steps."""


@dataclass(frozen=True)
class Axis:
    """A scale from values to places."""

    low: float
    high: float
    start: float
    end: float
    """The places of `low` and `high`."""
    is_log: bool = False

    def place(self, value: float) -> float:
        low, high, at = map(math.log10, (self.low, self.high, value)) if self.is_log else (
            self.low, self.high, value)  # fmt: skip
        return round(self.start + (at - low) / (high - low) * (self.end - self.start), 1)


@dataclass(frozen=True)
class Over:
    """What a curve is drawn over."""

    title: str
    """What stands below the axis."""
    place: str
    """How a place on the axis is named, as in `step {:,}`."""


STEPS = Over("step", "step {:,}")
ROWS = Over("training rows", "{:,} rows")


def curve_html(title: str, lines: Sequence[Line], may_be_log: bool = False, over: Over = STEPS) -> Markup:
    """A curve with its legend, its text for screen readers and its figures.

    Args:
        title: what is drawn, with its unit.
        lines: with at least one point in all.
        may_be_log: whether the scale is logarithmic where values differ very much, as losses do.
        over: what it is drawn over.
    """
    finite = {line.label: [point for point in line.points if is_drawn(point[1])] for line in lines}
    values = [value for points in finite.values() for _, value in points]
    values += [end for line in lines for _, *ends in line.intervals for end in ends]
    steps = [step for line in lines for step, _ in line.points]
    is_log = may_be_log and bool(values) and min(values) > 0 and max(values) > LOG_RATIO * min(values)
    low, high = _range(values, is_log)
    y_ticks = list(_log_ticks(low, high) if is_log else _ticks(low, high))
    left = 12 + CHARACTER * max(len(number(tick)) for tick in y_ticks)
    y = Axis(low, high, HEIGHT - BOTTOM, TOP, is_log)
    first, last = min(steps), max(steps)
    x = Axis(first, last if last > first else first + 1, left, WIDTH - RIGHT)
    return render(
        "curve.html",
        title=title,
        note="logarithmic scale" if is_log else "",
        over=over.title,
        summary=". ".join([title, *(_in_words(line, finite[line.label], over.place) for line in lines)]),
        size=(WIDTH, HEIGHT),
        frame=(left, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM),
        x_ticks=[(x.place(tick), number(tick)) for tick in _ticks(x.low, x.high) if tick == int(tick)],
        y_ticks=[(y.place(tick), number(tick)) for tick in y_ticks],
        lines=[_drawn(line, x, y) for line in lines],
        letters=_letters([(line, finite[line.label]) for line in lines], x, y),
        faults=[fault for line in lines for fault in _not_finite(line, over.place)],
        header=[over.title, *(line.label for line in lines)],
        rows=_rows(lines),
    )


def is_drawn(value: float) -> bool:
    """Whether a value has a place on a curve; NaN and infinite values have none."""
    return abs(value) <= MAX_VALUE


def number(value: float) -> str:
    """A number as a person reads it.

    >>> number(0.00033712), number(12345.6), number(300), number(float("nan"))
    ('0.000337', '12,346', '300', 'NaN')
    """
    if math.isnan(value):
        return "NaN"
    if 1000 <= abs(value) < 1e9:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _range(values: Sequence[float], is_log: bool) -> tuple[float, float]:
    """The ends of the scale of values, with 0 among them unless it is logarithmic."""
    if is_log:
        return min(values), max(values)
    low, high = min(0.0, *values, 0.0), max(0.0, *values, 0.0)
    return low, high if high - low > LEAST else low + 1.0


def _ticks(low: float, high: float, most: int = 5) -> Iterator[float]:
    """Round numbers between two ends: 1, 2 or 5 times a power of ten apart.

    >>> list(_ticks(0, 0.07))
    [0.0, 0.02, 0.04, 0.06]
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    apart = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    for count in range(math.ceil(low / apart - 1e-9), math.floor(high / apart + 1e-9) + 1):
        yield float(f"{count * apart:.12g}")


def _log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two ends of a logarithmic scale: powers of ten, some left out where many are."""
    powers = range(math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9) + 1)
    apart = -(-len(powers) // most)
    return [float(f"1e{power}") for power in powers if power % apart == 0]


def _thinned(points: Points) -> Points:
    """At most about `MAX_POINTS` of the points, with the lowest and the highest of each stretch."""
    if len(points) <= MAX_POINTS:
        return points
    ends = np.linspace(0, len(points), MAX_POINTS // 2 + 1, dtype=int).tolist()
    kept = {0, len(points) - 1}
    for start, end in zip(ends, ends[1:], strict=False):
        values = [points[index][1] for index in range(start, end)]
        kept |= {start + values.index(min(values)), start + values.index(max(values))}
    return [points[index] for index in sorted(kept)]


def _drawn(line: Line, x: Axis, y: Axis) -> dict[str, Any]:
    """A line as the template wants it: broken where a value is not finite, a dot where it is one point."""
    pieces: list[list[tuple[int, float]]] = [[]]
    for point in line.points:
        if is_drawn(point[1]):
            pieces[-1].append(point)
        elif pieces[-1]:
            pieces.append([])
    placed = [
        [(x.place(step), y.place(value)) for step, value in _thinned(piece)] for piece in pieces if piece
    ]
    dots = [place for piece in placed for place in piece if line.dashed or len(piece) == 1]
    return {
        "label": line.label,
        "style": f"{_color(line)}{' dashed' if line.dashed else ''}",
        "dashed": line.dashed,
        "paths": [" ".join(f"{left},{top}" for left, top in piece) for piece in placed if len(piece) > 1],
        "dots": dots if len(dots) <= MAX_POINTS // 3 else [],
        "bars": [(x.place(step), y.place(low), y.place(high)) for step, low, high in line.intervals],
    }


def _letters(lines: Sequence[tuple[Line, Points]], x: Axis, y: Axis) -> list[dict[str, Any]]:
    """The letters at the ends of lines, moved apart where lines end at the same height."""
    lettered = [(line, points[-1]) for line, points in lines if line.letter and points]
    ends = [(y.place(value) + 4, x.place(step) + 7, line) for line, (step, value) in lettered]
    ends.sort(key=lambda end: end[0])
    heights: list[float] = []
    for height, _, _ in ends:
        heights.append(max(height, heights[-1] + LETTER_GAP) if heights else height)
    over = max(0.0, heights[-1] - (HEIGHT - BOTTOM + 4)) if heights else 0.0
    return [
        {"letter": line.letter, "style": _color(line), "x": left, "y": round(height - over, 1)}
        for height, (_, left, line) in zip(heights, ends, strict=True)
    ]


def _color(line: Line) -> str:
    return f"c{line.color % NUM_COLORS}"


def _in_words(line: Line, points: Points, place: str) -> str:
    """What a line shows, for those who do not see it."""
    if not points:
        return f"{line.label}: no finite value"
    (first, start), (last, end) = points[0], points[-1]
    if len(points) == 1:
        return f"{line.label}: {number(start)} at {place.format(first)}"
    least, lowest = min(points, key=lambda point: point[1])
    most, highest = max(points, key=lambda point: point[1])
    return (
        f"{line.label}: {number(start)} at {place.format(first)}, {number(end)} at {place.format(last)}, "
        f"lowest {number(lowest)} at {place.format(least)}, highest {number(highest)} at {place.format(most)}"
    )


def _not_finite(line: Line, place: str) -> list[str]:
    bad = [step for step, value in line.points if not is_drawn(value)]
    return [f"{line.label}: {len(bad):,} not finite, the first at {place.format(bad[0])}"] if bad else []


def _rows(lines: Sequence[Line]) -> list[list[str]]:
    """The table of a curve: of many steps evenly spread ones, with the last."""
    steps = sorted({step for line in lines for step, _ in line.points})
    if len(steps) > MAX_ROWS:
        steps = [steps[index] for index in np.linspace(0, len(steps) - 1, MAX_ROWS, dtype=int).tolist()]
    values = [dict(line.points) for line in lines]
    return [
        [f"{step:,}", *(number(known[step]) if step in known else "" for known in values)] for step in steps
    ]
