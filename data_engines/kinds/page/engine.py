"""Whole document pages in Mathpix markdown: articles, textbooks, newspapers and slides set by XeLaTeX.

A spec holds more blocks than its page has room for. TeX prints as many of them as end on the page, and
reports which; these are the answer. So no block is cut off, and the answer has all that is printed except
running heads, page numbers and the texts in figures, which GOT is taught to leave out (`--answer-all` takes
them in). Each block that stands in one column is a region.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from data_engines.engine import Answer, Drawing, Region, Reject, Source, Stock
from data_engines.kind import CODE
from data_engines.kinds.page.author import Author, Room
from data_engines.kinds.page.checks import (
    INK,
    Places,
    check_code,
    check_columns,
    check_text,
    ink_box,
    photo_box,
)
from data_engines.kinds.page.document import answered, escape_markdown
from data_engines.kinds.page.layouts import choose_blocks
from data_engines.kinds.page.listings import read_listings
from data_engines.kinds.page.looks import choose_style
from data_engines.kinds.page.page_tex import PREAMBLE, code_size, font_code, page_code
from data_engines.kinds.page.prose import Material
from data_engines.kinds.page.spec import Spec
from data_engines.kinds.page.typography import (
    CHINESE,
    LATIN,
    MONO,
    Columns,
    FontFamily,
    Layout,
    font_files,
    installed,
)
from data_engines.options import EngineOptions, Range, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import (
    HAN_CHARACTER,
    Language,
    find_language,
    in_other_languages,
    language_of,
)
from data_engines.tools.fonts import read_faces
from data_engines.tools.formulas.sources import read_formulas
from data_engines.tools.packages import packaged
from data_engines.tools.photos import WITHOUT_TEXT, find_photos, make_background
from data_engines.tools.texts import matter_option, read_texts
from data_engines.tools.typesetting import TypesetDrawing, draw_typeset
from got_train.characters import FIRST_EAST_ASIAN, HAN
from got_train.packages import install_line
from got_train.prompts import Task
from got_train.tex.errors import TexError
from got_train.tex.latex import (
    Sheet,
    Style,
    check_style,
    draw_sheet,
    sheet_text,
    tex_version,
    typeset,
)
from got_train.tex.packages import MATHS
from got_train.tex.source import Formula

SPARE_LINES = 6
"""Lines that a spec holds beyond the estimated room of its page, as only TeX knows the heights."""
LETTER_WIDTH = 0.47
"""Average width of a Latin letter, as a multiple of the font's size; Chinese ones have about twice that."""
CODE_WIDTH = 0.6
"""Width of a letter of code in the same measure."""
LAYOUTS: dict[Layout, float] = {"article": 0.66, "textbook": 0.14, "newspaper": 0.08, "slide": 0.12}
"""Shares of the layouts; those that have the asked-for columns are left."""
COLUMNS: dict[Layout, dict[Columns, float]] = {
    "article": {1: 0.5, 2: 0.42, 3: 0.08},
    "textbook": {1: 0.75, 2: 0.25},
    "newspaper": {2: 0.25, 3: 0.75},
    "slide": {1: 1.0},
}
"""Shares of the numbers of columns in a layout."""
MADE_UP = 0.5
"""Share of the formulas that are made up, where the user gives no formulas."""
SENTENCES = 4000
"""Number of sentences of matter in each language."""
MAX_FORMULAS = 400
MAX_FORMULA_CHARACTERS, MAX_INLINE_CHARACTERS = 160, 40
"""Length of a formula, and of one in a line of text, in characters of LaTeX."""
_TALL = re.compile(r"\\(?:[dt]?frac|begin|sum|prod|int|substack|overset|underset|\\)|&")
"""LaTeX that is too high for a line of text."""
MAX_HEAD_CHARACTERS = 30
"""Length of the text of a running head."""
_NAME = re.compile(r"[^\W\d_]{4}")
"""Four letters in a row, which a word in a table must have."""
_TELLING = re.compile(rf"{_NAME.pattern}.{{4}}|[{HAN}]{{4}}")
"""What a text in a figure has that the rest of the page hardly has by chance."""
MIN_ANSWER_CHARACTERS = 60
"""Length of an answer; a shorter one is a Reject."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a UTF-8 text file with a sentence or paragraph on each line; without it, prose of packages",
        None,
    )
    formulas: Path | None = option(
        "a folder of .tex files, a .tex file, or a list of formulas, such as a .txt with one on each line; "
        "without it, docstrings of installed packages and made-up formulas",
        None,
    )
    language: Language | None = option(
        "language of the texts, by default that of the source; mixed: pages in one of the two, or in both",
        None,
    )
    matter: float | None = matter_option()
    columns: Literal["1", "2", "3", "mixed"] = option("columns of a page", "mixed")
    answer_all: bool = option(
        "answer running heads, page numbers and the texts in figures, too; GOT's authors leave them out",
        False,
    )
    dpi: Range = option("pixels per inch", Range(90, 120), lowest=60, highest=300)


@dataclass(frozen=True, kw_only=True)
class PageStock(Stock[Options]):
    language: Language
    latin: tuple[FontFamily, ...]
    mono: tuple[FontFamily, ...]
    material: Material
    """Texts and formulas, without Chinese, as every Chinese family holds different characters."""
    chinese: tuple[tuple[FontFamily, tuple[str, ...], tuple[str, ...]], ...]
    """Chinese font families, each with the lines and the sentences of matter that it can print."""


def load(options: Options, rng: np.random.Generator) -> PageStock:
    # of a source all lines are read: there are clearer messages below for what a language lacks
    texts = read_texts(options.source, None if options.source else options.language, options.matter, rng)
    language = options.language or find_language(texts.lines)
    latin, chinese = installed(LATIN), installed(CHINESE) if language != "en" else ()
    if not latin or (language != "en" and not chinese):
        raise ValueError(
            "TeX has no fonts for pages: apt-get install lmodern fonts-texgyre, and for Chinese "
            f"{install_line('engines')} or apt-get install texlive-lang-chinese"
        )
    english, by_family, lacking = _printable(texts.lines, latin, chinese)
    sentences, sentences_by_family, _ = _printable(texts.choose_sentences(rng, SENTENCES), latin, chinese)
    printed = {*english, *(line for lines in by_family.values() for line in lines)}
    wanted = [line for line in texts.lines if language in ("mixed", language_of(line))]
    unusable = in_other_languages(texts.lines, language) if options.source else {}
    if number := sum(line not in printed for line in wanted):
        unusable["line that the fonts of pages can't print"] = number
    if language != "zh":
        _check_any(english, "without", wanted, lacking, options)
        if not any(map(_NAME.search, english)):
            raise ValueError(f"--source {options.source}: no word of four letters, which tables are made of")
    if language != "en":
        _check_any(by_family, "with", wanted, lacking, options)
    try:
        formulas = read_formulas(options.formulas)
    except ValueError as error:  # the error names the flag of the engine `formula`
        raise ValueError(str(error).replace("--source", "--formulas")) from error
    check_style(_tex_style([*latin[:1], *chinese[:1]]))
    inline, displayed, untypeset = _sort_formulas(rng, formulas.found)
    if not inline:
        raise ValueError(
            f"--formulas {options.formulas}: no formulas for within text that TeX can typeset; add some"
        )
    listings, code_sources = _read_code(options)
    photos, photo_sources, _ = find_photos((), WITHOUT_TEXT)
    return PageStock(
        sources=(*texts.sources, *formulas.sources, *code_sources, *photo_sources),
        left_out=unusable | formulas.left_out | untypeset,
        versions={"xelatex": tex_version("xelatex")},
        options=options,
        language=language,
        latin=latin,
        material=Material(
            lines={"en": english},
            sentences={"en": sentences},
            matter=texts.share,
            inline=inline,
            displayed=displayed,
            listings=listings,
            photos=photos,
            made_up=MADE_UP if options.formulas is None else 0.0,
        ),
        mono=installed(MONO),
        chinese=tuple(
            (family, lines, sentences_by_family.get(family, ())) for family, lines in by_family.items()
        ),
    )


def decide(rng: np.random.Generator, index: int, stock: PageStock) -> Spec:
    options = stock.options
    language = stock.language
    if language == "mixed":
        language = ("en", "zh", "mixed")[rng.integers(3)]
    layout, columns = _choose_layout(rng, options)
    material, family = stock.material, None
    if language != "en":
        family, lines, sentences = one_of(rng, stock.chinese)
        material = replace(
            material,
            lines={**material.lines, "zh": lines},
            sentences={**material.sentences, "zh": sentences},
        )
    heads = material.lines["zh" if language == "zh" else "en"]
    head = one_of(rng, heads)[:MAX_HEAD_CHARACTERS].rpartition(" ")
    style = choose_style(rng, layout, columns, stock.latin, stock.mono, family, head[0] or head[2])
    room = Room(
        letters=style.column_width / (LETTER_WIDTH * style.size),
        lines=sum(style.fill) * style.text_height / style.leading + SPARE_LINES * (layout != "slide"),
        leading=style.leading,
        column_width=style.column_width,
        text_width=style.text_width,
        code_letters=style.column_width / (CODE_WIDTH * code_size(style)) - 2,
    )
    links = style.link_color != "black"
    blocks = choose_blocks(Author(rng, material, language, layout, links, room))
    if blocks[0].kind == "masthead":  # in the place of a running head
        style = replace(style, heads=("", "", ""), foot="")
    if options.answer_all:
        blocks = tuple(map(answered, blocks))
    return Spec(blocks, style, options.dpi.choose(rng), options.answer_all)


def draw(specs: Sequence[Spec]) -> list[TypesetDrawing | Reject]:
    looks = [spec.style for spec in specs]
    families = {
        family
        for look in looks
        for family in (look.latin, look.heading_latin, look.mono, look.chinese)
        if family
    }
    style = _tex_style(sorted(families, key=lambda family: family.name))
    return draw_typeset(specs, lambda spec: (page_code(spec.blocks, spec.style), style), _draw)


def check(spec: Spec, drawing: TypesetDrawing) -> Drawing:
    """The drawing with regions for its blocks, if all words are on the page and all ink is in its columns."""
    places = _places(drawing.sheet)
    printed = [block.printed for number, block in enumerate(spec.blocks, 1) if number in places]
    read = sheet_text(drawing.sheet)
    check_text(printed, read)
    check_code([spec.blocks[number - 1].markdown for number in places], read)
    ink = np.asarray(drawing.pictures[0].convert("L")) < INK
    check_columns(ink, spec, places)
    regions = [
        Region(box, spec.blocks[number - 1].markdown, format=True)
        for number, (begin, end) in places.items()
        if spec.blocks[number - 1].markdown
        and begin.x == end.x
        and (box := ink_box(ink, spec, number, begin, end))
    ]
    regions.sort(key=lambda region: (region.box[1], region.box[0]))
    return replace(drawing, regions=tuple(regions))


def _tex_style(families: Sequence[FontFamily]) -> Style:
    files = sorted({font_files()[name] for family in families for name in family.files()})
    return Style("xelatex", PREAMBLE + font_code(families), margin_pt=0.0, files=tuple(files))


def _draw(spec: Spec, sheet: Sheet) -> TypesetDrawing:
    places = _places(sheet)
    printed = [block for number, block in enumerate(spec.blocks, 1) if number in places]
    heads, foot = [head for head in spec.style.heads if head], spec.style.foot
    texts = [block.markdown for block in printed]
    unanswered: list[str] = []
    if spec.answer_all:
        texts = [escape_markdown(" ".join(heads)), *texts, escape_markdown(foot)]
    else:
        in_figures = [text for block in printed if block.figure for text in block.figure.texts]
        in_figures = list(filter(_TELLING.search, dict.fromkeys(in_figures)))
        # one of a figure first: of these texts only the first few are tested
        unanswered = [*in_figures[:1], *heads, foot, *in_figures[1:]]
    answer = "\n\n".join(filter(None, texts))
    if len(answer) < MIN_ANSWER_CHARACTERS:
        raise Reject("hardly anything fits the page")
    picture = draw_sheet(sheet, spec.dpi)
    for number, (begin, end) in places.items():
        figure = spec.blocks[number - 1].figure
        if figure and figure.photo:
            left, top, right, bottom = photo_box(spec, number, begin, end)
            picture.paste(make_background(figure.photo, right - left, bottom - top), (left, top))
    return TypesetDrawing(
        (picture,),
        (Answer(Task(format=True), answer),),
        unanswered=tuple(filter(None, unanswered)),
        sheet=sheet,
    )


def _places(sheet: Sheet) -> Places:
    notes = {note.text: note for note in sheet.notes}
    numbers = [int(text.removeprefix("end ")) for text in notes if text.startswith("end ")]
    return {number: (notes[f"begin {number}"], notes[f"end {number}"]) for number in numbers}


def _choose_layout(rng: np.random.Generator, options: Options) -> tuple[Layout, Columns]:
    """The layout of a page and the number of its columns, which the user may have asked for."""
    chances = {
        (layout, columns): share * part
        for layout, share in LAYOUTS.items()
        for columns, part in COLUMNS[layout].items()
        if options.columns in ("mixed", str(columns))
    }
    shares = np.array(list(chances.values()))
    return list(chances)[int(rng.choice(len(chances), p=shares / shares.sum()))]


def _read_code(options: Options) -> tuple[tuple[tuple[str, ...], ...], tuple[Source, ...]]:
    """Pieces of code for listings and where they come from: none with the user's own texts."""
    if options.source:
        return (), ()
    return tuple(lines for name in CODE.packages for lines in read_listings(name)), packaged(CODE)


