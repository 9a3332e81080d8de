"""Figures of lines: parallels, pencils, divided angles and segments, free points; and solids."""

import math
from collections.abc import Sequence
from itertools import pairwise

from data_engines.kinds.geometry.plane import Point, along, crossing, direction, polar
from data_engines.kinds.geometry.sketch import Crowded, Sketch
from data_engines.kinds.geometry.tikz import Arc, Ellipse


def lines(sketch: Sketch) -> None:
    """Lines, rays and segments, with angles between them."""
    sketch.choose((_parallels, _parallels, _pencil, _divided_angle, _divided_segment, _free_points))(sketch)


def solid(sketch: Sketch) -> None:
    """A body in parallel projection, with hidden edges dashed."""
    sketch.choose((_cuboid, _pyramid, _prism, _cylinder, _cone, _sphere))(sketch)


def _parallels(sketch: Sketch) -> None:
    """Two parallel lines, and one or two others that cross them."""
    length, gap = sketch.uniform(4.0, 5.5), sketch.uniform(1.2, 2.0)
    turn = polar(1, sketch.choose((0, 0, 0, sketch.integer(-20, 20))))
    a, b, c, d = (z * turn for z in (gap * 1j, length + gap * 1j, 0j, complex(length)))
    sketch.line(a, b, named=True)
    sketch.line(c, d, named=True)
    if sketch.chance(0.3):
        sketch.parallel((a, along(a, b, 0.4)), (c, along(c, d, 0.4)))
    up, down = (sketch.uniform(0.35, 0.65) for _ in range(2))
    e, f = along(a, b, up), along(c, d, down)
    if sketch.chance(0.6):
        ends = along(f, e, 1.5), along(e, f, 1.5)
        sketch.line(*ends, style=sketch.accent(), named=True)
        for corner, one, other in ((e, b, ends[0]), (f, d, e), (f, c, e)):
            if sketch.chance(0.6):
                sketch.degrees(corner, one, other)
    else:
        between = complex(sketch.uniform(0.3, 0.7) * length, sketch.uniform(0.3, 0.7) * gap) * turn
        one, other = along(a, b, 0.15), along(c, d, 0.15)
        sketch.line(one, between, other, style=sketch.accent(), named=True)
        sketch.degrees(between, one, other)


def _pencil(sketch: Sketch) -> None:
    """Lines or rays through one point."""
    whole = sketch.chance(0.6)
    number = sketch.integer(2, 3) if whole else sketch.integer(3, 4)
    sector = 180 if whole else sketch.choose((180, 360))
    step = sector / number
    turns = [i * step + sketch.uniform(-step / 5, step / 5, 0) for i in range(number)]
    ends = [polar(sketch.uniform(1.8, 2.6), turn) for turn in turns]
    for end in ends:
        sketch.line(-end if whole else 0, end)
        sketch.name(end, *[-end] * whole)
    sketch.name(0, letter="O")
    for one, other in pairwise(ends):
        if sketch.chance(0.6):
            sketch.degrees(0, one, other)


def _divided_angle(sketch: Sketch) -> None:
    """An angle and its bisector, with the perpendiculars from a point of the bisector to both sides."""
    size, length = sketch.integer(40, 130), sketch.uniform(3.0, 4.0)
    turn = sketch.choose((0, 0, sketch.integer(0, 40)))
    a, b = polar(length, turn), polar(length, turn + size)
    c = polar(length * sketch.uniform(0.7, 1.0), turn + size / 2)
    arrows: tuple[str, ...] = ("->",) if sketch.chance(0.3) else ()
    for end in (a, b):
        sketch.line(0, end, style=arrows)
    sketch.line(0, c, style=(*arrows, *sketch.accent()))
    sketch.name(0, letter="O")
    sketch.name(a, b, c)
    if size < 100 and sketch.chance(0.5):
        for end in (a, b):
            base = along(0, end, abs(c) * math.cos(math.radians(size / 2)) / length)
            sketch.line(c, base, style=("dashed",) if sketch.chance(0.5) else (), named=True)
            sketch.right_angle(base, 0, c)
    else:
        sketch.degrees(0, a, c)
        if sketch.chance(0.6):
            sketch.degrees(0, c, b)


def _divided_segment(sketch: Sketch) -> None:
    """Points on a segment or line; equal parts are marked with strokes, or parts have their lengths."""
    length = sketch.uniform(4.0, 6.5)
    turn = polar(1, sketch.choose((0, 0, 0, 20, -15)))
    a, b = 0j, length * turn
    shares = sorted({sketch.uniform(0.15, 0.85) for _ in range(sketch.integer(1, 3))})
    points = [a, *[along(a, b, share) for share in shares], b]
    if min(abs(one - other) for one, other in pairwise(points)) < 0.5:
        raise Crowded
    sketch.line(a, b)
    sketch.name(*points, dots=True)
    for one, other in pairwise(points):
        if sketch.chance(0.3):
            sketch.length(one, other)


