"""Where the points of a picture go: turned on a scanner, or tilted, curled and folded before a camera.

Sheets are moved onto a canvas that holds all of them, so nothing is cut off.
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from data_engines.engine import PixelBox
from data_engines.tools.degrade.fields import lit, paper_color, to_mask
from data_engines.tools.photos import Background, choose_background, make_background
from data_engines.tools.warp import project, warp

MAX_SKEW_DEGREES = 4.0
"""Of a sheet on a scanner."""
MAX_TURN_DEGREES = 7.0
"""Of a sheet before a camera."""
MAX_TILT = 0.14
"""How much nearer the near edge of a sheet may be than its middle, in shares of the camera's distance."""
MAX_CURL = 0.045
"""Height of a curled sheet in shares of its shorter side, as far as it moves what is on it."""
MAX_FOLD = 0.02
"""The same of a sheet that was folded."""
MAX_GROUND = 0.06
"""Width of the desk that is seen beyond the sheet, in shares of the sheet's sides."""
KNOTS = 129
"""Places across and down at which the height of a sheet is given."""
PATCH = 32
"""Side in pixels of the patches of a photograph: what is curled is off by a quarter of a pixel in one."""
ROUNDS = 8
"""In which a point is looked for that is seen at another: each brings it nearer by a factor of 3 or more."""


class Move(Protocol):
    """A map of the points of a picture."""

    def points(self, points: np.ndarray) -> np.ndarray:
        """Where points of the picture are seen; both x and y in pixels, of shape (points, 2)."""


def move_box(move: Move, box: PixelBox) -> PixelBox:
    """The smallest upright box around what was inside `box`."""
    left, top, right, bottom = box
    along = np.linspace(0, 1, 17)
    xs, ys = left + along * (right - left), top + along * (bottom - top)
    ends = np.ones_like(along)
    sides = [(xs, top * ends), (xs, bottom * ends), (left * ends, ys), (right * ends, ys)]
    outline = np.concatenate([np.stack(side, axis=1) for side in sides])
    seen = move.points(outline)
    (left, top), (right, bottom) = seen.min(axis=0).tolist(), seen.max(axis=0).tolist()
    return left, top, right, bottom


@dataclass(frozen=True)
class Turn:
    """A rotation of a picture around its middle."""

    degrees: float
    """Angle of the rotation, clockwise."""
    old: tuple[int, int]
    """Width and height before the rotation."""
    new: tuple[int, int]

    def points(self, points: np.ndarray) -> np.ndarray:
        cos, sin = self._turn()
        return (points - np.divide(self.old, 2)) @ [[cos, sin], [-sin, cos]] + np.divide(self.new, 2)

    def picture(self, picture: Image.Image) -> Image.Image:
        cos, sin = self._turn()
        x, y = self.new[0] / 2, self.new[1] / 2
        # Pillow wants the map from points of the new picture to points of the old one
        back = (cos, sin, self.old[0] / 2 - cos * x - sin * y, -sin, cos, self.old[1] / 2 + sin * x - cos * y)
        how = Image.Transform.AFFINE, back, Image.Resampling.BILINEAR
        return picture.transform(self.new, *how, fillcolor=paper_color(picture))

    def _turn(self) -> tuple[float, float]:
        return math.cos(math.radians(self.degrees)), math.sin(math.radians(self.degrees))


def choose_turn(rng: np.random.Generator, size: tuple[int, int], amount: float) -> Turn:
    degrees = MAX_SKEW_DEGREES * amount * rng.choice([-1, 1])
    cos, sin = math.cos(math.radians(degrees)), abs(math.sin(math.radians(degrees)))
    width, height = size
    return Turn(degrees, size, (math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)))


