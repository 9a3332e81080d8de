"""How a chart looks (`Look`), and where everything stands (`Plan`), in pixels from the upper left corner."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from PIL import ImageFont

from data_engines.engine import Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.numbers import written
from data_engines.tools.boxes import Box
from data_engines.tools.corpora import word_spans
from data_engines.tools.fonts import open_font

Role = Literal["title", "source", "x_title", "y_title", "category", "tick", "x_tick", "value", "series"]

FAINT = 0.65
"""Opacity of gridlines between those that have numbers."""
Marker = Literal["o", "s", "^", "D"]
MARKERS: tuple[Marker, ...] = ("o", "s", "^", "D")
"""Shapes of points, by Matplotlib's names."""
LEADING = 1.25
"""Distance of lines in sizes of the font."""
MOST_LINES = 3


@dataclass(frozen=True)
class Look:
    """How a chart is drawn, as far as it is not said by its data."""

    width: int
    height: int
    size: int
    """Of the font of all but the title, in pixels."""
    title_size: int
    face: tuple[str, int]
    """File of the font and number of the face in it."""
    title_face: tuple[str, int]
    colors: tuple[str, ...]
    paper: str
    plot_paper: str
    ink: str
    grid: Literal["none", "solid", "dashed"]
    grid_ink: str
    frame: Literal["box", "corner", "base"]
    legend: Literal["right", "top", "bottom"]
    heading: Literal["left", "center"]
    source_lead: str
    source_side: Literal["left", "right"]
    numbers: Literal["inside", "outside", "legend"]
    """Where numbers of a pie stand."""
    tilt: Literal[45, 90]
    """Degrees by which names too wide are turned."""
    fill: float
    """Share of its place that a bar or group of bars fills."""
    marker: Marker
    stroke: float
    """Width of lines in pixels."""
    edge: bool
    """Whether bars and slices have outlines."""
    start: int
    """Degrees from the top at which a pie starts."""


class Label(NamedTuple):
    """A line of text."""

    text: str
    x: float
    y: float
    anchor: str
    """Which point of the text is at x, y: Pillow's letters."""
    role: Role
    angle: int = 0
    """Counterclockwise, in degrees."""
    mark: int | None = None
    """The series or slice that it stands on."""


@dataclass(frozen=True)
class Plan:
    plot: Box
    labels: tuple[Label, ...]
    swatches: tuple[tuple[float, float], ...]
    """Left end and middle of the marks in the legend, for each series or slice."""
    bars: tuple[tuple[Box, ...], ...] = ()
    """(series, category)"""
    points: tuple[tuple[tuple[float, float], ...], ...] = ()
    """(series, category)"""
    slices: tuple[tuple[float, float], ...] = ()
    """Where slices start and end, in degrees clockwise from the top."""
    radius: float = 0.0


def font_of(look: Look, role: Role = "tick") -> ImageFont.FreeTypeFont:
    path, number = look.title_face if role == "title" else look.face
    return open_font(path, number, look.title_size if role == "title" else look.size)


def entries(chart: Chart, look: Look) -> tuple[str, ...]:
    """The texts of the legend."""
    if not chart.round:
        return chart.series if len(chart.series) > 1 else ()
    if look.numbers == "outside":
        return ()
    if look.numbers == "inside":
        return chart.categories
    return tuple(
        f"{name} {value_text(chart, count)}"
        for name, count in zip(chart.categories, chart.values[0], strict=True)
    )


def value_text(chart: Chart, count: int) -> str:
    sign = "-" if count < 0 else ""
    return f"{sign}{chart.prefix}{written(abs(count), chart.places)}{chart.suffix}"


def wrap(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines of at most `width` pixels, broken between words. Raises a Reject if there are too many."""
    lines, start, end = [], 0, 0
    for word_start, word_end in word_spans(text):
        if end and font.getlength(text[start:word_end]) > width:
            lines.append(text[start:end])
            start = word_start
        end = word_end
    lines.append(text[start:end])
    if len(lines) > MOST_LINES or max(map(font.getlength, lines)) > width:
        raise Reject("a text does not fit")
    return lines


def along(chart: Chart, plot: Box, count: int) -> float:
    """The pixel at which a value stands on its axis."""
    share = (count - chart.axis.low) / (chart.axis.high - chart.axis.low)
    if chart.form == "bar":
        return plot.left + share * plot.width
    return plot.bottom - share * plot.height


def across(chart: Chart, plot: Box, count: int) -> float:
    """The pixel at which a value of the other axis of a scatter chart stands."""
    assert chart.x_axis is not None, "only scatter charts have two axes of numbers"
    return plot.left + (count - chart.x_axis.low) / (chart.x_axis.high - chart.x_axis.low) * plot.width


def mark_color(look: Look, mark: int) -> str:
    """The colour of a series or slice."""
    return look.colors[mark % len(look.colors)]


def ink_on(color: str) -> str:
    """Black or white, whichever is read better on a colour like "#1f77b4"."""
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#000000" if 0.3 * red + 0.6 * green + 0.1 * blue > 130 else "#ffffff"
