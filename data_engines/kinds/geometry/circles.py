"""Circles with chords, angles, tangents and polygons, and pairs of circles."""

import math

from data_engines.kinds.geometry import plane
from data_engines.kinds.geometry.plane import crossing, foot, middle, polar
from data_engines.kinds.geometry.sketch import Sketch
from data_engines.kinds.geometry.tikz import Arc


def circle(sketch: Sketch) -> None:
    """A circle with a construction in it, or from a point outside."""
    radius = sketch.uniform(1.3, 2.4)
    sketch.circle(0, radius, sketch.filling(0.1))
    if sketch.chance(0.85):
        sketch.name(0, letter="O", dots=not sketch.dots)
    sketch.choose((_diameter, _inscribed_angle, _tangents, _inscribed_polygon, _chord, _sector, _secants))(
        sketch, radius
    )


def two_circles(sketch: Sketch) -> None:
    """Two circles that meet in two points, touch, lie one in the other or lie apart."""
    big, small = sketch.uniform(1.3, 2.0), sketch.uniform(0.8, 1.3)
    kind, distance = sketch.choose(
        (
            ("meet", big + sketch.uniform(0.1, 0.4)),
            ("touch", big + small),
            ("inside", big - small),
            ("concentric", 0.0),
            ("apart", big + small + sketch.uniform(0.4, 1.0)),
        )
    )
    other = polar(distance, sketch.choose((0, 0, 0, 30, 330)))
    sketch.circle(0, big, sketch.filling(0.1))
    sketch.circle(other, small, sketch.filling(0.3) if kind == "concentric" else sketch.accent())
    if kind == "concentric":
        end = polar(big, sketch.integer(0, 11) * 30)
        sketch.line(0, end)
        sketch.name(0, letter="O")
        sketch.name(end)
        return
    sketch.name_pair("O", 0, other)
    if kind == "meet":
        reach = (distance**2 + big**2 - small**2) / (2 * distance)
        half = 1j * other / distance * math.sqrt(big**2 - reach**2)
        base = other * reach / distance
        sketch.line(base + half, base - half, style=sketch.accent(), named=True)
    elif kind in ("touch", "inside"):
        sketch.name(other / distance * big)
    if kind != "inside" and sketch.chance(0.7):
        sketch.line(0, other, style=("dashed",) if sketch.chance(0.4) else ())


def _diameter(sketch: Sketch, radius: float) -> None:
    """A diameter, and a point of the circle that is joined to both ends of the diameter."""
    turn = sketch.choose((0, 0, 0, 20, 340))
    a, b = polar(radius, turn + 180), polar(radius, turn)
    c = polar(radius, turn + sketch.integer(40, 140))
    sketch.line(a, b)
    sketch.line(a, c, b)
    sketch.name(a, b, c)
    if sketch.chance(0.4):
        sketch.right_angle(c, a, b)
    if sketch.chance(0.4):
        sketch.line(c, foot(c, a, b), style=("dashed", *sketch.accent()), named=True)
    elif sketch.chance(0.5):
        sketch.line(0, c, style=sketch.accent())


def _inscribed_angle(sketch: Sketch, radius: float) -> None:
    """An angle at the circle and the one at the centre over the same arc."""
    half = sketch.integer(30, 70)
    a, b = polar(radius, 270 - half), polar(radius, 270 + half)
    c = polar(radius, 90 + sketch.integer(-40, 40))
    sketch.line(a, c, b)
    sketch.name(a, b, c)
    if sketch.chance(0.7):
        sketch.line(a, 0, b, style=sketch.accent())
        sketch.name(0, letter="O")
        if sketch.chance(0.4):
            sketch.degrees(0, a, b)
    if sketch.chance(0.5):
        sketch.line(a, b)
    if sketch.chance(0.4):
        sketch.degrees(c, a, b)