@dataclass(frozen=True, eq=False)
class Relief:
    """The height of a sheet over the desk, as the sum of one that varies across and one that varies down."""

    size: tuple[int, int]
    """Width and height of the sheet in pixels."""
    across: np.ndarray
    """Heights in pixels at `KNOTS` places from left to right."""
    down: np.ndarray
    """Heights in pixels at `KNOTS` places from top to bottom."""
    lean: np.ndarray
    """How far a point is seen aside, to the right and downwards, for each pixel of its height."""
    light: float
    """Angle from which light comes, in radians."""

    def shifts(self, points: np.ndarray) -> np.ndarray:
        """How far points of the sheet are seen aside; both of shape (points, 2)."""
        knots = np.linspace(0, 1, KNOTS)
        x, y = (points / self.size).T
        return (np.interp(x, knots, self.across) + np.interp(y, knots, self.down))[:, None] * self.lean

    def shading(self) -> Image.Image:
        """Light on the sheet: what leans away from it is darker."""
        width, height = self.size
        right = np.gradient(self.across) * (KNOTS - 1) / width * math.cos(self.light)
        downwards = np.gradient(self.down) * (KNOTS - 1) / height * math.sin(self.light)
        bright = 1 - 0.3 * np.tanh(6 * np.add.outer(downwards, right))
        return to_mask(bright / bright.max(), self.size)


@dataclass(frozen=True, eq=False)
class View:
    """A sheet as a camera sees it."""

    relief: Relief
    matrix: np.ndarray
    """Projective map from pixels of the sheet to those of the photograph, of shape (3, 3)."""
    size: tuple[int, int]
    """Width and height of the photograph."""
    ground: Background | None
    """What the sheet lies on; None for the dark frame of a screen."""

    def points(self, points: np.ndarray) -> np.ndarray:
        return project(self.matrix, *(points + self.relief.shifts(points)).T)

    def backward(self, points: np.ndarray) -> np.ndarray:
        """The points of the sheet that are seen at `points`: the inverse of `points`."""
        flat = project(np.linalg.inv(self.matrix), *points.T)
        found = flat
        for _ in range(ROUNDS):
            found = flat - self.relief.shifts(found)
        return found

    def picture(self, picture: Image.Image) -> Image.Image:
        """The RGB photograph of the sheet on its ground."""
        sheet = lit(picture, self.relief.shading())
        # a pixel more on each side, so that what lies at the very edge isn't blended with black
        padded = Image.new(sheet.mode, (sheet.width + 2, sheet.height + 2), paper_color(sheet))
        padded.paste(sheet, (1, 1))
        seen = self._warped(padded).convert("RGB")
        outline = Image.new("L", (2 * self.size[0], 2 * self.size[1]))
        corners = 2 * self.points(_outline(*self.relief.size))
        ImageDraw.Draw(outline).polygon([tuple(corner) for corner in corners.tolist()], fill=255)
        outline = outline.reduce(2)
        if self.ground is None:
            ground = Image.new("RGB", self.size, (24, 24, 26))
        else:
            ground = _in_shadow(_desk(self.ground, self.size), outline)
        ground.paste(seen, mask=outline)
        return ground

    def _warped(self, padded: Image.Image) -> Image.Image:
        """The sheet, which has a pixel more on each side, on black."""
        if not (self.relief.across.any() or self.relief.down.any()):
            back = [[1, 0, 1], [0, 1, 1], [0, 0, 1]] @ np.linalg.inv(self.matrix)
            seen = (back / back[2, 2]).ravel()[:8].tolist()
            return padded.transform(self.size, Image.Transform.PERSPECTIVE, seen, Image.Resampling.BILINEAR)
        return warp(padded, self.size, lambda points: self.backward(points) + 1, PATCH)


def choose_photograph(rng: np.random.Generator, size: tuple[int, int], amount: float) -> View:
    """A view of a sheet on a desk, flat, folded or curled."""
    across, down = np.zeros(KNOTS), np.zeros(KNOTS)
    form = rng.random()
    if form < 0.35:
        across = _choose_folds(rng, int(rng.integers(0, 4)), amount)
        down = _choose_folds(rng, int(rng.integers(1, 4)), amount)
    elif form < 0.8:
        across = _choose_curl(rng, amount)
        down = _choose_curl(rng, amount / 2)
    lean = np.array([0.4 * rng.uniform(-1, 1), rng.choice([-1, 1])])
    heights = min(size) * across, min(size) * down
    relief = Relief(size, *heights, lean, rng.uniform(0, 2 * math.pi))
    ground = choose_background(rng, ())
    # most desks are grey or brown: they have most red and least blue
    warm = tuple((max(color), sorted(color)[1], min(color)) for color in ground.palette)
    return _choose_view(rng, relief, amount, replace(ground, palette=warm))


