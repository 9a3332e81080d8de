"""Triangles with constructions in and around them."""

from data_engines.kinds.geometry import plane
from data_engines.kinds.geometry.plane import Point, along, crossing, foot, middle, polar
from data_engines.kinds.geometry.sketch import Sketch

Corners = tuple[Point, Point, Point]


def triangle(sketch: Sketch) -> None:
    """A triangle with up to three constructions and the lengths of sides."""
    corners = choose_corners(sketch)
    sketch.polygon(*corners, style=sketch.filling(0.15), named=True)
    chosen = sketch.rng.permutation(len(CONSTRUCTIONS))[: sketch.choose((0, 1, 1, 1, 2, 2, 3))]
    for number in chosen:
        first = sketch.integer(0, 2)
        CONSTRUCTIONS[number](sketch, corners[first], corners[first - 2], corners[first - 1])
    if sketch.chance(0.3):
        for i in range(3):
            if sketch.chance(0.6):
                sketch.length(corners[i - 1], corners[i])


def pair_of_triangles(sketch: Sketch) -> None:
    """Two triangles that are similar, or share a side or an angle, or have opposite angles."""
    sketch.choose((_similar, _on_one_side, _in_one_angle, _opposite))(sketch)


def choose_corners(sketch: Sketch) -> Corners:
    """The corners of a triangle without very sharp angles; often a special one, upright or turned."""
    base = sketch.uniform(3.0, 5.5)
    kind = sketch.choose(("any", "any", "any", "right", "right", "isosceles", "equilateral", "obtuse"))
    a, b = 0j, complex(base)
    if kind == "right":
        c = complex(0, sketch.uniform(2.0, 4.0))
    elif kind == "isosceles":
        c = complex(base / 2, sketch.uniform(2.0, 4.0))
    elif kind == "equilateral":
        c = polar(base, 60)
    elif kind == "obtuse":
        c = complex(-sketch.uniform(0.5, 1.5), sketch.uniform(1.8, 3.0))
    else:
        c = complex(sketch.uniform(0.6, base - 0.6), sketch.uniform(1.8, 4.0))
    if sketch.chance(0.3):
        a, b, c = b, a, base - c.conjugate()
    turn = polar(1, sketch.choose((0, 0, 0, 0, 180, 90, sketch.integer(-40, 40))))
    return a * turn, b * turn, c * turn


def _altitude(sketch: Sketch, apex: Point, a: Point, b: Point) -> None:
    base = foot(apex, a, b)
    share = ((base - a) / (b - a)).real
    if min(abs(base - a), abs(base - b)) < 0.3:
        return
    style = ("dashed",) if sketch.chance(0.5) else sketch.accent()
    sketch.line(apex, base, style=style, named=True)
    if not 0 < share < 1:
        sketch.line(base, a if share < 0 else b, style=("dashed",))
    sketch.right_angle(base, apex, b if share < 0.5 else a)


def _median(sketch: Sketch, apex: Point, a: Point, b: Point) -> None:
    end = middle(a, b)
    sketch.line(apex, end, style=sketch.accent())
    sketch.name(end, letter="M")
    if sketch.chance(0.5):
        sketch.equal((a, end), (end, b))


def _bisector(sketch: Sketch, apex: Point, a: Point, b: Point) -> None:
    end = plane.bisector(apex, a, b)
    sketch.line(apex, end, style=sketch.accent(), named=True)
    if sketch.chance(0.6):
        sketch.angle(apex, a, end)
        sketch.angle(apex, end, b)


def _midline(sketch: Sketch, apex: Point, a: Point, b: Point) -> None:
    ends = middle(apex, a), middle(apex, b)
    sketch.line(*ends, style=sketch.accent(), named=True)
    if sketch.chance(0.3):
        sketch.parallel(ends, (a, b))


def _medians(sketch: Sketch, a: Point, b: Point, c: Point) -> None:
    ends = middle(b, c), middle(c, a), middle(a, b)
    for corner, end in zip((a, b, c), ends, strict=True):
        sketch.line(corner, end)
    sketch.name(*ends)
    sketch.name((a + b + c) / 3, letter="G")


def _circumcircle(sketch: Sketch, a: Point, b: Point, c: Point) -> None:
    center, radius = plane.circumcircle(a, b, c)
    if radius > 3.5:
        return
    sketch.circle(center, radius, sketch.accent())
    if sketch.chance(0.6):
        sketch.name(center, letter="O")
        if sketch.chance(0.6):
            sketch.line(center, a, style=("dashed",))
        else:
            sketch.dot(center)


