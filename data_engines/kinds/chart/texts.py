"""The texts of a chart as they are set: broken into lines, turned, or rejected as too long for the picture.

Lengths are estimated from the font alone; the library lays out the texts, and `check` looks at the result.
"""

import math
from dataclasses import dataclass, replace

from PIL import ImageFont

from data_engines.engine import Reject
from data_engines.kinds.chart.axes import MIN_PART_PIXELS, AnyAxis, LogAxis, tick_text, written
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.look import Look
from data_engines.tools.corpora import word_spans
from data_engines.tools.fonts import open_font

LEADING = 1.3
"""Distance between baselines, as a multiple of the font's size."""
MAX_TEXT_LINES = 3
NAME_SHARE = 0.3
"""Share of a picture's width or height that names of categories or series may take."""
MIN_PLOT_SHARE = 0.4
"""Share of the picture's width and height that the plot has at least."""
SWATCH = 4.0
"""Width of a mark in the legend with the room round it, as a multiple of the font's size."""
INSIDE = {"pie": 0.66, "donut": 0.75}
"""Distance from the centre to the numbers in slices, in radii."""


@dataclass(frozen=True)
class Texts:
    """The texts of a chart, with their line breaks."""

    title: str | None
    source: str | None
    categories: tuple[str, ...]
    tilt: int
    """Degrees by which names below the plot are turned counterclockwise."""
    legend: tuple[str, ...]
    columns: int
    """Number of columns of the legend."""
    values: tuple[tuple[str, ...], ...]
    """(series, category): the numbers printed at their marks, if there are any."""

    @property
    def rows(self) -> int:
        """Number of rows of the legend."""
        return math.ceil(len(self.legend) / self.columns)


def font_of(look: Look) -> ImageFont.FreeTypeFont:
    return open_font(look.font.path, look.font.number, look.size)


