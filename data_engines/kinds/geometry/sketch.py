"""A figure in the making: the elements drawn so far, and the texts that still need a free place."""

import math
import re
from collections.abc import Sequence
from itertools import product
from typing import TypeVar

import numpy as np

from data_engines.kinds.geometry.plane import Point, angle, cross, direction, middle, polar
from data_engines.kinds.geometry.tikz import Arc, AxisArrow, Dot, Element, Ellipse, Node, Polyline, number
from data_engines.tools.chance import one_of

Item = TypeVar("Item")

SIDES = {
    "above": 1j,
    "below": -1j,
    "left": -1 + 0j,
    "right": 1 + 0j,
    "above left": -1 + 1j,
    "above right": 1 + 1j,
    "below left": -1 - 1j,
    "below right": 1 - 1j,
}
"""TikZ's placements of a text, and the direction from its point in which each puts the text."""
GAP = 0.117
"""Centimetres from a point to its text: TikZ's inner sep, a third of the font's size."""
CLEAR = 0.04
"""Smallest distance in centimetres between a text and any line."""
AIRY = 0.14
"""Distance in centimetres between a text and the lines beyond which more room is no better."""
STROKES_APART = 0.09
"""Distance in centimetres of the strokes that mark equal sides, and of the arrow heads of parallels."""
ARCS_APART = 0.08
"""Distance in centimetres of the arcs that mark equal angles."""
COLORS = ("red", "blue", "teal", "orange", "violet", "brown", "magenta", "gray")
FILLS = ("gray!20", "gray!40", "blue!15", "red!15", "yellow!30", "green!15", "orange!20", "cyan!20")
PATTERNS = ("north east lines", "north west lines", "dots", "crosshatch")
LETTERS = "ABCDEFGHKLMNPQRSTUVWXYZ"


class Crowded(Exception):  # noqa: N818 (not an error: this figure was one try)
    """There is no free place for a letter."""


