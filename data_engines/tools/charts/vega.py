"""Draws charts with Vega-Lite, by way of vl-convert, which needs no browser.

Vega lays out axes, legends, titles and marks in the place that the plan leaves them. With the room round the
plot given, it needn't measure texts to find it, which takes half the time off.
"""

import io
import math
from pathlib import Path
from typing import Any

import vl_convert
from PIL import Image

from data_engines.engine import Reject
from data_engines.tools.boxes import Box
from data_engines.tools.charts.check import Drawn
from data_engines.tools.charts.data import Chart
from data_engines.tools.charts.marks import HOLE, MARKER
from data_engines.tools.charts.numbers import Axis, number
from data_engines.tools.charts.plan import FAINT, MARKERS, Label, Look, Plan, entries, ink_on, mark_color
from data_engines.tools.charts.svg import read_svg
from data_engines.tools.charts.vega_fonts import register

SHAPES = dict(zip(MARKERS, ("circle", "square", "triangle-up", "diamond"), strict=True))
TICK = 4
"""Length of the marks at gridlines in pixels."""
TEXT_FIELDS = {"align": "align", "fontSize": "size", "fontWeight": "weight"}


def draw(chart: Chart, look: Look, plan: Plan) -> Drawn:
    for path, _ in (look.face, look.title_face):
        register(str(Path(path).parent))
    svg = vl_convert.vegalite_to_svg(vega_lite(chart, look, plan))
    with Image.open(io.BytesIO(vl_convert.svg_to_png(svg))) as png:
        picture = png.convert("RGB")
    if picture.size != (look.width, look.height):
        raise Reject("Vega made a picture of another size")
    return read_svg(svg, picture, chart, look)


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
    encoding = {} if chart.round else _position(chart, look, plan)
    zero = [] if chart.round or chart.axis.low > 0 else [_zero_line(chart, look)]
    legend = _legend(chart, look, plan)
    if chart.round or len(chart.series) > 1:
        names = list(entries(chart, look) or chart.categories) if chart.round else list(chart.series)
        scale = {"domain": names, "range": [mark_color(look, mark) for mark in range(len(names))]}
        encoding["color"] = {"field": "s", "type": "nominal", "scale": scale, "legend": legend}
    else:
        encoding["color"] = {"value": mark_color(look, 0)}
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
            _texts(look, plan),
        ],
        "config": _config(chart, look),
    }


def _rows(chart: Chart, look: Look) -> list[dict[str, Any]]:
    """One row for each mark; `c` is the category's position, since names may come twice when wrapped."""
    rows: list[dict[str, Any]] = []
    for series, counts in enumerate(chart.values):
        for position, count in enumerate(counts):
            name = entries(chart, look) or chart.categories if chart.round else chart.series
            row = {
                "s": name[position if chart.round else series],
                "c": position,
                "v": number(count, chart.places),
            }
            if chart.x_values:
                row["x"] = number(chart.x_values[series][position], chart.x_places)
            rows.append({**row, "i": len(rows)})
    return rows


def _position(chart: Chart, look: Look, plan: Plan) -> dict[str, Any]:
    """The channels of the two axes."""
    flat = chart.form == "bar"
    titles: dict[str, Label] = {label.role: label for label in plan.labels}
    values = {
        "field": "v",
        "type": "quantitative",
        "stack": "zero" if chart.stacked else None,
        "scale": _scale(chart.axis, chart.places),
        "axis": _numbers(chart.axis, chart.places, look, titles, plan.plot, "x" if flat else "y"),
    }
    if chart.x_axis:
        names: dict[str, Any] = {
            "field": "x",
            "type": "quantitative",
            "scale": _scale(chart.x_axis, chart.x_places),
            "axis": _numbers(chart.x_axis, chart.x_places, look, titles, plan.plot, "x"),
        }
    else:
        names = {
            "field": "c",
            "type": "ordinal",
            "scale": {"type": "band", "paddingInner": 1 - look.fill, "paddingOuter": (1 - look.fill) / 2},
            "axis": _names(chart, look, plan, titles),
        }
    position = {"x": values, "y": names} if flat else {"x": names, "y": values}
    if plan.bars and len(chart.series) > 1 and not chart.stacked:
        offset = {"field": "s", "sort": list(chart.series), "scale": {"paddingInner": 0, "paddingOuter": 0}}
        position["yOffset" if flat else "xOffset"] = offset
    return position


def _scale(axis: Axis, places: int) -> dict[str, Any]:
    return {"domain": [number(axis.low, places), number(axis.high, places)], "nice": False, "zero": False}


