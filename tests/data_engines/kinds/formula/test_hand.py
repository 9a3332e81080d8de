"""Formulas by hand: which can be written so, and that all their ink is there."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from data_engines.drawing import draw_and_check
from data_engines.engine import Drawing, Reject
from data_engines.kinds.formula import engine as formula
from data_engines.kinds.formula.engine import Options, Spec
from data_engines.kinds.formula.hand import can_write
from got_train.tex.source import Formula

FORMULAS = r"""\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}
\sum_{i=1}^{n} x_i \le \left(\sum_{i=1}^n |x_i|^2\right)^{1/2} \sqrt{n}
f(x) = \begin{cases} \sin x & x > 0 \\ \log |x| & x < 0 \end{cases}
a \cdot b \neq \dot{y} + \ddot{u} \approx 3.05 \times 10^{-7}
"""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    source = tmp_path_factory.mktemp("formulas") / "formulas.txt"
    source.write_text(FORMULAS)
    return Options(source=source, sentences=0, several=0, hand=1.0)


def specs(options: Options, count: int = 8) -> list[Spec]:
    stock = formula.load(options, np.random.default_rng(0))
    return [formula.decide(np.random.default_rng([5, i]), i, stock) for i in range(count)]


def test_only_what_looks_the_same_by_hand_is_written() -> None:
    assert can_write(r"\mathcal{L} + \mathrm{d}x \in \mathbb{C}")
    for latex in (r"\mathbf{x}", r"\boldsymbol\alpha", r"\mathfrak{g}", r"{\bf v}", r"\textcolor{red}{x}"):
        assert not can_write(latex)


def test_a_share_is_written_and_all_else_is_as_before(options: Options) -> None:
    written, printed = specs(options), specs(replace(options, hand=0.0))
    assert all(spec.hand and spec.typeface == "hand" for spec in written)
    assert not any(spec.hand for spec in printed)
    print_alone = {"typeface": "", "ink": (0, 0, 0), "paper": (255, 255, 255)}
    assert [replace(spec, hand=None, typeface="") for spec in written] == [
        replace(spec, **print_alone) for spec in printed
    ]
    half = [spec.hand is not None for spec in specs(replace(options, hand=0.5), 40)]
    assert 10 <= sum(half) <= 30


def test_the_ink_of_the_hand_is_where_that_of_the_print_is(options: Options) -> None:
    chosen = specs(options)
    steady = [replace(spec, hand=calm(spec)) for spec in chosen]
    drawings = draw_and_check(formula, steady)
    printed = draw_and_check(formula, [replace(spec, hand=None) for spec in chosen])
    answers = []
    for spec, hand, print_ in zip(chosen, drawings, printed, strict=True):
        assert isinstance(hand, Drawing) and isinstance(print_, Drawing)
        assert hand.answers == print_.answers
        answers.append(hand.answers[0].text)
        ours, theirs = (ink(one.pictures[0]) for one in (hand, print_))
        assert np.abs(np.subtract(ours.shape, theirs.shape)).max() <= 0.02 * max(theirs.shape) + 3, spec
        # in cells as large as small letters, ink stands where the print has some
        for row in range(4):
            for column in range(12):
                cell = (box(one, row, column) for one in (ours, theirs))
                a, b = (part.mean() for part in cell)
                assert (a > 0.005) == (b > 0.005) or abs(a - b) < 0.06
    assert len(set(answers)) == 4


def test_hands_differ_and_the_same_spec_is_the_same_picture(options: Options) -> None:
    first = specs(options, 4)
    one, same = (draw_and_check(formula, first) for _ in range(2))
    other = draw_and_check(
        formula, [replace(spec, hand=replace(spec.hand, seed=1)) for spec in first if spec.hand]
    )
    for a, b, c in zip(one, same, other, strict=True):
        assert isinstance(a, Drawing) and isinstance(b, Drawing) and isinstance(c, Drawing)
        assert a.pictures[0] == b.pictures[0] != c.pictures[0]


def test_solid_signs_are_rejects(options: Options) -> None:
    spec = specs(options, 1)[0]
    solid = replace(spec, pieces=(Formula(r"a \blacksquare b", display=True),))
    (drawing,) = draw_and_check(formula, [solid])
    assert isinstance(drawing, Reject) and str(drawing) == "a sign that no pen draws"


def calm(spec: Spec) -> "formula.Hand":
    assert spec.hand
    pen = replace(spec.hand.pen, width=0.05, stray=0, rounding=0, taper=0, pressure=0, slant=0, rise=0)
    return replace(spec.hand, pen=pen, slope=0, wander=0, ink=(0, 0, 0), paper=(255, 255, 255))


def ink(picture: Image.Image) -> np.ndarray:
    """The ink of a picture, cut to its extent."""
    dark = np.asarray(picture.convert("L")) < 160
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def box(dark: np.ndarray, row: int, column: int) -> np.ndarray:
    height, width = dark.shape
    return dark[
        row * height // 4 : (row + 1) * height // 4, column * width // 12 : (column + 1) * width // 12
    ]