class Sketch:
    """One figure, drawn with chance from `rng`; `place_letters` is called last."""

    def __init__(self, rng: np.random.Generator, colored: bool = False) -> None:
        self.rng = rng
        self.elements: list[Element] = []
        self.color = str(self.choose(COLORS)) if colored else None
        """Colour of the accented parts of the figure; None for an all-black figure."""
        self.marking: tuple[str, ...] = (self.color,) if self.color and self.chance(0.5) else ()
        """The style of signs on the figure, such as right angles and strokes on equal sides."""
        self.units_per_cm = self.choose((0.5, 1, 1, 2, 2, 3, 4, 5, 10))
        """Length of a centimetre in the numbers of the figure, which fit each other as in an exercise."""
        self.unit = self.choose(("", "", "", r"\,\mathrm{cm}", r"\,\mathrm{m}"))
        self.upright = self.chance(0.1)
        """Whether letters stand upright rather than in italics."""
        self.dots = self.chance(0.2)
        """Whether named points have dots."""
        first = int(rng.integers(8, 16)) if self.chance(0.15) else 0
        self._free_letters = list(LETTERS[first:] + LETTERS[:first])
        self._texts: list[tuple[Point, str, bool]] = []
        """For each text: its point, the text, and whether the figure must have it."""
        self._angle_texts: list[tuple[Point, float, float, str]] = []
        """For each text in an angle: corner, radius of the arc, direction in degrees, and the text."""

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def uniform(self, low: float, high: float, digits: int = 1) -> float:
        """A number with few decimals, as people choose them."""
        return round(float(self.rng.uniform(low, high)), digits)

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(self.rng.integers(low, high, endpoint=True))

    def choose(self, items: Sequence[Item]) -> Item:
        return one_of(self.rng, items)

    def accent(self) -> tuple[str, ...]:
        """The style of an element that may have the figure's colour."""
        return (self.color,) if self.color and self.chance(0.7) else ()

    def filling(self, share: float, hatched: bool = False) -> tuple[str, ...]:
        """The style of an area, filled with probability `share`; `hatched` also allows patterns."""
        if not self.chance(share):
            return ()
        if hatched and self.chance(0.5):
            return (f"pattern={self.choose(PATTERNS)}",)
        return (f"fill={self.choose(FILLS)}",)

    def line(
        self, *points: Point, style: tuple[str, ...] = (), named: bool = False, closed: bool = False
    ) -> None:
        """Draws strokes from point to point; `named` gives letters to those points that have none."""
        self.elements.append(Polyline(points, closed, style))
        if named:
            self.name(*points)

    def polygon(self, *corners: Point, style: tuple[str, ...] = (), named: bool = False) -> None:
        self.line(*corners, style=style, named=named, closed=True)

    def circle(self, center: Point, radius: float, style: tuple[str, ...] = ()) -> None:
        self.elements.append(Ellipse(center, (radius, radius), style))

    def name(self, *points: Point, letter: str = "", dots: bool = False) -> None:
        """Names each point with the next free letter, or a single point with `letter` if that is free.

        Points that have a name keep it; `dots` puts a dot on each point in any case.
        """
        for point in points:
            if dots:
                self.dot(point)
            if any(abs(point - named) < 0.01 for named, _, needed in self._texts if needed):
                continue
            # O and I name only centres
            chosen = letter if letter in (*self._free_letters, "O", "I") else self._free_letters[0]
            if chosen in self._free_letters:
                self._free_letters.remove(chosen)
            self._texts.append((point, chosen if self.upright else f"${chosen}$", True))
            if self.dots:
                self.dot(point)

    def dot(self, point: Point) -> None:
        self.elements.append(Dot(point))

    def name_pair(self, letter: str, *points: Point) -> None:
        """Names points with one letter, numbered from 1, and puts dots on them."""
        for place, point in enumerate(points, start=1):
            self.dot(point)
            self._texts.append((point, f"${letter}_{place}$", True))

    def write(self, point: Point, text: str) -> None:
        """Writes a text beside a point; where there is no room, it is left out."""
        self._texts.append((point, text, False))

    def length(self, a: Point, b: Point, text: str = "") -> None:
        """Writes a side's length at its middle: `text`, or else its size or a small letter."""
        size = self.measure(a, b) + self.unit
        self.write(middle(a, b), f"${text or self.choose((size, size, size, self.choose('abcdhklmnrxy')))}$")

    def measure(self, a: Point, b: Point) -> str:
        """The distance of two points in the units of the figure, with a digit after the point below 20."""
        size = abs(b - a) * self.units_per_cm
        return f"{size:.0f}" if size >= 20 else number(size, 1)

    def right_angle(self, corner: Point, a: Point, b: Point) -> None:
        size = min(0.25, abs(a - corner) / 3, abs(b - corner) / 3)
        one, other = polar(size, direction(corner, a)), polar(size, direction(corner, b))
        strokes = corner + one, corner + one + other, corner + other
        self.elements.append(Polyline(strokes, style=self.marking, mark=True))

    def angle(self, corner: Point, a: Point, b: Point, text: str = "", arcs: int = 1) -> None:
        """Marks the angle between two rays by one or more arcs, with `text` in it where there is room."""
        start, end = direction(corner, a), direction(corner, b)
        if cross(a - corner, b - corner) < 0:
            start, end = end, start
        end += 360 * (end < start)
        radius = min(0.7, 0.3 + 10 / (end - start), abs(a - corner) / 2, abs(b - corner) / 2)
        size = round(radius, 2)
        style = self.accent()
        for i in range(arcs):
            reach = round(size - ARCS_APART * i, 2)
            self.elements.append(Arc(corner, (reach, reach), start, end, style, mark=True))
        if text:
            self._angle_texts.append((corner, radius, (start + end) / 2, text))

    def degrees(self, corner: Point, a: Point, b: Point) -> None:
        r"""Marks an angle with its size: $53^\circ$, or a name for it: \alpha or a number."""
        size = rf"${angle(corner, a, b):.0f}^\circ$"
        greek = rf"$\{self.choose(('alpha', 'beta', 'theta', 'gamma', 'varphi'))}$"
        self.angle(corner, a, b, self.choose((size, size, greek, f"${self.integer(1, 4)}$")))

    def equal(self, *sides: tuple[Point, Point], strokes: int = 1) -> None:
        """Marks sides of equal length with strokes across the middle of each."""
        for a, b in sides:
            half = polar(0.1, direction(a, b) + 90)
            for i in range(strokes):
                place = middle(a, b) + polar(STROKES_APART * (i - (strokes - 1) / 2), direction(a, b))
                self.elements.append(Polyline((place - half, place + half), style=self.marking, mark=True))

    def parallel(self, *sides: tuple[Point, Point], heads: int = 1) -> None:
        """Marks parallel sides with arrow heads at their middles."""
        for (a, b), i in product(sides, range(heads)):
            ahead = direction(a, b)
            tip = middle(a, b) + polar(0.09 - STROKES_APART * i, ahead)
            ends = tip + polar(0.18, ahead + 155), tip + polar(0.18, ahead - 155)
            self.elements.append(Polyline((ends[0], tip, ends[1]), style=self.marking, mark=True))

    def place_letters(self) -> None:
        """Puts every text where it touches neither a line nor another text.

        Raises:
            Crowded: there is no such place for a text that is needed.
        """
        drawn = self._outline()
        taken = [
            (_center(axis.end, SIDES[axis.anchor], text_size(axis.label)), text_size(axis.label))
            for axis in self.elements
            if isinstance(axis, AxisArrow)
        ]
        middle_of_all = complex(drawn.mean())
        for point, text, needed in sorted(self._texts, key=lambda wish: not wish[2]):
            near = drawn[abs(drawn - point) < 1.5]
            size = text_size(text)
            best, side = min(
                (_crowding(center, size, near, taken) - 0.5 * _cosine(way, point - middle_of_all), name)
                for name, way in SIDES.items()
                for center in [_center(point, way, size)]
            )
            if best < math.inf:
                taken.append((_center(point, SIDES[side], size), size))
                self.elements.append(Node(point, text, side))
            elif needed:
                raise Crowded
        for corner, radius, toward, text in self._angle_texts:
            size = text_size(text)
            for distance in (0.22, 0.3, 0.4, 0.55, 0.7):
                center = corner + polar(radius + distance, toward)
                if _crowding(center, size, drawn, taken) < math.inf:
                    taken.append((center, size))
                    self.elements.append(Node(center, text, ""))
                    break

    def corners(self) -> tuple[Point, Point]:
        """The lower left and upper right corner of the elements, without texts."""
        drawn = self._outline()
        low = complex(drawn.real.min(), drawn.imag.min())
        return low, complex(drawn.real.max(), drawn.imag.max())

    def _outline(self) -> np.ndarray:
        return np.concatenate([element.outline() for element in self.elements])


