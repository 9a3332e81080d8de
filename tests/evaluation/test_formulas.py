import math
import re
import shutil

import numpy as np
import pytest

from got_train.evaluation.formula_tokens import Token, draw_tokens
from got_train.evaluation.formulas import FormulaScore, formula_scores, match_tokens
from got_train.report import UserError

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed: scripts/install_tex.sh"
)

SAME = [
    (r"\[a\le b\]", r"$a \leq b$"),
    ("a≤b", r"\(a\leq b\)"),
    (r"{\rm d}x", r"\mathrm{d} x"),
    (r"{\bf x}\cdot {\cal L}", r"\mathbf{x}\cdot\mathcal{L}"),
    (r"\dfrac12", r"\frac{1}{2}"),
    (r"a \over b", r"\frac{a}{b}"),
    (r"\textstyle\sum\limits_{i=1}^n x_i", r"\sum_{i=1}^{n}x_{i}"),
    (r"x^b_a", "x_{a}^{{b}}"),
    ("f'", r"f^{\prime}"),
    (r"\operatorname{sin} x", r"\sin x"),
    (r"\left|x\right|=\lvert x\rvert", r"|x| = \left\vert x \right\vert"),
    (r"\bigl(a\Bigr)", "(a)"),
    (r"(\frac ab)^2", r"\left(\frac{a}{b}\right)^{2}"),
    (r"\widehat{x}+\bar{y}", r"\hat x+\overline{y}"),
    (r"A\longrightarrow B", r"A\to B"),
    (
        r"\left(\begin{array}{cc}a&b\\c&d\end{array}\right)",
        r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}",
    ),
    (
        r"\begin{align*}a&=b\\c&=d\nonumber\end{align*}",
        r"\[\begin{aligned} a & =b \\ c & =d \end{aligned}\]",
    ),
    (r"\begin{equation}E=mc^2\label{e}\end{equation}", r"E = m c^{2} % as is known"),
    (r"x \tag{1}", r"x\qquad(1)"),
    (r"If \(x>0\) then \[y\]", r"If $x>0$ then $$y$$"),
    ("\\[\nx+1\n\\]", r"\[x+1\]"),
    ("$$\r\nx+1\r\n$$\r\n", r"\[x+1\]"),
    ("\\[\nx\n\n \n+1\\]", "x+1"),
    ("x\r+1", "x+1"),
    ("\\[x % costs $5, \\] { \n+1\\]", r"\[x+1\]"),
    ("% the first\n\\[x+1\\]\n% the last", r"\[x+1\]"),
    ("```latex\n\\[x+1\\]\n```", r"\[x+1\]"),
    ("~~~\nx+1", "x+1"),
    (r"50\% of \(x\)", r"50% of \(x\)"),
    ("\\begin{equation}\n\nx+1\n\n\\end{equation}", "x+1"),
]
"""Spellings of one picture, but for sizes and spaces."""

DIFFERENT = [
    # prediction, reference, signs that match, signs of each
    ("a+b", "a+c", 2, 3, 3),
    ("a+b", "b+a", 1, 3, 3),
    ("a+xb", "a+b", 3, 4, 3),
    ("a", "a+b", 1, 1, 3),
    ("x^2", "x2", 1, 2, 2),
    ("xa", "x_a", 1, 2, 2),
    ("x_i+y", "x^i+y", 3, 4, 4),
    ("x_a^b+c", "x_b^a+c", 3, 5, 5),
    ("a^{b_c}", "a^{bc}", 2, 3, 3),
    ("x^{2y}", "x^2y", 2, 3, 3),
    ("22", "2_{2}2", 2, 2, 3),
    (r"\frac{a}{b}", "ab", 1, 3, 2),
    (r"\frac ab", r"\frac ba", 1, 3, 3),
    (r"\sqrt{ab}", r"\sqrt{a}b", 2, 3, 3),
    (r"\overline{a}b", r"\overline{ab}", 2, 3, 3),
    (r"\mathbf{x}+1", "x+1", 2, 3, 3),
    (r"\sum_{i}^{n}x", r"\prod_{i}^{n}x", 3, 4, 4),
    (r"\begin{pmatrix}a&b\\c&d\end{pmatrix}", r"\begin{pmatrix}a&c\\b&d\end{pmatrix}", 4, 6, 6),
    # a tall bracket, a tall root and a wide brace are one sign each
    (
        r"\left[\begin{matrix}a\\b\\c\\d\\e\end{matrix}\right)",
        r"\left(\begin{matrix}a\\b\\c\\d\\e\end{matrix}\right)",
        6,
        7,
        7,
    ),
    (r"\sqrt{\frac{1}{\frac{2}{\frac{3}{4}}}}", r"\frac{1}{\frac{2}{\frac{3}{4}}}", 7, 8, 7),
    (r"\overbrace{a+b}", "a+b", 3, 4, 3),
    # a percent sign of a sentence hides nothing
    (r"50% of \(x\)", r"50% of \(y\)", 5, 6, 6),
    # what is right of, above and below an insertion stays right
    (r"y=\frac{a+b+c}{d}x", r"y=\frac{a+c}{d}x", 8, 10, 8),
    (
        r"\begin{aligned}a&=b\\&+\frac12\\c&=d\end{aligned}",
        r"\begin{aligned}a&=b\\c&=d\end{aligned}",
        6,
        10,
        6,
    ),
]