def _sort_formulas(
    rng: np.random.Generator, formulas: Sequence[Formula]
) -> tuple[tuple[str, ...], tuple[str, ...], dict[str, int]]:
    """Formulas for lines of text, formulas for displays, and the number of unusable ones by cause.

    At most `MAX_FORMULAS`, chosen at random, are used. TeX typesets each of them here first: a formula that
    it can't typeset would spoil a whole page.
    """
    codes = [formula.latex for formula in formulas if len(formula.latex) <= MAX_FORMULA_CHARACTERS]
    codes = [codes[i] for i in rng.permutation(len(codes))[:MAX_FORMULAS]]
    sheets = typeset(
        [rf"$\displaystyle {code}$" for code in codes], Style(preamble=rf"\usepackage{{{MATHS}}}")
    )
    left_out = Counter(str(sheet) for sheet in sheets if isinstance(sheet, TexError))
    good = [code for code, sheet in zip(codes, sheets, strict=True) if isinstance(sheet, Sheet)]
    inline = tuple(code for code in good if len(code) <= MAX_INLINE_CHARACTERS and not _TALL.search(code))
    return inline, tuple(good), dict(left_out)


def _check_any(
    found: Collection[object],
    which: Literal["with", "without"],
    lines: Sequence[str],
    lacking: Callable[[str], set[str]],
    options: Options,
) -> None:
    """Raises a ValueError if none is `found` of the lines with or without Chinese."""
    if found:
        return
    lines = [line for line in lines if (language_of(line) == "zh") == (which == "with")]
    if not lines:
        raise ValueError(f"--source {options.source}: no line {which} Chinese")
    counts = Counter(character for line in lines for character in lacking(line))
    character = max(counts, key=lambda some: (counts[some], some), default="")
    name = unicodedata.name(character, "which has no name") if character else "a character of each"
    raise ValueError(
        f"--source {options.source}: no line {which} Chinese that the fonts of pages can print; they lack "
        f"{f'{character} ({name})' if character else name}, and have Latin and Chinese letters only"
    )


