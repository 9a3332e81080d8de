r"""Tables, with the LaTeX tabular that draws them.

Tables are made by chance, or filled from CSV files, or taken unchanged from `.tex` sources. The answer is the
code that TeX has typeset, in the one form of `tools/tables/grid.py`; typeface, size and distances are set
outside it. The check finds the text of every cell on the page, in order, unless the table is from a `.tex`
source.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.engine import Answer, Drawing, Region, Reject, Source, Stock
from data_engines.kinds.table.csv_files import ENDINGS, find_csv_files, read_values
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Corpus, Language, read_corpus
from data_engines.tools.tables.choices import choose_grid, fill_grid
from data_engines.tools.tables.columns import Pen
from data_engines.tools.tables.grid import Grid, Rules, legible, text_width, tidy, width_of, write_tabular
from data_engines.tools.typesetting import TypesetDrawing, draw_typeset, with_unknown_names
from got_train.prompts import Task
from got_train.tex.errors import TexError
from got_train.tex.latex import (
    Program,
    Sheet,
    Style,
    check_style,
    draw_sheet,
    sheet_characters,
    sheet_size,
    tex_version,
    with_chinese,
)
from got_train.tex.packages import COLORED_TABLES, MORE_TABLES, TABLES
from got_train.tex.source import find_tabulars, read_documents

MAX_WIDTH = 100.0
"""Width of a table in digits, with the white between columns: a wider one is illegible in 1024 pixels."""
MAX_CELL_WIDTH = 36.0
"""Width of a value of a CSV file in digits; columns with wider values are skipped."""
MAX_SIDE_PT = 640.0
"""Longer side of a table at 10 points, for the same reason as `MAX_WIDTH`."""
BILINGUAL_SHARE = 0.2
"""Share of tables in two languages under `--language mixed`."""
TRIES = 20
"""Random tables that are tried until one is narrow enough."""
MARGIN_PT = 8.0
SIZES = {8: r"\footnotesize", 9: r"\small", 10: r"\normalsize", 12: r"\large"}
"""LaTeX's commands for font sizes, by points."""
LATIN_FAMILIES = ("lmr", "lmr", "ptm", "ptm", "ppl", "pnc", "pbk", "lmss", "phv", "lmtt")
"""Latin Modern, Times, Palatino, Schoolbook, Bookman, Latin Modern Sans, Helvetica and a typewriter face."""
CHINESE_FAMILIES = (r"\rmfamily", r"\sffamily")

LATIN = re.compile(
    r"[\n -~\u00a3\u00a7\u00a9\u00ae\u00b0\u00b1\u00b5\u00bf-\u017e\u2013\u2014\u2018-\u201d]*"
)
"""Texts that pdflatex can typeset."""

PROGRAMS: tuple[Program, ...] = ("pdflatex", "xelatex")
"""The program for tables of Latin letters, and the one for all other tables."""
PACKAGES = rf"""\usepackage{{amsmath,amssymb,{TABLES}}}
"""
SOURCE_PACKAGES = (
    PACKAGES
    + rf"""\usepackage{{bm,{MORE_TABLES},rotating,pifont,siunitx}}
{COLORED_TABLES}
"""
)
"""The preamble for tables from `.tex` sources."""
PDFLATEX = r"""\usepackage[T1]{fontenc}
\usepackage{lmodern}
"""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a .csv, .tsv or .tex file, or a folder of these; without it, tables are made by chance", None
    )
    language: Language | None = option("language of tables made by chance, by default both", None)
    rows: Range = option("rows below the header; not for .tex sources", Range(2, 12), lowest=1, highest=40)
    columns: Range = option("columns; not for .tex sources", Range(2, 7), lowest=2, highest=12)
    rules: Literal["booktabs", "ruled", "mixed"] = option(
        "lines as in journals (booktabs), as in forms (ruled), or either; not for .tex sources", "mixed"
    )
    dpi: Range = option("pixels per inch of paper", Range(110, 200), lowest=72, highest=400)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.source and self.language:
            raise ValueError(
                f"--language {self.language}: tables of a --source are in its own; leave one of them out"
            )


@dataclass(frozen=True, kw_only=True)
class TableStock(Stock[Options]):
    corpora: tuple[tuple[str, ...], ...] = ()
    """Lines of text in each language, for tables made by chance."""
    files: tuple[str, ...] = ()
    """Paths of the files with records."""
    tabulars: tuple[str, ...] = ()
    """Tabulars from `.tex` sources, shuffled; after the last, they are used again in other typefaces."""


