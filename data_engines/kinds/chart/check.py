"""Whether a picture shows what its answer says: read back from what the library drew, not from the spec."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import chain, combinations
from typing import NamedTuple

import numpy as np
from PIL import ImageColor

from data_engines.engine import Reject
from data_engines.kinds.chart.axes import MIN_PART_PIXELS, AnyAxis, Counts, read_at, tick_text
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.drawn import DrawnChart, Point, Written
from data_engines.kinds.chart.look import Look
from data_engines.kinds.chart.numbers import Exact
from data_engines.kinds.chart.texts import Texts
from data_engines.tools.boxes import Box

Marks = Sequence[Sequence[Box]]
"""(series, category)"""

MIN_MARGIN_PIXELS = 1.0
"""Pixels between any text and the edge of the picture."""
MIN_CONTRAST_LEVELS = 50
"""Levels of 255 between the darkest and the lightest grey in the place of a text."""
MIN_DIFFERENCE_LEVELS = 40
"""Levels, summed over red, green and blue, between the colours of two series or slices."""
READ_ERROR = 0.25
"""Distance that a mark may be away from its number's place, in parts between the places that are read."""
PIXEL = 1.0
"""The same distance in pixels, as libraries put lines on whole pixels; the smaller limit counts."""
SLICE_ERROR = 0.5
"""Degrees by which the ends of a slice may be off."""
ASIDE = 12
"""Degrees by which a name may lie beyond the ends of its slice, or beside its spoke."""


class Scale(NamedTuple):
    """Turns pixels along an axis into its positions."""

    factor: float
    offset: float
    axis: AnyAxis
    places: int

    def compare(self, pixels: Sequence[float] | np.ndarray, counts: Sequence[float] | np.ndarray) -> None:
        """Raises a Reject unless each pixel lies where its number is."""
        allowed = min(READ_ERROR * self.axis.gap, PIXEL * abs(self.factor))
        positions = self.axis.positions(counts)
        found = self.factor * np.asarray(pixels) + self.offset
        if len(found) != len(positions) or np.abs(found - positions).max() > allowed:
            raise Reject("a mark is not where its number is")


def check_chart(chart: Chart, look: Look, texts: Texts, drawn: DrawnChart, answer: str) -> None:
    """Raises a Reject unless the picture can be read, and reads as `answer`."""
    if drawn.picture.size != (look.width, look.height):
        raise Reject("the picture has another size")
    _check_answer(chart, answer)
    _check_texts(chart, texts, drawn.texts)
    _check_boxes(drawn)
    _check_colors(texts, drawn)
    if chart.round:
        _check_slices(chart, look, texts, drawn)
        return
    for layer in chart.layers:
        _check_layer(layer, look, texts, drawn, right=layer is not chart)


def _check_layer(chart: Chart, look: Look, texts: Texts, drawn: DrawnChart, right: bool) -> None:
    """Raises a Reject unless marks are at their numbers and names, and printed numbers at their marks."""
    scale = _read_scale(drawn.texts, chart, right=right)
    marks: Marks = [[Box(x, y, x, y) for x, y in row] for row in drawn.points]
    if chart.form == "radar":
        _check_spokes(chart, drawn, scale)
        return
    if chart.has_bars:
        marks = drawn.bars
        _check_bars(chart, marks, scale)
    else:
        scale.compare([mark.middle for mark in chain(*marks)], np.concatenate(_drawn(chart)))
    if chart.x_axis:
        _check_across(chart, chart.x_axis, drawn)
    else:
        _check_categories(chart, texts, drawn.texts, marks)
    if chart.labelled:
        _check_numbers(chart, look, texts, drawn, marks)


def _check_answer(chart: Chart, answer: str) -> None:
    """Raises a Reject unless the answer has each number, as it is read from where its mark is drawn."""
    parsed = json.loads(answer)["values"]
    if chart.form == "box":
        parsed = {name: {box: parsed[box].get(name) for box in parsed} for name in chart.series}
    rows = list(parsed.values()) if len(chart.names) > 1 else [parsed]
    for layer in chart.layers:
        own, rows = rows[: len(layer.series)], rows[len(layer.series) :]
        counts = tuple(tuple(round(value * 10**layer.places) for value in row.values()) for row in own)
        if counts != layer.values or not _reads_as(layer.axis, layer.exact, counts):
            raise Reject("the answer differs from the data")
    if chart.x_axis and not _reads_as(chart.x_axis, chart.x_exact, chart.x_values):
        raise Reject("the answer differs from the data")


def _reads_as(axis: AnyAxis, exact: Exact, values: Counts) -> bool:
    rows = zip(exact, values, strict=True) if exact else ()
    return all(read_at(axis, np.array(marks)).tolist() == list(counts) for marks, counts in rows)


