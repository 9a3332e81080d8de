import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.drawing import draw_and_check, make_rng
from data_engines.engine import Answer, Drawing, Reject
from data_engines.kinds.formula import engine
from data_engines.kinds.formula.engine import Options, Spec, decide, load
from data_engines.options import Range
from got_train.prompts import Task
from got_train.tex.source import Formula

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")

HALF = Formula(r"\frac{1}{2}", display=True)
LETTER = Formula(r"x_{1}", display=False)


def make_spec(*pieces, width_pt=None, typeface="modern", dpi=100):
    return Spec(pieces, typeface, width_pt, dpi, (3, 4, 5, 6))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "papers"
    path.mkdir()
    (path / "a.tex").write_text(
        r"\newcommand{\half}{\frac12} $y+\half$ \[ \int_0^1 x\,dx \] $\nonesuch{x}$"
        r"\begin{align} a &= b \\ &= c \end{align} $n\le 1$"
    )
    (path / "b.tex").write_bytes(b"\0")
    return path


def load_stock(source, **options):
    return load(Options(source=source, **options), make_rng(7, "formula"))


def draw(stock, indexes):
    return [decide(make_rng(7, "formula", index), index, stock) for index in indexes]


@needs_tex
def test_the_answer_is_what_was_typeset():
    specs = [
        make_spec(HALF),
        make_spec(LETTER),
        make_spec(HALF, LETTER),
        make_spec("Let", LETTER, "be half.", width_pt=200),
    ]
    drawings = draw_and_check(engine, specs)
    assert [drawing.answers for drawing in drawings] == [
        (Answer(Task(format=True), r"\[\frac{1}{2}\]"),),
        (Answer(Task(format=True), r"\(x_{1}\)"),),
        (Answer(Task(format=True), "\\[\\frac{1}{2}\\]\n\\(x_{1}\\)"),),
        (Answer(Task(format=True), r"Let \(x_{1}\) be half."),),
    ]
    display, inline, both, sentence = (drawing.pictures[0] for drawing in drawings)
    assert both.height > display.height + inline.height - 20
    assert sentence.width == pytest.approx((200 / 72.27 + 6 / 72.27) * 100 + 8, abs=2)


@needs_tex
def test_pictures_have_ink_and_white_margins():
    (drawing,) = draw_and_check(engine, [make_spec(HALF)])
    (picture,) = drawing.pictures
    assert picture.mode == "RGB"
    dark = np.argwhere(np.asarray(picture)[:, :, 0] < 128)
    top, left = dark.min(axis=0)
    bottom, right = dark.max(axis=0)
    # three points of white at 100 dots per inch, and the margins of the spec
    assert (
        left >= 3 + 4 and top >= 4 + 4 and right < picture.width - 5 - 3 and bottom < picture.height - 6 - 3
    )


@needs_tex
@pytest.mark.parametrize(("ink", "paper"), engine.COLORS)
def test_colours_change_the_ink_and_the_paper_and_nothing_else(ink, paper):
    plain, colored = draw_and_check(engine, [make_spec(HALF), replace(make_spec(HALF), ink=ink, paper=paper)])
    assert colored.answers == plain.answers
    levels, other = (np.asarray(drawing.pictures[0]).reshape(-1, 3) for drawing in (plain, colored))
    assert len(levels) == len(other)
    for level, color in ((0, ink), (255, paper)):
        [found] = np.unique(other[(levels == level).all(axis=1)], axis=0)
        assert found.tolist() == list(color)


@needs_tex
def test_a_picture_in_colours_without_ink_is_rejected(monkeypatch):
    monkeypatch.setattr(engine, "draw_sheet", lambda sheet, dpi: Image.new("RGB", (90, 40), "white"))
    [drawing] = draw_and_check(engine, [replace(make_spec(HALF), ink=(235, 235, 235), paper=(28, 28, 30))])
    assert str(drawing) == "no ink"


@needs_tex
def test_typefaces_differ():
    specs = [make_spec(LETTER, typeface=typeface) for typeface in sorted(set(engine.TYPEFACES))]
    pictures = {drawing.pictures[0].tobytes() for drawing in draw_and_check(engine, specs)}
    assert len(pictures) == 3


@needs_tex
def test_bold_letters_have_more_ink_than_others_in_every_typeface():
    names = (r"\sigma", r"\boldsymbol{\sigma}", "x", r"\boldsymbol{x}", r"\Gamma", r"\mathbf{\Gamma}")
    for typeface in sorted(set(engine.TYPEFACES)):
        drawings = draw_and_check(
            engine, [make_spec(Formula(name, False), typeface=typeface, dpi=300) for name in names]
        )
        ink = [(np.asarray(drawing.pictures[0])[:, :, 0] < 128).sum() for drawing in drawings]
        # not as much as the black box of a letter that a font has not got
        assert all(1.2 * thin < bold < 2.2 * thin for thin, bold in zip(ink[::2], ink[1::2], strict=True)), (
            ink
        )


@needs_tex
def test_a_source_of_displays_makes_no_sentences(tmp_path):
    path = tmp_path / "list.txt"
    path.write_text("x^2\ny^3\n")
    found = {(Formula("x^{2}", display=True),), (Formula("y^{3}", display=True),)}
    stock = load_stock(path, sentences=0.9, several=0.0)
    assert {spec.pieces for spec in draw(stock, range(8))} == found


