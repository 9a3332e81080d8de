"""Lays out a chart: both libraries draw to this plan.

It keeps room for whatever is written round the plot, wraps or turns names that are too wide, and fails where
a chart can't be read at its size.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

from data_engines.engine import Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.marks import plan_bars, plan_points, plan_slices
from data_engines.kinds.chart.numbers import tick_text
from data_engines.kinds.chart.plan import (
    LEADING,
    MOST_LINES,
    Label,
    Look,
    Plan,
    across,
    along,
    entries,
    font_of,
    wrap,
)
from data_engines.tools.boxes import Box

NAME_SHARE = 0.3
"""How much of a picture's width or height names of categories or series may take."""
LEAST_PLOT = 0.45
"""The least share of the picture's width and height for the plot."""


@lru_cache(maxsize=64)  # what tries out a chart and what draws it need the same plan
def make_plan(chart: Chart, look: Look) -> Plan:
    """Raises a Reject where the chart's texts don't fit."""
    gap = look.size * 0.7
    line = look.size * LEADING
    labels = _heading(chart, look, gap)
    left = top = gap
    right, bottom = look.width - gap, look.height - gap
    if labels:
        top = labels[-1].y + look.title_size * 0.4 + gap
    if chart.source:
        x = gap if look.source_side == "left" else right
        anchor = "lm" if look.source_side == "left" else "rm"
        lines = wrap(look.source_lead + chart.source, font_of(look), look.width - 2 * gap)
        labels += [
            Label(text, x, bottom - line * (len(lines) - position - 0.5), anchor, "source")
            for position, text in enumerate(lines)
        ]
        bottom -= line * len(lines) + gap
    legend, swatches, (left, top, right, bottom) = _legend(chart, look, Box(left, top, right, bottom))
    labels += legend
    if chart.round:
        return plan_slices(chart, look, Box(left, top, right, bottom), labels, swatches)
    if chart.y_title:
        labels.append(Label(chart.y_title, left + look.size / 2, 0, "mm", "y_title", angle=90))
        left += line + gap / 2
    if chart.x_title:
        labels.append(Label(chart.x_title, 0, bottom - look.size / 2, "mm", "x_title"))
        bottom -= line + gap / 2
    plot, ticks = _axes(chart, look, Box(left, top, right, bottom))
    # titles of axes stand along the middle of the plot, which is known only now
    middle = {"x_title": (plot.left + plot.right) / 2, "y_title": (plot.top + plot.bottom) / 2}
    labels = [
        label._replace(x=middle["x_title"])
        if label.role == "x_title"
        else label._replace(y=middle["y_title"])
        if label.role == "y_title"
        else label
        for label in labels
    ]
    plan_marks = plan_bars if chart.form in ("column", "bar") else plan_points
    return plan_marks(chart, look, plot, [*labels, *ticks], swatches)


def _heading(chart: Chart, look: Look, gap: float) -> list[Label]:
    if chart.title is None:
        return []
    lines = wrap(chart.title, font_of(look, "title"), look.width - 2 * gap)
    x, anchor = (gap, "lm") if look.heading == "left" else (look.width / 2, "mm")
    return [
        Label(text, x, gap + look.title_size * (position * LEADING + 0.6), anchor, "title")
        for position, text in enumerate(lines)
    ]


def _legend(chart: Chart, look: Look, place: Box) -> tuple[list[Label], tuple[tuple[float, float], ...], Box]:
    """The texts and marks of the legend, and the place that it leaves."""
    texts = entries(chart, look)
    if not texts:
        return [], (), place
    line, gap = look.size * LEADING, look.size * 0.7
    mark = look.size * 2
    widths = [mark + font_of(look).getlength(text) for text in texts]
    if look.legend == "right":
        if max(widths) > NAME_SHARE * look.width or line * len(texts) > place.height:
            raise Reject("the legend does not fit")
        x = place.right - max(widths)
        start = place.top + place.height * 0.45 - line * len(texts) / 2
        spots = [(x, start + line * (position + 0.5)) for position in range(len(texts))]
        left = place._replace(right=x - 1.5 * gap)
    else:
        rows: list[list[int]] = [[]]
        for position, width in enumerate(widths):
            used = sum(widths[other] + 2 * gap for other in rows[-1])
            if rows[-1] and used + width > place.width:
                rows.append([])
            rows[-1].append(position)
        if len(rows) > MOST_LINES or max(widths) > place.width:
            raise Reject("the legend does not fit")
        upper = place.top if look.legend == "top" else place.bottom - line * len(rows)
        spots = []
        for number, row in enumerate(rows):
            x = place.left + (place.width - sum(widths[i] for i in row) - 2 * gap * (len(row) - 1)) / 2
            for position in row:
                spots.append((x, upper + line * (number + 0.5)))
                x += widths[position] + 2 * gap
        taken = line * len(rows) + gap
        left = (
            place._replace(top=place.top + taken)
            if look.legend == "top"
            else place._replace(bottom=place.bottom - taken)
        )
    labels = [Label(text, x + mark, y, "lm", "series") for text, (x, y) in zip(texts, spots, strict=True)]
    return labels, tuple(spots), left


