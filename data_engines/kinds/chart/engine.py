"""Charts with the numbers they show, by Matplotlib and by ECharts.

The answer is OneChart's dictionary (`data.target`), with every number as it can be read from the
picture: printed at its mark, or at the place along the axis that is nearest to its mark.
"""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.engine import Answer, Drawing, Reject, Stock, one_by_one
from data_engines.kinds.chart import echarts, matplotlib_chart
from data_engines.kinds.chart.check import check_chart
from data_engines.kinds.chart.data import Chart, Kind, target
from data_engines.kinds.chart.drawn import DrawnChart
from data_engines.kinds.chart.look import NUMERALS, Library, Look, choose_look
from data_engines.kinds.chart.samples import sample_chart
from data_engines.kinds.chart.texts import Texts, set_texts
from data_engines.kinds.chart.words import ChartWords, read_words
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Language
from data_engines.tools.fonts import Typeface, find_font_files, font_sources, read_faces, typefaces
from got_train.prompts import Task

TRIES = 25
"""Charts that are tried for one sample until one fits its picture."""
KIND_CHANCES: dict[Library, dict[Kind, float]] = {
    "matplotlib": {
        "bar": 0.28,
        "line": 0.2,
        "pie": 0.1,
        "scatter": 0.12,
        "combined": 0.08,
        "histogram": 0.08,
        "box": 0.07,
        "radar": 0.07,
    },
    "echarts": {"bar": 0.36, "line": 0.24, "pie": 0.18, "scatter": 0.1, "combined": 0.12},
}
"""What each library draws, and how often."""
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
    kinds: Literal[Kind, "mixed"] = option(
        "kinds of charts; ECharts draws no histogram, box and radar", "mixed"
    )
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

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.library == "echarts" and self.kinds not in (*KIND_CHANCES["echarts"], "mixed"):
            raise ValueError(
                f"--kinds {self.kinds}: ECharts draws none; give --library matplotlib, or one of "
                + ", ".join(KIND_CHANCES["echarts"])
            )


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
    library = options.library
    if library == "mixed":
        both = options.kinds == "mixed" or options.kinds in KIND_CHANCES["echarts"]
        library = "echarts" if both and rng.random() < ECHARTS_SHARE else "matplotlib"
    kind, chances = options.kinds, KIND_CHANCES[library]
    if kind == "mixed":
        kind = list(chances)[rng.choice(len(chances), p=list(chances.values()))]
    for _ in range(TRIES):
        try:
            may_be_log = library == "matplotlib"
            chart = sample_chart(rng, words, kind, options.categories, options.series, may_be_log)
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
