"""How charts may look: the fonts fit for them, and the styles of the programs and papers charts come from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from fontTools.ttLib import TTFont

from data_engines.engine import Reject
from data_engines.kinds.chart.data import Chart
from data_engines.kinds.chart.plan import MARKERS, Look
from data_engines.kinds.chart.words import SOURCE_LEADS, Tongue
from data_engines.options import Range
from data_engines.tools.fonts import Face, open_font

NUMERALS = set("0123456789.,-+%$/():")
"""What any chart may hold besides its words."""
OTHER_SCRIPTS = re.compile(r"caps|symbol|math|emoji|icon|dunhill|\b(JP|KR|HK|TC|TW|MBE)\b", re.IGNORECASE)
"""Fonts with capitals for small letters, without letters, or with Han in the forms of other countries."""
USUAL_WIDTH = 5
"""Of `usWidthClass`: neither condensed nor extended."""


@dataclass(frozen=True)
class Typeface:
    """A face with the name and weight by which programs find it."""

    face: Face
    family: str
    weight: int

    @property
    def file(self) -> tuple[str, int]:
        return self.face.path, self.face.number


class Style(NamedTuple):
    """A paper, and inks that go with it."""

    paper: str
    plot_paper: str
    ink: str
    grid_ink: str


STYLES = (
    Style("#ffffff", "#ffffff", "#000000", "#b0b0b0"),
    Style("#ffffff", "#ffffff", "#333333", "#dddddd"),
    Style("#ffffff", "#eaeaf2", "#262626", "#ffffff"),
    Style("#ffffff", "#e5e5e5", "#444444", "#ffffff"),
    Style("#f0f0f0", "#f0f0f0", "#3c3c3c", "#cbcbcb"),
    Style("#fbf7ee", "#fbf7ee", "#40352a", "#ddd3c2"),
    Style("#d5e4eb", "#d5e4eb", "#1b2b34", "#ffffff"),
    Style("#1e2230", "#1e2230", "#e8e8ea", "#4a5064"),
)
STYLE_CHANCES = (0.28, 0.28, 0.1, 0.08, 0.08, 0.08, 0.05, 0.05)
PALETTES = tuple(
    tuple(f"#{color}" for color in colors.split())
    for colors in (
        "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf",
        "4c78a8 f58518 e45756 72b7b2 54a24b eeca3b b279a2 ff9da6 9d755d bab0ac",
        "5470c6 91cc75 fac858 ee6666 73c0de 3ba272 fc8452 9a60b4 ea7ccc 6e7074",
        "4c72b0 dd8452 55a868 c44e52 8172b3 937860 da8bc3 8c8c8c ccb974 64b5cd",
        "66c2a5 fc8d62 8da0cb e78ac3 a6d854 ffd92f e5c494 b3b3b3 80b1d3 bc80bd",
        "e24a33 348abd 988ed5 777777 fbc15e 8eba42 ffb5b8 56b4e9 009e73 cc79a7",
        "0f4c81 c8102e f2a900 00843d 6f263d 00a3e0 78be20 5c068c ff6a13 5b6770",
        "264653 2a9d8f e9c46a f4a261 e76f51 8ab17d b56576 6d597a 457b9d a8dadc",
    )
)


def typefaces(faces: Sequence[Face]) -> tuple[Typeface, ...]:
    """Those fit for charts: upright, regular or bold, of usual width, the first of each name and weight."""
    found: dict[tuple[str, int], Typeface] = {}
    for face in faces:
        family, weight, plain = _describe(face)
        if plain and not OTHER_SCRIPTS.search(family) and face.characters >= NUMERALS:
            found.setdefault((family, weight), Typeface(_without_blanks(face), family, weight))
    return tuple(found.values())


def _without_blanks(face: Face) -> Face:
    """The face without the signs that it holds but leaves blank, as some do with ℃."""
    font = open_font(face.path, face.number, 20)
    blank = {sign for sign in face.characters if not sign.isalnum() and font.getmask(sign).getbbox() is None}
    return replace(face, characters=face.characters - blank)


def draw_look(
    rng: np.random.Generator,
    chart: Chart,
    tongue: Tongue,
    fonts: Sequence[Typeface],
    width: Range,
    height: Range,
) -> Look:
    lead = SOURCE_LEADS[tongue][rng.integers(len(SOURCE_LEADS[tongue]))]
    texts = (chart.title, chart.source, chart.x_title, chart.y_title, *chart.categories, *chart.series, lead)
    characters = {character for text in texts if text for character in text} - {" "}
    regular, bold = _draw_fonts(rng, fonts, characters)
    style = STYLES[rng.choice(len(STYLES), p=STYLE_CHANCES)]
    wide, high = width.choose(rng), height.choose(rng)
    # large enough to be read once a large picture is made smaller for the model
    least = max(13, max(wide, high) // 75)
    size = Range(least, max(least + 1, min(least * 3 // 2, min(wide, high) // 26))).choose(rng)
    return Look(
        width=wide,
        height=high,
        size=size,
        title_size=round(size * rng.uniform(1.1, 1.45)),
        face=regular.file,
        title_face=bold.file,
        colors=_draw_colors(rng),
        paper=style.paper,
        plot_paper=style.plot_paper,
        ink=style.ink,
        # without printed numbers gridlines are what numbers are read from
        grid=("none", "solid", "dashed")[int(rng.integers(0 if chart.labelled else 1, 3))],
        grid_ink=style.grid_ink,
        frame=("box", "corner", "base")[rng.integers(3)],
        legend=("right", "top", "bottom")[rng.integers(3)],
        heading=("center", "center", "left")[rng.integers(3)],
        source_lead=lead,
        source_side=("left", "right")[rng.integers(2)],
        numbers=("inside", "outside", "legend")[rng.integers(3)],
        tilt=(45, 90)[rng.integers(2)],
        fill=float(np.round(rng.uniform(0.55, 0.85), 2)),
        marker=MARKERS[rng.integers(len(MARKERS))],
        stroke=float(np.round(rng.uniform(1.2, 3), 1)),
        edge=bool(rng.random() < 0.2),
        start=int(rng.integers(0, 360, endpoint=False)) if rng.random() < 0.5 else 0,
    )


def _draw_colors(rng: np.random.Generator) -> tuple[str, ...]:
    palette = PALETTES[rng.integers(len(PALETTES))]
    first = int(rng.integers(len(palette)))
    return palette[first:] + palette[:first]


def _draw_fonts(
    rng: np.random.Generator, fonts: Sequence[Typeface], characters: set[str]
) -> tuple[Typeface, Typeface]:
    """The font of a chart and that of its title: at times the bold one of the same family."""
    able = [font for font in fonts if characters <= font.face.characters]
    regular = [font for font in able if font.weight <= 500] or able
    if not regular:
        raise Reject("no font has all characters of the chart")
    chosen = regular[rng.integers(len(regular))]
    bold = [font for font in able if font.family == chosen.family and font.weight == 700]
    return chosen, bold[0] if bold and rng.random() < 0.6 else chosen


def _describe(face: Face) -> tuple[str, int, bool]:
    """Name, weight from 100 to 900, and whether it is upright and of usual width."""
    with TTFont(face.path, fontNumber=face.number, lazy=True) as font:
        names, metrics = font["name"], font["OS/2"]
        family = names.getBestFamilyName() or ""
        slanted = bool(metrics.fsSelection & 1) or font["post"].italicAngle != 0
        plain = (
            not slanted and metrics.usWidthClass == USUAL_WIDTH and metrics.usWeightClass in (400, 500, 700)
        )
        return family, metrics.usWeightClass, plain
