r"""Tables, with the LaTeX tabular that draws them.

Tables are made by chance, or filled from CSV files, or taken unchanged from `.tex` sources. The answer is a
tabular in the one form of `tools/tables/grid.py`, or what `markup.written_tables` makes of it. TeX sets it
in a look (`look.py`); typeface, size and distances are set outside it. The check finds the text of every cell
on the page, in order, unless the table is from a `.tex` source, and reads an answer that is not LaTeX back.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.engine import Answer, Drawing, Reject, Source, Stock
from data_engines.kinds.table.check import check_answer, check_seen, find_cells
from data_engines.kinds.table.csv_files import ENDINGS, find_csv_files, read_values
from data_engines.kinds.table.look import (
    CHINESE_FAMILIES,
    LATIN_FAMILIES,
    PADDINGS_PT,
    STRETCHES,
    STYLES,
    choose_look,
    choose_style_layout,
    dressed,
)
from data_engines.kinds.table.look import (
    Style as LookStyle,
)
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Corpus, Language, read_corpus
from data_engines.tools.tables.choices import choose_grid, fill_grid
from data_engines.tools.tables.columns import Pen
from data_engines.tools.tables.grid import text_width, tidy, width_of, write_tabular
from data_engines.tools.tables.headers import Tongue
from data_engines.tools.typesetting import TypesetDrawing, draw_typeset, with_unknown_names
from got_train.markup.tables import find_tables
from got_train.markup.tabular import Table
from got_train.markup.written_tables import WRITERS, Notation
from got_train.prompts import Task
from got_train.tex.errors import TexError
from got_train.tex.latex import (
    Program,
    Sheet,
    Style,
    check_style,
    draw_sheet,
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
NO_TEXT = re.compile(r"\\")
"""A command of LaTeX that a cell of another notation can't hold."""
FORMULA = re.compile(r"\$[^$]*\$")

LATIN = re.compile(
    r"[\n -~\u00a3\u00a7\u00a9\u00ae\u00b0\u00b1\u00b5\u00bf-\u017e\u2013\u2014\u2018-\u201d]*"
)
"""Texts that pdflatex can typeset."""

