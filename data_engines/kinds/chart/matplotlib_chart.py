"""Draws charts with Matplotlib's artists on an Agg canvas; Pillow sets the letters.

Figures have no Axes, which with their ticks would take 20 ms, and texts are no artists. Artists at the pixels
of the plan, and Pillow for the outlines of the same FreeType, take 15 ms in all.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Wedge
from matplotlib.transforms import IdentityTransform
from PIL import Image

from data_engines.kinds.chart.check import Drawn
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.letters import write_all
from data_engines.kinds.chart.marks import HOLE, MARKER
from data_engines.kinds.chart.plan import (
    FAINT,
    MARKERS,
    Look,
    Plan,
    across,
    along,
    mark_color,
)
from data_engines.tools.boxes import Box

TICK = 4.0
"""Length of the marks at gridlines in pixels; those between are shorter."""


Point = tuple[float, float]


def draw(chart: Chart, look: Look, plan: Plan) -> Drawn:
    # at 72 dots per inch points are pixels
    figure = Figure(figsize=(look.width / 72, look.height / 72), dpi=72, facecolor=look.paper)
    canvas = FigureCanvasAgg(figure)
    bars: tuple[tuple[Box, ...], ...] = ()
    points: tuple[tuple[Point, ...], ...] = ()
    shares: tuple[float, ...] = ()
    if chart.round:
        shares = _draw_slices(figure, chart, look, plan)
    else:
        _draw_grid(figure, chart, look, plan.plot)
        if plan.bars:
            bars = _draw_bars(figure, look, plan)
        else:
            points = _draw_points(figure, chart, look, plan)
        _draw_frame(figure, chart, look, plan.plot)
    for mark, (x, y) in enumerate(plan.swatches):
        _draw_swatch(figure, chart, look, mark, x, y)
    canvas.draw()
    picture = Image.frombytes("RGB", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBX")
    return Drawn(picture, write_all(picture, plan.labels, look), bars, points, shares)


def _flip(look: Look, points: Iterable[Point]) -> list[Point]:
    """From pixels counted from the top to Matplotlib's from the bottom, and back."""
    return [(x, look.height - y) for x, y in points]


def _add(figure: Figure, artist: Artist) -> None:
    artist.set_transform(IdentityTransform())
    artist.set_zorder(len(figure.artists))  # each above those before it, whatever its kind
    figure.add_artist(artist)


def _add_lines(
    figure: Figure, look: Look, lines: Sequence[Sequence[Point]], color: str, **style: Any
) -> None:
    flipped = [_flip(look, line) for line in lines]
    _add(figure, LineCollection(flipped, colors=color, snap=True, **style))


def _draw_grid(figure: Figure, chart: Chart, look: Look, plot: Box) -> None:
    corners = _corners(plot)
    _add(figure, PolyCollection([_flip(look, corners)], facecolors=look.plot_paper, linewidths=0))
    if look.grid == "none":
        return
    style = {"linewidths": 1, "linestyles": "solid" if look.grid == "solid" else (0, (4, 3))}
    lines = [_line_at(chart, plot, count) for count in chart.axis.ticks]
    if chart.axis.parts > 2:
        between = [_line_at(chart, plot, count) for count in chart.axis.marks]
        _add_lines(figure, look, between, look.grid_ink, alpha=FAINT, **style)
    if chart.x_axis:
        xs = [across(chart, plot, count) for count in chart.x_axis.ticks]
        lines += [((x, plot.top), (x, plot.bottom)) for x in xs]
    _add_lines(figure, look, lines, look.grid_ink, **style)


def _line_at(chart: Chart, plot: Box, count: int) -> tuple[Point, Point]:
    """The gridline of a value."""
    at = along(chart, plot, count)
    if chart.form == "bar":
        return (at, plot.top), (at, plot.bottom)
    return (plot.left, at), (plot.right, at)


def _draw_frame(figure: Figure, chart: Chart, look: Look, plot: Box) -> None:
    """The axes and the marks on them."""
    lines: list[Sequence[Point]] = []
    upper_left, upper_right, lower_right, lower_left = _corners(plot)
    if look.frame == "box":
        lines.append((upper_left, upper_right, lower_right, lower_left, upper_left))
    elif look.frame == "corner":
        lines.append((upper_left, lower_left, lower_right))
    if chart.axis.low <= 0:
        lines.append(_line_at(chart, plot, 0))
    if look.frame != "base":
        for count in chart.axis.marks:
            length = TICK if count in chart.axis.ticks else TICK / 2
            (x, y), (_, bottom) = _line_at(chart, plot, count)
            lines.append(
                ((x, bottom), (x, bottom + length)) if chart.form == "bar" else ((x - length, y), (x, y))
            )
    if chart.x_axis:
        xs = [across(chart, plot, count) for count in chart.x_axis.ticks]
        lines += [((x, plot.bottom), (x, plot.bottom + TICK)) for x in xs]
    _add_lines(figure, look, lines, look.ink, linewidths=1)


