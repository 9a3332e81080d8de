"""Figures of exercises: what is given is written or marked in them, what is asked is x or a question mark.

Lengths and angles are those of the figure, all in one unit, so that the exercise has a solution.
"""

from data_engines.kinds.geometry import plane
from data_engines.kinds.geometry.plane import Point, along, crossing, foot, middle, polar
from data_engines.kinds.geometry.sketch import Sketch
from data_engines.kinds.geometry.tikz import Arc
from data_engines.kinds.geometry.triangles import choose_corners

RIGHT_TRIANGLES = ((3, 4, 5), (6, 8, 10), (5, 12, 13), (8, 15, 17), (9, 12, 15), (20, 21, 29), (12, 16, 20))
"""Sides of right triangles in whole numbers, the longest last."""
UNKNOWN = ("x", "x", "x", "y", "a", "?", "h")


def exercise(sketch: Sketch) -> None:
    """A figure with what is given and what is asked."""
    sketch.choose(EXERCISES)(sketch)


def _right_triangle(sketch: Sketch) -> None:
    """A right triangle of whole numbers, one of which is asked, or the height on its longest side."""
    sides = sketch.choose(RIGHT_TRIANGLES)
    sketch.units_per_cm = sides[2] / sketch.uniform(3.4, 5.0)
    legs = [side / sketch.units_per_cm for side in sides[:2]]
    if sketch.chance(0.5):
        legs.reverse()
    turn = polar(1, sketch.choose((0, 0, 0, 90, 180, sketch.integer(0, 359))))
    a, b, c = (z * turn for z in (0j, complex(legs[0]), complex(0, legs[1])))
    sketch.polygon(a, b, c, style=sketch.accent(), named=sketch.chance(0.6))
    sketch.right_angle(a, b, c)
    if sketch.chance(0.25):
        base = foot(a, b, c)
        sketch.line(a, base, style=("dashed",), named=True)
        sketch.right_angle(base, a, b)
        sketch.length(a, base, sketch.choose(UNKNOWN))
        asked = None
    else:
        asked = sketch.integer(0, 2)
    for i, (one, other) in enumerate(((a, b), (c, a), (b, c))):
        sketch.length(one, other, sketch.choose(UNKNOWN) if i == asked else sketch.measure(one, other))


def _angle_and_side(sketch: Sketch) -> None:
    """A right triangle with one angle and one side, and the other sides asked."""
    size, length = sketch.choose((30, 45, 60, 35, 42, 50, 25)), sketch.uniform(2.4, 4.0)
    a, b = 0j, complex(length)
    c = crossing(a, polar(1, size), b, b + 1j)
    sketch.polygon(a, b, c, style=sketch.accent(), named=sketch.chance(0.5))
    sketch.right_angle(b, a, c)
    sketch.angle(a, b, c, rf"${size}^\circ$")
    sides = ((a, b), (b, c), (c, a))
    given = sketch.integer(0, 2)
    sketch.length(*sides[given], sketch.measure(*sides[given]) + sketch.unit)
    sketch.length(*sides[given - 1], "x")
    sketch.length(*sides[given - 2], "y")


def _congruent(sketch: Sketch) -> None:
    """Two congruent triangles, the second turned or mirrored, with the marks of equal sides and angles."""
    one = [0.7 * corner for corner in choose_corners(sketch)]
    turn = sketch.choose((1 + 0j, -1 + 0j, polar(1, sketch.integer(-40, 40))))
    other = [corner.conjugate() for corner in one] if sketch.chance(0.3) else one
    other = [corner * turn for corner in other]
    shift = max(z.real for z in one) - min(z.real for z in other) + sketch.uniform(0.9, 1.4)
    other = [corner + shift for corner in other]
    for corners in (one, other):
        sketch.polygon(*corners, named=True)
    sides, angles = sketch.choose((((0, 1, 2), ()), ((0, 2), (0,)), ((0,), (0, 1)), ((0, 1), (2,))))
    for strokes, i in enumerate(sides, start=1):
        pairs = [(corners[i], corners[i - 2]) for corners in (one, other)]
        sketch.equal(*pairs, strokes=strokes)
    for arcs, i in enumerate(angles, start=1):
        for corners in (one, other):
            sketch.angle(corners[i], corners[i - 2], corners[i - 1], arcs=arcs)


