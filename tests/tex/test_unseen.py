r"""What can't be seen of formulas, and what only looks so."""

import shutil

import numpy as np
import pytest

from got_train.tex.latex import Sheet, Style, draw_sheet, typeset
from got_train.tex.source import Formula, find_formulas, parse_document, plain_formula
from got_train.tex.unseen import drop_unseen
from tests.conftest import within_seconds

UNSEEN = {
    r"{\displaystyle x}": "x",
    r"{\displaystyle {\begin{aligned} a & =b \\ c & =d \\ \end{aligned}}}": (
        r"\begin{aligned} a & =b \\ c & =d \end{aligned}"
    ),
    r"\,x\;": "x",
    r"{}x{}": "x",
    r"~\quad x\!\ ": "x",
    r"x\hspace{1em}": "x",
    r"\hspace*{2em}x\hskip 1em plus 1fil": "x",
    r"\mkern-3mu x\kern1pt": "x",
    r"x \\": "x",
    r"\text{ if }x\text{ for }": r"\text{if }x\text{ for}",
    r"\mbox{ }x\mathrm{}": "x",
    r"{{x}}": "x",
    r"{\bf x}": r"\bf x",
    r"\alpha{}": r"\alpha",
    r"\frac{a}{b}{}": r"\frac{a}{b}",
    r"f\left(x\right)\,{}": r"f\left(x\right)",
    r"{}\,": "",
}

SEEN = [
    *(r"{}_{a}X", r"{}'", r"\,^{2}x", r"x^{}", r"\frac{a}{}", r"\sqrt{}", r"\xrightarrow{}", "a{}b"),
    *(
        r"x\qquad.",
        r"a{\displaystyle b}",
        r"x+\displaystyle y",
        r"{\rm d}x",
        r"\left.x\right|",
        r"\{x\}",
        r"{n\brace k}",
    ),
    *(r"\operatorname{a b}", r"\begin{array}{c} \, \end{array}"),
]


@pytest.mark.parametrize("latex", UNSEEN)
def test_what_can_not_be_seen_is_dropped(latex: str) -> None:
    assert drop_unseen(latex)[0] == UNSEEN[latex]
    assert drop_unseen(UNSEEN[latex])[0] == UNSEEN[latex]


@pytest.mark.parametrize("latex", SEEN)
def test_what_can_be_seen_or_holds_a_place_stays(latex: str) -> None:
    assert drop_unseen(latex) == (latex, "")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_the_ink_stays_as_it_was() -> None:
    latex = [formula for formula, kept in UNSEEN.items() if kept]
    bodies = [
        rf"$\displaystyle {formula}$"
        for pair in zip(latex, map(UNSEEN.get, latex), strict=True)
        for formula in pair
    ]
    sheets = typeset(bodies, Style(preamble=r"\usepackage{amsmath}"))
    for formula, before, after in zip(latex, sheets[::2], sheets[1::2], strict=True):
        assert isinstance(before, Sheet) and isinstance(after, Sheet)
        assert _ink(before).shape == pytest.approx(_ink(after).shape, abs=1), formula


def _ink(sheet: Sheet) -> np.ndarray:
    """The part of the picture that has ink; what stands left of it may have moved it by part of a pixel."""
    dark = np.asarray(draw_sheet(sheet, 300).convert("L")) < 128
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_a_style_says_whether_a_formula_looks_like_a_display() -> None:
    text = (
        r"$\displaystyle\sum x\,$ $x$ \[{\textstyle\sum x}\] \[{\displaystyle x}\] \[\scriptstyle x\] $\quad$"
    )
    assert find_formulas(parse_document(text))[0] == [
        Formula(r"\sum x", display=True),
        Formula("x", display=False),
        Formula(r"\sum x", display=False),
        Formula("x", display=True),
        Formula("x", display=True),
    ]


def test_braces_within_braces_are_dropped_in_time() -> None:
    with within_seconds(2):
        assert plain_formula("{" * 199 + "x" + "}" * 199) == "x"
        assert plain_formula("{" * 150 + r"\frac{a}{b}" * 80 + "}" * 150) == r"\frac{a}{b}" * 80
