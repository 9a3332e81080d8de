"""What a library says that it drew: texts, marks and colours, with the pixels where they are."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageColor

from data_engines.engine import PixelBox
from data_engines.tools.boxes import Box

Point = tuple[float, float]


class Written(NamedTuple):
    """One or more lines of text in a picture."""

    text: str
    boxes: tuple[PixelBox, ...]
    """What the text covers: one box, or several small boxes if it is slanted."""
    x: float
    y: float
    """The point at which the text was placed: for a number of an axis, its place on the axis."""


def written_at(text: str, box: PixelBox, x: float, y: float, turn: float) -> Written:
    """A text turned clockwise by `turn` degrees about the point x, y; `box` is relative to that point."""
    left, top, right, bottom = box
    if turn == 0:
        return Written(text, ((left + x, top + y, right + x, bottom + y),), x, y)
    slantwise = turn % 90 != 0
    pieces = math.ceil(2 * (right - left) / (bottom - top)) if slantwise else 1
    ends = np.linspace(left, right, pieces + 1)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    boxes = []
    for start, end in pairwise(ends):
        corners = [(a, b) for a in (start, end) for b in (top, bottom)]
        xs = [x + a * cosine - b * sine for a, b in corners]
        ys = [y + a * sine + b * cosine for a, b in corners]
        boxes.append((min(xs), min(ys), max(xs), max(ys)))
    return Written(text, tuple(boxes), x, y)


@dataclass(frozen=True)
class DrawnChart:
    """The picture of a chart, and what the library says is in it."""

    picture: Image.Image
    texts: tuple[Written, ...]
    colors: tuple[str, ...]
    """Colours of series or slices, like "#1f77b4"."""
    legend: tuple[tuple[str, str], ...] = ()
    """Texts with the colours of the marks beside them."""
    bars: tuple[tuple[Box, ...], ...] = ()
    """(series, category)"""
    points: tuple[tuple[Point, ...], ...] = ()
    """(series, category)"""
    slices: tuple[tuple[float, float], ...] = ()
    """Start and end of each slice, in degrees clockwise from the top."""
    center: Point = (0.0, 0.0)
    """Centre of the pie in pixels."""


def ink_on(color: str) -> str:
    """Black or white, whichever is read better on a colour like "#1f77b4"."""
    red, green, blue = ImageColor.getrgb(color)[:3]
    return "#000000" if 0.3 * red + 0.6 * green + 0.1 * blue > 130 else "#ffffff"