BROKEN = [
    ("% nothing but this", "a", "draws nothing"),
    (r"\frac{", "a", "File ended while scanning"),
    (r"\nosuchmacro x", "a", "Undefined control sequence"),
    (r"\left( x", "a", "Missing"),
    ("", "a", "draws nothing"),
    (r"\phantom{x}", "a", "draws nothing"),
    (r"\input{secret}", "a", "is not allowed"),
    ("a\0", "a", "a control character is not allowed"),
]

UNFIT = {("a", r"\frac{"): "LaTeX error", (r"\phantom{x}", r"\phantom{x}"): "LaTeX draws nothing"}
"""What TeX says of the reference."""


@pytest.fixture(scope="module")
def scores() -> dict[tuple[str, str], FormulaScore]:
    """Of all pairs above: starting TeX takes longer than all of them."""
    pairs = [*SAME, *(case[:2] for case in [*DIFFERENT, *BROKEN]), *UNFIT]
    return dict(zip(pairs, formula_scores(pairs), strict=True))


@needs_tex
@pytest.mark.parametrize("pair", SAME)
def test_spellings_of_one_picture_are_exact(pair: tuple[str, str], scores: dict) -> None:
    assert scores[pair] == FormulaScore(f1=1)
    assert scores[pair].exact


@needs_tex
@pytest.mark.parametrize(("prediction", "reference", "matched", "num_predicted", "num_references"), DIFFERENT)
def test_scores_by_hand(
    prediction: str,
    reference: str,
    matched: int,
    num_predicted: int,
    num_references: int,
    scores: dict,
) -> None:
    score = scores[prediction, reference]
    assert score == FormulaScore(f1=2 * matched / (num_predicted + num_references))
    assert not score.exact


@needs_tex
@pytest.mark.parametrize(("prediction", "reference", "cause"), BROKEN)
def test_a_prediction_that_tex_refuses_scores_zero(
    prediction: str, reference: str, cause: str, scores: dict
) -> None:
    score = scores[prediction, reference]
    assert score.f1 == 0 and cause in score.fault


@needs_tex
@pytest.mark.parametrize("pair", UNFIT)
def test_a_reference_that_tex_refuses_spoils_every_mean(pair: tuple[str, str], scores: dict) -> None:
    score = scores[pair]
    assert math.isnan(score.f1 + 1) and not score.exact
    assert score.fault.startswith(UNFIT[pair])


@needs_tex
def test_made_up_formulas_equal_themselves_and_one_other_letter_costs_one_sign() -> None:
    from data_engines.tools.formulas.grammar import choose_formula

    formulas = [choose_formula(np.random.default_rng(seed)) for seed in range(60)]
    edited = [re.sub(r"(?<![\\A-Za-z{])[a-z](?![A-Za-z])", "\\\\aleph ", text, count=1) for text in formulas]
    equal = formula_scores([(text, text) for text in formulas])
    assert all(score.exact for score in equal)
    changed = [pair for pair in zip(edited, formulas, strict=True) if pair[0] != pair[1]]
    assert len(changed) > 30
    counts = [len(tokens) for tokens in draw_tokens([text for _, text in changed])]
    assert [score.f1 for score in formula_scores(changed)] == [(count - 1) / count for count in counts]


@needs_tex
@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_chinese() -> None:
    pytest.importorskip("pylopdf_fonts_zh_cn", reason="a font for Chinese: got-train[engines]")
    (score,) = formula_scores([(r"x>0 \text{ 如果}", r"x>0 \text{ 结果}")])
    assert score.f1 == 4 / 5


@needs_tex
def test_signs_and_their_lines() -> None:
    (tokens,) = draw_tokens([r"x_i^2+\frac{a}{b}"])
    assert isinstance(tokens, tuple)
    assert [token.name[0] for token in tokens] == ["x", "2", "i", "+", "a", "―", "b"]
    # TeX's font dimensions in points of PDF: sup1 4.13, sub2 2.47, num1 6.77, denom1 6.86
    expected = [value * 72 / 72.27 for value in (0, 4.13, -2.47, 0, 6.77, 0, -6.86)]
    assert [token.low for token in tokens] == pytest.approx(expected, abs=0.02)


def test_without_tex_the_error_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("got_train.tex.latex.shutil.which", lambda program: None)
    with pytest.raises(UserError, match=r"pdflatex is not installed: apt-get install .*texlive-xetex"):
        formula_scores([("a", "a")])


def sign(name: str, x: float, level: float = 0.0, size: float = 10.0) -> Token:
    return Token(name, x, level, x + size / 2, level + size / 2, level, level, size)


def test_matching_of_signs_needs_no_tex() -> None:
    reference = [sign("x", 0), sign("+", 8), sign("y", 16), sign("2", 21, 4, 7)]
    wider = [sign("z", 0), *(sign(token.name, token.left + 6, token.low, token.size) for token in reference)]
    assert match_tokens(wider, reference) == [(1, 0), (2, 1), (3, 2), (4, 3)]
    lowered = [*reference[:3], sign("2", 21, -2, 7)]
    assert match_tokens(lowered, reference) == [(0, 0), (1, 1), (2, 2)]
    assert match_tokens([sign("a", 0)], reference) == []
