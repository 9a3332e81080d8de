"""Where the bars, points and slices of a chart stand, and the numbers printed at them."""

import math
from collections.abc import Sequence

from data_engines.engine import Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.plan import LEADING, Label, Look, Plan, across, along, font_of, value_text
from data_engines.tools.boxes import Box

RADIUS = {"inside": 0.48, "legend": 0.48, "outside": 0.36}
"""Of pies, by where their numbers stand, in shares of the shorter side of the plot."""
HOLE = 0.5
"""Of donuts, in radii."""
INSIDE = {"pie": 0.66, "donut": 0.75}
"""How far from the middle numbers in slices stand, in radii."""
OUTSIDE = 1.08
MARKER = 0.5
"""Radius of markers in sizes of the font; numbers keep clear of them."""

Swatches = tuple[tuple[float, float], ...]


def plan_bars(chart: Chart, look: Look, plot: Box, labels: Sequence[Label], swatches: Swatches) -> Plan:
    flat = chart.form == "bar"
    pitch = (plot.height if flat else plot.width) / len(chart.categories)
    thickness = pitch * look.fill / (1 if chart.stacked else len(chart.series))
    if thickness < look.size * (1.1 if chart.labelled and (flat or chart.stacked) else 0.4):
        raise Reject("the bars are too thin")
    bars: list[list[Box]] = []
    numbers = []
    reached = [0] * len(chart.categories)
    for series, counts in enumerate(chart.values):
        bars.append([])
        for position, count in enumerate(counts):
            start = (plot.top if flat else plot.left) + pitch * (position + (1 - look.fill) / 2)
            start += 0 if chart.stacked else thickness * series
            base = max(reached[position], chart.axis.low) if chart.stacked else 0
            ends = sorted((along(chart, plot, base), along(chart, plot, base + count)))
            reached[position] += count
            sides = (start, start + thickness)
            bar = (
                Box(ends[0], sides[0], ends[1], sides[1])
                if flat
                else Box(sides[0], ends[0], sides[1], ends[1])
            )
            bars[-1].append(bar)
            if chart.labelled:
                numbers.append(_bar_number(chart, look, bar, count, pitch, series))
    return Plan(plot, (*labels, *numbers), swatches, bars=tuple(map(tuple, bars)))


def _bar_number(chart: Chart, look: Look, bar: Box, count: int, pitch: float, series: int) -> Label:
    """In the middle of a stacked bar, at the end of any other."""
    text, font, gap = value_text(chart, count), font_of(look), look.size * 0.3
    x, y = (bar.left + bar.right) / 2, (bar.top + bar.bottom) / 2
    width = font.getlength(text)
    if chart.stacked:
        if bar.width < width + 2 or bar.height < look.size * 1.1:
            raise Reject("a number does not fit its bar")
        return Label(text, x, y, "mm", "value", mark=series)
    if chart.form == "bar":
        if count < 0:
            return Label(text, bar.left - gap, y, "rm", "value")
        return Label(text, bar.right + gap, y, "lm", "value")
    room = bar.width if len(chart.series) > 1 else pitch
    if width > room - 2:
        raise Reject("a number does not fit its bar")
    y = bar.bottom + look.size * 0.7 if count < 0 else bar.top - look.size * 0.65
    return Label(text, x, y, "mm", "value")


def plan_points(chart: Chart, look: Look, plot: Box, labels: Sequence[Label], swatches: Swatches) -> Plan:
    """Of lines, areas and scatter charts."""
    points = []
    numbers = []
    for series, counts in enumerate(chart.values):
        if chart.x_values:
            xs = [across(chart, plot, count) for count in chart.x_values[series]]
        else:
            pitch = plot.width / len(counts)
            xs = [plot.left + pitch * (position + 0.5) for position in range(len(counts))]
        ys = [along(chart, plot, count) for count in counts]
        points.append(tuple(zip(xs, ys, strict=True)))
        if chart.labelled:
            numbers += _line_numbers(chart, look, points[-1], counts)
    return Plan(plot, (*labels, *numbers), swatches, points=tuple(points))


