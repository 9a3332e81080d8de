"""Conics on axes: parabolas, ellipses and hyperbolas, with foci, vertices and asymptotes."""

import math

from data_engines.kinds.geometry.axes import Frame, add_graph, add_plot, line_ends, power, terms
from data_engines.kinds.geometry.plane import Point, on_ellipse
from data_engines.kinds.geometry.sketch import Crowded, Sketch
from data_engines.kinds.geometry.tikz import Ellipse, number

CONIC_SAMPLES = 15
"""Points of a curve: enough for a smooth conic, and each costs TeX a millisecond."""


def parabola(sketch: Sketch, frame: Frame) -> None:
    """A parabola that opens upwards or downwards, with its vertex, axis, zeros or a line through it."""
    a = sketch.choose((-1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 2.0, 1.0))
    h, k = float(sketch.integer(-1, 1)), sketch.choose((0.0, -1.0, 1.0, -2.0, 0.5))
    if a * k > 0 and sketch.chance(0.6):
        k = -k

    def function(x: float) -> float:
        return a * (x - h) ** 2 + k

    code = terms((a, power(r"\x", h)), (k, ""), times="*")
    plot = add_graph(sketch, frame, code, function, samples=CONIC_SAMPLES)
    if sketch.chance(0.5):
        sketch.write(plot.points[-1], f"$y={terms((a, power('x', h)), (k, ''))}$")
    vertex = complex(h, k)
    if sketch.chance(0.4) and vertex:
        sketch.name(vertex, letter="V", dots=True)
    if sketch.chance(0.3) and h:
        sketch.line(complex(h, frame.bottom), complex(h, frame.top), style=("dashed",))
    if a * k < 0 and sketch.chance(0.5):
        for x in (h - math.sqrt(-k / a), h + math.sqrt(-k / a)):
            if frame.left < x < frame.right and abs(x) > 0.3:
                sketch.name(complex(x), dots=True)


def sideways_parabola(sketch: Sketch, frame: Frame) -> None:
    """The parabola y^2 = 2px with focus and directrix."""
    p = sketch.choose((0.5, 1.0, 1.5, 2.0))
    side = sketch.choose((1, 1, -1))
    reach = min(frame.top, -frame.bottom, math.sqrt(2 * p * frame.right))
    reach = math.floor(reach * 100) / 100
    x = f"{{{'-' if side < 0 else ''}(\\x)^2" + (f"/{number(2 * p)}" if p != 0.5 else "") + "}"

    def curve(y: float) -> Point:
        return complex(side * y * y / (2 * p), y)

    add_plot(sketch, x, r"\x", curve, (-reach, reach), sketch.accent(), CONIC_SAMPLES)
    if sketch.chance(0.5):
        sketch.write(curve(reach), f"$y^2={terms((side * 2 * p, 'x'))}$")
    if sketch.chance(0.6):
        focus = complex(side * p / 2)
        sketch.name(focus, letter="F", dots=True)
        if sketch.chance(0.6):
            low, high = complex(-focus.real, frame.bottom), complex(-focus.real, frame.top)
            sketch.line(low, high, style=("dashed",))
        elif sketch.chance(0.6):
            sketch.line(complex(focus.real, -p), complex(focus.real, p), style=sketch.accent())
            sketch.name(complex(focus.real, p), complex(focus.real, -p))


def ellipse(sketch: Sketch, frame: Frame) -> None:
    """An ellipse or circle at the origin, with foci and a point joined to them."""
    wide = sketch.choose((2.0, 2.5, 3.0))
    high = min(sketch.choose((1.0, 1.5, 2.0, wide)), frame.top, -frame.bottom)
    sketch.elements.append(Ellipse(0, (wide, high), (*sketch.filling(0.1), *sketch.accent())))
    on_it = on_ellipse(0, (wide, high), sketch.choose((40, 55, 120, 300)))
    if wide == high:
        sketch.name(on_it, letter="P")
        sketch.line(0, on_it)
        sketch.write(on_it / 2, "$r$")
        return
    focus = complex(math.sqrt(wide**2 - high**2))
    if sketch.chance(0.7):
        sketch.name_pair("F", -focus, focus)
        if sketch.chance(0.5):
            sketch.line(-focus, on_it, focus)
            sketch.name(on_it, letter="P")
    if sketch.chance(0.4):
        sketch.name(complex(-wide), complex(wide), complex(0, high), complex(0, -high))
    elif sketch.chance(0.4):
        sketch.write(on_it, rf"$\frac{{x^2}}{{{number(wide**2)}}}+\frac{{y^2}}{{{number(high**2)}}}=1$")


def hyperbola(sketch: Sketch, frame: Frame) -> None:
    """Both branches of a hyperbola that opens sideways or upwards and downwards, with asymptotes and foci."""
    a, b = sketch.choose((0.5, 1.0, 1.0, 1.5)), sketch.choose((0.5, 1.0, 1.0, 1.5))
    upright = sketch.chance(0.3)
    height = min(frame.top, -frame.bottom)
    ahead, beside = (height, frame.right) if upright else (frame.right, height)
    reach = math.floor(100 * min(beside, b * math.sqrt((ahead / a) ** 2 - 1))) / 100
    if reach < 1.2:
        raise Crowded
    style = sketch.accent()
    root = r"sqrt(1+(\x)^2" + (f"/{number(b * b)}" if b != 1 else "") + ")"
    for vertex in (a, -a):

        def branch(t: float, vertex: float = vertex) -> Point:
            out = vertex * math.sqrt(1 + (t / b) ** 2)
            return complex(t, out) if upright else complex(out, t)

        out = f"{{{terms((vertex, root), times='*')}}}"
        x, y = (r"\x", out) if upright else (out, r"\x")
        add_plot(sketch, x, y, branch, (-reach, reach), style, CONIC_SAMPLES)
    slope = a / b if upright else b / a
    if sketch.chance(0.7):
        for sign in (1, -1):
            sketch.line(*line_ends(frame, sign * slope, 0), style=("dashed",))
    if sketch.chance(0.6):
        focus = math.hypot(a, b) * (1j if upright else 1)
        sketch.name_pair("F", -focus, focus)


def line_and_parabola(sketch: Sketch, frame: Frame) -> None:
    """A parabola cut by a line in two named points."""
    a = sketch.choose((0.5, 1.0, -0.5, -1.0))
    left, right = sketch.choose(((-1.0, 2.0), (-2.0, 1.0), (-1.0, 1.5), (-1.5, 1.0), (-1.0, 1.0)))
    k = sketch.choose((0.0, -1.0, 1.0))
    code = terms((a, power(r"\x", 0)), (k, ""), times="*")
    add_graph(sketch, frame, code, lambda x: a * x * x + k, samples=CONIC_SAMPLES)
    one, other = complex(left, a * left * left + k), complex(right, a * right * right + k)
    if not (frame.holds(one) and frame.holds(other)):
        raise Crowded
    over = 0.6 / abs(other - one)
    sketch.line(one - over * (other - one), other + over * (other - one), style=sketch.accent())
    sketch.name(one, other, dots=True)
