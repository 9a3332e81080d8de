"""The parts of RDKit's drawing of a molecule: lines of bonds, letters of symbols, circles in rings.

RDKit's SVG says of which atom or bond each part is.
"""

import re
from dataclasses import dataclass

import numpy as np
from matplotlib.path import Path as Outline

_PART = re.compile(
    r"<path class='(?P<of>[^']*)' d='(?P<way>[^']*)'(?P<style>[^>]*)"
    r"|<ellipse cx='(?P<x>[\d.]+)' cy='(?P<y>[\d.]+)' rx='(?P<radius>[\d.]+)'"
)
_ATOM = re.compile(r"atom-(\d+)")
_STEP = re.compile(r"([MLQC])([^MLQCZ]*)")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_CODES = {"M": Outline.MOVETO, "L": Outline.LINETO, "Q": Outline.CURVE3, "C": Outline.CURVE4}
ROUND = np.linspace(0, 2 * np.pi, 73)
"""Angles of the points of a circle."""


@dataclass(frozen=True)
class Part:
    atoms: tuple[int, ...]
    """Two for a line of a bond, one for a letter of a symbol, none for a circle in a ring."""
    contours: tuple[np.ndarray, ...]
    """Points in pixels, each (points, 2); curves are given by points near each other."""
    filled: bool
    """Whether it is an area, as letters and wedges are, and no line."""


def read_parts(svg: str) -> list[Part]:
    """The parts of an SVG by RDKit, in its order, without the joints of bonds, which belong to no bond."""
    parts = []
    for match in _PART.finditer(svg):
        if match["radius"]:
            x, y, radius = (float(match[name]) for name in ("x", "y", "radius"))
            circle = np.stack([x + radius * np.sin(ROUND), y - radius * np.cos(ROUND)], axis=1)
            parts.append(Part((), (circle,), filled=False))
            continue
        atoms = tuple(map(int, _ATOM.findall(match["of"])))
        if atoms:
            parts.append(Part(atoms, _contours(match["way"]), filled="fill:none" not in match["style"]))
    return parts


def _contours(way: str) -> tuple[np.ndarray, ...]:
    """The contours of a path of SVG, whose curves become points."""
    points: list[list[float]] = []
    codes: list[int] = []
    for step, numbers in _STEP.findall(way):
        along = np.array(_NUMBER.findall(numbers), dtype=float).reshape(-1, 2).tolist()
        points += along
        codes += [int(_CODES[step])] * len(along)
    return tuple(map(np.asarray, Outline(points, codes).to_polygons(closed_only=False)))