def _draw_bars(figure: Figure, look: Look, plan: Plan) -> tuple[tuple[Box, ...], ...]:
    drawn = []
    for mark, row in enumerate(plan.bars):
        bars = PolyCollection(
            [_flip(look, _corners(bar)) for bar in row],
            facecolors=mark_color(look, mark),
            edgecolors=look.ink if look.edge else "none",
            linewidths=1 if look.edge else 0,
        )
        _add(figure, bars)
        boxes = []
        for path in bars.get_paths():
            corners = np.asarray(path.vertices)
            (left, bottom), (right, top) = corners.min(axis=0), corners.max(axis=0)
            boxes.append(Box(left, look.height - top, right, look.height - bottom))
        drawn.append(tuple(boxes))
    return tuple(drawn)


def _draw_points(figure: Figure, chart: Chart, look: Look, plan: Plan) -> tuple[tuple[Point, ...], ...]:
    drawn = []
    for mark, row in enumerate(plan.points):
        color = mark_color(look, mark)
        points = _flip(look, row)
        if chart.form == "area":
            base = look.height - plan.plot.bottom
            outline = [(points[0][0], base), *points, (points[-1][0], base)]
            _add(figure, PolyCollection([outline], facecolors=color, alpha=0.35, linewidths=0))
        line = _line(chart, look, mark, points)
        _add(figure, line)
        drawn.append(tuple(_flip(look, np.asarray(line.get_xydata(), dtype=float).tolist())))
    return tuple(drawn)


def _line(chart: Chart, look: Look, mark: int, points: Sequence[Point]) -> Line2D:
    xs, ys = zip(*points, strict=True)
    # markers of successive series differ too, for printing without colours
    shapes = MARKERS[MARKERS.index(look.marker) :] + MARKERS[: MARKERS.index(look.marker)]
    return Line2D(
        xs,
        ys,
        color=mark_color(look, mark),
        linewidth=look.stroke,
        linestyle="none" if chart.form == "scatter" else "solid",
        marker=shapes[mark % len(shapes)],
        markersize=2 * MARKER * look.size * (0.9 if chart.form == "scatter" else 0.6),
        markeredgecolor=look.ink if look.edge else mark_color(look, mark),
    )


def _draw_slices(figure: Figure, chart: Chart, look: Look, plan: Plan) -> tuple[float, ...]:
    x, y = (plan.plot.left + plan.plot.right) / 2, (plan.plot.top + plan.plot.bottom) / 2
    shares = []
    for mark, (start, end) in enumerate(plan.slices):
        # Matplotlib counts degrees from the right, counterclockwise
        wedge = Wedge(
            (x, look.height - y),
            plan.radius,
            90 - end,
            90 - start,
            width=plan.radius * (1 - HOLE) if chart.form == "donut" else None,
            facecolor=mark_color(look, mark),
            edgecolor=look.paper if not look.edge else look.ink,
            linewidth=1.5 if not look.edge else 1,
        )
        _add(figure, wedge)
        shares.append((wedge.theta2 - wedge.theta1) / 360)
    return tuple(shares)


def _draw_swatch(figure: Figure, chart: Chart, look: Look, mark: int, x: float, y: float) -> None:
    size = look.size
    if chart.form in ("line", "area", "scatter"):
        ends = [(x, y), (x + 1.4 * size, y)] if chart.form != "scatter" else [(x + 0.7 * size, y)]
        line = _line(chart, look, mark, _flip(look, ends))
        if chart.form != "scatter":
            line.set_marker("none")
            middle = _line(chart, look, mark, _flip(look, [(x + 0.7 * size, y)]))
            _add(figure, middle)
        _add(figure, line)
        return
    patch = Box(x, y - 0.4 * size, x + 1.4 * size, y + 0.4 * size)
    color = mark_color(look, mark)
    edge = look.ink if look.edge else color
    _add(figure, PolyCollection([_flip(look, _corners(patch))], facecolors=color, edgecolors=edge))


def _corners(place: Box) -> list[Point]:
    left, top, right, bottom = place
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
