"""How charts may look: their fonts, style sheets, colours, and where legends and numbers stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.colors import to_hex

from data_engines.engine import Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.words import SOURCE_LEADS, Tongue
from data_engines.options import Range
from data_engines.tools.chance import one_of
from data_engines.tools.fonts import Typeface

Library = Literal["matplotlib", "echarts"]
Marker = Literal["o", "s", "^", "D"]
LegendPlace = Literal["right", "top", "bottom", "inside"]
"""A legend inside the plot is for plots with one pair of axes, and so not for pies."""
NumberPlace = Literal["inside", "outside", "legend", "split"]
"""Place of the numbers of a pie; with `split`, names stand outside the slices and numbers inside.

ECharts has one label for both, so it draws no `split`."""
MARKERS: tuple[Marker, ...] = ("o", "s", "^", "D")
"""Shapes of points, by Matplotlib's names."""
MARKER_SIZES = {"scatter": 0.8, "line": 0.55, "area": 0.55, "radar": 0.5}
"""Sizes of points by the form of the chart, as multiples of the font's size."""
HOLE = 0.5
"""Radius of the hole of a donut, as a share of the donut's radius."""
FAINT = 0.5
"""Opacity of gridlines without a number, as a share of the opacity of gridlines with one."""

NUMERALS = set("0123456789.,-+%$/():")
"""Characters of numbers, which any chart may hold."""

SHEETS: tuple[tuple[str, ...], ...] = (
    *((),) * 6,
    *(("ggplot",), ("bmh",), ("fivethirtyeight",), ("Solarize_Light2",), ("dark_background",)),
    *(("grayscale",), ("tableau-colorblind10",), ("petroff10",), ("seaborn-v0_8",)),
    *(("seaborn-v0_8-whitegrid", f"seaborn-v0_8-{colors}") for colors in ("deep", "muted", "colorblind")),
    *(("seaborn-v0_8-darkgrid", "seaborn-v0_8-deep"), ("seaborn-v0_8-ticks", "seaborn-v0_8-bright")),
)
"""Style sheets of Matplotlib that are applied one after the other; () is its default look."""
THEMES = ("white", "white", "white", "white", "grey", "cream", "blue", "dark")
"""Names of `echarts.THEMES`; white is chosen four times as often as each of the others."""
PALETTES = tuple(
    tuple(f"#{color}" for color in colors.split())
    for colors in (
        "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf",
        "4c78a8 f58518 e45756 72b7b2 54a24b eeca3b b279a2 ff9da6 9d755d bab0ac",
        "5070dd b6d634 505372 ff994d 0ca8df ffd10a fb628b 785db0 3fbe95",
        "5470c6 91cc75 fac858 ee6666 73c0de 3ba272 fc8452 9a60b4 ea7ccc",
        "4c72b0 dd8452 55a868 c44e52 8172b3 937860 da8bc3 8c8c8c ccb974 64b5cd",
        "66c2a5 fc8d62 8da0cb e78ac3 a6d854 ffd92f e5c494 b3b3b3 bc80bd",
        "0f4c81 c8102e f2a900 00843d 6f263d 00a3e0 78be20 5c068c ff6a13 5b6770",
        "264653 2a9d8f e9c46a f4a261 e76f51 8ab17d b56576 6d597a 457b9d a8dadc",
    )
)
"""Each palette has at least nine colours, for the slices of a pie; the third palette is ECharts' own."""


@dataclass(frozen=True)
class Look:
    """How a chart is drawn."""

    width: int
    height: int
    size: int
    """Size of the font of names and numbers, in pixels."""
    title_size: int
    font: Typeface
    title_font: Typeface
    style: tuple[str, ...]
    """Matplotlib's style sheets, or one of ECharts' `THEMES`."""
    colors: tuple[str, ...]
    """Colours of successive series or slices, like "#1f77b4"."""
    grid: Literal["none", "solid", "dashed"]
    """Gridlines at the numbers of the axis; a style sheet may add others."""
    frame: Literal["box", "open"]
    legend: LegendPlace
    heading: Literal["left", "center"]
    axis_titles: Literal["middle", "end"]
    """Place of the titles of axes along their axes."""
    source_lead: str
    source_side: Literal["left", "right"]
    numbers: NumberPlace
    tilt: Literal[30, 45, 90]
    """Degrees by which names are turned that are too wide for their place."""
    fill: float
    """Share of a category's place that its bar or group of bars fills."""
    marker: Marker
    stroke: float
    """Width of lines in pixels where the font has ten pixels; it grows with the font."""
    edge: bool
    """Whether bars and slices have outlines."""
    start: int
    """Degrees clockwise from the top at which a pie starts."""

    def marker_of(self, series: int) -> Marker:
        """Markers of successive series differ too, for printing without colours."""
        return MARKERS[(MARKERS.index(self.marker) + series) % len(MARKERS)]