def _incircle(sketch: Sketch, a: Point, b: Point, c: Point) -> None:
    center, radius = plane.incircle(a, b, c)
    sketch.circle(center, radius, (*sketch.filling(0.2), *sketch.accent()))
    if sketch.chance(0.6):
        sketch.name(center, letter="I", dots=True)
    if sketch.chance(0.5):
        sketch.name(foot(center, a, b), foot(center, b, c), foot(center, c, a))


def _inner_point(sketch: Sketch, a: Point, b: Point, c: Point) -> None:
    shares = sketch.rng.dirichlet((4, 4, 4))
    point = complex(shares @ (a, b, c))
    style: tuple[str, ...] = ("dashed",) if sketch.chance(0.3) else ()
    for corner in (a, b, c):
        sketch.line(corner, point, style=style)
    sketch.name(point, letter="P")


def _cevian(sketch: Sketch, apex: Point, a: Point, b: Point) -> None:
    end = along(a, b, sketch.uniform(0.3, 0.7))
    style = ("dashed",) if sketch.chance(0.3) else sketch.accent()
    sketch.line(apex, end, style=style, named=True)
    if sketch.chance(0.3):
        other = along(apex, b, sketch.uniform(0.4, 0.7))
        sketch.line(a, other, named=True)
        sketch.name(crossing(apex, end, a, other))


def _extension(sketch: Sketch, a: Point, b: Point, c: Point) -> None:
    """One side extended, with the exterior angle."""
    end = along(a, b, 1 + sketch.uniform(1.0, 1.8) / abs(b - a))
    sketch.line(b, end, style=("dashed",) if sketch.chance(0.3) else (), named=True)
    if sketch.chance(0.6):
        sketch.degrees(b, end, c)


def _angles(sketch: Sketch, a: Point, b: Point, c: Point) -> None:
    if abs(plane.angle(a, b, c) - 90) < 0.5:
        sketch.right_angle(a, b, c)
    else:
        sketch.degrees(a, b, c)
    if sketch.chance(0.5) and abs(plane.angle(b, a, c) - 90) > 0.5:
        sketch.degrees(b, a, c)


def _square_on_side(sketch: Sketch, apex: Point, a: Point, b: Point) -> None:
    out = 1j * (b - a) if plane.cross(b - a, apex - a) < 0 else -1j * (b - a)
    if abs(out) > 3.5:
        return
    sketch.line(a, a + out, b + out, b, style=sketch.accent(), named=True)


def _similar(sketch: Sketch) -> None:
    corners = choose_corners(sketch)
    share = sketch.choose((0.5, 0.6, 0.7))
    across = [corner.real for corner in corners]
    corner = corners[0]
    right = max(across) - corner.real + share * (corner.real - min(across)) + sketch.uniform(1.0, 1.5)
    others = tuple(corner + right + share * (point - corner) for point in corners)
    sketch.polygon(*corners, named=True)
    sketch.polygon(*others, style=sketch.accent(), named=True)
    if sketch.chance(0.5):
        for a, b, c in (corners, others):
            sketch.angle(a, b, c)


def _on_one_side(sketch: Sketch) -> None:
    a, b, c = choose_corners(sketch)
    base = foot(c, a, b)
    d = base - (c - base) * sketch.uniform(0.6, 1.0)
    sketch.polygon(a, b, c, named=True)
    sketch.line(a, d, b, style=sketch.accent(), named=True)
    if min(abs(base - a), abs(base - b)) > 0.5 and sketch.chance(0.4):
        sketch.line(c, d, style=("dashed", *sketch.accent()))


def _in_one_angle(sketch: Sketch) -> None:
    a, b, c = choose_corners(sketch)
    share = sketch.uniform(0.4, 0.7)
    parallel = sketch.chance(0.6)
    d, e = along(a, b, share), along(a, c, share if parallel else 1.1 - share)
    sketch.polygon(a, b, c, named=True)
    sketch.line(d, e, style=sketch.accent(), named=True)
    if parallel and sketch.chance(0.3):
        sketch.parallel((d, e), (b, c))
    elif sketch.chance(0.3):
        sketch.line(b, e)
        sketch.line(c, d)


def _opposite(sketch: Sketch) -> None:
    """Two segments that cross, with their ends joined on two sides."""
    a, b, c = choose_corners(sketch)
    share = -sketch.uniform(0.4, 0.9)
    d, e = along(c, a, share), along(c, b, share)
    for one, other in ((a, d), (b, e), (a, b), (d, e)):
        sketch.line(one, other)
    sketch.name(a, b, c, d, e)
    if sketch.chance(0.3):
        sketch.degrees(c, a, b)


CONSTRUCTIONS = (
    _altitude,
    _median,
    _bisector,
    _midline,
    _medians,
    _circumcircle,
    _incircle,
    _inner_point,
    _cevian,
    _extension,
    _angles,
    _square_on_side,
)