def _tangents(sketch: Sketch, radius: float) -> None:
    """One or two tangents from a point outside, with the radii to the points of contact."""
    outside = polar(radius * sketch.uniform(1.7, 2.3), sketch.choose((0, 180, 0, 20, 340)))
    points = plane.tangent_points(outside, 0, radius)[: sketch.integer(1, 2)]
    sketch.name(outside, letter="P")
    sketch.name(*points)
    for point in points:
        sketch.line(outside, point, style=sketch.accent())
        if sketch.chance(0.6):
            sketch.line(0, point)
            sketch.name(0, letter="O")
            if sketch.chance(0.6):
                sketch.right_angle(point, 0, outside)
    if sketch.chance(0.5):
        sketch.line(0, outside, style=("dashed",) if sketch.chance(0.5) else ())
    elif len(points) == 2 and sketch.chance(0.6):
        sketch.line(*points)


def _inscribed_polygon(sketch: Sketch, radius: float) -> None:
    """A triangle or quadrilateral whose corners lie on the circle."""
    num_corners = sketch.integer(3, 4)
    step = 360 / num_corners
    turn = sketch.integer(0, 90)
    corners = [
        polar(radius, turn + i * step + sketch.uniform(-step / 5, step / 5)) for i in range(num_corners)
    ]
    sketch.polygon(*corners, style=(*sketch.filling(0.2), *sketch.accent()), named=True)
    if num_corners == 4 and sketch.chance(0.5):
        sketch.line(corners[0], corners[2])
        if sketch.chance(0.6):
            sketch.line(corners[1], corners[3])
            center = crossing(corners[0], corners[2], corners[1], corners[3])
            if abs(center) > 0.5:
                sketch.name(center)
    elif num_corners == 3 and sketch.chance(0.3):
        end = polar(radius, plane.direction(0, middle(corners[0], corners[1])))
        sketch.line(corners[2], end, style=("dashed",), named=True)


def _chord(sketch: Sketch, radius: float) -> None:
    """A chord, the radius perpendicular to it, and the point where the two meet."""
    half, toward = sketch.integer(35, 65), sketch.choose((90, 270, 270, 0, 180))
    a, b = polar(radius, toward - half), polar(radius, toward + half)
    base = middle(a, b)
    sketch.line(a, b)
    sketch.line(0, a)
    sketch.name(a, b, base)
    end = polar(radius, toward) if sketch.chance(0.5) else base
    sketch.line(0, end, style=sketch.accent())
    sketch.name(end)
    sketch.right_angle(base, 0, a)
    if sketch.chance(0.4):
        sketch.length(a, base)


def _sector(sketch: Sketch, radius: float) -> None:
    """Two radii, often with the sector between them filled."""
    start, size = sketch.choose((0, 30, 90, 200)), sketch.choose((60, 72, 90, 100, 120, 135))
    style = sketch.filling(0.8, hatched=True)
    a, b = polar(radius, start), polar(radius, start + size)
    sketch.elements.append(Arc(0, (radius, radius), start, start + size, style, sector=True))
    sketch.name(a, b)
    sketch.name(0, letter="O")
    if not style:
        sketch.degrees(0, a, b)
    if sketch.chance(0.3):
        sketch.line(a, b, style=("dashed",))


def _secants(sketch: Sketch, radius: float) -> None:
    """Two chords that cross inside the circle, or outside it where they are extended."""
    inside = sketch.chance(0.5)
    turns = (160, 330, 40, 215) if inside else (150, 25, 205, 340)
    a, b, c, d = (polar(radius, turn + sketch.integer(-12, 12)) for turn in turns)
    meeting = crossing(a, b, c, d)
    shown = inside or radius * 1.2 < abs(meeting) < 3.2 * radius
    if inside or not shown:
        sketch.line(a, b)
        sketch.line(c, d)
        if inside and sketch.chance(0.6):
            sketch.line(a, d, style=sketch.accent())
            sketch.line(c, b, style=sketch.accent())
    else:
        far = (a, c) if abs(a - meeting) > abs(b - meeting) else (b, d)
        sketch.line(far[0], meeting)
        sketch.line(far[1], meeting)
        if sketch.chance(0.5):
            sketch.line(a, c, style=sketch.accent())
            sketch.line(b, d, style=sketch.accent())
    sketch.name(a, b, c, d)
    if shown and abs(meeting) > 0.5:
        sketch.name(meeting, letter="P")
