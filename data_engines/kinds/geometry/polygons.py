"""Quadrilaterals and other polygons, and simple shapes side by side."""

from data_engines.kinds.geometry import plane
from data_engines.kinds.geometry.plane import Point, along, crossing, foot, middle, polar
from data_engines.kinds.geometry.sketch import Sketch

Corners = tuple[Point, Point, Point, Point]


def quadrilateral(sketch: Sketch) -> None:
    """A square, trapezoid or other quadrilateral, with diagonals, heights, points on sides, or circles."""
    kind = sketch.choose(("square", "rectangle", "parallelogram", "rhombus", "trapezoid", "kite", "any"))
    a, b, c, d = corners = _choose_corners(sketch, kind)
    sketch.polygon(*corners, style=sketch.filling(0.15), named=True)
    content = sketch.choose(("diagonals", "points", "points", "special", "special", ""))
    if content == "diagonals":
        _diagonals(sketch, corners, right=kind in ("rhombus", "square", "kite"))
    elif content == "points":
        _points_on_sides(sketch, corners)
    elif content and kind in ("parallelogram", "trapezoid", "rhombus"):
        base = foot(d, a, b)
        sketch.line(d, base, style=("dashed", *sketch.accent()), named=True)
        sketch.right_angle(base, d, b)
    elif content and kind in ("square", "rectangle"):
        _circles_inside(sketch, corners, square=kind == "square")
    if kind in ("square", "rectangle") and sketch.chance(0.25):
        sketch.right_angle(a, b, d)
    elif kind in ("parallelogram", "rhombus") and sketch.chance(0.3):
        mark = sketch.parallel if sketch.chance(0.5) else sketch.equal
        mark((a, b), (d, c))
    if sketch.chance(0.25):
        sketch.length(a, b)
        sketch.length(b, c)


