"""Charts with the numbers they show: bars, lines, pies and points, by Matplotlib and by ECharts.

The answer is OneChart's dictionary (`data.target`), with every number as it can be read from the
picture: printed at its mark, or lying on a gridline or a whole part of the way between two.
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.engine import Answer, Drawing, Reject, Stock, one_by_one
from data_engines.kinds.chart import echarts, matplotlib_chart
from data_engines.kinds.chart.check import check_chart
from data_engines.kinds.chart.data import Chart, Kind, sample_chart, target
from data_engines.kinds.chart.drawn import DrawnChart
from data_engines.kinds.chart.look import NUMERALS, Library, Look, choose_look
from data_engines.kinds.chart.texts import Texts, set_texts
from data_engines.kinds.chart.words import ChartWords, read_words
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language
from data_engines.tools.fonts import Typeface, find_font_files, font_sources, read_faces, typefaces
from got_train.prompts import Task

TRIES = 25
"""Charts that are tried for one sample until one fits its picture."""
KINDS: tuple[Kind, ...] = ("bar", "line", "pie", "scatter")
KIND_CHANCES = (0.4, 0.28, 0.2, 0.12)
PACKAGES = ("matplotlib", "panel", "mini-racer", "resvg-py", "faker")
ECHARTS_SHARE = 0.5
"""Share of the samples that ECharts draws under `--library mixed`."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file to draw titles and names from; without it, installed packages' prose and names",
        None,
    )
    language: Language | None = option(
        "language of titles and names, and of what charts are about, by default all that there is", None
    )
    kinds: Literal["bar", "line", "pie", "scatter", "mixed"] = option("kinds of charts", "mixed")
    library: Literal["matplotlib", "echarts", "mixed"] = option("library that draws the charts", "mixed")
    categories: Range = option(
        "bars, slices (at most 9) or points of a series; fewer points where there are few gridlines",
        Range(3, 10),
        lowest=2,
        highest=20,
    )
    series: Range = option("series of a chart; pies have one", Range(1, 4), lowest=1, highest=6)
    width: Range = option("width of a picture in pixels", Range(600, 1000), lowest=400, highest=4000)
    height: Range = option("height of a picture in pixels", Range(440, 760), lowest=300, highest=4000)
    fonts: tuple[Path, ...] = option("font files or folders of them; without it, the system's fonts", ())


@dataclass(frozen=True, kw_only=True)
class ChartStock(Stock[Options]):
    words: tuple[ChartWords, ...]
    fonts: tuple[Typeface, ...]


@dataclass(frozen=True)
class Spec:
    library: Library
    chart: Chart
    look: Look
    texts: Texts


@dataclass(frozen=True, kw_only=True)
class ChartDrawing(Drawing):
    drawn: DrawnChart
    """What the library says it drew, and where."""


def load(options: Options, rng: np.random.Generator) -> ChartStock:
    words, sources, unused = read_words(options.source, options.language, rng)
    files = find_font_files(options.fonts)
    characters = set().union(NUMERALS, *(some.characters() for some in words))
    faces, left_out = read_faces(files, characters)
    fonts = typefaces(face for face in faces if face.characters >= NUMERALS)
    if not fonts:
        raise ValueError(
            f"--fonts: none of the {len(files)} font files is upright, of usual width and holds digits"
        )
    return ChartStock(
        sources=(*sources, *font_sources(dict.fromkeys(Path(font.path) for font in fonts))),
        left_out=left_out | unused,
        versions={package: version(package) for package in PACKAGES},
        options=options,
        words=words,
        fonts=fonts,
    )


def decide(rng: np.random.Generator, index: int, stock: ChartStock) -> Spec:
    options = stock.options
    words = one_of(rng, stock.words)
    kind, library = options.kinds, options.library
    if kind == "mixed":
        kind = KINDS[rng.choice(len(KINDS), p=KIND_CHANCES)]
    if library == "mixed":
        library = "echarts" if rng.random() < ECHARTS_SHARE else "matplotlib"
    for _ in range(TRIES):
        try:
            chart = sample_chart(rng, words, kind, options.categories, options.series)
            look = choose_look(rng, chart, library, words.tongue, stock.fonts, options.width, options.height)
            chart, texts = set_texts(chart, look)
        except Reject as reject:
            cause = reject
            continue
        return Spec(library, chart, look, texts)
    raise cause


@one_by_one
def draw(spec: Spec) -> ChartDrawing:
    library = echarts if spec.library == "echarts" else matplotlib_chart
    drawn = library.draw(spec.chart, spec.look, spec.texts)
    return ChartDrawing((drawn.picture,), (Answer(Task(format=True), target(spec.chart)),), drawn=drawn)


def check(spec: Spec, drawing: ChartDrawing) -> Drawing:
    """The drawing, if it is legible and the numbers measured in it are those of the answer."""
    check_chart(spec.chart, spec.look, spec.texts, drawing.drawn, drawing.answers[0].text)
    return drawing
