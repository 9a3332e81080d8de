"""Draws the marks of charts into Matplotlib's Axes: bars, lines, points, slices, boxes and radar charts."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from data_engines.kinds.chart.axes import number, tick_text
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.drawn import ink_on
from data_engines.kinds.chart.look import FAINT, HOLE, MARKER_SIZES, Look
from data_engines.kinds.chart.texts import INSIDE, Texts, valleys

BASE = 10
"""Size of the font in points, on which style sheets base all other sizes; the dpi turn it into pixels."""
MARK = "mark"
"""The id of lines that show numbers, unlike those of grids and boxes."""
LIMIT = 1.02
"""Half the side of the plot of a pie, in radii: more than 1, for the outline."""
WEB = 0.4
"""Opacity of the rings and spokes of a radar chart."""
OUTSIDE = 1.08
"""Distance from the centre to the names beside slices and spokes, in radii."""


def draw_bars(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    """Columns, bars, and the bins of histograms."""
    places = np.arange(len(chart.categories), dtype=float)
    low = max(number(chart.axis.low, chart.places), 0)
    base = np.full(len(places), low, dtype=float)
    thickness = look.fill / (1 if chart.stacked else len(chart.series))
    if chart.form == "histogram" and chart.x_axis:
        edges = np.array([number(count, chart.x_places) for count in chart.x_axis.places])
        thickness = edges[1] - edges[0]
        places = edges[:-1] + thickness / 2
    edge = {"edgecolor": matplotlib.rcParams["text.color"], "linewidth": 0.8} if look.edge else {}
    if chart.form == "histogram" and not look.edge:
        # bins of one colour would be one shape
        edge = {"edgecolor": matplotlib.rcParams["axes.facecolor"], "linewidth": 0.8}
    for series, (name, numbers) in enumerate(zip(chart.series, chart.drawn, strict=True)):
        lengths = np.array(numbers) - low
        at = places + (0 if chart.stacked else (series - (len(chart.series) - 1) / 2) * thickness)
        style: dict[str, Any] = {"label": name, "color": look.colors[series], **edge}
        if chart.form == "bar":
            drawn = axes.barh(at, lengths, thickness, left=base, **style)
        else:
            drawn = axes.bar(at, lengths, thickness, bottom=base, **style)
        if chart.labelled:
            style = {"label_type": "center", "color": ink_on(look.colors[series])} if chart.stacked else {}
            axes.bar_label(drawn, texts.values[series], padding=0 if chart.stacked else 3, **style)
        base += lengths if chart.stacked else 0


def draw_lines(axes: Axes, chart: Chart, look: Look, texts: Texts, first: int = 0) -> None:
    """Lines, areas, and the points of scatter charts; `first` counts the series in front of them."""
    size = BASE * MARKER_SIZES[chart.form]
    for series, (name, ys) in enumerate(zip(chart.series, chart.drawn, strict=True)):
        xs: Sequence[float] = chart.x_drawn[series] if chart.x_values else range(len(ys))
        color = look.colors[first + series]
        axes.plot(
            xs,
            ys,
            color=color,
            label=name,
            gid=MARK,
            linewidth=look.stroke,
            # above the frame, as a point may lie on it
            zorder=3,
            linestyle="none" if chart.form == "scatter" else "solid",
            marker=look.marker_of(first + series),
            markersize=size,
            markeredgecolor=matplotlib.rcParams["text.color"] if look.edge else color,
            clip_on=False,
        )
        if chart.form == "area":
            low = number(chart.axis.low, chart.places)
            axes.fill_between(xs, ys, low, color=color, alpha=0.35, linewidth=0)
        if chart.labelled:
            for x, y, text, below in zip(xs, ys, texts.values[series], valleys(chart), strict=True):
                offset = (0, -size) if below else (0, size * 0.8)
                side = "top" if below else "bottom"
                axes.annotate(text, (x, y), offset, textcoords="offset points", ha="center", va=side)


def draw_slices(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    slices = axes.pie(
        chart.values[0],
        colors=look.colors,
        startangle=90 - look.start,
        counterclock=False,
        wedgeprops={
            "width": HOLE if chart.form == "donut" else None,
            "edgecolor": matplotlib.rcParams["text.color" if look.edge else "figure.facecolor"],
            "linewidth": 0.8 if look.edge else 1.2,
        },
    )
    names: Sequence[str] = texts.categories
    if look.numbers == "outside":
        names = [f"{name}\n{value}" for name, value in zip(names, texts.values[0], strict=True)]
    if names:
        axes.pie_label(slices, names, distance=OUTSIDE)
    if look.numbers in ("inside", "split"):
        labels = axes.pie_label(slices, texts.values[0], distance=INSIDE[chart.form])
        for label, color in zip(labels, look.colors, strict=False):
            label.set_color(ink_on(color))
    axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT))


def draw_boxes(axes: Axes, chart: Chart, look: Look) -> None:
    """Boxes from the first to the third quartile, with whiskers to the least and the greatest number."""
    ink = matplotlib.rcParams["text.color"]
    line = {"color": ink, "linewidth": 0.6 * look.stroke}
    # Matplotlib calls the least and the greatest "whislo" and "whishi", and the median "med"
    keys = ("whislo", "q1", "med", "q3", "whishi")
    axes.bxp(
        [dict(zip(keys, numbers, strict=True)) for numbers in zip(*chart.drawn, strict=True)],
        positions=range(len(chart.categories)),
        widths=0.7 * look.fill,
        patch_artist=True,
        showfliers=False,
        manage_ticks=False,
        boxprops={"facecolor": look.colors[0], "edgecolor": ink, "linewidth": 0.6 * look.stroke},
        medianprops=line | {"color": ink_on(look.colors[0])},
        whiskerprops=line,
        capprops=line,
    )


def draw_radar(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    """Rings, spokes clockwise from the top, their names, and a polygon for each series."""
    high = chart.axis.high
    turns = np.linspace(0, 2 * np.pi, len(chart.categories) + 1)
    ends = np.array([np.sin(turns), np.cos(turns)])
    # the colour of gridlines may be that of the paper outside of axes
    ink = matplotlib.rcParams["ytick.color"]
    grid = {"color": ink, "linewidth": 0.8, "zorder": 1}
    dashes = "dashed" if look.grid == "dashed" else "solid"
    for mark in chart.axis.marks[1:]:
        strength = WEB if mark in chart.axis.ticks else WEB * FAINT
        axes.plot(*ends * mark / high, linestyle=dashes, alpha=strength, **grid)
    for x, y in ends.T[:-1]:
        axes.plot([0, x], [0, y], alpha=WEB, **grid)
    for tick in chart.axis.ticks:
        style = {"ha": "right", "va": "center", "color": ink, "zorder": 4}
        axes.text(-0.02, tick / high, tick_text(tick, chart.places, chart.axis), **style)
    for (x, y), name in zip(OUTSIDE * ends.T, texts.categories, strict=False):
        across = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"
        along = "center" if abs(y) < 0.9 else "bottom" if y > 0 else "top"
        axes.text(x, y, name, ha=across, va=along, color=ink)
    for series, name in enumerate(chart.series):
        counts = np.array((chart.exact or chart.values)[series])
        closed = ends * np.append(counts, counts[0]) / high
        color = look.colors[series]
        style = {"marker": look.marker_of(series), "markersize": BASE * MARKER_SIZES["radar"], "zorder": 3}
        axes.plot(*closed, color=color, label=name, gid=MARK, linewidth=look.stroke, clip_on=False, **style)
        axes.fill(*closed, color=color, alpha=0.15, zorder=2)
    axes.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT))
    axes.set_axis_off()
