"""Words that somebody has crossed out, which no answer holds: their writing, and the lines through it."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageChops

from data_engines.kinds.handwriting.pen import Stroke
from data_engines.tools.strokes import Course, stamp

STEP = 0.8
"""Pixels between the points of a line."""

Manner = Literal["lines", "zigzag"]


@dataclass(frozen=True)
class Crossing:
    """How a word is crossed out."""

    manner: Manner
    number: int
    """Of the lines, or of the turns of a zigzag."""
    width: float
    """Of the line in pixels."""
    seed: int


def choose_crossing(rng: np.random.Generator, size: int) -> Crossing:
    """A crossing of writing of `size` pixels."""
    manner: Manner = "lines" if rng.random() < 0.7 else "zigzag"
    number = int(rng.integers(1, 4) if manner == "lines" else rng.integers(5, 11))
    return Crossing(manner, number, float(size * rng.uniform(0.035, 0.07)), int(rng.integers(2**32)))


def cross_out(written: Stroke, crossing: Crossing) -> Stroke:
    """The writing with lines through it from one end to the other."""
    left, top, right, bottom = written.mask.getbbox() or (0, 0, 1, 1)
    rng = np.random.default_rng(crossing.seed)
    number = crossing.number
    if crossing.manner == "lines":
        heights = (np.arange(number) + 0.5 + rng.uniform(-0.25, 0.25, number)) / number
        ways = [
            np.column_stack([rng.uniform(-0.04, 0.04, 5) + (0, 0.25, 0.5, 0.75, 1), height + drift])
            for height, drift in zip(
                0.25 + 0.5 * heights, np.cumsum(rng.uniform(-0.06, 0.06, (number, 5)), axis=1), strict=True
            )
        ]
    else:
        along = np.linspace(0, 1, 2 * number) + rng.uniform(-0.02, 0.02, 2 * number)
        ways = [np.column_stack([along, np.tile((0.1, 0.9), number) + rng.uniform(-0.12, 0.12, 2 * number)])]
    scale = np.array([right - left, bottom - top])
    points = np.concatenate([_between(way * scale + (left, top)) for way in ways])
    ink = np.full(len(points), float(rng.uniform(0.8, 1)))
    lines, (x, y) = stamp(Course(points, np.full(len(points), crossing.width), ink))
    # both on one mask, which begins where the first of them does
    begin = min(x, 0), min(y, 0)
    width = max(x + lines.width, written.mask.width) - begin[0]
    height = max(y + lines.height, written.mask.height) - begin[1]
    masks = []
    for mask, (across, down) in ((written.mask, (0, 0)), (lines, (x, y))):
        canvas = Image.new("L", (width, height))
        canvas.paste(mask, (across - begin[0], down - begin[1]))
        masks.append(canvas)
    return Stroke(ImageChops.lighter(*masks), written.x - begin[0], written.baseline - begin[1])


def _between(way: np.ndarray) -> np.ndarray:
    """Points along a way through corners, of shape (corners, 2), at equal distances."""
    reach = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(way, axis=0).T))])
    wanted = np.linspace(0, reach[-1], max(2, math.ceil(reach[-1] / STEP)))
    return np.column_stack([np.interp(wanted, reach, way[:, axis]) for axis in (0, 1)])