PROGRAMS: tuple[Program, ...] = ("pdflatex", "xelatex")
"""The program for tables of Latin letters, and the one for all other tables."""
PACKAGES = rf"""\usepackage{{amsmath,amssymb,{TABLES},{MORE_TABLES},rotating}}
{COLORED_TABLES}
"""
SOURCE_PACKAGES = (
    PACKAGES
    + r"""\usepackage{bm,pifont,siunitx}
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
        "lines as in journals (booktabs), as in forms (ruled), or any, or none; not for .tex sources", "mixed"
    )
    answer: Literal["latex", "html", "markdown", "otsl"] = option(
        "notation of the answers; with markdown, tables with merged cells are answered in HTML", "latex"
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
    tongues: tuple[Tongue, ...] = ()
    """The language of each corpus."""
    files: tuple[str, ...] = ()
    """Paths of the files with records."""
    tabulars: tuple[str, ...] = ()
    """Tabulars from `.tex` sources, shuffled; after the last, they are used again in other typefaces."""


@dataclass(frozen=True)
class Spec:
    """All that is decided about one table."""

    code: str
    """The table in the LaTeX that is answered, or of which the answer is made."""
    drawn: str
    """What TeX sets: the code in its look."""
    notation: Notation | None
    """Of the answer; None for LaTeX."""
    cells: tuple[str, ...] | None
    """The text that each cell shows, in the order in which TeX sets them; None for `.tex` sources, where it
    is not known."""
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
    tongues: tuple[Tongue, ...] = ()
    tabulars: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left_out: Counter[str] = Counter()
    if options.source is None:
        given = options.language or "mixed"
        tongues = ("en", "zh") if given == "mixed" else (given,)
        corpora = [read_corpus(None, tongue, rng) for tongue in tongues]
    else:
        tabulars, files = _read_source(options.source, options.answer == "latex", left_out)
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
        tongues=tongues,
        files=files,
        tabulars=tuple(tabulars[i] for i in rng.permutation(len(tabulars))),
    )


def decide(rng: np.random.Generator, index: int, stock: TableStock) -> Spec:
    options = stock.options
    turns = 2 if stock.files else 1  # a source with both kinds of files gives tables of both in turn
    style: LookStyle = "journal"
    if stock.tabulars and index % turns == 0:
        code = drawn = stock.tabulars[index // turns % len(stock.tabulars)]
        cells, text = None, code
    else:
        style = _choose_style(rng, options)
        code, drawn, cells = _choose_narrow_table(rng, stock, style)
        text = "".join(cells)
    chinese = LATIN.fullmatch(text) is None
    return Spec(
        code=code,
        drawn=drawn,
        notation=None if options.answer == "latex" else options.answer,
        cells=cells,
        chinese=chinese,
        family=one_of(rng, (CHINESE_FAMILIES if chinese else LATIN_FAMILIES)[style]),
        size=int(rng.choice(tuple(SIZES), p=(0.2, 0.2, 0.5, 0.1))),
        stretch=float(rng.choice(STRETCHES[style])),
        padding_pt=float(rng.choice(PADDINGS_PT[style])),
        dpi=options.dpi.choose(rng),
    )


def draw(specs: Sequence[Spec]) -> list[TypesetDrawing | Reject]:
    return draw_typeset(specs, lambda spec: (_body(spec), _style(spec.chinese, spec.cells is None)), _draw)


def check(spec: Spec, drawing: TypesetDrawing) -> Drawing:
    """The drawing with a region for each cell, if the page shows the text of every cell, in order.

    Raises:
        Reject: it does not, or the answer is read otherwise than the LaTeX it was made of.
    """
    if spec.notation:
        check_answer(drawing.answers[0].text, _read(spec))
    if spec.cells is None:
        return drawing
    regions = find_cells(spec.cells, drawing.sheet, spec.dpi / 72)
    check_seen(regions, drawing.pictures[0])
    return replace(drawing, regions=regions)


def _read(spec: Spec) -> Table:
    """The table as the reader of answers reads its LaTeX."""
    tables = find_tables(spec.code)
    if len(tables) != 1:
        raise Reject("table that can't be read back")
    return tables[0]


def _read_source(
    source: Path, is_latex: bool, left_out: Counter[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tabulars of a source's `.tex` files, and its files of values that can be read.

    Args:
        source: a file, or a folder of files.
        is_latex: whether answers are LaTeX; in other notations, cells with its commands can't be answered.
        left_out: what is not used, by cause, which this adds to.

    Raises:
        ValueError: there are neither.
    """
    paths = [source] if source.is_file() else source.rglob("*")
    endings = {path.suffix.lower() for path in paths}
    tabulars = _read_tabulars(source, is_latex, left_out) if ".tex" in endings else ()
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


def _read_tabulars(source: Path, is_latex: bool, left_out: Counter[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for document in read_documents(source, left_out):
        tabulars, unusable = find_tabulars(document)
        left_out.update(unusable)
        for tabular in tabulars:
            try:
                code = tidy(tabular)
            except TexError as error:
                left_out[f"table: {error}"] += 1
                continue
            if is_latex or not any(NO_TEXT.search(FORMULA.sub("", text)) for text in _texts(code)):
                found[code] = None
            else:
                left_out["table: a cell with a command that only LaTeX can answer"] += 1
    unknown = with_unknown_names(tuple(found), _style(False, True)) if found else set()
    if unknown:
        left_out["table: a name that TeX doesn't know"] += len(unknown)
    return tuple(code for code in found if code not in unknown)


def _texts(code: str) -> Iterator[str]:
    return (cell.text for table in find_tables(code) for row in table.rows for cell in row)


def _list(left_out: Counter[str]) -> str:
    return ", ".join(f"{number} {cause}" for cause, number in sorted(left_out.items()))


def _choose_style(rng: np.random.Generator, options: Options) -> LookStyle:
    return "journal" if options.rules == "booktabs" else one_of(rng, STYLES)


def _choose_narrow_table(
    rng: np.random.Generator, stock: TableStock, style: LookStyle
) -> tuple[str, str, tuple[str, ...]]:
    """A table's LaTeX, the same in its look, and the texts of its cells in the order of the latter."""
    options = stock.options
    for _ in range(TRIES):
        # most tables have one language
        corpora, tongues = stock.corpora, stock.tongues
        if len(corpora) > 1 and rng.random() > BILINGUAL_SHARE:
            place = int(rng.integers(len(corpora)))
            corpora, tongues = (corpora[place],), (tongues[place],)
        pen = Pen(rng, corpora, tongues)
        layout = choose_style_layout(pen, style, None if options.rules == "mixed" else options.rules)
        if stock.files:
            header, records = _choose_window(pen, stock)
            grid = fill_grid(pen, header, records, layout)
        else:
            grid = choose_grid(pen, options.rows.choose(rng), options.columns.choose(rng), layout)
        look = choose_look(pen, style, grid)
        drawn = dressed(grid, look)
        if width_of(drawn) <= MAX_WIDTH:
            cells = tuple(cell.shows for row in drawn.rows for cell in row)
            return write_tabular(grid), f"{look.commands()}%\n{write_tabular(drawn)}", cells
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
        f"\n{spec.drawn}"
    )


def _draw(spec: Spec, sheet: Sheet) -> TypesetDrawing:
    if max(sheet_size(sheet)) > MAX_SIDE_PT * spec.size / 10:
        raise Reject("larger than can be read")
    answer = WRITERS[spec.notation](_read(spec)) if spec.notation else spec.code
    picture = draw_sheet(sheet, spec.dpi)
    return TypesetDrawing((picture,), (Answer(Task(format=True), answer),), sheet=sheet)