def _free_points(sketch: Sketch) -> None:
    """Points anywhere, some of them joined."""
    points: list[Point] = []
    for _ in range(sketch.integer(3, 7)):
        point = complex(sketch.uniform(0, 5.5), sketch.uniform(0, 4.0))
        if all(abs(point - other) > 0.9 for other in points):
            points.append(point)
    sketch.name(*points, dots=True)
    for i, one in enumerate(points):
        for other in points[:i]:
            if sketch.chance(1.2 / len(points)):
                sketch.line(one, other, style=sketch.choose(((), (), ("dashed",), sketch.accent())))


def _cuboid(sketch: Sketch) -> None:
    width, height = sketch.uniform(2.0, 3.5), sketch.uniform(1.6, 3.0)
    back = complex(sketch.uniform(0.7, 1.2), sketch.uniform(0.5, 0.9))
    a, b, c, d = 0j, complex(width), width + back, back
    up = height * 1j
    sketch.polygon(a, b, b + up, a + up)
    sketch.line(b, c, c + up, d + up, a + up)
    sketch.line(b + up, c + up)
    sketch.line(a, d, c, style=("dashed",))
    sketch.line(d, d + up, style=("dashed",))
    _name_prism(sketch, (a, b, c, d), up)
    if sketch.chance(0.4):
        sketch.line(a, c + up, style=("dashed", *sketch.accent()))
    elif sketch.chance(0.4):
        sketch.line(a, b + up, style=sketch.accent())


def _pyramid(sketch: Sketch) -> None:
    width = sketch.uniform(2.5, 3.5)
    back = complex(sketch.uniform(0.8, 1.3), sketch.uniform(0.7, 1.0))
    a, b, c, d = 0j, complex(width), width + back, back
    center = crossing(a, c, b, d)
    peak = center + sketch.uniform(2.2, 3.2) * 1j
    _draw_edges(sketch, (a, b, c, d), (peak,) * 4)
    sketch.name(a, b, c, d)
    sketch.name(peak, letter="P")
    if sketch.chance(0.5):
        sketch.line(a, c, style=("dashed",))
        sketch.line(b, d, style=("dashed",))
        sketch.line(peak, center, style=("dashed", *sketch.accent()))
        sketch.name(center, letter="O")


def _prism(sketch: Sketch) -> None:
    a, b = 0j, complex(sketch.uniform(2.4, 3.4))
    c = complex(sketch.uniform(0.9, 1.5), sketch.uniform(0.8, 1.2))
    up = sketch.uniform(2.0, 3.0) * 1j
    top = a + up, b + up, c + up
    _draw_edges(sketch, (a, b, c), top)
    sketch.polygon(*top)
    _name_prism(sketch, (a, b, c), up)


def _cylinder(sketch: Sketch) -> None:
    radii = (sketch.uniform(1.0, 1.6), sketch.uniform(0.3, 0.5))
    up = sketch.uniform(2.0, 3.2) * 1j
    sketch.elements.append(Ellipse(up, radii, sketch.filling(0.3)))
    _round_base(sketch, radii)
    for side in (-radii[0], radii[0]):
        sketch.line(side, side + up)
    if sketch.chance(0.6):
        _radius_and_height(sketch, radii[0], up)


def _cone(sketch: Sketch) -> None:
    radii = (sketch.uniform(1.1, 1.8), sketch.uniform(0.3, 0.5))
    peak = sketch.uniform(2.2, 3.4) * 1j
    _round_base(sketch, radii)
    sketch.line(-radii[0], peak, radii[0])
    sketch.name(peak, letter="P")
    if sketch.chance(0.7):
        _radius_and_height(sketch, radii[0], peak)
        sketch.right_angle(0, radii[0], peak)


def _sphere(sketch: Sketch) -> None:
    radius = sketch.uniform(1.4, 2.2)
    radii = (radius, round(radius * sketch.uniform(0.25, 0.35, 2), 2))
    sketch.circle(0, radius)
    _round_base(sketch, radii)
    end = polar(radius, sketch.choose((0, 45, 60)))
    sketch.line(0, end, style=("dashed",) if direction(0, end) == 0 else sketch.accent())
    sketch.name(0, letter="O", dots=True)
    sketch.write(end / 2, "$R$")


def _draw_edges(sketch: Sketch, base: Sequence[Point], ends: Sequence[Point]) -> None:
    """The sides of a base and the edges from its corners; those at the last corner are hidden."""
    sketch.line(*base[:-1])
    sketch.line(base[0], base[-1], base[-2], style=("dashed",))
    for corner, end in zip(base, ends, strict=True):
        sketch.line(end, corner, style=("dashed",) if corner == base[-1] else ())


def _name_prism(sketch: Sketch, base: Sequence[Point], up: Point) -> None:
    for point, letter in zip(base, "ABCD", strict=False):
        sketch.name(point, letter=letter)
        sketch.write(point + up, f"${letter}_1$")


def _round_base(sketch: Sketch, radii: tuple[float, float]) -> None:
    """The front half of a circle that is seen from the side, and its hidden back half."""
    sketch.elements.append(Arc(0, radii, 180, 360))
    sketch.elements.append(Arc(0, radii, 0, 180, ("dashed",)))


def _radius_and_height(sketch: Sketch, radius: float, top: Point) -> None:
    for end, letter in ((complex(radius), "r"), (top, "h")):
        sketch.line(0, end, style=("dashed",))
        sketch.write(end / 2, f"${letter}$")
    sketch.name(0, letter="O")
