"""Figures on axes: lines, conics, graphs of the usual functions, and polygons."""

import math

from data_engines.kinds.geometry.axes import (
    Frame,
    Function,
    add_graph,
    add_plot,
    draw_axes,
    free_ticks,
    line_ends,
    terms,
)
from data_engines.kinds.geometry.conics import (
    ellipse,
    hyperbola,
    line_and_parabola,
    parabola,
    sideways_parabola,
)
from data_engines.kinds.geometry.plane import Point, crossing
from data_engines.kinds.geometry.sketch import Sketch
from data_engines.kinds.geometry.tikz import Ticks, number


def graph(sketch: Sketch) -> None:
    """Axes with one or more curves, and the points and lines that belong to them."""
    side = sketch.choose((3, 3, 4))
    frame = Frame(-side, side, -sketch.integer(2, side), sketch.integer(2, side))
    ticks = sketch.choose(("none", "strokes", "numbers"))
    step = sketch.choose((1, 1, 2))
    draw_axes(sketch, frame)
    sketch.choose(CURVES)(sketch, frame)
    if ticks != "none":
        for low, high, upright in ((frame.left, frame.right, False), (frame.bottom, frame.top, True)):
            values = tuple(value for value in range(low, high + 1) if value and value % step == 0)
            sketch.elements.append(free_ticks(sketch, Ticks(values, upright, labelled=ticks == "numbers")))


def _line(sketch: Sketch, frame: Frame) -> None:
    """One line, or two that meet in a named point."""
    slopes = (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)
    first = sketch.integer(0, len(slopes) - 1)
    drawn: list[tuple[Point, Point]] = []
    for slope in (slopes[first], slopes[first - sketch.integer(2, 5)])[: sketch.integer(1, 2)]:
        height = sketch.choose((-1.0, 0.0, 1.0, 0.5, -1.5, 2.0))
        ends = line_ends(frame, slope, height)
        sketch.line(*ends, style=sketch.accent())
        equation = f"y={terms((slope, 'x'), (height, ''))}"
        sketch.write(ends[sketch.integer(0, 1)], sketch.choose((f"${equation}$", f"$l_{len(drawn) + 1}$")))
        drawn.append(ends)
    if len(drawn) == 2:
        meeting = crossing(*drawn[0], *drawn[1])
        if frame.holds(meeting) and abs(meeting.real) > 0.3 and abs(meeting.imag) > 0.3:
            sketch.name(meeting, letter="P", dots=True)


def _function(sketch: Sketch, frame: Frame) -> None:
    """The graph of an elementary function, sometimes with its asymptote or a point."""
    code, equation, function = sketch.choose(FUNCTIONS)
    shift = sketch.choose((0.0, 0.0, 1.0, -1.0))
    code = terms((1, code), (shift, ""))
    plot = add_graph(sketch, frame, code, lambda x: function(x) + shift)
    if sketch.chance(0.6):
        text = sketch.choose((f"$y={terms((1, equation), (shift, ''))}$", "$y=f(x)$"))
        sketch.write(plot.points[-1 if sketch.chance(0.6) else 0], text)
    if sketch.chance(0.3):
        point = plot.points[sketch.integer(5, 19)]
        point = complex(round(point.real, 2), round(function(round(point.real, 2)) + shift, 2))
        if abs(point.real) > 0.4 and abs(point.imag) > 0.4:
            sketch.name(point, dots=True)
            sketch.line(complex(point.real), point, complex(0, point.imag), style=("dashed",))


def _inverse(sketch: Sketch, frame: Frame) -> None:
    """The graph of a logarithm or root, drawn as the inverse function with x and y exchanged."""
    code, equation, function, low = sketch.choose(
        (
            (r"exp(\x)", r"\ln x", math.exp, float(frame.bottom)),
            (r"2^(\x)", r"\log_2 x", lambda y: 2**y, float(frame.bottom)),
            (r"(\x)^2", r"\sqrt{x}", lambda y: y * y, 0.0),
        )
    )
    tried = [y / 100 for y in range(round(100 * low), 100 * frame.top + 1)]
    inside = [y for y in tried if function(y) <= frame.right]
    ends = inside[0], inside[-1]
    x = f"{{{code}}}"
    plot = add_plot(sketch, x, r"\x", lambda y: complex(function(y), y), ends, sketch.accent())
    if sketch.chance(0.7):
        sketch.write(plot.points[-1], sketch.choose((f"$y={equation}$", "$y=f(x)$")))