def _drawn(chart: Chart) -> Sequence[Sequence[float]]:
    return chart.exact or chart.values


def _check_texts(chart: Chart, texts: Texts, written: Sequence[Written]) -> None:
    """Raises a Reject unless every text is in the picture in full, and no other text is."""
    expected = [texts.title, texts.source, chart.x_title, *texts.legend, *texts.categories]
    expected += chain(*texts.values)
    for layer in chart.layers:
        expected += [layer.y_title, *(() if layer.round else _ticks(layer.axis, layer.places))]
    if chart.x_axis:
        expected += _ticks(chart.x_axis, chart.x_places)
    solid = ["".join(text.split()) for text in expected if text]
    found = "".join("".join(text.text.split()) for text in written)
    if Counter(found) != Counter("".join(solid)) or not all(text in found for text in solid):
        raise Reject("a text is missing")


def _ticks(axis: AnyAxis, places: int) -> dict[str, int]:
    return {tick_text(count, places, axis): count for count in axis.ticks}


def _check_boxes(drawn: DrawnChart) -> None:
    """Raises a Reject unless texts are inside the picture, apart from each other, and in visible ink."""
    width, height = drawn.picture.size
    boxes = np.array([box for text in drawn.texts for box in text.boxes])
    owners = np.repeat(np.arange(len(drawn.texts)), [len(text.boxes) for text in drawn.texts])
    low, high = boxes[:, :2], boxes[:, 2:]
    if low.min() < MIN_MARGIN_PIXELS or (high > np.array([width, height]) - MIN_MARGIN_PIXELS).any():
        raise Reject("a text is cut off")
    # a box also holds the room for strokes below the line; two such rooms may touch
    meet = (low[:, None] + 1 < high[None] - 1).all(axis=-1)
    if (meet & meet.T & (owners[:, None] != owners[None])).any():
        raise Reject("two texts overlap")
    grey = np.asarray(drawn.picture.convert("L"))
    for text in drawn.texts:
        pieces = [
            grey[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
            for left, top, right, bottom in text.boxes
        ]
        if max(int(piece.max()) - int(piece.min()) for piece in pieces) < MIN_CONTRAST_LEVELS:
            raise Reject("a text is hardly seen")


def _check_colors(texts: Texts, drawn: DrawnChart) -> None:
    """Raises a Reject unless marks differ in colour, and the legend shows each colour beside its name."""
    levels = [np.array(ImageColor.getrgb(color)) for color in drawn.colors]
    if any(np.abs(one - other).sum() < MIN_DIFFERENCE_LEVELS for one, other in combinations(levels, 2)):
        raise Reject("two colours are alike")
    if texts.legend and drawn.legend != tuple(zip(texts.legend, drawn.colors, strict=True)):
        raise Reject("the legend differs from the marks")


def _check_slices(chart: Chart, look: Look, texts: Texts, drawn: DrawnChart) -> None:
    """Raises a Reject unless slices are as wide as their numbers, and names and numbers are at them."""
    ends = look.start + np.cumsum([0, *chart.values[0]]) / sum(chart.values[0]) * 360
    if len(drawn.slices) != len(chart.categories):
        raise Reject("a mark is not where its number is")
    for position, (start, end) in enumerate(drawn.slices):
        if max(_turn(start, ends[position]), _turn(end, ends[position + 1])) > SLICE_ERROR:
            raise Reject("a mark is not where its number is")
        for row in (texts.categories, *texts.values):
            own = [text for text in drawn.texts if row and row[position] in text.text]
            if row and not any(_faces(text, drawn.center, start, end) for text in own):
                raise Reject("a text is not at its slice")


def _turn(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


def _faces(text: Written, center: Point, start: float, end: float) -> bool:
    left, top, right, bottom = text.boxes[0]
    # the point of the text that is nearest to the pie
    x = min(max(center[0], left), right) - center[0]
    y = min(max(center[1], top), bottom) - center[1]
    angle = np.degrees(np.arctan2(x, -y))
    half = (end - start) % 360 / 2
    return _turn(angle, start + half) <= half + ASIDE


def _read_scale(
    written: Sequence[Written], chart: Chart, *, across: bool = False, right: bool = False
) -> Scale:
    """The scale fitted to the numbers written beside an axis: that of the values, or the one `across`.

    Where two axes have the same numbers, the one at the left is meant, or at the `right`.
    """
    axis, places = chart.axis, chart.places
    if across and chart.x_axis:
        axis, places = chart.x_axis, chart.x_places
    vertical = (chart.form == "bar") == across
    ticks = _ticks(axis, places)
    lines: dict[float, dict[str, float]] = {}
    for text in written:
        if text.text in ticks:
            aside, along = (text.x, text.y) if vertical else (text.y, text.x)
            lines.setdefault(round(aside, 1), {})[text.text] = along
    whole = [lines[aside] for aside in sorted(lines) if len(lines[aside]) == len(ticks)]
    if not whole:
        raise Reject("the numbers of an axis are not in line")
    line = whole[-1 if right else 0]
    counts, pixels = [ticks[text] for text in line], list(line.values())
    factor, offset = np.polyfit(pixels, axis.positions(counts), 1)
    scale = Scale(float(factor), float(offset), axis, places)
    scale.compare(pixels, counts)
    if not chart.labelled and axis.gap < MIN_PART_PIXELS * abs(scale.factor):
        raise Reject("the places along an axis are too near each other")
    return scale


def _check_bars(chart: Chart, bars: Marks, scale: Scale) -> None:
    """Raises a Reject unless bars end at their numbers, and start at the bar below, at zero, or at the low
    end of an axis without zero."""
    base: np.ndarray = np.full(len(chart.categories), max(chart.axis.low, 0), dtype=float)
    for row, counts in zip(bars, _drawn(chart), strict=True):
        ends = [(bar.left, bar.right) if chart.form == "bar" else (bar.bottom, bar.top) for bar in row]
        top = base + counts if chart.stacked else np.array(counts)
        scale.compare(np.ravel(ends), np.sort([base, top], axis=0).T.ravel())
        base = top if chart.stacked else base


def _check_across(chart: Chart, axis: AnyAxis, drawn: DrawnChart) -> None:
    """Raises a Reject unless points and the edges of bins are where the numbers below the plot say."""
    scale = _read_scale(drawn.texts, chart, across=True)
    if chart.form == "histogram":
        [bars] = drawn.bars
        scale.compare([end for bar in bars for end in (bar.left, bar.right)], np.repeat(axis.places, 2)[1:-1])
    else:
        xs = chart.x_exact or chart.x_values
        scale.compare([x for row in drawn.points for x, _ in row], np.concatenate(xs))


def _check_spokes(chart: Chart, drawn: DrawnChart, scale: Scale) -> None:
    """Raises a Reject unless points lie at their numbers on their spokes, whose names stand at their ends."""
    x, y = drawn.center
    spokes = np.arange(len(chart.categories)) * 360 / len(chart.categories)
    for row, counts in zip(drawn.points, _drawn(chart), strict=True):
        away = np.array(row) - (x, y)
        scale.compare(y - np.hypot(*away.T), counts)
        for spoke, (right, down) in zip(spokes, away, strict=True):
            if _turn(np.degrees(np.arctan2(right, -down)), spoke) > SLICE_ERROR:
                raise Reject("a mark is not where its number is")
    for spoke, name in zip(spokes, chart.categories, strict=True):
        if not any(_faces(text, drawn.center, spoke, spoke) for text in drawn.texts if text.text == name):
            raise Reject("a name is not at its mark")


def _check_categories(chart: Chart, texts: Texts, written: Sequence[Written], marks: Marks) -> None:
    """Raises a Reject unless each category's name is nearest to the marks of that category."""
    flat = chart.form == "bar"
    middles = [[mark.middle if flat else (mark.left + mark.right) / 2 for mark in row] for row in marks]
    for position, name in enumerate(texts.categories):
        # one library writes the lines of a name as one text, the other each line as a text
        own = [text for text in written if text.text in (name, name.split("\n")[0])]
        nearest = [np.abs(np.mean(middles, axis=0) - (text.y if flat else text.x)).argmin() for text in own]
        if position not in nearest:
            raise Reject("a name is not at its mark")


def _check_numbers(chart: Chart, look: Look, texts: Texts, drawn: DrawnChart, marks: Marks) -> None:
    """Raises a Reject unless printed numbers stand at their marks, and on no other bar."""
    for mark, number in zip(chain(*marks), chain(*texts.values), strict=True):
        boxes = [Box(*box) for text in drawn.texts if text.text == number for box in text.boxes]
        own = [box for box in boxes if _belongs(box, mark, chart, 1.8 * look.size)]
        if not own:
            raise Reject("a number is not at its mark")
        others = [bar for bar in chain(*drawn.bars) if bar != mark]
        if all(any(box.grown(-2).meets(other) for other in others) for box in own):
            raise Reject("a number lies on another bar")


def _belongs(box: Box, mark: Box, chart: Chart, reach: float) -> bool:
    """Whether a number is in its part of a stacked bar, or beyond the end of its bar or point."""
    x, y, near = (box.left + box.right) / 2, box.middle, mark.grown(reach)
    if chart.stacked:
        return mark.left <= box.left and box.right <= mark.right and mark.top <= y <= mark.bottom
    if chart.form == "bar":
        return mark.top <= y <= mark.bottom and near.left <= box.right and box.left <= near.right
    return mark.left - 2 <= x <= mark.right + 2 and near.top <= y <= near.bottom