def _isosceles(sketch: Sketch) -> None:
    """Two equal sides with strokes, one angle, and another that is asked."""
    size, base = sketch.integer(38, 76), sketch.uniform(2.6, 4.2)
    a, b = 0j, complex(base)
    c = crossing(a, polar(1, size), b, b + polar(1, 180 - size))
    sketch.polygon(a, b, c, style=sketch.accent(), named=sketch.chance(0.8))
    sketch.equal((a, c), (b, c))
    known, asked = sketch.choose((((a, b, c), (c, a, b)), ((c, a, b), (a, b, c)), ((a, b, c), (b, c, a))))
    sketch.angle(*known, rf"${plane.angle(*known):.0f}^\circ$")
    sketch.angle(*asked, _asked_angle(sketch, round(plane.angle(*asked))))
    if sketch.chance(0.4):
        sketch.length(a, b)


def _parallelogram(sketch: Sketch) -> None:
    """A parallelogram with marks on equal or parallel sides, equal angles, or the halves of its diagonals."""
    width, height, slant = sketch.uniform(3.0, 4.6), sketch.uniform(1.6, 2.8), sketch.uniform(0.5, 1.4)
    a, b, c, d = 0j, complex(width), complex(width + slant, height), complex(slant, height)
    sketch.polygon(a, b, c, d, style=sketch.accent(), named=sketch.chance(0.8))
    match sketch.choose(("sides", "parallels", "angles", "diagonals", "lengths")):
        case "sides":
            sketch.equal((a, b), (d, c))
            sketch.equal((b, c), (a, d), strokes=2)
        case "parallels":
            sketch.parallel((a, b), (d, c))
            sketch.parallel((b, c), (a, d), heads=2)
        case "angles":
            for corner, one, other, arcs in ((a, b, d, 1), (c, d, b, 1), (b, c, a, 2), (d, a, c, 2)):
                sketch.angle(corner, one, other, arcs=arcs)
        case "diagonals":
            sketch.line(a, c)
            sketch.line(b, d)
            center = crossing(a, c, b, d)
            sketch.equal((a, center), (center, c))
            sketch.equal((b, center), (center, d), strokes=2)
            sketch.name(center, letter="O")
        case _:
            sketch.length(a, b, _asked_length(sketch, a, b))
            sketch.length(d, c, sketch.measure(d, c))
            sketch.length(b, c, sketch.measure(b, c))
            sketch.length(a, d, "y")
            sketch.degrees(a, b, d)


def _parts_of_sides(sketch: Sketch) -> None:
    """A triangle cut by a parallel to its base: three lengths of parts are given, the fourth is asked."""
    a, b, c = choose_corners(sketch)
    share = sketch.choose((0.4, 0.5, 0.6))
    d, e = along(a, b, share), along(a, c, share)
    sketch.polygon(a, b, c, named=True)
    sketch.line(d, e, style=sketch.accent(), named=True)
    sketch.parallel((d, e), (b, c))
    if share == 0.5 and sketch.chance(0.5):
        sketch.equal((a, d), (d, b))
        sketch.equal((a, e), (e, c), strokes=2)
        sketch.length(d, e, _asked_length(sketch, d, e))
        sketch.length(b, c, sketch.measure(b, c))
        return
    asked = sketch.integer(0, 3)
    for i, part in enumerate(((a, d), (d, b), (a, e), (e, c))):
        sketch.length(*part, "x" if i == asked else sketch.measure(*part))


def _transversal(sketch: Sketch) -> None:
    """Two parallel lines with arrow heads and a line across them, with one angle given and another asked."""
    length, gap = sketch.uniform(3.6, 5.0), sketch.uniform(1.4, 2.0)
    low, high = (0j, complex(length)), (gap * 1j, length + gap * 1j)
    size = sketch.choose((40, 50, 55, 62, 68, 75, 105, 115, 125, 130))
    cut = complex(length * sketch.uniform(0.35, 0.6))
    top = crossing(*high, cut, cut + polar(1, size))
    tail, head = along(top, cut, 1.5), along(cut, top, 1.5)
    for ends in (low, high, (tail, head)):
        sketch.line(*ends, style=("<->", *sketch.accent()))
    sketch.parallel(*((start, along(start, end, 0.3)) for start, end in (low, high)))
    for point, letter in ((low[1], "m"), (high[1], r"\ell"), (head, "t")):
        sketch.write(point, f"${letter}$")
    asked = sketch.choose(((high[1], head), (head, high[0]), (high[0], tail), (tail, high[1])))
    sketch.angle(cut, low[1], head, rf"${size}^\circ$")
    sketch.angle(top, *asked, _asked_angle(sketch, round(plane.angle(top, *asked))))