def _reciprocal(sketch: Sketch, frame: Frame) -> None:
    """Both branches of y = k/x."""
    k = sketch.choose((-2.0, -1.0, 1.0, 2.0, 1.5))
    code = rf"{number(k)}/\x"
    for ends in ((frame.left, -0.2), (0.2, frame.right)):
        add_graph(sketch, frame, code, lambda x: k / x, ends)
    if sketch.chance(0.6):
        sketch.write(complex(1, k), rf"$y=\frac{{{number(k)}}}{{x}}$")
    if sketch.chance(0.3):
        corner = complex(frame.right / 2, 2 * k / frame.right)
        sketch.polygon(0, complex(corner.real), corner, complex(0, corner.imag), style=("dashed",))
        sketch.name(corner, letter="P")


def _polygon_on_axes(sketch: Sketch, frame: Frame) -> None:
    """A triangle or quadrilateral whose corners have whole coordinates."""
    corners: list[Point] = []
    for quarter in sketch.rng.permutation(4)[: sketch.integer(3, 4)]:
        across = sketch.integer(1, frame.right) * (1 if quarter in (0, 3) else -1)
        up = sketch.integer(1, frame.top) if quarter in (0, 1) else -sketch.integer(1, -frame.bottom)
        corners.append(complex(across, up))
    corners.sort(key=lambda corner: math.atan2(corner.imag, corner.real))
    sketch.polygon(*corners, style=(*sketch.filling(0.3), *sketch.accent()))
    located = sketch.chance(0.4)
    for corner in corners:
        if located:
            sketch.dot(corner)
            sketch.write(corner, f"$({number(corner.real)},{number(corner.imag)})$")
        else:
            sketch.name(corner, dots=True)
        if sketch.chance(0.2):
            sketch.line(complex(corner.real), corner, style=("dashed",))


def _triangle_below_line(sketch: Sketch, frame: Frame) -> None:
    """A line that falls, the triangle between it and the axes, filled, and where it meets them."""
    across, up = sketch.integer(1, frame.right), sketch.integer(1, frame.top)
    sketch.polygon(0, complex(across), complex(0, up), style=sketch.filling(1.0, hatched=True))
    sketch.line(*line_ends(frame, -up / across, up), style=sketch.accent())
    for point in (complex(across), complex(0, up)):
        sketch.write(point, f"$({number(point.real)},{number(point.imag)})$")


def _vectors(sketch: Sketch, frame: Frame) -> None:
    """Two vectors from the origin, and often their sum with dashed parallels."""
    one = complex(sketch.integer(1, frame.right - 1), sketch.integer(0, 1))
    other = complex(sketch.integer(0, 1), sketch.integer(1, frame.top - 1))
    ends = {r"\vec{a}": one, r"\vec{b}": other}
    if frame.holds(one + other) and sketch.chance(0.6):
        sketch.line(one, one + other, other, style=("dashed",))
        ends[r"\vec{a}+\vec{b}"] = one + other
    for text, end in ends.items():
        sketch.line(0, end, style=("->", *sketch.accent()))
        sketch.write(end, f"${text}$")


FUNCTIONS: tuple[tuple[str, str, Function], ...] = (
    (r"sin(\x r)", r"\sin x", math.sin),
    (r"cos(\x r)", r"\cos x", math.cos),
    (r"2*sin(\x r)", r"2\sin x", lambda x: 2 * math.sin(x)),
    (r"sin(2*\x r)", r"\sin 2x", lambda x: math.sin(2 * x)),
    (r"exp(\x)", "e^x", math.exp),
    (r"2^(\x)", "2^x", lambda x: 2**x),
    (r"exp(-\x)", "e^{-x}", lambda x: math.exp(-x)),
    (r"(\x)^3", "x^3", lambda x: x**3),
    (r"0.25*(\x)^3-\x", r"\frac{1}{4}x^3-x", lambda x: 0.25 * x**3 - x),
)
r"""Functions: as TikZ writes each, as TeX writes it, and as Python computes it."""

CURVES = (
    *[_line] * 2,
    *[parabola] * 4,
    *[sideways_parabola] * 2,
    *[ellipse] * 4,
    *[hyperbola] * 4,
    *[_function] * 3,
    _inverse,
    _reciprocal,
    line_and_parabola,
    *[_polygon_on_axes] * 2,
    *[_triangle_below_line] * 2,
    _vectors,
)
"""A curve is listed as many times as it shall be drawn, relative to the others."""