def choose_screen(rng: np.random.Generator, size: tuple[int, int], amount: float) -> View:
    """A view of a screen, which is flat and has a dark frame."""
    flat = np.zeros(KNOTS)
    return _choose_view(rng, Relief(size, flat, flat, np.zeros(2), 0.0), amount, None)


def _choose_view(rng: np.random.Generator, relief: Relief, amount: float, ground: Background | None) -> View:
    width, height = relief.size
    angle = math.radians(MAX_TURN_DEGREES * amount * rng.uniform(-1, 1))
    tilt = MAX_TILT * amount * rng.uniform(-1, 1, 2) * 2 / np.array([width, height])
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [*tilt, 1]])
    matrix = matrix @ [[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1]]
    seen = View(relief, matrix, (0, 0), ground).points(_outline(width, height))
    beyond = 2 + MAX_GROUND * rng.random((2, 2)) * [width, height]
    corner, end = seen.min(axis=0) - beyond[0], seen.max(axis=0) + beyond[1]
    shift = [[1, 0, -corner[0]], [0, 1, -corner[1]], [0, 0, 1]]
    seen_width, seen_height = np.ceil(end - corner).astype(int).tolist()
    return View(relief, shift @ matrix, (seen_width, seen_height), ground)


def _choose_folds(rng: np.random.Generator, number: int, amount: float) -> np.ndarray:
    """Heights, in shares of a side, of a sheet with so many folds, as in a letter, with their creases."""
    if not number:
        return np.zeros(KNOTS)
    places = (np.arange(1, number + 1) / (number + 1) + rng.uniform(-0.02, 0.02, number)) * (KNOTS - 1)
    tops = MAX_FOLD * amount * rng.uniform(0.4, 1, number) * rng.choice([-1, 1], number)
    heights = np.interp(np.arange(KNOTS), [0, *places, KNOTS - 1], [0, *tops, 0])
    heights[places.astype(int)] -= 0.05 * tops
    return heights


def _choose_curl(rng: np.random.Generator, amount: float) -> np.ndarray:
    """Heights, in shares of a side, of a sheet that is wavy, or rises towards the spine of a book."""
    along = np.linspace(0, 1, KNOTS)
    height = MAX_CURL * amount * rng.uniform(-1, 1)
    if rng.random() < 0.5:
        return height * np.cos(2 * math.pi * (rng.uniform(0.3, 1) * along + rng.random()))
    spine = np.exp(-along / rng.uniform(0.1, 0.25))
    return height * (spine if rng.random() < 0.5 else spine[::-1])


def _outline(width: int, height: int) -> np.ndarray:
    """Points round a sheet, clockwise from its upper left corner, of shape (4 * KNOTS, 2)."""
    along, low, high = np.linspace(0, 1, KNOTS), np.zeros(KNOTS), np.ones(KNOTS)
    sides = [(along, low), (high, along), (along[::-1], high), (low, along[::-1])]
    return np.concatenate([np.stack(side, axis=1) for side in sides]) * (width, height)


def _desk(ground: Background, size: tuple[int, int]) -> Image.Image:
    """A texture, more even than most and of half the resolution, as what is out of focus."""
    desk = make_background(ground, size[0] // 2 + 1, size[1] // 2 + 1)
    even = desk.resize((1, 1), Image.Resampling.BOX).resize(desk.size)
    return Image.blend(desk, even, 0.6).resize(size, Image.Resampling.BILINEAR)


def _in_shadow(ground: Image.Image, outline: Image.Image) -> Image.Image:
    """The ground with the shadow of the sheet that lies on it."""
    small = outline.reduce(4).filter(ImageFilter.BoxBlur(3))
    light = small.point([255 - level // 3 for level in range(256)])
    return lit(ground, light.resize(ground.size, Image.Resampling.BILINEAR))
