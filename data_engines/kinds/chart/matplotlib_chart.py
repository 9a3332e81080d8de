"""Draws charts with Matplotlib's Axes in its style sheets, and reads back from the artists what was drawn."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis as SideAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontPath, FontProperties
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from PIL import Image

from data_engines.engine import Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.drawn import DrawnChart, Written, ink_on, written_at
from data_engines.kinds.chart.look import FAINT, HOLE, MARKER_SIZES, Look
from data_engines.kinds.chart.numbers import Axis, number, tick_text
from data_engines.kinds.chart.texts import (
    INSIDE,
    LEADING,
    MIN_PLOT_SHARE,
    Texts,
    pie_radius,
    valleys,
)
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Typeface

BASE = 10
"""Size of the font in points, on which style sheets base all other sizes; the dpi turn it into pixels."""
LIMIT = 1.02
"""Half the side of the plot of a pie, in radii: more than 1, for the outline."""
OUTSIDE = 1.08
"""Distance from the centre to the names beside slices, in radii."""


def draw(chart: Chart, look: Look, texts: Texts) -> DrawnChart:
    settings = {
        "font.size": BASE,
        # the hints of some fonts leave thin strokes of digits blank
        "text.hinting": "no_hinting",
        "axes.titlesize": BASE * look.title_size / look.size,
        "axes.prop_cycle": cycler(color=look.colors),
    }
    # start from Matplotlib's defaults, as settings of the user would change the bytes
    with matplotlib.style.context([*look.style, settings], after_reset=True):
        dpi = look.size * 72 / BASE
        # 0.01 pixels more, since the canvas rounds down to whole pixels
        figure = Figure(figsize=((look.width + 0.01) / dpi, (look.height + 0.01) / dpi), dpi=dpi)
        canvas = FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        if chart.round:
            _draw_slices(axes, chart, look, texts)
        else:
            draw_marks = _draw_bars if chart.form in ("column", "bar") else _draw_lines
            draw_marks(axes, chart, look, texts)
            _draw_axes(axes, chart, look, texts)
        legend = _lay_out(figure, axes, chart, look, texts)
        canvas.draw()
        picture = Image.frombytes("RGB", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBX")
        return _read(picture, figure, axes, legend, chart)


def _font(font: Typeface) -> FontPath:
    return FontPath(font.path, font.number)


def _draw_bars(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    places, base = np.arange(len(chart.categories)), np.zeros(len(chart.categories))
    thickness = look.fill / (1 if chart.stacked else len(chart.series))
    edge = {"edgecolor": matplotlib.rcParams["text.color"], "linewidth": 0.8} if look.edge else {}
    for series, (name, lengths) in enumerate(zip(chart.series, chart.numbers, strict=True)):
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


def _draw_lines(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    """Lines, areas, and the points of scatter charts."""
    size = BASE * MARKER_SIZES[chart.form]
    for series, (name, ys) in enumerate(zip(chart.series, chart.numbers, strict=True)):
        xs = chart.x_numbers[series] if chart.x_values else range(len(ys))
        color = look.colors[series]
        axes.plot(
            xs,
            ys,
            color=color,
            label=name,
            linewidth=look.stroke,
            # above the frame, as a point may lie on it
            zorder=3,
            linestyle="none" if chart.form == "scatter" else "solid",
            marker=look.marker_of(series),
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


def _draw_slices(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
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


def _draw_axes(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    flat = chart.form == "bar"
    numbers, names = (axes.xaxis, axes.yaxis) if flat else (axes.yaxis, axes.xaxis)
    _draw_scale(numbers, chart.axis, chart.places, look)
    if chart.x_axis:
        _draw_scale(names, chart.x_axis, chart.x_places, look)
    else:
        turn: dict[str, Any] = {}
        if texts.tilt:
            turn = {"rotation": texts.tilt, "rotation_mode": "anchor", "ha": "right"}
            turn["va"] = "center" if texts.tilt == 90 else "top"
        names.set_ticks(range(len(chart.categories)), texts.categories, **turn)
        reach = (-0.5, len(chart.categories) - 0.5)
        axes.set(ylim=reach[::-1]) if flat else axes.set(xlim=reach)
    if chart.axis.low < 0:
        line = axes.axvline if flat else axes.axhline
        line(0, color=matplotlib.rcParams["axes.edgecolor"], linewidth=0.8)
    axes.set_xlabel(chart.x_title or "", loc="center" if look.axis_titles == "middle" else "right")
    axes.set_ylabel(chart.y_title or "", loc="center" if look.axis_titles == "middle" else "top")
    if look.frame == "open":
        axes.spines[["top", "right"]].set_visible(False)


def _draw_scale(side: SideAxis, axis: Axis, places: int, look: Look) -> None:
    between = [number(count, places) for count in axis.marks if count not in axis.ticks]
    side.set_ticks(between, minor=True)
    side.set_ticks(
        [number(count, places) for count in axis.ticks],
        [tick_text(count, places, axis) for count in axis.ticks],
    )
    set_limits = side.axes.set_xlim if side is side.axes.xaxis else side.axes.set_ylim
    set_limits(number(axis.low, places), number(axis.high, places))
    if look.grid != "none":
        side.grid(True, which="both", linestyle=look.grid)
        alpha = matplotlib.rcParams["grid.alpha"] * FAINT
        side.grid(True, which="minor", alpha=alpha, linewidth=0.6)


def _lay_out(figure: Figure, axes: Axes, chart: Chart, look: Look, texts: Texts) -> Legend | None:
    """Sets the texts round the plot, and gives the rest of the picture to the plot."""
    pad = 0.7 * look.size
    left, right, bottom, top = pad, look.width - pad, pad, look.height - pad

    def set_text(text: str, x: float, y: float, **style: Any) -> float:
        made = figure.text(x / look.width, y / look.height, text, linespacing=LEADING, **style)
        made.get_fontproperties().set_file(_font(look.title_font if y == top else look.font))
        return made.get_window_extent().height + pad * 0.8

    if texts.title:
        size = matplotlib.rcParams["axes.titlesize"]
        x = left if look.heading == "left" else look.width / 2
        top -= set_text(texts.title, x, top, size=size, ha=look.heading, va="top", ma=look.heading)
    if texts.source:
        x, side = (left if look.source_side == "left" else right), look.source_side
        bottom += set_text(texts.source, x, bottom, ha=side, va="bottom", ma=side)
    legend = _draw_legend(figure, axes, chart, look, texts, Bbox([[left, bottom], [right, top]]))
    if legend and look.legend != "inside":
        box = legend.get_window_extent()
        top -= (box.height + pad / 2) if look.legend == "top" else 0
        bottom += (box.height + pad / 2) if look.legend == "bottom" else 0
        right -= (box.width + pad) if look.legend == "right" else 0
    for text in axes.findobj(Text):
        text.get_fontproperties().set_file(_font(look.font))
    if chart.round:
        middle = np.array([left + right, bottom + top]) / 2
        radius = LIMIT * pie_radius(chart, look, right - left, top - bottom)
        corners = np.array([middle - radius, middle + radius])
    else:
        # the plot gets the place that the texts at its axes leave
        around, plot = axes.get_tightbbox(), axes.get_window_extent()
        assert around is not None, "axes are seen"
        corners = [[left, bottom], [right, top]] + plot.get_points() - around.get_points()
        if ((corners[1] - corners[0]) / (look.width, look.height)).min() < MIN_PLOT_SHARE:
            raise Reject("the texts leave too little room for the plot")
    axes.set_position(Bbox(corners / (look.width, look.height)))
    return legend


def _draw_legend(
    figure: Figure, axes: Axes, chart: Chart, look: Look, texts: Texts, place: Bbox
) -> Legend | None:
    if not texts.legend:
        return None
    handles = list(axes.patches) if chart.round else axes.get_legend_handles_labels()[0]
    font = FontProperties(fname=_font(look.font), size=BASE)
    style: dict[str, Any] = {"ncols": texts.columns, "prop": font, "columnspacing": 1.2}
    if look.legend == "inside":
        return axes.legend(handles, texts.legend, loc="upper right", **style)
    corner, anchor = {
        "top": ("upper center", (0.5, place.y1 / look.height)),
        "bottom": ("lower center", (0.5, place.y0 / look.height)),
        "right": ("center right", (place.x1 / look.width, 0.5)),
    }[look.legend]
    style |= {"loc": corner, "bbox_to_anchor": anchor, "borderaxespad": 0}
    return figure.legend(handles, texts.legend, **style)


def _read(
    picture: Image.Image, figure: Figure, axes: Axes, legend: Legend | None, chart: Chart
) -> DrawnChart:
    height = picture.height
    wedges: Sequence[Any] = axes.patches if chart.round else ()
    bars: Sequence[Any] = axes.containers if chart.form in ("column", "bar") else ()
    # below 0, a line at 0 follows those of the series
    lines = () if bars or wedges else axes.lines[: len(chart.series)]
    marks = wedges or [row[0] for row in bars] or lines
    entries = zip(legend.get_texts(), legend.legend_handles, strict=True) if legend else ()
    x, y = axes.transData.transform((0, 0))
    return DrawnChart(
        picture,
        tuple(_written(text, height) for text in figure.findobj(Text) if _is_seen(text)),
        tuple(map(_color, marks)),
        tuple((text.get_text(), _color(handle)) for text, handle in entries),
        tuple(tuple(_flipped(bar.get_window_extent(), height) for bar in row) for row in bars),
        tuple(
            tuple((float(x), float(height - y)) for x, y in axes.transData.transform(line.get_xydata()))
            for line in lines
        ),
        # clockwise from the top, while Matplotlib counts the other way from the right
        tuple(((90 - wedge.theta2) % 360, (90 - wedge.theta1) % 360) for wedge in wedges),
        (float(x), float(height - y)),
    )


def _is_seen(text: Any) -> bool:
    return text.get_visible() and bool(text.get_text().strip())


def _color(mark: Any) -> str:
    return to_hex(mark.get_facecolor() if isinstance(mark, Patch) else mark.get_color())


def _flipped(box: Bbox, height: int) -> Box:
    """A box of Matplotlib, whose pixels count from the bottom, in pixels from the top."""
    return Box(float(box.x0), float(height - box.y1), float(box.x1), float(height - box.y0))


def _written(text: Any, height: int) -> Written:
    x, y = map(float, text.get_transform().transform(text.get_position()))
    turn = text.get_rotation()
    text.set_rotation(0)
    left, top, right, bottom = _flipped(text.get_window_extent(), height)
    text.set_rotation(turn)
    y = height - y
    return written_at(text.get_text(), (left - x, top - y, right - x, bottom - y), x, y, -turn)
