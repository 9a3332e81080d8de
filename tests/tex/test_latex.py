import shutil
from pathlib import Path

import numpy as np
import pytest

from got_train.tex import latex
from got_train.tex.errors import TexError
from got_train.tex.latex import (
    Note,
    Sheet,
    Style,
    check_style,
    draw_sheet,
    sheet_size,
    sheet_text,
    typeset,
    with_chinese,
)

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
needs_xetex = pytest.mark.skipif(shutil.which("xelatex") is None, reason="needs xelatex")

TIGHT = Style()
GOOD = r"$\frac{a}{b}$"

FAULTY = {
    r"$\nonesuch$": "LaTeX error: Undefined control sequence",
    "{{$x$": "LaTeX error: Missing } inserted",
    "x}": "LaTeX error: Extra }, or forgotten",
    r"\endgroup\endgroup x": "LaTeX error: Missing } inserted",
    r"$\frac{1}{": "LaTeX error: File ended while scanning use of",
    r"\begin{tabular}{c}a": "LaTeX error: Missing } inserted",
    "$a^b^c$": "LaTeX error: Double superscript",
    r"\begin{nonesuch}a\end{nonesuch}": "LaTeX error: Environment ... undefined",
    "\N{CJK UNIFIED IDEOGRAPH-4E2D}": "LaTeX error: Unicode character",
    r"\char200": "LaTeX error: a character that the font has not got",
    r"\def\x{a\x}\x": "LaTeX error: TeX capacity exceeded, sorry",
    r"\csname end\endcsname{document}": "LaTeX error: Improper",
    r"\csname input\endcsname{/etc/passwd}": "LaTeX error: File ... not found",
    r"\end{document}": r"LaTeX: \end{document} is not allowed",
    r"\input{/etc/passwd}": r"LaTeX: \input is not allowed",
    r"\immediate\write18{true}": r"LaTeX: \write is not allowed",
    r"\openout5=/tmp/x": r"LaTeX: \openout is not allowed",
    r"\gdef\frac{}": r"LaTeX: \gdef is not allowed",
    "x\ud800": "LaTeX: a control character is not allowed",
    "": "LaTeX draws nothing",
    r"\rule{0pt}{5pt}": "LaTeX draws nothing",
    r"x\hskip 9000pt x": "LaTeX draws more than 4000 points",
}


def pixels(sheet, dpi=100):
    assert isinstance(sheet, Sheet), sheet
    return np.asarray(draw_sheet(sheet, dpi))


@needs_tex
def test_each_fault_is_the_reject_of_its_item_alone():
    bodies = [body for faulty in FAULTY for body in (faulty, GOOD)]
    sheets = typeset(bodies, TIGHT)
    assert dict(zip(FAULTY, map(str, sheets[::2]), strict=True)) == FAULTY
    assert all(isinstance(sheet, TexError) for sheet in sheets[::2])
    (alone,) = typeset([GOOD], TIGHT)
    assert all(np.array_equal(pixels(sheet), pixels(alone)) for sheet in sheets[1::2])
    assert pixels(alone).min() < 128 and pixels(alone)[0].min() == 255


@needs_tex
@pytest.mark.parametrize(
    ("endless", "cause"),
    [
        (r"\def\x{\x}\x", "LaTeX takes too long"),
        (r"\def\x{\message{%s}\x}\x" % ("many words " * 50), "LaTeX writes without end"),  # noqa: UP031
    ],
)
def test_an_endless_item_is_a_reject_alone(endless, cause, monkeypatch):
    check_style(TIGHT)
    monkeypatch.setattr(latex, "ITEM_SECONDS", 1.0)
    before, found, after = typeset(["before", endless, "after"], TIGHT)
    assert str(found) == cause
    assert sheet_text(before) == "before" and sheet_text(after) == "after"


@needs_tex
def test_an_item_is_tried_alone_before_it_is_at_fault(monkeypatch):
    """A run may end for no reason of its items: a machine that stands still, a signal from outside."""
    run, sizes = latex._run, []

    def run_and_stall(bodies, style):
        transcript, sheets = run(bodies, style)
        sizes.append(len(bodies))
        if len(bodies) == 5:
            transcript.begun, transcript.faults = 2, {2: "LaTeX takes too long"}
        return transcript, sheets

    monkeypatch.setattr(latex, "_run", run_and_stall)
    bodies = [f"$x_{number}$" for number in range(5)]
    assert [sheet_text(sheet) for sheet in typeset(bodies, TIGHT)] == [f"x{number}" for number in range(5)]
    assert sorted(sizes) == [1, 2, 2, 5]


@needs_tex
def test_definitions_and_counters_stay_in_their_item():
    leaky = r"\setcounter{equation}{7}\def\emph#1{spoilt}\color{red}\hoffset=50pt\Large x"
    style = Style(preamble=r"\usepackage{xcolor}")
    counted = r"\emph{a}\stepcounter{equation}\theequation"
    (alone,) = typeset([counted], style)
    sheets = typeset([counted, leaky, counted], style)
    assert [sheet_text(sheet) for sheet in sheets] == ["a1", "x", "a1"]
    assert np.array_equal(pixels(sheets[0]), pixels(alone))
    assert np.array_equal(pixels(sheets[2]), pixels(alone))


