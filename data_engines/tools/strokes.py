"""Signs as strokes of a pen, each drawn a little differently whenever it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from data_engines.engine import Rgb

SPACING = 0.022
"""Distance of the points of a sign in ems."""
LINK_POINTS = 24
"""Points of the line that a pen leaves on its way from a stroke to the next."""
LONGEST_LINK = 0.55
"""Longest way in ems on which a pen may stay on the paper."""
THINNEST = 0.45
"""Radius in pixels of the thinnest pen: a thinner line would have gaps."""
RADIUS_STEP = 0.1
PARTS = 4
"""Parts of a pixel, across and down, in which the middle of the pen is told apart."""
ROUNDED = 5
"""Times that corners are smoothed for the hand that rounds them most."""

PENS: tuple[Rgb, ...] = ((25, 25, 28), (22, 38, 120), (35, 45, 90), (70, 70, 75), (125, 25, 30), (20, 70, 45))
PEN_CHANCES = (0.35, 0.25, 0.17, 0.13, 0.06, 0.04)


@dataclass(frozen=True)
class Pen:
    """How somebody draws signs."""

    width: float
    """Width of a stroke in ems."""
    stray: float
    """How far strokes stray from their places, in ems."""
    rounding: float
    """From 0, sharp corners, to 1, those of a quick hand."""
    taper: float
    """Share of the width that a stroke may lose to its end."""
    joining: float
    """Probability that the pen stays on the paper between two strokes, where their order is known."""
    pressure: float
    """Share of the ink that may be missing in the faintest stroke."""
    slant: float
    """Ems to the right per em up."""
    rise: float
    """Ems up per em to the right within a sign; a wide one, such as a bar, rises no more than that in all."""


@dataclass(frozen=True)
class Sign:
    """A sign as points along its strokes."""

    points: np.ndarray
    """In ems to the right and below the start of the baseline, of shape (points, 2)."""
    rounded: np.ndarray
    """The same points where the corners are rounded most."""
    stroke: np.ndarray
    """The number of the stroke of each point."""
    along: np.ndarray
    """The place of each point in its stroke: 0 at the start, 1 at the end."""
    ordered: bool
    """Whether the strokes are in the order of writing."""

    @property
    def strokes(self) -> int:
        return int(self.stroke[-1]) + 1 if len(self.stroke) else 0


def sign_of(paths: Sequence[np.ndarray], *, ordered: bool = False) -> Sign:
    """The sign that is drawn along paths, which are in ems and of shape (points, 2)."""
    parts = [_resample(path) for path in paths]
    rounded = [_round(part) for part in parts]
    counts = [len(part) for part in parts]
    return Sign(
        points=np.concatenate(parts or [np.empty((0, 2), np.float32)]),
        rounded=np.concatenate(rounded or [np.empty((0, 2), np.float32)]),
        stroke=np.repeat(np.arange(len(parts)), counts),
        along=np.concatenate(
            [np.linspace(0, 1, count, dtype=np.float32) for count in counts] or [np.empty(0, np.float32)]
        ),
        ordered=ordered,
    )


def choose_ink(rng: np.random.Generator) -> Rgb:
    """The colour of a pen."""
    levels = np.array(PENS[rng.choice(len(PENS), p=PEN_CHANCES)]) + rng.integers(-12, 30, 3)
    red, green, blue = np.clip(levels, 0, 255).tolist()
    return red, green, blue


def choose_pen(rng: np.random.Generator, width: tuple[float, float], quick: float, stray: float) -> Pen:
    """A pen for signs that stand nearly upright and unjoined, as in formulas.

    Args:
        rng: the only chance.
        width: of a stroke in ems, the least and the most.
        quick: from 0 for a careful hand to 1.
        stray: what a quick hand strays more than a careful one, in ems.
    """
    return Pen(
        width=float(rng.uniform(*width)),
        stray=float(0.012 + stray * quick),
        rounding=float(0.5 * quick),
        taper=float(rng.uniform(0, 0.5)),
        joining=0,
        pressure=float(rng.uniform(0, 0.35)),
        slant=float(np.clip(rng.normal(0.02, 0.08), -0.15, 0.25)),
        rise=float(np.clip(rng.normal(0.01, 0.015), -0.02, 0.04)),
    )


@dataclass(frozen=True)
class Course:
    """Points on the way of a pen, each at most about a pen's radius from the one before it."""

    points: np.ndarray
    """x to the right and y down, of shape (points, 2)."""
    width: np.ndarray
    """Thickness of the line at each point."""
    ink: np.ndarray
    """Share of the paper that the ink covers at each point."""

    def scaled(self, size: float) -> "Course":
        """The course with ems of `size` pixels."""
        return Course(self.points * size, self.width * size, self.ink)


