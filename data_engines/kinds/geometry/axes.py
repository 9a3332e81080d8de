"""Axes of a plane with numbers, and how functions are written and drawn on them."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from data_engines.kinds.geometry.plane import Point
from data_engines.kinds.geometry.sketch import Crowded, Sketch
from data_engines.kinds.geometry.tikz import SAMPLES, AxisArrow, GridLines, Plot, Ticks, number

Function = Callable[[float], float]


@dataclass(frozen=True)
class Frame:
    """The visible part of the plane, in whole centimetres from the origin."""

    left: int
    right: int
    bottom: int
    top: int

    def holds(self, point: Point) -> bool:
        return self.left <= point.real <= self.right and self.bottom <= point.imag <= self.top


def draw_axes(sketch: Sketch, frame: Frame) -> None:
    if sketch.chance(0.2):
        sketch.elements.append(GridLines(complex(frame.left, frame.bottom), complex(frame.right, frame.top)))
    x_side, y_side = sketch.choose((("right", "above"), ("right", "above"), ("below", "left")))
    sketch.elements += [
        AxisArrow(complex(frame.left - 0.3), complex(frame.right + 0.3), "$x$", x_side),
        AxisArrow(complex(0, frame.bottom - 0.3), complex(0, frame.top + 0.3), "$y$", y_side),
    ]
    sketch.write(0, "$O$")


def free_ticks(sketch: Sketch, ticks: Ticks) -> Ticks:
    """The ticks whose numbers no line crosses."""
    drawn = np.concatenate([each.outline() for each in sketch.elements if not isinstance(each, AxisArrow)])
    values = ticks.values
    for value, (low, high) in zip(values, ticks.label_boxes(), strict=ticks.labelled):
        across = (low.real < drawn.real) & (drawn.real < high.real)
        if np.any(across & (low.imag < drawn.imag) & (drawn.imag < high.imag)):
            values = tuple(other for other in values if other != value)
    if not values:
        raise Crowded
    return replace(ticks, values=values)


def add_plot(
    sketch: Sketch,
    x: str,
    y: str,
    curve: Callable[[float], Point],
    ends: tuple[float, float],
    style: tuple[str, ...],
    samples: int = SAMPLES,
) -> Plot:
    r"""Adds the points `curve(t)` for \x = t from one end to the other; TikZ computes them by `x` and `y`."""
    low, high = ends
    points = tuple(curve(low + (high - low) * i / (samples - 1)) for i in range(samples))
    plot = Plot(x, y, low, high, points, style)
    sketch.elements.append(plot)
    return plot


def add_graph(
    sketch: Sketch,
    frame: Frame,
    code: str,
    function: Function,
    ends: tuple[float, float] | None = None,
    samples: int = SAMPLES,
) -> Plot:
    r"""Adds the graph of a function of \x between two ends, as far as the frame holds it.

    Raises:
        Crowded: too little of the graph lies within the frame.
    """
    low, high = ends or (frame.left, frame.right)
    steps = 300
    tried = [low + (high - low) * i / steps for i in range(steps + 1)]
    inside = [x for x in tried if frame.holds(complex(x, function(x)))]
    if len(inside) < steps / 10:
        raise Crowded
    ends = math.ceil(inside[0] * 100) / 100, math.floor(inside[-1] * 100) / 100
    y = f"{{{code}}}"
    return add_plot(sketch, r"\x", y, lambda x: complex(x, function(x)), ends, sketch.accent(), samples)


def line_ends(frame: Frame, slope: float, height: float) -> tuple[Point, Point]:
    """The two points at which the line y = slope x + height leaves the frame."""
    at_edges = sorted(((frame.bottom - height) / slope, (frame.top - height) / slope))
    low, high = max(frame.left, at_edges[0]), min(frame.right, at_edges[1])
    if high - low < 1.5:
        raise Crowded
    return complex(low, slope * low + height), complex(high, slope * high + height)


def terms(*terms: tuple[float, str], times: str = "") -> str:
    r"""A sum of multiples as people write it, or as TikZ reads it if `times` is `*`.

    >>> terms((-0.5, "x"), (1, "y"), (0, "z"), (2, ""))
    '-0.5x+y+2'
    """
    written = ""
    for factor, name in terms:
        size = "" if abs(factor) == 1 and name else number(abs(factor)) + times * bool(name)
        if factor:
            written += ("-" if factor < 0 else "+" if written else "") + size + name
    return written or "0"


def power(variable: str, shift: float) -> str:
    r"""The square of `variable` minus `shift`, which TikZ and TeX write alike.

    >>> power("x", -1), power(r"\x", 0)
    ('(x+1)^2', '(\\x)^2')
    """
    inner = variable if shift == 0 else f"({variable}{'-' if shift > 0 else '+'}{number(abs(shift))})"
    if inner == r"\x":  # TikZ puts a number in place of \x, and a negative one needs brackets
        inner = r"(\x)"
    return f"{inner}^2"