@dataclass(frozen=True)
class Spec:
    """All that is decided about one table."""

    code: str
    cells: tuple[str, ...] | None
    """The text that each cell shows, row by row; None for `.tex` sources, where it is not known."""
    chinese: bool
    """Whether the table needs xelatex and its Chinese fonts."""
    family: str
    size: int
    """Size of the font in points."""
    stretch: float
    """Height of rows, as a multiple of LaTeX's usual height."""
    padding_pt: float
    """White space on both sides of each column, in points."""
    dpi: int


def load(options: Options, rng: np.random.Generator) -> TableStock:
    corpora: list[Corpus] = []
    tabulars: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left_out: Counter[str] = Counter()
    if options.source is None:
        given = options.language or "mixed"
        languages: tuple[Language, ...] = ("en", "zh") if given == "mixed" else (given,)
        corpora = [read_corpus(None, language, rng) for language in languages]
    else:
        tabulars, files = _read_source(options.source, left_out)
    chinese_too = options.source is not None or options.language != "en"
    for chinese in (False, True)[: 1 + chinese_too]:
        for from_source in [True] * bool(tabulars) + [False] * (bool(files) or not tabulars):
            check_style(_style(chinese, from_source))
    own = () if options.source is None else (Source(options.source, str(options.source)),)
    return TableStock(
        sources=own + tuple(source for corpus in corpora for source in corpus.sources),
        left_out=dict(sorted(left_out.items())),
        versions={program: tex_version(program) for program in PROGRAMS[: 1 + chinese_too]},
        options=options,
        corpora=tuple(corpus.lines for corpus in corpora),
        files=files,
        tabulars=tuple(tabulars[i] for i in rng.permutation(len(tabulars))),
    )