def text_size(text: str) -> Point:
    r"""Approximate width, and height as the imaginary part, of a text at 10 points in centimetres.

    >>> text_size(r"$60^\circ$") == text_size("$abc$")
    True
    """
    letters = re.sub(r"\\[a-zA-Z]+", "x", re.sub(r"[$^_{}]", "", text.replace(r"\left", "")))
    return complex(sum(0.29 if letter.isupper() or letter in "=+-" else 0.19 for letter in letters), 0.26)


def _center(point: Point, way: Point, size: Point) -> Point:
    """The middle of a text beside a point."""
    return point + complex(way.real * (GAP + size.real / 2), way.imag * (GAP + size.imag / 2))


def _cosine(a: Point, b: Point) -> float:
    return (a * b.conjugate()).real / (abs(a) * abs(b) or 1)


def _crowding(center: Point, size: Point, drawn: np.ndarray, taken: Sequence[tuple[Point, Point]]) -> float:
    """A penalty for lines and texts close to a text; infinite where the text would touch one."""
    across, up = abs(drawn.real - center.real), abs(drawn.imag - center.imag)
    if np.any((across < size.real / 2 + CLEAR) & (up < size.imag / 2 + CLEAR)):
        return math.inf
    for other, other_size in taken:
        apart, room = center - other, (size + other_size) / 2
        if abs(apart.real) < room.real + CLEAR and abs(apart.imag) < room.imag + CLEAR:
            return math.inf
    return float(np.sum((across < size.real / 2 + AIRY) & (up < size.imag / 2 + AIRY)))
