"""Whether a picture shows what its answer says: read back from what the library drew, not from the plan."""

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image

from data_engines.engine import PixelBox, Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.numbers import Axis, number, tick_text
from data_engines.kinds.chart.plan import Look, entries, value_text
from data_engines.tools.boxes import Box

NUMBER = re.compile(r"-?[\d,]*\d(?:\.\d+)?")
LEAST_MARGIN = 1.0
"""Pixels between any text and the edge of the picture."""
READ_ERROR = 0.02
"""How far, in parts between gridlines, a mark may be from where its number lies."""


class Written(NamedTuple):
    """A line of text in a picture."""

    text: str
    boxes: tuple[PixelBox, ...]
    """What it covers: one box, or, where it stands slantwise, one for each piece of it."""


def written_at(text: str, box: PixelBox, x: float, y: float, turn: float) -> Written:
    """A text whose `box` is seen from the point x, y about which it is turned clockwise, in degrees."""
    left, top, right, bottom = box
    if turn == 0:
        return Written(text, ((left + x, top + y, right + x, bottom + y),))
    slantwise = turn % 90 != 0
    pieces = math.ceil((right - left) / (bottom - top)) if slantwise else 1
    ends = np.linspace(left, right, pieces + 1)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    boxes = []
    for start, end in pairwise(ends):
        corners = [(a, b) for a in (start, end) for b in (top, bottom)]
        xs = [x + a * cosine - b * sine for a, b in corners]
        ys = [y + a * sine + b * cosine for a, b in corners]
        boxes.append((min(xs), min(ys), max(xs), max(ys)))
    return Written(text, tuple(boxes))


@dataclass(frozen=True)
class Drawn:
    """A picture, with what its library says is in it."""

    picture: Image.Image
    texts: tuple[Written, ...]
    bars: tuple[tuple[Box, ...], ...] = ()
    """(series, category)"""
    points: tuple[tuple[tuple[float, float], ...], ...] = ()
    """(series, category)"""
    shares: tuple[float, ...] = ()
    """Of slices."""


def check(chart: Chart, look: Look, plot: Box, drawn: Drawn, answer: str) -> None:
    """Raises a Reject unless the picture can be read, and reads as `answer`."""
    _check_boxes(drawn.texts, *drawn.picture.size)
    _check_texts(chart, look, drawn.texts)
    parsed = json.loads(answer)["values"]
    rows = list(parsed.values()) if len(chart.series) > 1 else [parsed]
    counts = [[_count(value, chart.places) for value in row.values()] for row in rows]
    if counts != [list(row) for row in chart.values]:
        raise Reject("the answer differs from the data")
    if chart.labelled:
        printed = {float(n.replace(",", "")) for text in drawn.texts for n in NUMBER.findall(text.text)}
        if not {float(number(count, chart.places)) for row in chart.values for count in row} <= printed:
            raise Reject("a number is not printed")
    _check_marks(chart, plot, drawn)


def _count(value: float, places: int) -> int:
    return round(value * 10**places)


def _check_boxes(texts: Sequence[Written], width: int, height: int) -> None:
    boxes = np.array([box for text in texts for box in text.boxes])
    owners = np.repeat(np.arange(len(texts)), [len(text.boxes) for text in texts])
    low, high = boxes[:, :2], boxes[:, 2:]
    if low.min() < LEAST_MARGIN or (high > np.array([width, height]) - LEAST_MARGIN).any():
        raise Reject("a text is cut off")
    meet = (low[:, None] < high[None]).all(axis=-1)
    if (meet & meet.T & (owners[:, None] != owners[None])).any():
        raise Reject("two texts overlap")


def _check_texts(chart: Chart, look: Look, texts: Sequence[Written]) -> None:
    """Every text is there in full, in as many lines as it may be, and nothing else is."""
    expected = [chart.title, chart.x_title, chart.y_title, *entries(chart, look)]
    expected.append(look.source_lead + chart.source if chart.source else None)
    if not chart.round or look.numbers == "outside":
        expected += chart.categories
    if chart.labelled and not (chart.round and look.numbers == "legend"):
        expected += [value_text(chart, count) for counts in chart.values for count in counts]
    if not chart.round:
        expected += _tick_texts(chart.axis, chart.places)
    if chart.x_axis:
        expected += _tick_texts(chart.x_axis, chart.x_places)
    solid = ["".join(text.split()) for text in expected if text]
    found = "".join("".join(text.text.split()) for text in texts)
    if Counter(found) != Counter("".join(solid)) or not all(text in found for text in solid):
        raise Reject("a text is missing")


def _tick_texts(axis: Axis, places: int) -> list[str]:
    return [tick_text(count, places, axis) for count in axis.ticks]


def _check_marks(chart: Chart, plot: Box, drawn: Drawn) -> None:
    """Numbers are where a reader looks for them: measured along the axis, or in parts of the pie."""
    if chart.round:
        whole = sum(chart.values[0])
        if not np.allclose(drawn.shares, [count / whole for count in chart.values[0]], atol=1e-3):
            raise Reject("a mark is not where its number is")
        return
    flat = chart.form == "bar"
    extent = plot.width if flat else plot.height
    scale = (chart.axis.high - chart.axis.low) / extent
    if drawn.bars:
        # bars that don't stand on zero, because the axis starts above it, are read by their ends
        cut = 0 if chart.stacked else max(chart.axis.low, 0)
        lengths = [[bar.width if flat else bar.height for bar in row] for row in drawn.bars]
        signs = np.sign(np.array(chart.values))
        read = np.array(lengths) * scale * np.where(signs < 0, -1, 1) + cut
        rows = list(read)
    else:
        rows = [
            np.array([chart.axis.low + (plot.bottom - y) * scale for _, y in row]) for row in drawn.points
        ]
    part = chart.axis.step / chart.axis.parts
    _compare(rows, chart.values, part)
    if chart.x_axis:
        scale = (chart.x_axis.high - chart.x_axis.low) / plot.width
        xs = [np.array([chart.x_axis.low + (x - plot.left) * scale for x, _ in row]) for row in drawn.points]
        _compare(xs, chart.x_values, chart.x_axis.step / chart.x_axis.parts)


def _compare(rows: Sequence[np.ndarray], counts: Sequence[Sequence[int]], part: float) -> None:
    for row, expected in zip(rows, counts, strict=True):
        if len(row) != len(expected) or np.abs(row - np.array(expected)).max() > READ_ERROR * part:
            raise Reject("a mark is not where its number is")
