"""Geometry of the plane; points are complex numbers, lengths centimetres, angles degrees."""

import cmath
import math

Point = complex


def polar(length: float, degrees: float) -> Point:
    return cmath.rect(length, math.radians(degrees))


def direction(start: Point, end: Point) -> float:
    """The direction of a ray, from 0 up to 360 degrees."""
    return math.degrees(cmath.phase(end - start)) % 360


def middle(a: Point, b: Point) -> Point:
    return (a + b) / 2


def along(a: Point, b: Point, share: float) -> Point:
    """The point that lies `share` of the way from a to b; beyond b where `share` is above 1."""
    return a + share * (b - a)


def foot(point: Point, a: Point, b: Point) -> Point:
    """Where the perpendicular from `point` meets the line through a and b."""
    return along(a, b, ((point - a) / (b - a)).real)


def cross(a: Point, b: Point) -> float:
    """The z coordinate of the cross product a x b: positive where b points to the left of a."""
    return (a.conjugate() * b).imag


def crossing(a: Point, b: Point, c: Point, d: Point) -> Point:
    """Where the line through a and b meets the one through c and d.

    Raises:
        ZeroDivisionError: the lines are parallel.
    """
    return along(a, b, cross(c - a, d - c) / cross(b - a, d - c))


def angle(corner: Point, a: Point, b: Point) -> float:
    """The angle at `corner` between the rays to a and b, from 0 to 180 degrees."""
    return abs(math.degrees(cmath.phase((b - corner) / (a - corner))))


def bisector(corner: Point, a: Point, b: Point) -> Point:
    """Where the bisector of the angle at `corner` meets the segment from a to b."""
    one, other = abs(a - corner), abs(b - corner)
    return along(a, b, one / (one + other))


def circumcircle(a: Point, b: Point, c: Point) -> tuple[Point, float]:
    """Centre and radius of the circle through three points."""
    across_ab, across_ac = 1j * (b - a), 1j * (c - a)
    center = crossing(middle(a, b), middle(a, b) + across_ab, middle(a, c), middle(a, c) + across_ac)
    return center, abs(center - a)


def incircle(a: Point, b: Point, c: Point) -> tuple[Point, float]:
    """Centre and radius of the circle that touches the three sides."""
    center = crossing(a, bisector(a, b, c), b, bisector(b, a, c))
    return center, abs(center - foot(center, a, b))


def tangent_points(point: Point, center: Point, radius: float) -> tuple[Point, Point]:
    """Where the two tangents from a point outside a circle touch it."""
    half = math.degrees(math.acos(radius / abs(point - center)))
    toward = direction(center, point)
    return center + polar(radius, toward + half), center + polar(radius, toward - half)


def on_ellipse(center: Point, radii: tuple[float, float], degrees: float) -> Point:
    unit = polar(1, degrees)
    return center + complex(radii[0] * unit.real, radii[1] * unit.imag)


def regular(num_corners: int, center: Point, radius: float, first: float) -> tuple[Point, ...]:
    """The corners of a regular polygon, counterclockwise from direction `first`."""
    return tuple(center + polar(radius, first + 360 * i / num_corners) for i in range(num_corners))


def area(corners: tuple[Point, ...]) -> float:
    """The area of a polygon; negative where its corners are in clockwise order."""
    return sum(cross(a, b) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)) / 2