def set_texts(chart: Chart, look: Look) -> tuple[Chart, Texts]:
    """The texts, and the chart, which gets room for a legend that stands inside the plot.

    Raises:
        Reject: something does not fit.
    """
    font, size, line = font_of(look), look.size, LEADING * look.size
    # room at the picture's edges, as a library may set a title somewhat wider than estimated
    wide = look.width - 3 * size
    title_font = open_font(look.title_font.path, look.title_font.number, look.title_size)
    title = wrap(chart.title, title_font, wide) if chart.title else None
    source = wrap(look.source_lead + chart.source, font, wide) if chart.source else None
    legend = _legend(chart, look)
    widest = max(map(font.getlength, legend), default=0) + SWATCH * size
    columns = 1 if look.legend == "right" or not legend else min(len(legend), int(0.9 * wide // widest))
    if columns < 1 or (look.legend == "right" and widest > NAME_SHARE * look.width + SWATCH * size):
        raise Reject("the legend does not fit")
    at_marks = chart.labelled and not (chart.round and look.numbers == "legend")
    values = value_texts(chart) if at_marks else ()
    texts = Texts(title, source, (), 0, legend, columns, values)
    height = look.height - line * (2 + texts.rows * (look.legend in ("top", "bottom")))
    height -= look.title_size * LEADING * _num_lines(title) + line * _num_lines(source)
    width = look.width - 2 * size - (widest if legend and look.legend == "right" else 0)
    if chart.form == "radar":
        radius = pie_radius(chart, look, width, height)
        if radius < (len(chart.axis.ticks) - 1) * LEADING * size or not _is_readable(chart.axis, radius):
            raise Reject("the texts leave too little room for the plot")
        return chart, replace(texts, categories=chart.categories)
    if chart.round:
        _check_slices(chart, look, texts, pie_radius(chart, look, width, height))
        beside = look.numbers in ("outside", "split")
        return chart, replace(texts, categories=chart.categories if beside else ())
    sides = [(layer.y_title, height) for layer in chart.layers]
    for text, room in ((chart.x_title, width), *sides):
        if text and font.getlength(text) * 1.2 > room:
            raise Reject("the title of an axis does not fit")
    height -= line * bool(chart.x_title)
    for layer in chart.layers:
        ticks = [tick_text(count, layer.places, layer.axis) for count in layer.axis.ticks]
        width -= line * bool(layer.y_title) + max(map(font.getlength, ticks))
    names, tilt, taken = _set_names(chart, look, width)
    width, height = (width - taken, height) if chart.form == "bar" else (width, height - taken)
    if legend and look.legend == "inside":
        chart = _with_room(chart, (texts.rows + 0.6) * line / height)
    if width < MIN_PLOT_SHARE * look.width or height < MIN_PLOT_SHARE * look.height:
        raise Reject("the texts leave too little room for the plot")
    _check_marks(chart, look, texts, width, height)
    return chart, replace(texts, categories=names, tilt=tilt)


def _num_lines(text: str | None) -> int:
    return text.count("\n") + 1 if text else 0


def _legend(chart: Chart, look: Look) -> tuple[str, ...]:
    """The texts of the legend."""
    if not chart.round:
        return chart.names if chart.has_legend else ()
    if look.numbers in ("outside", "split"):
        return ()
    if look.numbers == "inside":
        return chart.categories
    return tuple(f"{name} {text}" for name, text in zip(chart.categories, value_texts(chart)[0], strict=True))


def value_texts(chart: Chart) -> tuple[tuple[str, ...], ...]:
    def text(count: int) -> str:
        sign = "-" if count < 0 else ""
        return f"{sign}{chart.prefix}{written(abs(count), chart.places)}{chart.suffix}"

    return tuple(tuple(map(text, counts)) for counts in chart.values)


def valleys(chart: Chart) -> list[bool]:
    """For each category, whether a single line rises on both sides of it: its number is printed below."""
    row = [math.inf, *chart.values[0], math.inf]
    single = len(chart.series) == 1
    return [single and left > here < right for left, here, right in zip(row, row[1:], row[2:], strict=False)]


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """The text in lines of at most `width` pixels, broken between words; a Reject for too many lines."""
    lines, start, end = [], 0, 0
    for word_start, word_end in word_spans(text):
        if end and font.getlength(text[start:word_end]) > width:
            lines.append(text[start:end])
            start = word_start
        end = word_end
    lines.append(text[start:end])
    if len(lines) > MAX_TEXT_LINES or max(map(font.getlength, lines)) > width:
        raise Reject("a text does not fit")
    return "\n".join(lines)


def _set_names(chart: Chart, look: Look, width: float) -> tuple[tuple[str, ...], int, float]:
    """The names of categories, their turn in degrees, and the pixels of width or height that they take."""
    font, line = font_of(look), look.size * LEADING
    if chart.form == "bar":
        names = [wrap(name, font, NAME_SHARE * look.width) for name in chart.categories]
        return tuple(names), 0, max(font.getlength(text) for name in names for text in name.split("\n"))
    if chart.x_axis:
        ticks = [tick_text(count, chart.x_places, chart.x_axis) for count in chart.x_axis.ticks]
        if max(map(font.getlength, ticks)) * 1.3 > width / (len(ticks) - 1):
            raise Reject("the numbers of an axis do not fit")
        return (), 0, line
    pitch = width / len(chart.categories)
    try:
        names = [wrap(name, font, pitch * 0.85) for name in chart.categories]
        return tuple(names), 0, line * max(map(_num_lines, names))
    except Reject:
        sine = math.sin(math.radians(look.tilt))
        height = max(map(font.getlength, chart.categories)) * sine + line
        if height > NAME_SHARE * look.height or 1.1 * line > pitch * sine:
            raise Reject("the names of categories do not fit") from None
        return chart.categories, look.tilt, height


def _with_room(chart: Chart, share: float) -> Chart:
    """The chart with an axis extended above its numbers; at least `share` of the axis is free."""
    axis = chart.axis
    if chart.form == "bar" or share > 0.4 or isinstance(axis, LogAxis):
        raise Reject("the legend does not fit")
    top = max(map(sum, zip(*chart.values, strict=True))) if chart.stacked else max(map(max, chart.values))
    high = axis.high
    # a number may stand above the highest mark
    while (high - top) / (high - axis.low) < share + 0.09:
        high += axis.step
    return replace(chart, axis=replace(axis, high=high))


def _check_marks(chart: Chart, look: Look, texts: Texts, width: float, height: float) -> None:
    """Raises a Reject unless, in a plot of about this size, bars are thick enough and numbers fit."""
    font, size = font_of(look), look.size
    flat = chart.form == "bar"
    ticks = chart.axis.ticks
    needed = max(font.getlength(tick_text(count, chart.places, chart.axis)) * 1.3 for count in ticks)
    if (width if flat else height) < (len(ticks) - 1) * (needed if flat else LEADING * size):
        raise Reject("the numbers of an axis do not fit")
    sides = [(layer.axis, width if flat else height) for layer in chart.layers if not layer.labelled]
    if chart.form == "scatter" and chart.x_axis:
        sides.append((chart.x_axis, width))
    if not all(_is_readable(axis, room) for axis, room in sides):
        raise Reject("the places along an axis are too near each other")
    if chart.form == "scatter":
        return
    pitch = (height if flat else width) / len(chart.categories)
    longest = max((font.getlength(text) for row in texts.values for text in row), default=0)
    if not chart.has_bars:
        if longest > pitch - 4:
            raise Reject("the numbers of a line do not fit")
        return
    fill = 1 if chart.form == "histogram" else look.fill
    thickness = pitch * fill / (1 if chart.stacked else len(chart.series))
    if thickness < size * (1.2 if chart.labelled and (flat or chart.stacked) else 0.4):
        raise Reject("the bars are too thin")
    if not flat and longest > (thickness if len(chart.series) > 1 else pitch) - 3:
        raise Reject("a number does not fit its bar")


def _is_readable(axis: AnyAxis, room: float) -> bool:
    """Whether the places of an axis that is `room` pixels long, or somewhat less, can be told apart."""
    low, high = axis.positions([axis.low, axis.high])
    return bool(axis.gap * room / (high - low) >= 1.15 * MIN_PART_PIXELS)


def pie_radius(chart: Chart, look: Look, width: float, height: float) -> float:
    """The radius in pixels that leaves room for names beside a pie or radar chart, and for lines to them."""
    if look.numbers not in ("outside", "split") and chart.round:
        return 0.48 * min(width, height)
    longest = max(map(font_of(look).getlength, chart.categories))
    return min(width / 2 - longest - 2.2 * look.size, height / 2 - (2 * LEADING + 1) * look.size)


def _check_slices(chart: Chart, look: Look, texts: Texts, radius: float) -> None:
    font, counts = font_of(look), chart.values[0]
    if radius < 6 * look.size:
        raise Reject("the texts leave too little room for the plot")
    if look.numbers in ("inside", "split"):
        reach = INSIDE[chart.form] * radius * 0.9
        for count, text in zip(counts, texts.values[0], strict=True):
            diagonal = math.hypot(font.getlength(text), look.size)
            room = 2 * reach * math.sin(math.pi * min(count / sum(counts), 0.5))
            if min(room, radius * (0.5 if chart.form == "donut" else 1)) < diagonal:
                raise Reject("a number does not fit its slice")
