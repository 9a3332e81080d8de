"""The engine `geometry`: TeX draws the very code of the answer, and what it drew is checked."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest

from data_engines.drawing import draw_and_check, make_rng
from data_engines.engine import Drawing, Reject, Stock
from data_engines.kinds.geometry import engine as geometry
from data_engines.kinds.geometry.engine import Options, Spec, letters_of_code
from data_engines.options import Range
from got_train.prompts import Task

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")


def draw_specs(indexes: range, options: Options | None = None) -> list[Spec]:
    stock = Stock(sources=(), options=options or Options())
    return [geometry.decide(make_rng(0, "geometry", i), i, stock) for i in indexes]


SQUARE = Spec(
    code="\n".join(
        [
            r"\begin{tikzpicture}",
            r"\draw (0,0) rectangle (2,2);",
            r"\node[left] at (0,0) {$A$};",
            r"\end{tikzpicture}",
        ]
    ),
    size_cm=(2.0, 2.0),
    line_width=0.4,
    typeface="normal",
    dpi=127,
)


@needs_tex
def test_figures_are_drawn_and_their_code_is_the_answer() -> None:
    geometry.load(Options(), np.random.default_rng(0))
    specs = draw_specs(range(16))
    for spec, drawing in zip(specs, draw_and_check(geometry, specs), strict=True):
        assert isinstance(drawing, Drawing), drawing
        assert [(answer.task, answer.text) for answer in drawing.answers] == [(Task(format=True), spec.code)]
        [picture] = drawing.pictures
        levels = np.asarray(picture.convert("L"))
        dark = np.argwhere(levels < 200)
        assert levels[[0, -1]].min() == levels[:, [0, -1]].min() == 255, "ink at the edge"
        # the ink fills the picture up to its margin, and the white that TikZ leaves round letters
        white = (levels.shape - np.ptp(dark, axis=0)) * 72 / spec.dpi
        assert white.min() > 11
        assert white.max() < 22


@needs_tex
def test_a_square_of_two_centimetres() -> None:
    [drawing] = draw_and_check(geometry, [SQUARE])
    assert isinstance(drawing, Drawing)
    dark = np.asarray(drawing.pictures[0].convert("L")) < 128
    # 50 pixels a centimetre: the square's sides are the longest runs of ink
    assert dark.sum(axis=0).max() == pytest.approx(100, abs=3)
    assert dark[:50].sum(axis=1).max() == pytest.approx(100, abs=3)


@needs_tex
def test_what_is_not_as_the_code_says_is_rejected() -> None:
    unseen = replace(SQUARE, code=SQUARE.code.replace("$A$", r"$\phantom{A}$"))
    other_size = replace(SQUARE, size_cm=(2.0, 4.0))
    broken = replace(SQUARE, code=SQUARE.code.replace("(2,2)", "(2,2"))
    drawings = draw_and_check(geometry, [unseen, SQUARE, other_size, broken])
    assert [str(drawing) for drawing in drawings if isinstance(drawing, Reject)][:2] == [
        "letters other than in the code",
        "page of another size than the figure",
    ]
    assert [isinstance(drawing, Drawing) for drawing in drawings] == [False, True, False, False]


@needs_tex
def test_a_picture_does_not_depend_on_those_drawn_with_it() -> None:
    specs = draw_specs(range(5))
    together, [alone] = draw_and_check(geometry, specs[::-1]), draw_and_check(geometry, specs[:1])
    assert isinstance(alone, Drawing)
    assert isinstance(together[-1], Drawing)
    assert together[-1].pictures[0].tobytes() == alone.pictures[0].tobytes()


def test_samples_depend_on_their_index_only() -> None:
    assert draw_specs(range(30)) == [draw_specs(range(i, i + 1))[0] for i in reversed(range(30))][::-1]


def test_the_lower_left_corner_of_a_figure_is_less_than_a_millimetre_from_the_origin() -> None:
    for spec in draw_specs(range(60), Options(figures="shapes")):
        if any(word in spec.code for word in ("circle (", "ellipse", "arc")):
            continue  # only straight lines have their extremes at points that the code names
        lines = "".join(line for line in spec.code.splitlines() if line.startswith(r"\draw"))
        points = re.findall(r"\((-?[\d.]+),(-?[\d.]+)\)", lines)
        for numbers in zip(*points, strict=True):
            assert 0 <= min(map(float, numbers)) < 0.1, spec.code


def test_figures_vary_and_stay_short() -> None:
    codes = [spec.code for spec in draw_specs(range(60), Options(figures="curves"))]
    codes += [spec.code for spec in draw_specs(range(90), Options(figures="shapes"))]
    assert len(set(codes)) == len(codes)
    assert max(map(len, codes)) <= geometry.MAX_CODE_CHARACTERS
    everything = "\n".join(codes)
    for word in (
        "rectangle",
        "circle",
        "ellipse",
        "arc (",
        "dashed",
        "plot",
        r"\foreach",
        "fill=",
        r"^\circ",
    ):
        assert word in everything
    assert not any(r"\begin{tikzpicture}" not in code or "nan" in code for code in codes)


def test_only_what_was_asked_for_is_drawn() -> None:
    curves = draw_specs(range(40), Options(figures="curves", dpi=Range(150, 150), colors=0))
    shapes = draw_specs(range(40), Options(figures="shapes"))
    assert all("{$x$}" in spec.code and spec.dpi == 150 for spec in curves)
    assert not any("{$x$}" in spec.code for spec in shapes if "->" in spec.code)
    assert not any(color in spec.code for spec in curves for color in ("red,", "blue,", "teal"))


def test_the_letters_of_a_code() -> None:
    code = "\n".join(
        [
            r"\draw[->] (-3.3,0) -- (3.3,0) node[right] {$x$};",
            r"\foreach \x in {-1,12} \draw (\x,0.1) -- (\x,-0.1) node[below] {$\x$};",
            r"\foreach \y in {7} \draw (0.1,\y) -- (-0.1,\y);",
            r"\node[above left] at (0,0) {$\frac{\alpha}{B_2}$};",
            r"\node at (0,0) {$60^\circ$};",
        ]
    )
    assert letters_of_code(code) == sorted("x" + "112" + "B2" + "60")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dpi": Range(10, 90)}, "--dpi 10-90: give LOW-HIGH, both from 72 to 600, LOW not above HIGH"),
        ({"colors": 1.5}, "--colors 1.5: give a fraction from 0 to 1"),
    ],
)
def test_bad_options_are_named(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match="^" + message):
        Options(**options)
