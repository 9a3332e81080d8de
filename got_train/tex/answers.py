"""Answers in LaTeX and Mathpix markdown drawn from their text alone, as people look at them."""

import re
from collections.abc import Sequence
from functools import cache

from PIL import Image

from got_train.markup.delimiters import only_formula
from got_train.markup.forms import form_of
from got_train.packages import matplotlib_fonts
from got_train.tex.errors import TexError
from got_train.tex.latex import Sheet, Style, draw_sheet, typeset, with_chinese
from got_train.tex.markdown import PREAMBLE, to_latex

DPI = 150
PAGE_WIDTH_CM = 16
TEXT_FACES = ("STIXGeneral.ttf", "STIXGeneralBol.ttf", "STIXGeneralItalic.ttf", "STIXGeneralBolIta.ttf")
"""Part of matplotlib; with accents, Greek, Cyrillic and many signs."""

_SINGLE = re.compile(r"\\fit\{(?:(?!\\fit|\\par).)*\}", re.DOTALL)
"""LaTeX of nothing but one table or figure."""


def draw_answers(answers: Sequence[str]) -> list[Image.Image | TexError]:
    """Typesets formulas, tables, TikZ and pages, and draws each; a `TexError` for what is none of them.

    Raises:
        ModuleNotFoundError: matplotlib, whose fonts are used, is not installed.
        ValueError: TeX is not installed, or lacks a package.
    """
    bodies = [_body(answer) for answer in answers]
    sheets = iter(typeset([body for body in bodies if isinstance(body, str)], _style()))
    found = [next(sheets) if isinstance(body, str) else body for body in bodies]
    return [draw_sheet(sheet, DPI) if isinstance(sheet, Sheet) else sheet for sheet in found]


def _body(answer: str) -> str | TexError:
    """LaTeX of one box: a formula, table or figure as large as it is, all else on lines of one width."""
    if form_of(answer) == "formula":
        formula = only_formula(answer) or answer
        code = rf"\[{formula}\]" if r"\tag" in formula else rf"$\displaystyle {formula}$"
    else:
        try:
            code = to_latex(answer.strip())
        except TexError as error:
            return error
    if code.startswith("$") or _SINGLE.fullmatch(code):
        return code.replace(r"\fit", r"\mbox", 1) if code.startswith(r"\fit") else code
    return rf"\begin{{minipage}}{{{PAGE_WIDTH_CM}cm}}{code}\end{{minipage}}"


@cache
def _style() -> Style:
    folder = matplotlib_fonts()
    upright, bold, italic, both = TEXT_FACES
    preamble = (
        "\\usepackage[no-math]{fontspec}\n"
        f"\\setmainfont{{{upright}}}"
        f"[Path=./,BoldFont={bold},ItalicFont={italic},BoldItalicFont={both}]\n{PREAMBLE}"
    )
    style = Style("xelatex", preamble, files=tuple(folder / face for face in TEXT_FACES))
    return with_chinese(style, maths=True)