def decide(rng: np.random.Generator, index: int, stock: TableStock) -> Spec:
    options = stock.options
    turns = 2 if stock.files else 1  # a source with both kinds of files gives tables of both in turn
    if stock.tabulars and index % turns == 0:
        code = stock.tabulars[index // turns % len(stock.tabulars)]
        cells, text = None, code
    else:
        grid = _choose_narrow_grid(rng, stock)
        code = write_tabular(grid)
        cells = tuple(cell.shows for row in grid.rows for cell in row)
        text = "".join(cells)
    chinese = LATIN.fullmatch(text) is None
    families = CHINESE_FAMILIES if chinese else LATIN_FAMILIES
    return Spec(
        code=code,
        cells=cells,
        chinese=chinese,
        family=one_of(rng, families),
        size=int(rng.choice(tuple(SIZES), p=(0.2, 0.2, 0.5, 0.1))),
        stretch=float(rng.choice((1.0, 1.0, 1.1, 1.2, 1.3, 1.5))),
        padding_pt=float(rng.choice((4.0, 6.0, 6.0, 8.0))),
        dpi=options.dpi.choose(rng),
    )


def draw(specs: Sequence[Spec]) -> list[TypesetDrawing | Reject]:
    return draw_typeset(specs, lambda spec: (_body(spec), _style(spec.chinese, spec.cells is None)), _draw)


def check(spec: Spec, drawing: TypesetDrawing) -> Drawing:
    """The drawing with a region for each cell, if the text of every cell is on the page, in order."""
    if spec.cells is None:
        return drawing
    return replace(drawing, regions=_find_cells(spec.cells, drawing.sheet, spec.dpi / 72))


def _read_source(source: Path, left_out: Counter[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tabulars of a source's `.tex` files, and its files of values that can be read.

    Raises:
        ValueError: there are neither.
    """
    paths = [source] if source.is_file() else source.rglob("*")
    endings = {path.suffix.lower() for path in paths}
    tabulars = _read_tabulars(source, left_out) if ".tex" in endings else ()
    if ".tex" not in endings or endings.intersection(ENDINGS):
        files = _readable_files(source, left_out)
    else:
        files = ()
    if not tabulars and not files:
        what = "table that can be used" if ".tex" in endings else "table of values that can be read"
        raise ValueError(f"--source {source} has no {what} ({_list(left_out) or 'no tabular in it'})")
    return tabulars, files


def _readable_files(source: Path, left_out: Counter[str]) -> tuple[str, ...]:
    files = []
    for file in find_csv_files(source):
        try:
            left_out.update(read_values(str(file)).left_out)
            files.append(str(file))
        except Reject as reject:
            left_out[str(reject)] += 1
    return tuple(files)


def _read_tabulars(source: Path, left_out: Counter[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for document in read_documents(source, left_out):
        tabulars, unusable = find_tabulars(document)
        left_out.update(unusable)
        for tabular in tabulars:
            try:
                found[tidy(tabular)] = None
            except TexError as error:
                left_out[f"table: {error}"] += 1
    unknown = with_unknown_names(tuple(found), _style(False, True)) if found else set()
    if unknown:
        left_out["table: a name that TeX doesn't know"] += len(unknown)
    return tuple(code for code in found if code not in unknown)


def _list(left_out: Counter[str]) -> str:
    return ", ".join(f"{number} {cause}" for cause, number in sorted(left_out.items()))


def _choose_narrow_grid(rng: np.random.Generator, stock: TableStock) -> Grid:
    options = stock.options
    for _ in range(TRIES):
        # most tables have one language
        corpora = stock.corpora
        if len(corpora) > 1 and rng.random() > BILINGUAL_SHARE:
            corpora = (one_of(rng, corpora),)
        pen = Pen(rng, corpora)
        either: tuple[Rules, ...] = ("booktabs", "ruled")
        rules = pen.choose(either) if options.rules == "mixed" else options.rules
        if stock.files:
            header, records = _choose_window(pen, stock)
            grid = fill_grid(pen, header, records, rules)
        else:
            grid = choose_grid(pen, options.rows.choose(rng), options.columns.choose(rng), rules)
        if width_of(grid) <= MAX_WIDTH:
            return grid
    raise Reject("no table narrow enough to be read")


def _choose_window(pen: Pen, stock: TableStock) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The header and some neighbouring records of a file, in columns that are not too wide."""
    header, *records = read_values(pen.choose(stock.files)).records
    number = min(stock.options.rows.choose(pen.rng), len(records))
    first = pen.integer(0, len(records) - number)
    window = records[first : first + number]
    usable = [
        i
        for i, name in enumerate(header)
        if max(text_width(row[i]) for row in (header, *window)) <= MAX_CELL_WIDTH
    ]
    if len(usable) < 2:
        raise Reject("columns too wide to be read")
    wanted = min(stock.options.columns.choose(pen.rng), len(usable))
    start = pen.integer(0, len(usable) - wanted)
    chosen = usable[start : start + wanted]
    return tuple(header[i] for i in chosen), [tuple(record[i] for i in chosen) for record in window]


@cache
def _style(chinese: bool, from_source: bool) -> Style:
    packages = SOURCE_PACKAGES if from_source else PACKAGES
    if chinese:
        return with_chinese(Style(preamble=packages, margin_pt=MARGIN_PT))
    return Style(preamble=PDFLATEX + packages, margin_pt=MARGIN_PT)


def _body(spec: Spec) -> str:
    family = spec.family if spec.chinese else rf"\fontfamily{{{spec.family}}}\selectfont"
    return (
        rf"{SIZES[spec.size]}{family}\renewcommand{{\arraystretch}}{{{spec.stretch}}}"
        rf"\setlength{{\tabcolsep}}{{{spec.padding_pt}pt}}%"
        f"\n{spec.code}"
    )


def _draw(spec: Spec, sheet: Sheet) -> TypesetDrawing:
    if max(sheet_size(sheet)) > MAX_SIDE_PT * spec.size / 10:
        raise Reject("larger than can be read")
    picture = draw_sheet(sheet, spec.dpi)
    return TypesetDrawing((picture,), (Answer(Task(format=True), spec.code),), sheet=sheet)


def _find_cells(cells: Sequence[str], sheet: Sheet, scale: float) -> tuple[Region, ...]:
    """The regions of the cells with text; the picture has `scale` pixels per point.

    Raises:
        Reject: the text of the page is not that of all cells together.
    """
    on_page = [(sign, box) for text, box in sheet_characters(sheet) for sign in legible(text)]
    regions = []
    position = 0
    for cell in cells:
        expected = legible(cell)
        found = on_page[position : position + len(expected)]
        if "".join(sign for sign, _ in found) != expected:
            raise Reject("text other than in the cells")
        position += len(expected)
        if found:
            lefts, tops, rights, bottoms = np.array([box for _, box in found]).T * scale
            regions.append(Region((lefts.min(), tops.min(), rights.max(), bottoms.max()), cell))
    if position < len(on_page):
        raise Reject("text other than in the cells")
    return tuple(regions)