def _chord(sketch: Sketch) -> None:
    """A chord and the radius across it; halves are marked or measured."""
    radius, half = sketch.uniform(1.5, 2.3), sketch.integer(35, 60)
    toward = sketch.choose((90, 270, 0, 180))
    a, b = polar(radius, toward - half), polar(radius, toward + half)
    base = middle(a, b)
    sketch.circle(0, radius, sketch.accent())
    sketch.name(0, letter="O", dots=True)
    sketch.line(a, b)
    sketch.line(0, polar(radius, toward) if sketch.chance(0.4) else base)
    sketch.line(0, a, style=("dashed",) if sketch.chance(0.4) else ())
    sketch.name(a, b, base)
    sketch.right_angle(base, 0, a)
    if sketch.chance(0.6):
        sketch.equal((a, base), (base, b))
        sketch.length(0, a, sketch.measure(0, a) + sketch.unit)
        sketch.length(0, base, "x")
    else:
        sketch.length(a, base, sketch.measure(a, base))
        sketch.length(0, base, sketch.measure(0, base))


def _tangents(sketch: Sketch) -> None:
    """Two tangents from a point, which are equal, with radii at right angles to them."""
    radius = sketch.uniform(1.2, 1.8)
    outside = complex(radius * sketch.uniform(1.8, 2.4)) * sketch.choose((1, -1))
    a, b = plane.tangent_points(outside, 0, radius)
    sketch.circle(0, radius, sketch.accent())
    sketch.name(0, letter="O", dots=True)
    sketch.name(outside, letter="P")
    sketch.name(a, b)
    for point in (a, b):
        sketch.line(0, point)
        sketch.line(outside, point)
        sketch.right_angle(point, 0, outside)
    if sketch.chance(0.5):
        sketch.equal((outside, a), (outside, b))
        sketch.angle(outside, a, b, rf"${plane.angle(outside, a, b):.0f}^\circ$")
        sketch.angle(0, a, b, _asked_angle(sketch, round(plane.angle(0, a, b))))
    else:
        sketch.line(0, outside, style=("dashed",))
        sketch.length(outside, a, sketch.measure(outside, a))
        sketch.length(outside, b, _asked_length(sketch, outside, b))


def _arc_angles(sketch: Sketch) -> None:
    """The angles at the centre and at the circle over one arc: one is given, the other is asked."""
    radius, half = sketch.uniform(1.7, 2.4), sketch.integer(35, 65)
    a, b = polar(radius, 270 - half), polar(radius, 270 + half)
    c = polar(radius, 90 + sketch.integer(-35, 35))
    sketch.circle(0, radius, sketch.accent())
    sketch.name(0, letter="O", dots=True)
    sketch.line(a, c, b)
    sketch.line(a, 0, b)
    sketch.name(a, b, c)
    at_center, at_circle = rf"${2 * half}^\circ$", rf"${half}^\circ$"
    if sketch.chance(0.5):
        at_center = _asked_angle(sketch, 2 * half)
    else:
        at_circle = _asked_angle(sketch, half)
    sketch.angle(0, a, b, at_center)
    sketch.angle(c, a, b, at_circle)


def _area(sketch: Sketch) -> None:
    """An area with a step, or a rectangle with a half circle, filled, with the lengths of its sides."""
    width, height = sketch.uniform(3.4, 5.0), sketch.uniform(2.2, 3.4)
    if sketch.chance(0.6):
        across, up = width * sketch.choose((0.4, 0.5, 0.6)), height * sketch.choose((0.4, 0.5, 0.6))
        corners = (
            0j,
            complex(width),
            complex(width, up),
            complex(across, up),
            complex(across, height),
            height * 1j,
        )
        sketch.polygon(*corners, style=(*sketch.filling(0.5), *sketch.accent()))
        for i in sketch.choose(((0, 1, 3, 5), (0, 2, 4, 5), (0, 1, 2, 3, 4, 5))):
            side = corners[i], corners[(i + 1) % 6]
            sketch.length(*side, sketch.measure(*side) + sketch.unit)
        for i in (0, 1, 4, 5):
            if sketch.chance(0.4):
                sketch.right_angle(corners[i], corners[i - 1], corners[(i + 1) % 6])
        return
    rectangle = 0j, complex(width), complex(width, height), height * 1j
    style = sketch.filling(0.5)
    sketch.elements.append(Arc(complex(width, height / 2), (height / 2, height / 2), -90, 90, style))
    sketch.polygon(*rectangle, style=style)
    sketch.length(rectangle[0], rectangle[1], sketch.measure(rectangle[0], rectangle[1]) + sketch.unit)
    sketch.length(rectangle[3], rectangle[0], sketch.measure(rectangle[3], rectangle[0]) + sketch.unit)


