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
    r"\left. x+21\right.": "x+21",
    r"\,\left.\left.x\right.\right.": "x",
    r"\bigl.x\bigr)": r"x\bigr)",
    r"\large x+\Huge y\normalsize": "x+y",
    r"\boldmath x": "x",
    r"\vcenter{}x\rlap{}": "x",
    r"\mathrlap{}\mathcal{}\overline{}x": "x",
    r"\smash{x}+\smash[b]{y}": r"x+\smash[b]{y}",
    r"\bigskip x\nobreak=\allowbreak y\linebreak": "x=y",
    r"x+y_{}^{}": "x+y",
    r"\penalty-100 x+\penalty0 y": "x+y",
    r"\sideset{}{}\sum x": r"\sum x",
    r"x_{\,}^{2}": "x^{2}",
    r"\sum\limits_{}^{}x": r"\sum x",
    r"a\overset{}{=}\underset{}{b}": "a=b",
    r"\sqrt[]{x}": r"\sqrt{x}",
    r"\begin{array}{c}x\end{array}": "x",
    r"\begin{array}[t]{l}{x} \\\end{array}": "x",
    r"\begin{aligned}{\displaystyle x} \\ \end{aligned}": "x",
    r"\begin{array}{@{}c@{}}x\end{array}": "x",
    r"\mathinner{x+y}": r"x+y",
    r"\bgroup x\egroup": "x",
    r"\hss\mathsurround2pt x\makebox{}": "x",
    r"\begin{array}{c} \, \end{array}": "",
}

SEEN = [
    *(r"{}_{a}X", r"{}'", r"\,^{2}x", r"\frac{a}{}", r"\sqrt{}", r"\xrightarrow{}", "a{}b"),
    *(
        r"x\qquad.",
        r"a{\displaystyle b}",
        r"x+\displaystyle y",
        r"{\rm d}x",
        r"\left.x\right|",
        r"\{x\}",
        r"{n\brace k}",
    ),
    *(
        r"\operatorname{a b}",
        r"\text{\large a}",
        r"\begin{array}{|c|}x\end{array}",
        r"\begin{cases}x\end{cases}",
    ),
    r"\begin{matrix}\begin{pmatrix}a & b\end{pmatrix}\end{matrix}",
    *(r"\begin{array}{c}x \\ y\end{array}", r"\begin{array}{c}\hline x\end{array}"),
    *(
        r"\left.x\right.^{2}",
        r"\left(\left.x\right.\right)",
        r"\left.a\over b\right.",
        r"\left.a\middle|b\right.",
        r"\sum\limits_{a}b",
    ),
    *(r"\sqrt{\smash{y}}", r"\left(\smash{y}\right)", r"\smash{\sum}_{a}", r"\overset{a}{x}"),
]


@pytest.mark.parametrize("latex", UNSEEN)
def test_what_can_not_be_seen_is_dropped(latex: str) -> None:
    assert drop_unseen(latex)[0] == UNSEEN[latex]
    assert drop_unseen(UNSEEN[latex])[0] == UNSEEN[latex]


@pytest.mark.parametrize(
    ("latex", "kept"),
    [
        (r"{\smash{z}}+1", r"{\smash{z}}+1"),
        (r"{\smash{z}^{}}", "z"),
        (r"y \limits x", "yx"),
        (
            r"\begin{array}{cc} a \large & b \penalty0 \\ c \end{array}",
            r"\begin{array}{cc} a & b \\ c \end{array}",
        ),
    ],
)
def test_what_is_left_has_nothing_more_to_drop(latex: str, kept: str) -> None:
    assert plain_formula(latex) == kept == plain_formula(kept)


def test_empty_scripts_are_dropped_within_a_formula() -> None:
    """They draw half a point of space."""
    assert drop_unseen(r"x^{}+y_{}^{}+\sum_{}^{n}z") == (r"x+y+\sum^{n}z", "")


@pytest.mark.parametrize(
    ("latex", "kept"),
    [
        (r"\color{black}x+\textcolor{Black}{y}", "x+{y}"),
        (r"\color[rgb]{0,0,0} \alpha\color{black}x", r"\alpha x"),
        (r"\text{\color{black}a}+\textcolor{black}{a\over b}", r"\text{a}+\frac{a}{b}"),
        *((text, text) for text in (r"\color{red}x", r"\color[cmyk]{0,0,0,0}x", r"\colorbox{black}{x}")),
        (r"{\color{red}x}\color{black}y", r"{\color{red}x}\color{black}y"),
    ],
)
def test_black_is_dropped_where_all_is_black(latex: str, kept: str) -> None:
    assert plain_formula(latex) == kept


def test_formulas_without_anything_to_see_are_counted() -> None:
    found, left_out = find_formulas(parse_document(r"$\quad$ $\large$ $\left.\right.$ $x$ $$ $$"))
    assert found == [Formula("x", display=False)]
    assert left_out == {"formula: nothing that can be seen": 4}


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
    sheets = typeset(bodies, Style(preamble=r"\usepackage{amsmath,mathtools,xcolor}"))
    for formula, before, after in zip(latex, sheets[::2], sheets[1::2], strict=True):
        assert isinstance(before, Sheet) and isinstance(after, Sheet), (formula, before, after)
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
        assert plain_formula(r"\left(\text{a\right)b}{c\right)}{\left.}") == (
            r"\left(\text{a\right)b}{c\right)}{\left.}"
        )
        assert plain_formula("{" * 199 + "x" + "}" * 199) == "x"
        assert plain_formula("{" * 150 + r"\frac{a}{b}" * 80 + "}" * 150) == r"\frac{a}{b}" * 80
