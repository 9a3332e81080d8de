"""Reads back what ECharts drew: texts and marks of its SVG, with the pixels where they are."""

import math
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import NamedTuple
from xml.etree import ElementTree

from PIL import ImageFont

from data_engines.kinds.chart.drawn import Point, Written, written_at
from data_engines.tools.boxes import Box

_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_COMMAND = re.compile(r"([a-zA-Z])([^a-zA-Z]*)")
_SIZE = re.compile(r"font-size:(\d+)px")
_SIDES = {"start": "l", "middle": "m", "end": "r"}
"""SVG's `text-anchor`, and the letter of the same anchor in Pillow."""
_SVG = "{http://www.w3.org/2000/svg}"

SIZE = 100
"""Size in pixels at which texts are measured: FreeType hints smaller fonts, and resvg does not."""
FontOf = Callable[[bool], ImageFont.FreeTypeFont]
"""The font in `SIZE` pixels, bold or not."""


class Mark(NamedTuple):
    """A bar, point or slice."""

    series: int
    position: int
    points: tuple[Point, ...]
    """The corners of the outline; a mark that is a point has only its middle."""
    color: str


class Read(NamedTuple):
    texts: tuple[Written, ...]
    marks: tuple[Mark, ...]
    """Sorted by series, and by position in the series."""
    legend: tuple[tuple[str, str], ...]
    """The texts of the legend, each with the colour beside it."""


def read_svg(svg: str, font_of: FontOf) -> Read:
    shapes = list(_shapes(ElementTree.fromstring(svg)))
    texts = [_read_text(shape, font_of) for shape in shapes if shape.tag == _SVG + "text"]
    marks = [_read_mark(shape) for shape in shapes if shape.get("ecmeta_ssr_type") == "chart"]
    by_place = {place: list(group) for place, group in groupby(shapes, lambda shape: shape.get("transform"))}
    entries = [
        shape for shape in shapes if shape.get("ecmeta_ssr_type") == "legend" and shape.get("fill") == "none"
    ]
    legend = [_read_entry(by_place[shape.get("transform")]) for shape in entries]
    return Read(tuple(texts), tuple(sorted(marks, key=lambda mark: mark[:2])), tuple(legend))


def _shapes(root: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """Texts and paths in the order in which they are drawn."""
    for child in root:
        if child.tag in (_SVG + "text", _SVG + "path"):
            yield child
        elif child.tag == _SVG + "g":
            yield from _shapes(child)


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _transform(shape: ElementTree.Element) -> list[float]:
    """The six numbers of the shape's transformation matrix."""
    numbers = _numbers(shape.get("transform", ""))
    return [1, 0, 0, 1, *numbers] if len(numbers) == 2 else numbers or [1, 0, 0, 1, 0, 0]


def _read_text(shape: ElementTree.Element, font_of: FontOf) -> Written:
    style, text = shape.get("style", ""), shape.text or ""
    size = _SIZE.search(style)
    assert size and shape.get("dominant-baseline") == "central", "ECharts sets all texts by their middles"
    font, scale = font_of("font-weight" in style), int(size[1]) / SIZE
    a, b, c, d, e, f = _transform(shape)
    x, y = float(shape.get("x", 0)), float(shape.get("y", 0))
    left, top, right, bottom = font.getbbox(text, anchor=_SIDES[shape.get("text-anchor", "start")] + "s")
    ascent, descent = font.getmetrics()
    down = (ascent - descent) / 2
    box = (left * scale, (top + down) * scale, right * scale, (bottom + down) * scale)
    turn = round(math.degrees(math.atan2(b, a)))
    return written_at(text, box, a * x + c * y + e, b * x + d * y + f, turn)


def _read_mark(shape: ElementTree.Element) -> Mark:
    series, position = int(shape.get("ecmeta_series_index", 0)), int(shape.get("ecmeta_data_index", 0))
    a, _, _, _, e, f = _transform(shape)
    points = _outline(shape.get("d", "")) if a == 1 else ((e, f),)
    return Mark(series, position, points, _color(shape))


def _color(shape: ElementTree.Element) -> str:
    """The colour of the area, or that of the line if the area is empty."""
    fill = shape.get("fill", "none")
    return shape.get("stroke", "none") if fill in ("none", "#fff", "#000") and shape.get("stroke") else fill


def _read_entry(shapes: list[ElementTree.Element]) -> tuple[str, str]:
    """The text and colour of a legend entry, from the shapes at its place: ground, mark, text, target."""
    [position] = [position for position, shape in enumerate(shapes) if shape.tag == _SVG + "text"]
    return shapes[position].text or "", _color(shapes[position - 1])


def _outline(path: str) -> tuple[Point, ...]:
    """The ends of the lines and arcs of a path."""
    points = [(0.0, 0.0)]
    for command, text in _COMMAND.findall(path):
        numbers, (x, y) = _numbers(text), points[-1]
        match command:
            case "M" | "L" | "A":
                points.append((numbers[-2], numbers[-1]))
            case "l":
                points.append((x + numbers[0], y + numbers[1]))
            case "Z":
                pass
            case _:
                raise AssertionError(f"ECharts draws no {command!r}")
    return tuple(points[1:])


def box_of(mark: Mark) -> Box:
    xs, ys = zip(*mark.points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def angle_of(point: Point, center: Point) -> float:
    """The direction from `center` to `point`, in degrees clockwise from the top."""
    return math.degrees(math.atan2(point[0] - center[0], center[1] - point[1])) % 360