def choose_look(
    rng: np.random.Generator,
    chart: Chart,
    library: Library,
    tongue: Tongue,
    fonts: Sequence[Typeface],
    width: Range,
    height: Range,
) -> Look:
    lead = one_of(rng, SOURCE_LEADS[tongue])
    texts = [chart.title, chart.source, chart.x_title, *chart.categories, *chart.names, lead]
    texts += [layer.y_title for layer in chart.layers]
    characters = {character for text in texts if text for character in text} - {" "}
    regular, bold = _choose_fonts(rng, fonts, characters)
    wide, high = width.choose(rng), height.choose(rng)
    # so large that it can still be read after a large picture is made smaller for the model
    least = max(13, max(wide, high) // 75)
    size = Range(least, max(least + 1, min(least * 3 // 2, min(wide, high) // 26))).choose(rng)
    style = (one_of(rng, THEMES),) if library == "echarts" else one_of(rng, SHEETS)
    num_colors = len(chart.categories) if chart.round else len(chart.names)
    has_corner = not (chart.round or chart.form == "radar" or chart.over)
    return Look(
        width=wide,
        height=high,
        size=size,
        title_size=round(size * rng.uniform(1.1, 1.45)),
        font=regular,
        title_font=bold,
        style=style,
        colors=_choose_colors(rng, library, style, num_colors),
        # where no numbers are printed, they are read from gridlines
        grid=one_of(rng, ("solid", "dashed", "none") if chart.labelled else ("solid", "dashed")),
        frame=one_of(rng, ("box", "open")),
        legend=one_of(rng, get_args(LegendPlace)[: 4 if has_corner else 3]),
        heading=one_of(rng, ("center", "center", "left")),
        axis_titles=one_of(rng, ("middle", "middle", "end")),
        source_lead=lead,
        source_side=one_of(rng, ("left", "right")),
        numbers=one_of(rng, get_args(NumberPlace)[: 4 if library == "matplotlib" else 3]),
        tilt=one_of(rng, (30, 45, 90)),
        fill=float(np.round(rng.uniform(0.55, 0.85), 2)),
        marker=one_of(rng, MARKERS),
        stroke=float(np.round(rng.uniform(1.2, 2.6), 1)),
        edge=bool(rng.random() < 0.2),
        start=int(rng.integers(0, 360, endpoint=False)) if rng.random() < 0.5 else 0,
    )


def _choose_colors(
    rng: np.random.Generator, library: Library, style: tuple[str, ...], count: int
) -> tuple[str, ...]:
    """Mostly the colours of the style, if it has enough of them for the series or slices."""
    own = PALETTES[2]
    if library == "matplotlib":
        cycle = matplotlib.rcParamsDefault["axes.prop_cycle"]
        for sheet in style:
            cycle = matplotlib.style.library[sheet].get("axes.prop_cycle", cycle)
        own = tuple(map(to_hex, cycle.by_key()["color"]))
    if count <= len(own) and rng.random() < 0.6:
        return own
    palette = one_of(rng, PALETTES)
    first = int(rng.integers(len(palette)))
    return palette[first:] + palette[:first]


def _choose_fonts(
    rng: np.random.Generator, fonts: Sequence[Typeface], characters: set[str]
) -> tuple[Typeface, Typeface]:
    """The font of a chart and the font of its title, which may be the bold one of the same family."""
    able = [font for font in fonts if characters <= font.characters]
    regular = [font for font in able if font.weight <= 500] or able
    if not regular:
        raise Reject("no font has all characters of the chart")
    chosen = one_of(rng, regular)
    bold = [font for font in able if (font.family, font.weight) == (chosen.family, 700)]
    return chosen, bold[0] if bold and rng.random() < 0.6 else chosen