@needs_tex
def test_a_tight_page_is_as_large_as_its_item_and_the_margin():
    (sheet,) = typeset([r"\rule{30bp}{5bp}\rule[-7bp]{10bp}{7bp}"], Style(margin_pt=7.227))
    assert sheet_size(sheet) == pytest.approx((54.4, 26.4), abs=0.01)
    picture = draw_sheet(sheet, 720)
    assert picture.mode == "RGB" and picture.size == pytest.approx((544, 264), abs=1)
    dark = np.argwhere(np.asarray(picture)[:, :, 0] < 128)
    assert dark.min(axis=0) == pytest.approx((72, 72), abs=1)
    assert dark.max(axis=0) == pytest.approx((191, 471), abs=1)


@needs_tex
def test_notes_know_where_they_came_to_stand():
    (tight,) = typeset([r"\rule{30bp}{5bp}\gotnote{a $b$ %}" + "\n}x"], Style(margin_pt=7.227))
    assert tight.notes == (Note("a $b$ ", pytest.approx(37.2, abs=0.01), pytest.approx(12.2, abs=0.01)),)


@needs_tex
def test_boxes_of_text_do_not_depend_on_their_company():
    text = r"\begin{minipage}{9cm}Text.\footnote{Note.}\begin{equation}x\end{equation}\end{minipage}"
    spoilers = [r"\pagestyle{empty}\parbox{9cm}{\section{Open end}}", r"\nonesuch", r"\textbf{" + text]
    (alone,) = typeset([text], TIGHT)
    sheets = typeset([piece for spoiler in spoilers for piece in (spoiler, text)], TIGHT)
    assert [isinstance(sheet, Sheet) for sheet in sheets[::2]] == [True, False, False]
    assert all(np.array_equal(pixels(sheet), pixels(alone)) for sheet in sheets[1::2])


@needs_tex
def test_an_item_of_several_pages_is_a_reject():
    two = r"\csname shipout\endcsname\hbox{x}x"
    found, after = typeset([two, GOOD], TIGHT)
    assert str(found) == "LaTeX draws several pages" and isinstance(after, Sheet)


@needs_tex
def test_an_unusable_preamble_is_one_line():
    for preamble, cause in ((r"\usepackage{nonesuch}", "File `nonesuch.sty' not found"), ("x", "Missing")):
        with pytest.raises(
            ValueError, match=rf"pdflatex can't read its preamble \(LaTeX Error: {cause}"
        ) as error:
            check_style(Style(preamble=preamble))
        assert "\n" not in str(error.value)


@needs_tex
@pytest.mark.parametrize("program", ["pdflatex", "xelatex"])
@pytest.mark.parametrize(
    ("script", "stopped"),
    [
        ("kill -TERM $$", "was ended by SIGTERM"),
        ("kill -KILL $$", "was ended by SIGKILL"),
        ("echo This is TeX; kill -TERM $$", "was ended by SIGTERM"),
        ("sleep 60", "takes too long"),
        ("while true; do echo more; done", "writes without end"),
    ],
)
def test_a_program_that_is_stopped_misses_no_package(program, script, stopped, tmp_path, monkeypatch):
    stub = tmp_path / program
    stub.write_text(f"#!/bin/sh\n{script}\n")
    stub.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(stub))
    monkeypatch.setattr(latex, "START_SECONDS", 1)
    monkeypatch.setattr(latex, "ITEM_SECONDS", 1)
    with pytest.raises(ValueError) as error:
        check_style(Style(program=program, preamble=f"% {script}"))
    assert str(error.value) == (
        f"{program} {stopped} before it has read its preamble; run it again, on a busy machine with "
        "fewer --workers"
    )


def test_without_tex_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="^xelatex is not installed: apt-get install .*texlive-latex-extra"):
        check_style(Style(program="xelatex"))


@needs_xetex
def test_chinese_is_drawn_with_the_fonts_given_by_file():
    try:
        style = with_chinese(Style(preamble=r"\usepackage{amsmath}"))
    except ValueError:
        pytest.skip("needs a Chinese font")
    chinese = "\N{CJK UNIFIED IDEOGRAPH-4E2D}\N{CJK UNIFIED IDEOGRAPH-6587}"
    missing = "\N{TIBETAN LETTER KA}"
    formula, text, found = typeset([rf"$x_\text{{{chinese}}}$", rf"\textbf{{{chinese}}}", missing], style)
    assert sheet_text(formula) == "x" + chinese and sheet_text(text) == chinese
    assert str(found) == "LaTeX error: a character that the font has not got"


def test_files_of_a_style_lie_beside_the_items(tmp_path: Path):
    if shutil.which("pdflatex") is None:
        pytest.skip("needs pdflatex")
    from PIL import Image

    Image.new("RGB", (72, 36), (255, 0, 0)).save(tmp_path / "red.png")
    style = Style(preamble=r"\usepackage{graphicx}", files=(tmp_path / "red.png",), margin_pt=0.0)
    (sheet,) = typeset([r"\includegraphics[width=10bp]{red.png}"], style)
    assert (pixels(sheet, dpi=72) == (255, 0, 0)).all()