def _numbers(
    axis: Axis, places: int, look: Look, titles: dict[str, Label], plot: Box, channel: str
) -> dict[str, Any]:
    """An axis of numbers; with gridlines between those that are named, where numbers lie on them."""
    shown = places
    while (
        shown and axis.step % 10 ** (places - shown + 1) == 0 and axis.low % 10 ** (places - shown + 1) == 0
    ):
        shown -= 1
    named = [number(count, places) for count in axis.ticks]
    nearest = float(number(axis.step // axis.parts, places)) / 4
    is_named = " || ".join(f"abs(datum.value - {value}) < {nearest}" for value in named)
    return {
        "values": [number(count, places) for count in axis.marks],
        "format": f",.{shown}f",
        # Vega writes a minus sign, which many fonts lack
        # without these Vega leaves some out
        "tickCount": len(axis.marks),
        "labelOverlap": False,
        "labelExpr": f"({is_named}) ? replace(datum.label, '\\u2212', '-') : ''",
        "grid": look.grid != "none",
        "gridOpacity": {"condition": {"test": is_named, "value": 1}, "value": FAINT},
        **_axis_title(titles, plot, channel),
    }


def _names(chart: Chart, look: Look, plan: Plan, titles: dict[str, Label]) -> dict[str, Any]:
    flat = chart.form == "bar"
    labels = [label for label in plan.labels if label.role == "category"]
    lines: list[list[str]] = []
    for label in labels:
        # lines of a name have its place along the axis in common, or its neighbourhood beside it
        full = "".join("".join(lines[-1]).split()) if lines else ""
        if not lines or full == "".join(chart.categories[len(lines) - 1].split()):
            lines.append([])
        lines[-1].append(label.text)
    turned = labels[0].angle
    axis = {
        "labelExpr": f"{lines}[datum.value]",
        "labelAngle": -turned,
        "labelLineHeight": look.size * 1.25,
        "grid": False,
        **_axis_title(titles, plan.plot, "y" if flat else "x"),
    }
    if turned:
        axis |= {"labelAlign": "right", "labelBaseline": "middle"}
    return axis


def _axis_title(titles: dict[str, Label], plot: Box, channel: str) -> dict[str, Any]:
    label = titles.get(f"{channel}_title")
    if label is None:
        return {"title": None}
    return {
        "title": label.text,
        "titleX": label.x - plot.left,
        "titleY": label.y - (plot.top if channel == "y" else plot.bottom),
        "titleAnchor": "middle",
        "titleBaseline": "middle",
        "titleAlign": "center",
        "titleAngle": -label.angle,
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


def _legend(chart: Chart, look: Look, plan: Plan) -> dict[str, Any] | None:
    if not plan.swatches:
        return None
    (x, y), plot = plan.swatches[0], plan.plot
    in_first_row = sum(abs(other - y) < 1 for _, other in plan.swatches)
    return {
        "title": None,
        "orient": "none",
        "legendX": x - plot.left,
        "legendY": y - plot.top - look.size * 0.6,
        "direction": "vertical" if look.legend == "right" else "horizontal",
        "columns": 1 if look.legend == "right" else in_first_row,
        "symbolType": "square" if plan.bars or chart.round else SHAPES[look.marker],
        "symbolSize": (0.8 * look.size) ** 2,
        "columnPadding": look.size,
        "rowPadding": look.size * 0.25,
    }


def _texts(look: Look, plan: Plan) -> dict[str, Any]:
    """The texts that are no part of an axis or legend: title, source, numbers at marks, names of slices."""
    rows = []
    for label in plan.labels:
        if label.role in ("title", "value", "source") or (label.role == "category" and plan.slices):
            row = {"x": label.x - plan.plot.left, "y": label.y - plan.plot.top, "t": label.text}
            row["size"] = look.title_size if label.role == "title" else look.size
            row["weight"] = look.title_weight if label.role == "title" else look.weight
            row["ink"] = look.ink if label.mark is None else ink_on(mark_color(look, label.mark))
            rows.append({**row, "align": {"l": "left", "m": "center", "r": "right"}[label.anchor[0]]})
    return {
        "data": {"values": rows},
        "mark": {
            "type": "text",
            "baseline": "middle",
            **{key: {"expr": f"datum.{field}"} for key, field in TEXT_FIELDS.items()},
        },
        "encoding": {
            "x": {"field": "x", "type": "quantitative", "scale": None, "axis": None},
            "y": {"field": "y", "type": "quantitative", "scale": None, "axis": None},
            "text": {"field": "t"},
            "color": {"field": "ink", "type": "nominal", "scale": None},
        },
    }


def _config(chart: Chart, look: Look) -> dict[str, Any]:
    font = {
        "labelFontSize": look.size,
        "labelColor": look.ink,
        "labelFontWeight": look.weight,
        "labelLimit": 0,
    }
    return {
        "font": look.family,
        "aria": False,
        "text": {"fontWeight": look.weight},
        "view": {"fill": None, "stroke": None}
        if chart.round
        else {"fill": look.plot_paper, "stroke": look.ink if look.frame == "box" else None},
        "axis": {
            **font,
            "titleFontSize": look.size,
            "titleFontWeight": look.weight,
            "titleColor": look.ink,
            "titleLimit": 0,
            "labelBound": False,
            "labelFlush": False,
            "domain": look.frame != "base",
            "ticks": look.frame != "base",
            "domainColor": look.ink,
            "tickColor": look.ink,
            "tickSize": TICK,
            "labelPadding": look.size * 0.45 - (0 if look.frame == "base" else TICK),
            "gridColor": look.grid_ink,
            "gridDash": [4, 3] if look.grid == "dashed" else [],
        },
        "legend": {**font, "labelOverlap": False},
    }