def _axes(chart: Chart, look: Look, place: Box) -> tuple[Box, list[Label]]:
    """The plot and the texts at its axes; `place` has room for both."""
    font, line, gap = font_of(look), look.size * LEADING, look.size * 0.5
    ticks = [tick_text(count, chart.places, chart.axis) for count in chart.axis.ticks]
    tick_width = max(map(font.getlength, ticks))
    if chart.form == "bar":
        names = [wrap(name, font, NAME_SHARE * look.width) for name in chart.categories]
        width = max(font.getlength(text) for lines in names for text in lines)
        plot = Box(place.left + width + gap, place.top, place.right - tick_width / 2, place.bottom - line)
        pitch = plot.height / len(names)
        if max(map(len, names)) * line > pitch or tick_width * 1.3 > plot.width / (len(ticks) - 1):
            raise Reject("the texts of the axes do not fit")
        labels = _stack(
            names, [(plot.left - gap, plot.top + pitch * (i + 0.5)) for i in range(len(names))], line
        )
    else:
        left = place.left + tick_width + gap
        plot = Box(left, place.top + look.size / 2, place.right - gap, place.bottom)
        plot, labels = _names_below(chart, look, plot)
    _check_plot(plot, look)
    if chart.form == "bar":
        y = plot.bottom + gap + look.size * 0.4
        spots = [(along(chart, plot, count), y, "mm") for count in chart.axis.ticks]
    else:
        spots = [(plot.left - gap, along(chart, plot, count), "rm") for count in chart.axis.ticks]
    labels += [Label(text, x, y, anchor, "tick") for text, (x, y, anchor) in zip(ticks, spots, strict=True)]
    return plot, labels


def _names_below(chart: Chart, look: Look, plot: Box) -> tuple[Box, list[Label]]:
    """The texts below a plot whose bottom is that of its texts yet; and the plot above them."""
    font, line, gap = font_of(look), look.size * LEADING, look.size * 0.5
    if chart.x_axis:
        texts = [tick_text(count, chart.x_places, chart.x_axis) for count in chart.x_axis.ticks]
        plot = plot._replace(bottom=plot.bottom - line, right=plot.right - font.getlength(texts[-1]) / 2)
        if max(map(font.getlength, texts)) * 1.3 > plot.width / (len(texts) - 1):
            raise Reject("the texts of the axes do not fit")
        y = plot.bottom + gap + look.size * 0.4
        return plot, [
            Label(text, across(chart, plot, count), y, "mm", "x_tick")
            for text, count in zip(texts, chart.x_axis.ticks, strict=True)
        ]
    pitch = plot.width / len(chart.categories)
    middles = [plot.left + pitch * (position + 0.5) for position in range(len(chart.categories))]
    try:
        names = [wrap(name, font, pitch * 0.92) for name in chart.categories]
    except Reject:
        return _turned_names(chart, look, plot, middles)
    plot = plot._replace(bottom=plot.bottom - line * max(map(len, names)))
    y = plot.bottom + gap + look.size * 0.4
    labels = [
        Label(text, x, y + line * number, "mm", "category")
        for x, lines in zip(middles, names, strict=True)
        for number, text in enumerate(lines)
    ]
    return plot, labels


def _turned_names(chart: Chart, look: Look, plot: Box, middles: Sequence[float]) -> tuple[Box, list[Label]]:
    font, gap = font_of(look), look.size * 0.5
    sine = math.sin(math.radians(look.tilt))
    longest = max(map(font.getlength, chart.categories))
    height = longest * sine + look.size * (1 - sine)
    if height > NAME_SHARE * look.height or look.size * LEADING > (middles[1] - middles[0]) * sine:
        raise Reject("the texts of the axes do not fit")
    plot = plot._replace(bottom=plot.bottom - height)
    if look.tilt == 45 and middles[0] - font.getlength(chart.categories[0]) * sine < gap:
        raise Reject("the texts of the axes do not fit")
    return plot, [
        Label(name, x, plot.bottom + gap, "rm", "category", angle=look.tilt)
        for name, x in zip(chart.categories, middles, strict=True)
    ]


def _stack(names: Sequence[Sequence[str]], spots: Sequence[tuple[float, float]], line: float) -> list[Label]:
    """Names of one or more lines, each about the middle of its right end."""
    return [
        Label(text, x, y + line * (number - (len(lines) - 1) / 2), "rm", "category")
        for lines, (x, y) in zip(names, spots, strict=True)
        for number, text in enumerate(lines)
    ]


def _check_plot(plot: Box, look: Look) -> None:
    if plot.width < LEAST_PLOT * look.width or plot.height < LEAST_PLOT * look.height:
        raise Reject("the texts leave too little room for the plot")
