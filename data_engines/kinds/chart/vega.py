"""Draws charts with Vega-Lite, by way of vl-convert, which needs no browser; Pillow sets the letters.

Vega lays out axes, gridlines and marks in the place that the plan leaves them. With texts it would take three
times as long: 80 ms of 120 a chart went into measuring and drawing them.
"""

import io
import math
from typing import Any

import vl_convert
from PIL import Image

from data_engines.engine import Reject
from data_engines.kinds.chart.check import Drawn
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.letters import write_all
from data_engines.kinds.chart.marks import HOLE, MARKER
from data_engines.kinds.chart.numbers import Axis, number
from data_engines.kinds.chart.plan import FAINT, MARKERS, Look, Plan, mark_color
from data_engines.kinds.chart.svg import SWATCHES, read_svg

SHAPES = dict(zip(MARKERS, ("circle", "square", "triangle-up", "diamond"), strict=True))
TICK = 4
"""Length of the marks at gridlines in pixels."""
COLOR = {"color": {"field": "ink", "type": "nominal", "scale": None}}
"""Each row says its own."""
SWATCH = 1.2
"""How far in the place of a legend's mark it stands, in sizes of the font."""


def draw(chart: Chart, look: Look, plan: Plan) -> Drawn:
    svg = vl_convert.vegalite_to_svg(vega_lite(chart, look, plan))
    with Image.open(io.BytesIO(vl_convert.svg_to_png(svg))) as png:
        picture = png.convert("RGB")
    if picture.size != (look.width, look.height):
        raise Reject("Vega made a picture of another size")
    marks = read_svg(svg, [len(counts) for counts in chart.values])
    return Drawn(picture, write_all(picture, plan.labels, look), *marks)


def vega_lite(chart: Chart, look: Look, plan: Plan) -> dict[str, Any]:
    """The specification of a chart in Vega-Lite."""
    plot = plan.plot
    marks = (
        _slices(chart, look, plan)
        if chart.round
        else _bars(chart, look)
        if plan.bars
        else _points(chart, look)
    )
    encoding = {**COLOR, "detail": {"field": "s"}, **({} if chart.round else _position(chart, look, plan))}
    zero = [] if chart.round or chart.axis.low > 0 else [_zero_line(chart, look)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": plot.width,
        "height": plot.height,
        "autosize": "none",
        "padding": {
            "left": plot.left,
            "top": plot.top,
            "right": look.width - plot.right,
            "bottom": look.height - plot.bottom,
        },
        "background": look.paper,
        "data": {"values": _rows(chart, look)},
        "layer": [
            *({**mark, "encoding": {**encoding, **mark.get("encoding", {})}} for mark in marks),
            *zero,
            *([_swatches(chart, look, plan)] if plan.swatches else []),
        ],
        "config": _config(chart, look),
    }


def _rows(chart: Chart, look: Look) -> list[dict[str, Any]]:
    """One row for each mark: its series or slice, category and number, its colour, and when it is drawn."""
    rows: list[dict[str, Any]] = []
    for series, counts in enumerate(chart.values):
        for position, count in enumerate(counts):
            mark = position if chart.round else series
            row = {"s": mark, "c": position, "v": number(count, chart.places), "ink": mark_color(look, mark)}
            if chart.x_values:
                row["x"] = number(chart.x_values[series][position], chart.x_places)
            rows.append({**row, "i": len(rows)})
    return rows


def _position(chart: Chart, look: Look, plan: Plan) -> dict[str, Any]:
    """The channels of the two axes."""
    flat = chart.form == "bar"
    values = {
        "field": "v",
        "type": "quantitative",
        "stack": "zero" if chart.stacked else None,
        "scale": _scale(chart.axis, chart.places),
        "axis": _numbers(chart.axis, chart.places, look),
    }
    if chart.x_axis:
        names: dict[str, Any] = {
            "field": "x",
            "type": "quantitative",
            "scale": _scale(chart.x_axis, chart.x_places),
            "axis": _numbers(chart.x_axis, chart.x_places, look),
        }
    else:
        names = {
            "field": "c",
            "type": "ordinal",
            "scale": {"type": "band", "paddingInner": 1 - look.fill, "paddingOuter": (1 - look.fill) / 2},
            "axis": {"grid": False},
        }
    position = {"x": values, "y": names} if flat else {"x": names, "y": values}
    if plan.bars and len(chart.series) > 1 and not chart.stacked:
        offset = {"field": "s", "type": "ordinal", "scale": {"paddingInner": 0, "paddingOuter": 0}}
        position["yOffset" if flat else "xOffset"] = offset
    return position


