"""Reads back what Vega drew: the marks of its SVG, with the pixels where they stand."""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from data_engines.tools.boxes import Box

SWATCHES = "swatches"
"""Name of the layer with the legend's marks, which stand for no number."""

_NUMBER = r"(-?[\d.]+(?:e-?\d+)?)"
_TRANSLATE = re.compile(rf"translate\({_NUMBER},{_NUMBER}\)")
_RECTANGLE = re.compile(rf"M{_NUMBER},{_NUMBER}h{_NUMBER}v{_NUMBER}")
_ARC = re.compile(rf"M{_NUMBER},{_NUMBER}A{_NUMBER},{_NUMBER},0,[01],([01]),{_NUMBER},{_NUMBER}")
_SVG = "{http://www.w3.org/2000/svg}"

Point = tuple[float, float]


class Marks(NamedTuple):
    """As in `check.Drawn`."""

    bars: tuple[tuple[Box, ...], ...]
    points: tuple[tuple[Point, ...], ...]
    shares: tuple[float, ...]


def read_svg(svg: str, lengths: Sequence[int]) -> Marks:
    """The marks of a chart whose series are of these lengths."""
    bars: list[Box] = []
    points: list[Point] = []
    shares: list[float] = []
    for element, group, x, y in _walk(ElementTree.fromstring(svg), "", 0.0, 0.0):
        if "role-mark" in group and SWATCHES not in group and (shape := element.get("d")):
            if "mark-rect" in group and (match := _RECTANGLE.match(shape)):
                left, top, width, height = map(float, match.groups())
                bars.append(Box(x + left, y + top, x + left + width, y + top + height))
            elif "mark-symbol" in group:
                points.append((x, y))
            elif "mark-arc" in group and (match := _ARC.match(shape)):
                from_x, from_y, _, _, clockwise, to_x, to_y = map(float, match.groups())
                turn = math.atan2(to_y, to_x) - math.atan2(from_y, from_x)
                shares.append((turn if clockwise else -turn) / (2 * math.pi) % 1)
    return Marks(_split(bars, lengths), _split(points, lengths), tuple(shares))


def _split(marks: Sequence[Any], lengths: Sequence[int]) -> tuple[tuple[Any, ...], ...]:
    """By series; nothing at all if there are no marks of that kind."""
    if not marks:
        return ()
    ends = np.cumsum(lengths)
    return tuple(tuple(marks[end - length : end]) for length, end in zip(lengths, ends, strict=True))


def _walk(
    element: ElementTree.Element, group: str, x: float, y: float
) -> Iterator[tuple[ElementTree.Element, str, float, float]]:
    """Every element with the class of its group and where it starts."""
    if match := _TRANSLATE.search(element.get("transform", "")):
        x, y = x + float(match[1]), y + float(match[2])
    yield element, group, x, y
    for child in element:
        yield from _walk(child, element.get("class", group) if element.tag == _SVG + "g" else group, x, y)
