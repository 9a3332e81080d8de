r"""Drawn figures, with the TikZ code that draws them.

Shapes are those of geometry textbooks: triangles, quadrilaterals, circles, lines and solids, with
constructions, marks and letters, and figures of exercises, with what is given and what is asked. Curves are
lines, conics and graphs of functions on axes. The answer is the `tikzpicture` that TeX has typeset, in the
one form of `tikz.py`. The width of its lines and its typeface are set outside the `tikzpicture`, so they are
not part of the answer.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from data_engines.engine import Answer, Drawing, Reject, Stock
from data_engines.kinds.geometry.circles import circle, two_circles
from data_engines.kinds.geometry.curves import graph
from data_engines.kinds.geometry.exercises import exercise
from data_engines.kinds.geometry.lines import lines, solid
from data_engines.kinds.geometry.polygons import apart, polygon, quadrilateral, regular_polygon
from data_engines.kinds.geometry.sketch import Crowded, Sketch
from data_engines.kinds.geometry.tikz import LIBRARIES, write
from data_engines.kinds.geometry.triangles import pair_of_triangles, triangle
from data_engines.options import EngineOptions, Range, fraction, option
from data_engines.tools.chance import one_of
from data_engines.tools.typesetting import TypesetDrawing, draw_typeset
from got_train.prompts import Task
from got_train.tex.latex import Sheet, Style, check_style, draw_sheet, sheet_size, sheet_text, tex_version
from got_train.tex.typefaces import MATH_VERSIONS

DRAWERS: dict[Callable[[Sketch], None], int] = {
    triangle: 6,
    quadrilateral: 5,
    circle: 5,
    two_circles: 2,
    lines: 4,
    pair_of_triangles: 3,
    regular_polygon: 1,
    polygon: 1,
    apart: 2,
    solid: 2,
    exercise: 16,
}
"""Weights: how often each kind of shapes is drawn, relative to the others."""
CURVE_SHARE = 0.3
"""Share of curves among samples under `--figures mixed`."""
TRIES = 20
"""Random figures that are tried until one has room for its letters."""
MAX_CODE_CHARACTERS = 1100
"""Length of the code, which has about half as many tokens."""
MAX_SIDE_CM = 10.0
LINE_WIDTHS = (0.4, 0.4, 0.5, 0.6, 0.8, 1.0)
"""Widths in points."""
TYPEFACES = ("normal", "normal", "times", "palatino")
"""Computer Modern, and the two of `MATH_VERSIONS`."""
MARGIN_PT = 6.0
LETTER_ROOM_CM = 6.0
"""Centimetres by which letters and formulas may make a page wider or higher than the figure."""

PREAMBLE = rf"""\usepackage{{tikz}}
\usetikzlibrary{{{",".join(LIBRARIES)}}}
"""
STYLE = Style(preamble=PREAMBLE + MATH_VERSIONS, margin_pt=MARGIN_PT)


@dataclass(frozen=True)
class Options(EngineOptions):
    figures: Literal["shapes", "curves", "mixed"] = option(
        "kinds of figures: textbook geometry, curves on axes, or both", "mixed"
    )
    dpi: Range = option(
        "pixels per inch of paper; a figure is about two inches wide", Range(110, 220), lowest=72, highest=600
    )
    colors: float = fraction("fraction of the figures that are not all black", 0.3)


@dataclass(frozen=True)
class Spec:
    """All that is decided about one figure."""

    code: str
    size_cm: tuple[float, float]
    """Width and height of the figure without its letters."""
    line_width: float
    """Width of lines in points."""
    typeface: str
    dpi: int


def load(options: Options, rng: np.random.Generator) -> Stock[Options]:
    check_style(STYLE)
    return Stock(sources=(), versions={"pdflatex": tex_version("pdflatex")}, options=options)


def decide(rng: np.random.Generator, index: int, stock: Stock[Options]) -> Spec:
    options = stock.options
    curves = options.figures == "curves" or (options.figures == "mixed" and rng.random() < CURVE_SHARE)
    code, size = _choose_figure(rng, curves, options.colors)
    return Spec(
        code=code,
        size_cm=size,
        line_width=one_of(rng, LINE_WIDTHS),
        typeface=one_of(rng, TYPEFACES),
        dpi=options.dpi.choose(rng),
    )


def draw(specs: Sequence[Spec]) -> list[TypesetDrawing | Reject]:
    return draw_typeset(specs, lambda spec: (_body(spec), STYLE), _draw)


def check(spec: Spec, drawing: TypesetDrawing) -> Drawing:
    """The drawing, if its page has the size and the letters that the code implies."""
    for on_page, drawn in zip(sheet_size(drawing.sheet), spec.size_cm, strict=True):
        room = (on_page - 2 * MARGIN_PT) / 72 * 2.54 - drawn
        if not -0.1 <= room <= LETTER_ROOM_CM:
            raise Reject("page of another size than the figure")
    if _sorted_letters(sheet_text(drawing.sheet)) != letters_of_code(spec.code):
        raise Reject("letters other than in the code")
    return drawing


def _choose_figure(rng: np.random.Generator, curves: bool, colors: float) -> tuple[str, tuple[float, float]]:
    """The code of a figure, and its width and height in centimetres."""
    kinds, shares = tuple(DRAWERS), np.array(tuple(DRAWERS.values()))
    for _ in range(TRIES):
        sketch = Sketch(rng, colored=bool(rng.random() < colors))
        draw = graph if curves else kinds[rng.choice(len(kinds), p=shares / shares.sum())]
        try:
            draw(sketch)
            sketch.place_letters()
        except Crowded:
            continue
        low, high = sketch.corners()
        size = high.real - low.real, high.imag - low.imag
        # a figure without axes has its lower left corner at the origin
        left, bottom = (0.0, 0.0) if curves else np.floor(np.round([low.real * 10, low.imag * 10], 6)) / 10
        code = write(sketch.elements, -complex(left, bottom))
        if len(code) <= MAX_CODE_CHARACTERS and max(size) <= MAX_SIDE_CM:
            return code, size
    raise Reject("no figure with room for its letters")


def _body(spec: Spec) -> str:
    return (
        rf"\mathversion{{{spec.typeface}}}"
        rf"\tikzset{{every picture/.style={{line width={spec.line_width}pt}}}}"
        f"%\n{spec.code}"
    )


def _draw(spec: Spec, sheet: Sheet) -> TypesetDrawing:
    picture = draw_sheet(sheet, spec.dpi)
    return TypesetDrawing((picture,), (Answer(Task(format=True), spec.code),), sheet=sheet)


def letters_of_code(code: str) -> list[str]:
    r"""The Latin letters and digits that a picture of `code` shows, sorted.

    >>> letters_of_code(r"\node[left] at (0,0) {$\sin A_1$};")
    ['1', 'A', 'i', 'n', 's']
    """
    shown = ""
    for line in code.splitlines():
        if line.startswith(r"\foreach") and "node" in line:
            shown += line[line.index("{") : line.index("}")]
        elif match := re.search(r"node(?:\[[a-z ]*\])?(?: at \(\S*\))? \{(.*)\};$", line):
            # \sin, \cos, \ln and \log print their own names; other commands print signs or Greek letters
            shown += re.sub(r"\\(?!sin|cos|ln|log)[a-z]+|\\", " ", match[1])
    return _sorted_letters(shown)


def _sorted_letters(text: str) -> list[str]:
    return sorted(re.findall("[A-Za-z0-9]", text))