def regular_polygon(sketch: Sketch) -> None:
    """A regular polygon, with some diagonals, the circle round it, or a perpendicular to a side."""
    num_corners, radius = sketch.integer(5, 8), sketch.uniform(1.5, 2.4)
    corners = plane.regular(num_corners, 0, radius, 90 if num_corners % 2 else 90 + 180 / num_corners)
    sketch.polygon(*corners, style=sketch.filling(0.2), named=True)
    if sketch.chance(0.4):
        sketch.circle(0, radius, sketch.accent())
    if sketch.chance(0.5):
        style: tuple[str, ...] = ("dashed",) if sketch.chance(0.4) else ()
        for i in range(2, num_corners - 1):
            if sketch.chance(0.7):
                sketch.line(corners[0], corners[i], style=style)
    elif sketch.chance(0.7):
        low, high = corners[num_corners // 2], corners[num_corners // 2 - 1]
        base = middle(low, high)
        sketch.name(0, letter="O")
        sketch.line(0, low)
        sketch.line(0, base, style=("dashed",), named=True)
        if sketch.chance(0.5):
            sketch.right_angle(base, 0, low)


def polygon(sketch: Sketch) -> None:
    """A polygon without any symmetry."""
    num_corners = sketch.integer(4, 7)
    step = 360 / num_corners
    turns = [i * step + sketch.uniform(-step / 4, step / 4) for i in range(num_corners)]
    corners = [polar(sketch.uniform(1.4, 2.6), turn) for turn in turns]
    sketch.polygon(*corners, style=sketch.filling(0.4, hatched=True), named=True)
    if sketch.chance(0.3):
        for i in range(num_corners):
            sketch.length(corners[i - 1], corners[i])


def apart(sketch: Sketch) -> None:
    """Two or three simple shapes side by side, with or without letters."""
    letters = sketch.chance(0.5)
    left = 0.0
    for _ in range(sketch.integer(2, 3)):
        size = sketch.uniform(1.4, 2.6)
        center = complex(left + size / 2, sketch.uniform(-0.5, 0.5))
        num_corners = sketch.choose((0, 0, 3, 3, 4, 4, 5, 6))
        style = (*sketch.filling(0.3, hatched=num_corners > 0 or not letters), *sketch.accent())
        if num_corners == 0:
            sketch.circle(center, size / 2, style)
            corners: tuple[Point, ...] = ()
        elif num_corners == 4:
            half = complex(size / 2, sketch.uniform(0.5, 1.2))
            corners = center - half, center + half.conjugate(), center + half, center - half.conjugate()
        else:
            turn = sketch.uniform(-20, 20) if num_corners == 3 else 0
            corners = plane.regular(num_corners, center, size / 2, 90 + turn)
        if corners:
            sketch.polygon(*corners, style=style)
        if letters:
            sketch.name(*(corners or (center,)))
        left += size + sketch.uniform(0.5, 1.0)


def _choose_corners(sketch: Sketch, kind: str) -> Corners:
    """The corners in counterclockwise order, beginning at the lower left."""
    width, height = sketch.uniform(3.0, 5.5), sketch.uniform(1.8, 3.6)
    slant = sketch.uniform(0.5, 1.3)
    top = complex(0, height)
    match kind:
        case "square":
            corners: Corners = 0j, complex(width * 0.8), width * (0.8 + 0.8j), width * 0.8j
        case "rectangle":
            corners = 0j, complex(width), width + top, top
        case "parallelogram":
            corners = 0j, complex(width), width + slant + top, slant + top
        case "rhombus":
            across = polar(width * 0.8, sketch.choose((50, 60, 65, 70)))
            corners = 0j, complex(width * 0.8), width * 0.8 + across, across
        case "trapezoid":
            short = width * sketch.uniform(0.4, 0.7)
            left = sketch.choose((slant / 2, (width - short) / 2))
            corners = 0j, complex(width), left + short + top, left + top
        case "kite":
            corners = -top * 0.7, complex(width / 3), top * 0.45, complex(-width / 3)
        case _:
            corners = 0j, complex(width, 0.4), width - slant + top, slant * 0.5 + top * 0.8
    turn = polar(1, sketch.integer(-35, 35)) if kind != "kite" and sketch.chance(0.2) else 1
    a, b, c, d = (corner * turn for corner in corners)
    return a, b, c, d


def _diagonals(sketch: Sketch, corners: Corners, right: bool) -> None:
    a, b, c, d = corners
    sketch.line(a, c, style=sketch.accent())
    if sketch.chance(0.7):
        sketch.line(b, d, style=sketch.accent())
        center = crossing(a, c, b, d)
        sketch.name(center, letter="O")
        if right and sketch.chance(0.4):
            sketch.right_angle(center, a, b)


def _points_on_sides(sketch: Sketch, corners: Corners) -> None:
    points = [along(corners[i], corners[i - 3], sketch.uniform(0.3, 0.7)) for i in range(4)]
    chosen = sorted(int(i) for i in sketch.rng.permutation(4)[: sketch.choose((1, 2, 2, 4))])
    sketch.name(*[points[i] for i in chosen])
    if len(chosen) == 4:
        sketch.polygon(*points, style=(*sketch.filling(0.3), *sketch.accent()))
        return
    style = sketch.choose(((), ("dashed",), sketch.accent()))
    for i in chosen:
        sketch.line(corners[i - 1 - sketch.integer(0, 1)], points[i], style=style)
    if len(chosen) == 2 and sketch.chance(0.5):
        sketch.line(*[points[i] for i in chosen], style=style)


def _circles_inside(sketch: Sketch, corners: Corners, square: bool) -> None:
    a, b, c, d = corners
    center = middle(a, c)
    if square and sketch.chance(0.4):
        sketch.circle(center, abs(b - a) / 2, (*sketch.filling(0.6, hatched=True), *sketch.accent()))
        return
    if square and sketch.chance(0.5):
        sketch.circle(center, abs(b - a) / 2, sketch.accent())
    elif sketch.chance(0.5):
        sketch.circle(center, abs(c - a) / 2, sketch.accent())
    else:
        sketch.circle(middle(a, b), min(abs(b - a) / 2, abs(d - a)), sketch.accent())
        center = middle(a, b)
    if sketch.chance(0.5):
        sketch.name(center, letter="O", dots=True)
