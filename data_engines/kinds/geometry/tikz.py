"""The elements of drawings, and the one form in which each is written as TikZ code.

As far as possible, equal pictures have equal code: numbers are rounded, paths start at their leftmost point,
closed paths run counterclockwise, and commands are sorted by kind, then from left to right.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from data_engines.kinds.geometry.plane import Point, area, on_ellipse

LIBRARIES = ("patterns",)
"""The TikZ libraries that the code may need."""
SAMPLES = 25
"""Points through which TikZ draws the curve of a function by default."""
STEP = 0.05
"""Centimetres between the points of an outline."""


class Element(ABC):
    """A part of a picture, on axes or free to be moved."""

    style: tuple[str, ...] = ()
    mark = False
    """Whether it is a sign on the figure, such as a right angle or strokes on equal sides."""

    @abstractmethod
    def code(self) -> str:
        """The TikZ command that draws it."""

    def outline(self) -> np.ndarray:
        """The points that no text may touch."""
        return np.zeros(0, complex)


@dataclass(frozen=True)
class GridLines(Element):
    """A grid of thin lines at all whole numbers."""

    low: Point
    high: Point

    def code(self) -> str:
        return rf"\draw[gray!40] {_at(self.low)} grid {_at(self.high)};"


@dataclass(frozen=True)
class AxisArrow(Element):
    start: Point
    end: Point
    label: str
    anchor: str

    def code(self) -> str:
        end = f"node[{self.anchor}] {{{self.label}}}"
        return rf"\draw[->] {_at(self.start)} -- {_at(self.end)} {end};"

    def outline(self) -> np.ndarray:
        return _walk((self.start, self.end))


@dataclass(frozen=True)
class Ticks(Element):
    """Short strokes at some whole numbers of an axis; with the numbers, if `labelled`."""

    values: tuple[int, ...]
    upright: bool
    """Whether the ticks are those of the y axis."""
    labelled: bool

    def code(self) -> str:
        values = ",".join(map(str, self.values))
        if self.upright:
            label = r" node[left] {$\y$}" if self.labelled else ""
            return rf"\foreach \y in {{{values}}} \draw (0.1,\y) -- (-0.1,\y){label};"
        label = r" node[below] {$\x$}" if self.labelled else ""
        return rf"\foreach \x in {{{values}}} \draw (\x,0.1) -- (\x,-0.1){label};"

    def outline(self) -> np.ndarray:
        along, across = (1j, 0.1) if self.upright else (1, 0.1j)
        strokes = [_walk((along * value - across, along * value + across)) for value in self.values]
        numbers = [
            _walk((low, complex(high.real, low.imag), high, complex(low.real, high.imag), low))
            for low, high in self.label_boxes()
        ]
        return np.concatenate([*strokes, *numbers])

    def label_boxes(self) -> list[tuple[Point, Point]]:
        """Lower left and upper right corner of each number."""
        boxes = []
        for value in self.values if self.labelled else ():
            width = 0.19 + 0.28 * (value < 0)
            low = complex(-0.22 - width, value - 0.13) if self.upright else complex(value - width / 2, -0.48)
            boxes.append((low, low + complex(width, 0.26)))
        return boxes


@dataclass(frozen=True)
class Polyline(Element):
    """Straight strokes from point to point; a polygon if `closed`."""

    points: tuple[Point, ...]
    closed: bool = False
    style: tuple[str, ...] = ()
    mark: bool = False

    def code(self) -> str:
        points = self._ordered
        if self.closed and len(points) == 4 and _is_upright(points):
            return f"{_draw(self.style)} {_at(points[0])} rectangle {_at(points[2])};"
        return f"{_draw(self.style)} {' -- '.join([*map(_at, points), *['cycle'] * self.closed])};"

    def outline(self) -> np.ndarray:
        return _walk(self.points + self.points[: self.closed])

    @cached_property
    def _ordered(self) -> tuple[Point, ...]:
        points = self.points
        if not self.closed:
            return points if "->" in self.style or _place(points[0]) <= _place(points[-1]) else points[::-1]
        if area(points) < 0:
            points = points[::-1]
        first = min(range(len(points)), key=lambda i: _place(points[i]))
        return points[first:] + points[:first]


@dataclass(frozen=True)
class Ellipse(Element):
    """An ellipse, which is a circle if both radii are equal."""

    center: Point
    radii: tuple[float, float]
    style: tuple[str, ...] = ()

    def code(self) -> str:
        across, up = map(number, self.radii)
        shape = f"circle ({across})" if across == up else f"ellipse ({across} and {up})"
        return f"{_draw(self.style)} {_at(self.center)} {shape};"

    def outline(self) -> np.ndarray:
        return _round(self.center, self.radii, 0, 360)


@dataclass(frozen=True)
class Arc(Element):
    """Part of an ellipse, counterclockwise between two angles in degrees."""

    center: Point
    radii: tuple[float, float]
    start: float
    end: float
    style: tuple[str, ...] = ()
    sector: bool = False
    """Whether the two radii at its ends are drawn too."""
    mark: bool = False

    def code(self) -> str:
        across, up = map(number, self.radii)
        size = across if across == up else f"{across} and {up}"
        start, end = (number(angle, 1) for angle in (self.start, self.end))
        path = f"{_at(on_ellipse(self.center, self.radii, self.start))} arc ({start}:{end}:{size})"
        if self.sector:
            path = f"{_at(self.center)} -- {path} -- cycle"
        return f"{_draw(self.style)} {path};"

    def outline(self) -> np.ndarray:
        arc = _round(self.center, self.radii, self.start, self.end)
        return np.concatenate([_walk((arc[-1], self.center, arc[0])), arc]) if self.sector else arc


@dataclass(frozen=True)
class Plot(Element):
    r"""The curve of the points (x, y), two expressions of TikZ in \x, where \x runs from `low` to `high`."""

    x: str
    y: str
    low: float
    high: float
    points: tuple[Point, ...]
    r"""The points (x, y), one for each value of \x that TikZ shall compute."""
    style: tuple[str, ...] = ()

    def code(self) -> str:
        samples = () if len(self.points) == SAMPLES else (f"samples={len(self.points)}",)
        domain = f"domain={number(self.low)}:{number(self.high)}"
        return f"{_draw((*self.style, domain, 'smooth', *samples))} plot ({self.x}, {self.y});"

    def outline(self) -> np.ndarray:
        return _walk(self.points)


@dataclass(frozen=True)
class Dot(Element):
    point: Point

    def code(self) -> str:
        return rf"\fill {_at(self.point)} circle (1.5pt);"

    def outline(self) -> np.ndarray:
        return np.array([self.point])


@dataclass(frozen=True)
class Node(Element):
    """A short text; `anchor` is the side of the point on which it stands, or "" for the point itself."""

    point: Point
    text: str
    anchor: str

    def code(self) -> str:
        anchor = f"[{self.anchor}]" if self.anchor else ""
        return rf"\node{anchor} at {_at(self.point)} {{{self.text}}};"


def write(elements: Iterable[Element], shift: Point = 0) -> str:
    """The code of a picture; `shift` moves all elements that do not belong to axes."""
    moved = [move(element, shift) for element in elements] if shift else list(elements)
    codes = [element.code() for element in sorted(moved, key=_order)]
    return "\n".join([r"\begin{tikzpicture}", *dict.fromkeys(codes), r"\end{tikzpicture}"])


def number(value: float, digits: int = 2) -> str:
    """
    >>> number(2.50), number(-0.001), number(3)
    ('2.5', '0', '3')
    """
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def move(element: Element, shift: Point) -> Element:
    match element:
        case Polyline(points):
            return replace(element, points=tuple(point + shift for point in points))
        case Ellipse(center) | Arc(center):
            return replace(element, center=center + shift)
        case Dot(point) | Node(point):
            return replace(element, point=point + shift)
    raise AssertionError(f"{type(element).__name__} stays on its axes")


_KINDS = (GridLines, AxisArrow, Ticks, Polyline, Ellipse, Arc, Plot, Dot, Node)


def _order(element: Element) -> tuple[int, int, tuple[float, float], str]:
    """The sort key of an element: filled shapes first, under all others; signs and letters last."""
    filled = any(word.startswith(("fill", "pattern")) for word in element.style)
    stage = 0 if filled else 1 + ("dashed" in element.style) + 2 * element.mark
    kind, place = _KINDS.index(type(element)), 0j
    match element:
        case GridLines():
            stage = -1
        case Polyline():
            place = element._ordered[0]
            kind = kind if element.closed else len(_KINDS)
        case Ellipse(center) | Arc(center):
            place = center
        case Dot(point) | Node(point):
            stage, place = 5, point
    return stage, kind, _place(place), element.code()


def _draw(style: Sequence[str]) -> str:
    # a colour that comes after a filling would also set the filling's colour
    style = sorted(style, key=lambda word: word.startswith(("fill", "pattern")))
    return rf"\draw[{', '.join(style)}]" if style else r"\draw"


def _at(point: Point) -> str:
    return f"({number(point.real)},{number(point.imag)})"


def _place(point: Point) -> tuple[float, float]:
    """The sort key of a point: from left to right, then upwards, rounded as in the code."""
    return round(point.real, 2), round(point.imag, 2)


def _is_upright(points: Sequence[Point]) -> bool:
    a, b, c, d = map(_place, points)
    return a[1] == b[1] and b[0] == c[0] and c[1] == d[1] and d[0] == a[0]


def _walk(points: Sequence[Point]) -> np.ndarray:
    """Points every `STEP` centimetres along straight strokes."""
    pieces = [np.array(points[:1])]
    for a, b in zip(points[:-1], points[1:], strict=True):
        steps = max(1, round(abs(b - a) / STEP))
        pieces.append(a + (b - a) * np.arange(1, steps + 1) / steps)
    return np.concatenate(pieces)


def _round(center: Point, radii: tuple[float, float], start: float, end: float) -> np.ndarray:
    steps = max(8, round(np.radians(end - start) * max(radii) / STEP))
    angles = np.radians(np.linspace(start, end, steps + 1))
    return center + radii[0] * np.cos(angles) + 1j * radii[1] * np.sin(angles)
