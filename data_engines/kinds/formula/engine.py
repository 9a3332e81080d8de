r"""Formulas as TeX prints them or a hand writes them: on their own, below each other, or in a sentence.

They come from `.tex` sources, lists of formulas or the docstrings of scientific packages, or are made up.
The answer is the LaTeX that was typeset, with `\( \)` round formulas in a line and `\[ \]` round displays.
Mathpix writes formulas so, and GOT learnt from answers of Mathpix. Displays of several rows hold `aligned` or
`gathered`, without numbers, and formulas of all sources get one spelling (`got_train.tex.spelling`). If TeX
complains about a formula, even about a character without a glyph, the formula is a Reject; so is a picture
without ink or with ink at its edge.

pdflatex typesets the formulas, xelatex those with Chinese; `got_train.tex.latex` gives reason and cost.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from data_engines.engine import Answer, Drawing, Reject, Rgb, Stock
from data_engines.kinds.formula.hand import Hand, can_write, choose_hand, write_by_hand
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.chance import one_of
from data_engines.tools.corpora import Corpus, Language, choose_words, read_corpus
from data_engines.tools.formulas.grammar import choose_formula, choose_inline
from data_engines.tools.formulas.sources import read_formulas
from data_engines.tools.typesetting import draw_typeset, with_unknown_names
from got_train.characters import EAST_ASIAN, HAN
from got_train.prompts import Task
from got_train.tex.formulas import FORMULA_PREAMBLE
from got_train.tex.latex import (
    Sheet,
    Style,
    check_style,
    draw_sheet,
    sheet_size,
    tex_version,
    with_chinese,
)
from got_train.tex.macros import tokens_of
from got_train.tex.source import Formula, plain_formula
from got_train.tex.typefaces import HAND_VERSION, MATH_VERSIONS

MIN_TOKENS = 3
"""Tokens of a formula that is a picture by itself, if the source has any that long."""
MAX_SIDE_PT = 650
"""Longer side of a drawing in points; a larger one would not fit any page."""
MAX_SIDE_PIXELS = 2400
"""Longer side of a picture; one that would be larger is drawn at fewer dots per inch."""
SENTENCE_PT = Range(180, 400)
"""Width in points of the lines of a sentence."""
MARGIN_PT = 3.0
ROW_GAP_PT = 12
TYPEFACES = ("modern", "modern", "times", "palatino")
"""Without Euler, whose upright letters look like `\\mathrm`."""

COLORED = 0.15
"""Share of the printed pictures in colours, as on slides, in textbooks and on screens."""
COLORS: tuple[tuple[Rgb, Rgb], ...] = (
    ((235, 235, 235), (28, 28, 30)),
    ((210, 225, 240), (18, 30, 52)),
    ((240, 90, 80), (24, 24, 26)),
    ((28, 72, 170), (255, 255, 255)),
    ((180, 30, 35), (255, 255, 255)),
    ((90, 90, 95), (255, 255, 255)),
    ((35, 35, 35), (250, 243, 224)),
    ((20, 40, 70), (228, 238, 247)),
)
"""Ink and paper."""
OWN_COLORS = frozenset((r"\color", r"\textcolor", r"\colorbox", r"\fcolorbox"))
"""Macros for colours that the answer has."""
VISIBLE_LEVELS = 95
"""Levels of grey by which ink differs from the paper."""

STYLE = Style(preamble=FORMULA_PREAMBLE + MATH_VERSIONS + HAND_VERSION, margin_pt=MARGIN_PT)

_CHINESE = re.compile(f"[{EAST_ASIAN}]")
_SENTENCE_WORD = re.compile(rf"[A-Za-z0-9 ,;.:(){HAN}\uff0c\u3002\u3001\uff1b]+")
"""Words that TeX prints as they are typed."""


@dataclass(frozen=True)
class Options(EngineOptions):
    source: Path | None = option(
        "a folder of .tex files, a .tex file, or a list: .txt, .lst, .jsonl, .json, .tsv, .csv; "
        "without it, docstrings of installed packages and made-up formulas",
        None,
    )
    made_up: float = fraction("fraction of the formulas that are made up, where no --source is given", 0.5)
    form: Literal["found", "inline", "display"] = option(
        "formulas as the source has them, or all set as in a line, or all set as displays", "found"
    )
    several: float = fraction("fraction of the pictures with two or three formulas below each other", 0.1)
    sentences: float = fraction(
        "fraction of the pictures with formulas in a sentence; none if the --source has only displays", 0.15
    )
    language: Language = option("language of the words in sentences", "en")
    dpi: Range = option(
        "pixels per inch of paper; the font has 10 points", Range(110, 240), lowest=60, highest=600
    )
    margin: Range = option("pixels of white added on each side", Range(2, 30), lowest=0, highest=500)
    hand: float = fraction(
        "fraction of the pictures that are written by hand, where they have no Chinese and no bold or "
        "other special letters",
        0.0,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        rest = 1 - self.sentences
        if self.several > rest:
            raise ValueError(
                f"--several {self.several}: with the sentences give a fraction from 0 to {rest:g}"
            )


@dataclass(frozen=True, kw_only=True)
class FormulaStock(Stock[Options]):
    formulas: tuple[Formula, ...]
    """Formulas that may stand alone, as single letters may not."""
    inline: tuple[Formula, ...]
    """Formulas that may stand in sentences."""
    made_up: float
    sentences: tuple[str, ...]
    """Texts to put formulas in."""


@dataclass(frozen=True)
class Spec:
    """All that is decided about one picture."""

    pieces: tuple[Formula | str, ...]
    """Formulas below each other, or those of a sentence between its words."""
    typeface: str
    width_pt: int | None
    """Width of the lines of a sentence; None where there is no sentence."""
    dpi: int
    margins: tuple[int, int, int, int]
    """Left, top, right and bottom margin in pixels."""
    hand: Hand | None = None
    """None where the picture is printed."""
    ink: Rgb = (0, 0, 0)
    """That of print, as the paper; a hand has its own."""
    paper: Rgb = (255, 255, 255)


def load(options: Options, rng: np.random.Generator) -> FormulaStock:
    check_style(STYLE)
    read = read_formulas(options.source)
    left_out = Counter(read.left_out)
    unknown = with_unknown_names([formula.latex for formula in read.found], STYLE)
    formulas = [formula for formula in read.found if formula.latex not in unknown]
    if unknown:
        left_out["formula: a name that TeX doesn't know"] += len(read.found) - len(formulas)
    if not formulas:
        raise ValueError(f"--source {options.source} holds no formula that TeX knows the names of")
    inline = tuple(formula for formula in formulas if not formula.display)
    made_up = 0.0 if options.source else options.made_up
    words = Corpus((), ())
    if options.sentences and (inline or made_up):
        words = read_corpus(None, options.language, rng)
    sentences = tuple(line for line in words.lines if _SENTENCE_WORD.fullmatch(line))
    versions = {"pdflatex": tex_version("pdflatex")}
    if any(map(_CHINESE.search, [*sentences, *(formula.latex for formula in formulas)])):
        check_style(_chinese_style())
        versions["xelatex"] = tex_version("xelatex")
    # every formula comes once, in random order, before any comes again
    formulas = [formulas[position] for position in rng.permutation(len(formulas))]
    large = [formula for formula in formulas if len(tokens_of(formula.latex)) >= MIN_TOKENS]
    if large and (small := sum(f.display for f in formulas) - sum(f.display for f in large)):
        left_out["formula: a display of a single sign"] = small
    return FormulaStock(
        sources=read.sources + words.sources,
        left_out=dict(left_out),
        versions=versions,
        options=options,
        formulas=tuple(large or formulas),
        inline=inline,
        made_up=made_up,
        sentences=sentences,
    )


def decide(rng: np.random.Generator, index: int, stock: FormulaStock) -> Spec:
    options = stock.options
    chance = rng.random()
    width_pt = None
    if stock.sentences and chance < options.sentences:
        pieces, width_pt = _choose_sentence(rng, stock), SENTENCE_PT.choose(rng)
    else:
        pieces = [_choose(rng, stock, index)]
        more = int(rng.integers(1, 3))
        if 0 <= chance - options.sentences < options.several:
            pieces += [_choose(rng, stock) for _ in range(more)]
    left, top, right, bottom = (options.margin.choose(rng) for _ in range(4))
    typeface, dpi = one_of(rng, TYPEFACES), options.dpi.choose(rng)
    # without --hand no chance is spent
    hand = choose_hand(rng) if options.hand and rng.random() < options.hand and _by_hand(pieces) else None
    ink, paper = Spec.ink, Spec.paper
    # chosen last, so that all other pictures are what they were before there were any
    if not hand and rng.random() < COLORED and OWN_COLORS.isdisjoint(_macros(pieces)):
        ink, paper = one_of(rng, COLORS)
    return Spec(
        pieces=tuple(pieces),
        typeface="hand" if hand else typeface,
        width_pt=width_pt,
        dpi=dpi,
        margins=(left, top, right, bottom),
        hand=hand,
        ink=ink,
        paper=paper,
    )


def draw(specs: Sequence[Spec]) -> list[Drawing | Reject]:
    return draw_typeset(specs, _code, _draw)


def check(spec: Spec, drawing: Drawing) -> Drawing:
    """The drawing, if there is ink inside its margins, and none that touches them."""
    left, top, right, bottom = spec.margins
    (picture,) = drawing.pictures
    inside = picture.crop((left, top, picture.width - right, picture.height - bottom)).convert("L")
    paper = Image.new("RGB", (1, 1), spec.paper).convert("L").getpixel((0, 0))
    ink = inside.point(lambda level: 255 * (abs(level - paper) > VISIBLE_LEVELS)).getbbox()
    if ink is None:
        raise Reject("no ink")
    if min(ink[:2]) == 0 or ink[2] == inside.width or ink[3] == inside.height:
        raise Reject("ink at the edge")
    return drawing


@cache
def _chinese_style() -> Style:
    return with_chinese(STYLE, maths=True)


def _by_hand(pieces: Sequence[Formula | str]) -> bool:
    """Whether a hand can write all of the pieces."""
    texts = [piece if isinstance(piece, str) else piece.latex for piece in pieces]
    return all(can_write(text) and not _CHINESE.search(text) for text in texts)


def _macros(pieces: Sequence[Formula | str]) -> set[str]:
    return {token for piece in pieces if isinstance(piece, Formula) for token in tokens_of(piece.latex)}


def _choose(rng: np.random.Generator, stock: FormulaStock, index: int | None = None) -> Formula:
    """A formula; with the `index` of a sample, the next of the stock in order."""
    if rng.random() < stock.made_up:
        formula = Formula(plain_formula(choose_formula(rng)), display=True)
    else:
        turn = int(rng.integers(len(stock.formulas))) if index is None else index % len(stock.formulas)
        formula = stock.formulas[turn]
    form = stock.options.form
    return formula if form == "found" else Formula(formula.latex, display=form == "display")


def _choose_sentence(rng: np.random.Generator, stock: FormulaStock) -> list[Formula | str]:
    """Words and formulas in alternation."""
    pieces: list[Formula | str] = []
    for _ in range(rng.integers(1, 4)):
        pieces.append(choose_words(rng, stock.sentences, Range(3, 14)))
        if rng.random() < stock.made_up or not stock.inline:
            pieces.append(Formula(plain_formula(choose_inline(rng)), display=False))
        else:
            pieces.append(one_of(rng, stock.inline))
    if rng.random() < 0.6:
        pieces.append(choose_words(rng, stock.sentences, Range(2, 10)))
    return pieces


def _write(spec: Spec, display: str, inline: str) -> list[str]:
    """The words of a spec, and its formulas, each put for the braces of `display` or `inline`."""
    return [
        piece if isinstance(piece, str) else (display if piece.display else inline).format(piece.latex)
        for piece in spec.pieces
    ]


def _code(spec: Spec) -> tuple[str, Style]:
    pieces = _write(spec, r"$\displaystyle {}$", "${}$")
    if spec.width_pt is not None:
        body = rf"\parbox{{{spec.width_pt}pt}}{{\raggedright {' '.join(pieces)}}}"
    elif len(pieces) == 1:
        body = pieces[0]
    else:
        rows = rf"\cr\noalign{{\vskip {ROW_GAP_PT}pt}}".join(rf"\hfil{piece}\hfil" for piece in pieces)
        body = rf"\vbox{{\halign{{#\cr {rows}\cr}}}}"
    return rf"\got{spec.typeface} {body}", _chinese_style() if _CHINESE.search(body) else STYLE


def _draw(spec: Spec, sheet: Sheet) -> Drawing:
    width, height = sheet_size(sheet)
    if max(width, height) > MAX_SIDE_PT:
        raise Reject("larger than a page")
    dpi = min(spec.dpi, MAX_SIDE_PIXELS / max(width, height) * 72)
    if spec.hand:
        picture = write_by_hand(sheet, spec.hand, dpi)
    else:
        picture = draw_sheet(sheet, dpi)
        if spec.ink != Spec.ink:
            picture = ImageOps.colorize(picture.convert("L"), spec.ink, spec.paper)
    answer = ("\n" if spec.width_pt is None else " ").join(_write(spec, r"\[{}\]", r"\({}\)"))
    framed = ImageOps.expand(picture, spec.margins, spec.hand.paper if spec.hand else spec.paper)
    return Drawing((framed,), (Answer(Task(format=True), answer),))
