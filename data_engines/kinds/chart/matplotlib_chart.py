"""Draws charts with Matplotlib's Axes in its style sheets, and reads back from the artists what was drawn."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import matplotlib
import matplotlib.style
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis as SideAxis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.font_manager import FontPath, FontProperties
from matplotlib.legend import Legend
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import NullFormatter
from matplotlib.transforms import Bbox
from PIL import Image

from data_engines.engine import Reject
from data_engines.kinds.chart.axes import AnyAxis, LogAxis, number, tick_text
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.drawn import DrawnChart, Point, Written, written_at
from data_engines.kinds.chart.look import FAINT, Look
from data_engines.kinds.chart.matplotlib_marks import (
    BASE,
    LIMIT,
    MARK,
    draw_bars,
    draw_boxes,
    draw_lines,
    draw_radar,
    draw_slices,
)
from data_engines.kinds.chart.texts import LEADING, MIN_PLOT_SHARE, Texts, pie_radius
from data_engines.tools.boxes import Box
from data_engines.tools.fonts import Typeface


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
            draw_slices(axes, chart, look, texts)
        elif chart.form == "radar":
            draw_radar(axes, chart, look, texts)
        else:
            _draw_plot(axes, chart, look, texts)
        legend = _lay_out(figure, axes, chart, look, texts)
        canvas.draw()
        picture = Image.frombytes("RGB", canvas.get_width_height(), canvas.buffer_rgba(), "raw", "RGBX")
        return _read(picture, figure, legend, chart)


def _font(font: Typeface) -> FontPath:
    return FontPath(font.path, font.number)


def _draw_plot(axes: Axes, chart: Chart, look: Look, texts: Texts) -> None:
    if chart.form == "box":
        draw_boxes(axes, chart, look)
    else:
        draw_marks = draw_bars if chart.has_bars else draw_lines
        draw_marks(axes, chart, look, texts)
    _draw_axes(axes, chart, look, texts)
    if chart.over:
        second = axes.twinx()
        draw_lines(second, chart.over, look, texts, first=len(chart.series))
        _draw_scale(second.yaxis, chart.over.axis, chart.over.places, look)
        second.grid(False, which="both")
        second.set_ylabel(chart.over.y_title or "")
        second.spines[["top", "left"]].set_visible(False)


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
    # texts at the ends of two axes might meet
    middle = look.axis_titles == "middle" or chart.over is not None
    axes.set_xlabel(chart.x_title or "", loc="center" if middle else "right")
    axes.set_ylabel(chart.y_title or "", loc="center" if middle else "top")
    if look.frame == "open":
        axes.spines[["top", "right"]].set_visible(False)


def _draw_scale(side: SideAxis, axis: AnyAxis, places: int, look: Look) -> None:
    if isinstance(axis, LogAxis):
        set_scale = side.axes.set_xscale if side is side.axes.xaxis else side.axes.set_yscale
        set_scale("log")
        side.set_minor_formatter(NullFormatter())
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
    for text in chain.from_iterable(some.findobj(Text) for some in figure.axes):
        text.get_fontproperties().set_file(_font(look.font))
    if chart.round or chart.form == "radar":
        middle = np.array([left + right, bottom + top]) / 2
        radius = LIMIT * pie_radius(chart, look, right - left, top - bottom)
        corners = np.array([middle - radius, middle + radius])
    else:
        # the plot gets the place that the texts at its axes leave
        seen = [made for some in figure.axes if (made := some.get_tightbbox()) is not None]
        around, plot = Bbox.union(seen), axes.get_window_extent()
        corners = [[left, bottom], [right, top]] + plot.get_points() - around.get_points()
        if ((corners[1] - corners[0]) / (look.width, look.height)).min() < MIN_PLOT_SHARE:
            raise Reject("the texts leave too little room for the plot")
    for some in figure.axes:
        some.set_position(Bbox(corners / (look.width, look.height)))
    return legend


def _draw_legend(
    figure: Figure, axes: Axes, chart: Chart, look: Look, texts: Texts, place: Bbox
) -> Legend | None:
    if not texts.legend:
        return None
    handles: list[Any] = list(axes.patches)
    if not chart.round:
        handles = [handle for some in figure.axes for handle in some.get_legend_handles_labels()[0]]
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


def _read(picture: Image.Image, figure: Figure, legend: Legend | None, chart: Chart) -> DrawnChart:
    axes, height = figure.axes[0], picture.height
    wedges: Sequence[Any] = axes.patches if chart.round else ()
    bars: Sequence[Any] = [row for row in axes.containers if isinstance(row, BarContainer)]
    lines = [(some, line) for some in figure.axes for line in some.lines if line.get_gid() == MARK]
    marks = wedges or [*(row[0] for row in bars), *(line for _, line in lines)]
    # the lines of a radar chart come back to their first points
    count = len(chart.categories) or None
    points = [_points(some, np.asarray(line.get_xydata())[:count], height) for some, line in lines]
    if chart.form == "box":
        marks, points = axes.patches[:1], _read_boxes(axes, height)
    entries = zip(legend.get_texts(), legend.legend_handles, strict=True) if legend else ()
    [center] = _points(axes, [(0, 0)], height)
    return DrawnChart(
        picture,
        tuple(_written(text, height) for text in figure.findobj(Text) if _is_seen(text)),
        tuple(map(_color, marks)),
        tuple((text.get_text(), _color(handle)) for text, handle in entries),
        tuple(tuple(_flipped(bar.get_window_extent(), height) for bar in row) for row in bars),
        tuple(points),
        # clockwise from the top, while Matplotlib counts the other way from the right
        tuple(((90 - wedge.theta2) % 360, (90 - wedge.theta1) % 360) for wedge in wedges),
        center,
    )


def _read_boxes(axes: Axes, height: int) -> list[tuple[Point, ...]]:
    """The points at which the lines of boxes show the five statistics, (statistic, box)."""
    boxes = []
    for place, box in enumerate(axes.patches):
        # each box has two whiskers, two caps at their ends, and the line of the median
        own = [np.asarray(line.get_ydata())[0] for line in axes.lines[5 * place : 5 * place + 5]]
        _, _, low, high, median = own
        corners = np.asarray(box.get_path().vertices)
        first, third = corners[:, 1].min(), corners[:, 1].max()
        x = (corners[:, 0].min() + corners[:, 0].max()) / 2
        boxes.append(_points(axes, [(x, y) for y in (low, first, median, third, high)], height))
    return list(zip(*boxes, strict=True))


def _points(axes: Axes, data: Any, height: int) -> tuple[Point, ...]:
    """Places in an axes, as pixels from the left and from the top."""
    return tuple((float(x), float(height - y)) for x, y in axes.transData.transform(data))


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