def _elevation(sketch: Sketch) -> None:
    """A tower, a tree or a ladder: the height is asked from an angle and the distance on the ground."""
    size, distance = sketch.choose((28, 30, 35, 40, 42, 50)), sketch.uniform(3.0, 4.5)
    sketch.unit = r"\,\mathrm{m}"
    a, b = 0j, complex(distance)
    top = crossing(a, polar(1, size), b, b + 1j)
    if sketch.chance(0.5):  # the eye of who looks is above the ground
        ground = -1j * sketch.uniform(0.4, 0.7)
        sketch.line(ground - 0.4, b + ground + 0.6)
        sketch.line(a, a + ground)
        sketch.line(b + ground, top)
        sketch.length(a, a + ground)
        sketch.line(a, b, style=("dashed",))
    else:
        sketch.line(a - 0.4, b + 0.6)
        sketch.line(b, top)
    sketch.line(a, top, style=sketch.accent())
    sketch.name(a, b, top)
    sketch.right_angle(b, a, top)
    sketch.angle(a, b, top, rf"${size}^\circ$")
    sketch.length(a, b, sketch.measure(a, b) + sketch.unit)
    sketch.length(b, top, sketch.choose(("h", "x", "?")))


def _bisector_by_compasses(sketch: Sketch) -> None:
    """A segment, the arcs of compasses round both ends, and the dashed line through their crossings."""
    half = sketch.uniform(1.5, 2.2)
    radius = half * sketch.choose((1.25, 1.4))
    a, b = complex(-half), complex(half)
    sketch.line(a, b)
    up = (radius**2 - half**2) ** 0.5
    for center in (a, b):
        for toward in (1, -1):
            middle_turn = plane.direction(center, complex(0, toward * up))
            spread = sketch.integer(10, 18)
            style = sketch.marking
            sketch.elements.append(
                Arc(center, (radius, radius), middle_turn - spread, middle_turn + spread, style)
            )
    sketch.line(complex(0, -up - 0.5), complex(0, up + 0.5), style=("dashed", *sketch.accent()))
    sketch.name(a, b)
    sketch.name(complex(0, up + 0.5), complex(0, -up - 0.5))
    sketch.name(0, letter="M")
    if sketch.chance(0.5):
        sketch.right_angle(0, b, complex(0, up))
    if sketch.chance(0.5):
        sketch.equal((a, 0), (0, b))


def _asked_angle(sketch: Sketch, size: int) -> str:
    r"""An unknown angle: `x`, or an expression in x that is `size` degrees, such as (2x+10)^\circ."""
    if sketch.chance(0.5):
        return sketch.choose(("$x$", r"$x^\circ$", "$?$", r"$\alpha$"))
    return rf"$({_expression(sketch, size)})^\circ$"


def _asked_length(sketch: Sketch, a: Point, b: Point) -> str:
    """An unknown length: x, or an expression in x, where the length is a whole number."""
    text = sketch.measure(a, b)
    return _expression(sketch, int(text)) if text.isdigit() and int(text) > 5 else "x"


def _expression(sketch: Sketch, size: int) -> str:
    """Such as `3x-5`, which is `size` for a whole x."""
    factor = sketch.integer(2, 5)
    rest = size % factor + factor * sketch.integer(-2, 2)
    return f"{factor}x" + (f"{rest:+}" if rest else "")


EXERCISES = (
    *[_right_triangle] * 3,
    _angle_and_side,
    *[_congruent] * 2,
    _isosceles,
    *[_parallelogram] * 2,
    _parts_of_sides,
    *[_transversal] * 2,
    _chord,
    _tangents,
    _arc_angles,
    *[_area] * 2,
    _elevation,
    _bisector_by_compasses,
)
"""An exercise is listed as many times as it shall be drawn, relative to the others."""