def _scale(axis: Axis, places: int) -> dict[str, Any]:
    return {"domain": [number(axis.low, places), number(axis.high, places)], "nice": False, "zero": False}


def _numbers(axis: Axis, places: int, look: Look) -> dict[str, Any]:
    """An axis of numbers; with gridlines between those that are named, where numbers lie on them."""
    nearest = float(number(axis.step // axis.parts, places)) / 4
    is_named = " || ".join(f"abs(datum.value - {number(count, places)}) < {nearest}" for count in axis.ticks)
    return {
        "values": [number(count, places) for count in axis.marks],
        "grid": look.grid != "none",
        "gridOpacity": {"condition": {"test": is_named, "value": 1}, "value": FAINT},
    }


def _bars(chart: Chart, look: Look) -> list[dict[str, Any]]:
    order = {"order": {"field": "i", "type": "quantitative"}} if chart.stacked else {}
    edge = {"stroke": look.ink, "strokeWidth": 1} if look.edge else {}
    return [{"mark": {"type": "bar", **edge}, "encoding": order}]


def _points(chart: Chart, look: Look) -> list[dict[str, Any]]:
    size = (2 * MARKER * look.size * (0.9 if chart.form == "scatter" else 0.6)) ** 2
    point = {"type": "point", "filled": True, "opacity": 1, "size": size, "shape": SHAPES[look.marker]}
    if chart.form == "scatter":
        return [{"mark": point}]
    line: dict[str, Any] = {"type": "line", "strokeWidth": look.stroke}
    if chart.form == "area":
        line = {"type": "area", "opacity": 0.35, "line": {"color": mark_color(look, 0)}}
    return [{"mark": line}, {"mark": point}]


def _zero_line(chart: Chart, look: Look) -> dict[str, Any]:
    channel = "x" if chart.form == "bar" else "y"
    return {
        "mark": {"type": "rule", "color": look.ink},
        "encoding": {channel: {"datum": 0, "type": "quantitative"}},
    }


def _slices(chart: Chart, look: Look, plan: Plan) -> list[dict[str, Any]]:
    start = math.radians(look.start)
    theta = {
        "field": "v",
        "type": "quantitative",
        "stack": True,
        "scale": {"range": [start, start + 2 * math.pi]},
    }
    mark = {
        "type": "arc",
        "outerRadius": plan.radius,
        "innerRadius": plan.radius * HOLE if chart.form == "donut" else 0,
        "stroke": look.ink if look.edge else look.paper,
    }
    return [{"mark": mark, "encoding": {"theta": theta, "order": {"field": "i", "type": "quantitative"}}}]


def _swatches(chart: Chart, look: Look, plan: Plan) -> dict[str, Any]:
    """The marks of the legend: a legend of Vega's would need its texts."""
    rows = [
        {"x": x + SWATCH * look.size - plan.plot.left, "y": y - plan.plot.top, "ink": mark_color(look, mark)}
        for mark, (x, y) in enumerate(plan.swatches)
    ]
    square = plan.bars or chart.round
    return {
        "name": SWATCHES,
        "data": {"values": rows},
        "mark": {
            "type": "point",
            "filled": True,
            "opacity": 1,
            "shape": "square" if square else SHAPES[look.marker],
            "size": (0.8 * look.size) ** 2,
        },
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
            **COLOR,
        },
    }


def _config(chart: Chart, look: Look) -> dict[str, Any]:
    return {
        "aria": False,
        "view": {"fill": None, "stroke": None}
        if chart.round
        else {"fill": look.plot_paper, "stroke": look.ink if look.frame == "box" else None},
        "axis": {
            "title": None,
            "labels": False,
            "domain": look.frame != "base",
            "ticks": look.frame != "base",
            "domainColor": look.ink,
            "tickColor": look.ink,
            "tickSize": TICK,
            "gridColor": look.grid_ink,
            "gridDash": [4, 3] if look.grid == "dashed" else [],
        },
    }