def draw_signs(signs: Sequence[Sign], places: np.ndarray, pen: Pen, rng: np.random.Generator) -> Course:
    """The course of a pen that draws signs at `places`, in ems and of shape (signs, 2)."""
    strokes = np.array([sign.strokes for sign in signs])
    sign = np.repeat(np.arange(len(signs)), [len(one.stroke) for one in signs])
    first = np.cumsum(strokes) - strokes
    stroke = np.concatenate([one.stroke for one in signs]) + first[sign]
    along = np.concatenate([one.along for one in signs])
    points = np.concatenate([one.points for one in signs])
    points = points + pen.rounding * (np.concatenate([one.rounded for one in signs]) - points)
    points = _stray(points, stroke, rng, pen.stray, length=True)
    # bent strokes
    total = int(strokes.sum())
    starts = np.searchsorted(stroke, np.arange(total))
    ends = np.append(starts[1:], len(stroke)) - 1
    chord = points[ends] - points[starts]
    bow = np.stack([-chord[:, 1], chord[:, 0]], axis=1) * _normal(rng, total, 0.8 * pen.stray)[:, None]
    points += bow[stroke] * (4 * along * (1 - along))[:, None]
    points = _stray(points, sign, rng, pen.stray)
    rise = pen.rise / np.array([one.points[:, 0].max(initial=1) for one in signs])
    points[:, 1] -= rise[sign] * points[:, 0]
    points[:, 0] -= pen.slant * points[:, 1]
    points += places[sign]
    faint, taper = rng.random(total), rng.random(total)
    weight = rng.uniform(0.85, 1.15, total)
    width = pen.width * weight[stroke] * (1 - pen.taper * taper[stroke] * along**2)
    ink = 1 - pen.pressure * faint[stroke]
    links = _links(signs, first, points[starts], points[ends], pen, rng)
    return Course(
        np.concatenate([points, links]),
        np.concatenate([width, np.full(len(links), 0.6 * pen.width)]),
        np.concatenate([ink, np.full(len(links), 1 - 0.6 * pen.pressure)]),
    )