@needs_tex
@pytest.mark.parametrize(
    ("latex", "cause"),
    [
        (r"\frac{1}{", "LaTeX error: File ended while scanning use of"),
        (r"a^b^c", "LaTeX error: Double superscript"),
        (r"\phantom{x}", "no ink"),
        (r"x\hspace{700pt}x", "larger than a page"),
        (r"xx\hspace{-5pt}", "ink at the edge"),
    ],
)
def test_each_check_rejects_what_it_is_for(latex, cause):
    good, bad = draw_and_check(engine, [make_spec(HALF), make_spec(Formula(latex, display=True), dpi=200)])
    assert isinstance(good, Drawing)
    assert isinstance(bad, Reject) and str(bad) == cause


@needs_tex
def test_samples_do_not_depend_on_their_order_or_company(source):
    stock = pickle.loads(pickle.dumps(load_stock(source, sentences=0.3, several=0.3)))
    specs = draw(stock, range(8))
    assert draw(stock, reversed(range(8))) == specs[::-1]
    together = draw_and_check(engine, specs)
    apart = [draw_and_check(engine, [spec])[0] for spec in specs[::3]]
    for one, other in zip(together[::3], apart, strict=True):
        assert one.answers == other.answers
        assert one.pictures[0].tobytes() == other.pictures[0].tobytes()


@needs_tex
def test_a_source_is_gone_through_once_before_it_repeats(source):
    stock = load_stock(source, sentences=0.0, several=0.0)
    assert stock.left_out == {"file: not a text": 1, "formula: a name that TeX doesn't know": 1}
    assert [item.name for item in stock.sources] == [str(source)]
    assert set(stock.versions) == {"pdflatex"}
    formulas = {spec.pieces for spec in draw(stock, range(4))}
    assert formulas == {
        (Formula(r"y+\frac{1}{2}", display=False),),
        (Formula(r"\int_{0}^{1}x\,dx", display=True),),
        (Formula(r"\begin{aligned} a & =b \\ & =c \end{aligned}", display=True),),
        (Formula(r"n\leq1", display=False),),
    }
    inline = load_stock(source, sentences=0.0, form="inline")
    assert all(not piece.display for spec in draw(inline, range(9)) for piece in spec.pieces)


@needs_tex
@needs_tex
def test_single_signs_beside_longer_formulas_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\nx^2\n\\alpha\n")
    stock = load(Options(source=tmp_path / "a.txt"), np.random.default_rng(0))
    assert [formula.latex for formula in stock.formulas] == ["x^{2}"]
    assert stock.left_out == {"formula: a display of a single sign": 2}
    (tmp_path / "a.txt").write_text("x\n\\alpha\n")
    stock = load(Options(source=tmp_path / "a.txt"), np.random.default_rng(0))
    assert (len(stock.formulas), stock.left_out) == (2, {})


def test_without_a_source_formulas_are_found_and_made_up():
    stock = load_stock(None, sentences=0.3)
    assert len(stock.formulas) > 1000
    drawings = draw_and_check(engine, draw(stock, range(24)))
    rejects = [str(drawing) for drawing in drawings if isinstance(drawing, Reject)]
    assert set(rejects) <= {"larger than a page"} and len(rejects) <= 2
    texts = [drawing.answers[0].text for drawing in drawings if isinstance(drawing, Drawing)]
    assert any(text.startswith(r"\[") for text in texts) and any(text.startswith(r"\(") for text in texts)
    assert any(text[0] != "\\" for text in texts)


@needs_tex
@pytest.mark.skipif(shutil.which("xelatex") is None, reason="needs xelatex")
def test_chinese_formulas_are_drawn_by_xelatex(tmp_path):
    area = "\N{CJK UNIFIED IDEOGRAPH-9762}\N{CJK UNIFIED IDEOGRAPH-79EF}"
    path = tmp_path / "list.txt"
    path.write_text(f"S=\\text{{{area}}}\n{area}=ab\nx=1\n", encoding="utf-8")
    try:
        stock = load_stock(path, sentences=0.0, several=0.0)
    except ValueError as error:
        pytest.skip(str(error))
    assert set(stock.versions) == {"pdflatex", "xelatex"}
    drawings = draw_and_check(engine, draw(stock, range(3)))
    texts = {drawing.answers[0].text for drawing in drawings}
    assert texts == {rf"\[S=\text{{{area}}}\]", rf"\[{area}=ab\]", r"\[x=1\]"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dpi": Range(10, 20)}, "^--dpi 10-20: give LOW-HIGH"),
        ({"margin": Range(-1, 3)}, "^--margin"),
        ({"made_up": 1.5}, "^--made-up 1.5: give a fraction from 0 to 1$"),
        (
            {"sentences": 0.6, "several": 0.6},
            "^--several 0.6: with the sentences give a fraction from 0 to 0.4$",
        ),
    ],
)
def test_bad_options_name_the_flag(options, message):
    with pytest.raises(ValueError, match=message):
        Options(**options)


@needs_tex
def test_a_source_of_unknown_names_is_one_line(tmp_path: Path):
    path = tmp_path / "list.txt"
    path.write_text("\\nonesuch\n")
    with pytest.raises(ValueError, match=r"^--source .* holds no formula that TeX knows the names of"):
        load_stock(path)