def _printable(
    lines: Sequence[str], latin: Sequence[FontFamily], chinese: Sequence[FontFamily]
) -> tuple[tuple[str, ...], dict[FontFamily, tuple[str, ...]], Callable[[str], set[str]]]:
    """The lines without Chinese that all Latin families can print, and the others by Chinese family.

    The third is a function of the characters of a line that no family has.
    """
    names = {name for family in (*latin, *chinese) for name in family.files()}
    faces, _ = read_faces([font_files()[name] for name in names], set("".join(lines)))
    held_by_font = {Path(face.path).name: face.characters for face in faces}
    held = {
        family: frozenset.intersection(*(held_by_font.get(name, frozenset()) for name in family.files()))
        - family.drawn_as_others()
        for family in (*latin, *chinese)
    }
    letters = frozenset.intersection(*(held[family] for family in latin)) | {" "}
    split = [(line, {character for character in line if character >= FIRST_EAST_ASIAN}) for line in lines]
    split = [(line, han) for line, han in split if letters.issuperset(set(line) - han)]
    by_family = {
        family: tuple(line for line, han in split if HAN_CHARACTER.search(line) and han <= held[family])
        for family in chinese
    }
    english = tuple(line for line, han in split if not han)
    east_asian = frozenset().union(*(held[family] for family in chinese))
    everywhere = letters | {character for character in east_asian if character >= FIRST_EAST_ASIAN}
    fitting = {family: lines for family, lines in by_family.items() if lines}
    return english, fitting, lambda line: set(line) - (everywhere if HAN_CHARACTER.search(line) else letters)