def stamp(course: Course) -> tuple[Image.Image, tuple[int, int]]:
    """The ink that a round pen leaves on a course in pixels, as a mask with its upper left corner."""
    radius = np.maximum(course.width / 2, THINNEST)
    reach = int(np.ceil(radius.max() + 0.5))
    # no ink at the edge of the mask
    corner = np.floor(course.points.min(axis=0)).astype(int) - reach - 1
    width, height = np.floor(course.points.max(axis=0)).astype(int) + reach + 2 - corner
    part = ((course.points - corner) * PARTS).astype(int)
    (x, y), (part_x, part_y) = (part // PARTS).T, (part % PARTS).T
    cover = _discs(reach)[((radius - THINNEST) / RADIUS_STEP).astype(int), part_y, part_x]
    cover = (cover * course.ink[:, None, None].astype(np.float32)).astype(np.uint8)
    steps = np.arange(-reach, reach + 1)
    around = steps[:, None] * width + steps
    levels = np.zeros(width * height, np.uint8)
    np.maximum.at(levels, (y * width + x)[:, None, None] + around, cover)
    return Image.fromarray(levels.reshape(height, width)), (int(corner[0]), int(corner[1]))


@lru_cache(maxsize=16)
def _discs(reach: int) -> np.ndarray:
    """How much of the pixels up to `reach` from its own a disc covers, from 0 to 255.

    By the step of its radius, and the part of its own pixel, down and across, in which its middle lies.
    """
    radius = np.arange(THINNEST, reach - 0.5 + 2 * RADIUS_STEP, RADIUS_STEP)
    middle = (np.arange(PARTS) + 0.5) / PARTS - 0.5
    off = np.arange(-reach, reach + 1) - middle[:, None]
    distance = np.hypot(off[:, None, :, None], off[None, :, None, :])
    return np.rint(255 * np.clip(radius[:, None, None, None, None] + 0.5 - distance, 0, 1)).astype(np.uint8)


def _resample(path: np.ndarray) -> np.ndarray:
    """Points along a path at equal distances, `SPACING` or a little less."""
    steps = np.hypot(*np.diff(path, axis=0).T)
    reach = np.concatenate([[0], np.cumsum(steps)])
    wanted = np.linspace(0, reach[-1], max(2, int(np.ceil(reach[-1] / SPACING)) + 1))
    return np.stack([np.interp(wanted, reach, path[:, axis]) for axis in (0, 1)], axis=1).astype(np.float32)


def _round(points: np.ndarray) -> np.ndarray:
    for _ in range(ROUNDED):
        inner = (points[:-2] + 2 * points[1:-1] + points[2:]) / 4
        points = np.concatenate([points[:1], inner, points[-1:]])
    return points


def _normal(rng: np.random.Generator, shape: int | tuple[int, int], scale: float) -> np.ndarray:
    """Normal numbers, none beyond two standard deviations: what goes further may be another sign."""
    return scale * np.clip(rng.standard_normal(shape), -2, 2)


def _stray(
    points: np.ndarray, group: np.ndarray, rng: np.random.Generator, stray: float, length: bool = False
) -> np.ndarray:
    """The points, each group of them moved, turned and stretched about its middle."""
    count = int(group[-1]) + 1
    number = np.maximum(np.bincount(group, minlength=count), 1)
    middle = np.stack([np.bincount(group, points[:, axis], count) / number for axis in (0, 1)], axis=1)
    away = points - middle[group]
    # what is long turns and stretches less
    span = np.bincount(group, np.hypot(*away.T), count) / number
    calm = np.minimum(1, 0.3 / np.maximum(span, 0.01))
    turn = (_normal(rng, count, 1.2 * stray) * calm)[group]
    grow = 1 + (_normal(rng, (count, 2), (1.2 if length else 0.8) * stray) * calm[:, None])[group]
    shift = _normal(rng, (count, 2), (0.4 if length else 0.7) * stray)
    x, y = (away * grow).T
    return np.stack([x - turn * y, y + turn * x], axis=1) + (middle + shift)[group]


def _links(
    signs: Sequence[Sign],
    first: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    pen: Pen,
    rng: np.random.Generator,
) -> np.ndarray:
    """Points on the ways between strokes on which the pen stays on the paper."""
    pairs = [
        first[i] + stroke
        for i, sign in enumerate(signs)
        if sign.ordered
        for stroke in range(sign.strokes - 1)
    ]
    before = np.array(pairs, dtype=int)
    way = starts[before + 1] - ends[before]
    linked = (rng.random(len(before)) < pen.joining) & (np.hypot(*way.T) < LONGEST_LINK)
    share = np.linspace(0, 1, LINK_POINTS)[None, :, None]
    return (ends[before][linked][:, None] + share * way[linked][:, None]).reshape(-1, 2)