def _line_numbers(
    chart: Chart, look: Look, points: Sequence[tuple[float, float]], counts: Sequence[int]
) -> list[Label]:
    """Above the points; below those from which a line rises on both sides, if nothing is there."""
    font = font_of(look)
    numbers = []
    for position, ((x, y), count) in enumerate(zip(points, counts, strict=True)):
        text = value_text(chart, count)
        if font.getlength(text) > points[1][0] - points[0][0] - 2:
            raise Reject("the numbers of a line do not fit")
        beside = [points[other][1] for other in (position - 1, position + 1) if 0 <= other < len(points)]
        valley = all(other < y for other in beside) and len(chart.series) == 1 and chart.form == "line"
        offset = look.size * (0.4 + MARKER)
        numbers.append(Label(text, x, y + offset if valley else y - offset, "mm", "value"))
    return numbers


def plan_slices(chart: Chart, look: Look, place: Box, labels: Sequence[Label], swatches: Swatches) -> Plan:
    radius = RADIUS[look.numbers] * min(place.width, place.height)
    x, y = (place.left + place.right) / 2, (place.top + place.bottom) / 2
    plot = Box(x - radius, y - radius, x + radius, y + radius)
    if radius < 6 * look.size:
        raise Reject("the texts leave too little room for the plot")
    total = sum(chart.values[0])
    slices, numbers, start = [], [], float(look.start)
    for name, count in zip(chart.categories, chart.values[0], strict=True):
        end = start + 360 * count / total
        slices.append((start, end))
        turn = math.radians((start + end) / 2)
        text = value_text(chart, count)
        if look.numbers == "inside":
            reach = INSIDE[chart.form] * radius
            if 2 * reach * math.sin(math.radians(min(end - start, 180)) / 2) < _diagonal(look, text):
                raise Reject("a number does not fit its slice")
            if chart.form == "donut" and _diagonal(look, text) > radius * HOLE:
                raise Reject("a number does not fit its slice")
            spot = (x + reach * math.sin(turn), y - reach * math.cos(turn))
            numbers.append(Label(text, *spot, "mm", "value", mark=len(slices) - 1))
        elif look.numbers == "outside":
            spot = (x + OUTSIDE * radius * math.sin(turn), y - OUTSIDE * radius * math.cos(turn))
            numbers += _outside(look, name, text, spot, math.sin(turn), math.cos(turn))
        start = end
    _check_outside(look, numbers, place)
    return Plan(plot, (*labels, *numbers), swatches, slices=tuple(slices), radius=radius)


def _diagonal(look: Look, text: str) -> float:
    return math.hypot(font_of(look).getlength(text), look.size)


def _outside(
    look: Look, name: str, number: str, spot: tuple[float, float], sine: float, cosine: float
) -> list[Label]:
    """The name of a slice and its number below, beside the slice."""
    anchor = "mm" if abs(sine) < 0.25 else "lm" if sine > 0 else "rm"
    line = look.size * LEADING
    # above the pie the two lines end at the spot, below it they start there
    middle = spot[1] - cosine * line * (0.75 if anchor == "mm" else 0.4)
    return [
        Label(name, spot[0], middle - line / 2, anchor, "category"),
        Label(number, spot[0], middle + line / 2, anchor, "value"),
    ]


def _check_outside(look: Look, numbers: Sequence[Label], place: Box) -> None:
    for label in numbers:
        width = font_of(look).getlength(label.text)
        left = label.x - {"l": 0, "m": width / 2, "r": width}[label.anchor[0]]
        fits_across = left >= place.left and left + width <= place.right
        if (
            not fits_across
            or not place.top < label.y - look.size / 2 < label.y + look.size / 2 < place.bottom
        ):
            raise Reject("a number does not fit beside its slice")
