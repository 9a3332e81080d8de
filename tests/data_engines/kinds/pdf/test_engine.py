"""The engine `pdf`: which pages are drawn, and what is read from them."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.cli import main
from data_engines.drawing import draw_and_check
from data_engines.engine import Reject, attempt
from data_engines.kinds.pdf import engine as pdf
from data_engines.kinds.pdf.engine import Options
from tests.data_engines.conftest import generate
from tests.data_engines.kinds.pdf.conftest import line

TITLE = (0.1, 0.9, "A title across the page, as wide as both columns are together")
LEFT = [f"left column, line {i} of text" for i in range(5)]
RIGHT = [f"right column, line {i} of text" for i in range(5)]
FOOT = "A final line at the foot of the page, again across both columns"
TWO_COLUMNS = [
    TITLE,
    *((0.1, 0.8 - 0.02 * i, text) for i, text in enumerate(LEFT)),
    *((0.54, 0.8 - 0.02 * i, text) for i, text in enumerate(RIGHT)),
    (0.1, 0.6, "A ﬁnal line\u00a0at the foot of the page, again across both columns"),
]

LOCKED = b"""%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>
endobj
4 0 obj
<< /Filter /Standard /V 1 /R 2 /P -4 /O (oooooooooooooooooooooooooooooooo)
   /U (uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu) >>
endobj
trailer
<< /Root 1 0 R /Encrypt 4 0 R /ID [(0123456789abcdef) (0123456789abcdef)] >>
%%EOF
"""


def draw(options: Options, index: int = 0) -> tuple[Image.Image, str]:
    stock = pdf.load(options, np.random.default_rng(0))
    [drawing] = draw_and_check(pdf, [pdf.decide(np.random.default_rng([7, index]), index, stock)])
    if isinstance(drawing, Reject):
        raise drawing
    [picture], [answer] = drawing.pictures, drawing.answers
    assert answer.task.query() == "OCR: "
    return picture, answer.text


def test_a_page_is_read_column_by_column_as_it_would_be_typed(make_pdf: Callable[..., Path]) -> None:
    picture, text = draw(Options(source=make_pdf([TWO_COLUMNS])))
    assert text.split("\n") == [TITLE[2], *LEFT, *RIGHT, FOOT]
    assert picture.size == (864, 1152)  # 6 x 8 inches at 144 pixels an inch


def test_dpi_and_the_longest_side_set_the_size(make_pdf: Callable[..., Path]) -> None:
    file = make_pdf([TWO_COLUMNS])
    assert draw(Options(source=file, dpi=72))[0].size == (432, 576)
    assert draw(Options(source=file, longest=576))[0].size == (432, 576)


def test_a_line_is_cut_out_whole_and_alone(make_pdf: Callable[..., Path]) -> None:
    file = make_pdf([TWO_COLUMNS])
    texts = []
    for index in range(12):
        picture, text = draw(Options(source=file, units="lines"), index)
        ink = np.asarray(picture.convert("L")) < 128
        assert ink.any()
        assert not (ink[0].any() or ink[-1].any() or ink[:, 0].any() or ink[:, -1].any())
        assert picture.height < 40 < picture.width
        texts.append(text)
    assert sorted(texts) == sorted([TITLE[2], *LEFT, *RIGHT, FOOT])
    with pytest.raises(Reject, match="^no other text that stands apart$"):
        draw(Options(source=file, units="lines"), 12)


def test_a_paragraph_keeps_the_line_breaks_of_the_page(make_pdf: Callable[..., Path]) -> None:
    file = make_pdf([TWO_COLUMNS])
    texts = [draw(Options(source=file, units="paragraphs"), index)[1] for index in range(2)]
    assert sorted(texts) == ["\n".join(LEFT), "\n".join(RIGHT)]


def test_every_page_comes_once_before_any_comes_again(make_pdf: Callable[..., Path]) -> None:
    pages = [[(0.1, 0.5, f"page {i}")] for i in range(6)]
    folder = make_pdf(pages[:2], "some/b.pdf").parent
    make_pdf(pages[2:5], "some/a.pdf")
    make_pdf(pages[5:], "some/deep/er/c.PDF")
    whole = [draw(Options(source=folder), index)[1] for index in range(6)]
    assert sorted(whole) == [f"page {i}" for i in range(6)]
    assert whole != sorted(whole)


def test_of_slices_four_in_a_row_come_from_a_page_and_none_comes_twice(make_pdf: Callable[..., Path]) -> None:
    pages = [[(0.1, 0.9 - 0.1 * line, f"page {page} line {line}") for line in range(8)] for page in range(3)]
    file = make_pdf(pages)
    slices = [draw(Options(source=file, units="lines"), index)[1] for index in range(24)]
    turns = [{text.partition(" line")[0] for text in slices[start : start + 4]} for start in range(0, 24, 4)]
    assert [len(turn) for turn in turns] == [1] * 6
    assert turns[:3] == turns[3:]
    assert sorted(slices) == sorted(text for page in pages for _, _, text in page)


@pytest.mark.parametrize("units", ["slices", "mixed"])
def test_lines_and_paragraphs_take_turns(units: str, make_pdf: Callable[..., Path]) -> None:
    file = make_pdf([TWO_COLUMNS])
    texts = [draw(Options(source=file, units=units), index)[1] for index in range(1, 14)]
    assert len(set(texts)) == 13
    assert any("\n" in text for text in texts[:3])
    assert not any("\n" in text for text in texts[3:])


def test_mixed_samples_show_whole_pages_the_first_time_only(make_pdf: Callable[..., Path]) -> None:
    file = make_pdf([TWO_COLUMNS] * 8)
    sizes = [draw(Options(source=file, units="mixed"), index)[0].size for index in range(24)]
    assert 1 <= sizes[:8].count((864, 1152)) < 8
    assert (864, 1152) not in sizes[8:]


def test_regions_are_round_their_ink_and_end_with_the_picture(make_pdf: Callable[..., Path]) -> None:
    # the last letter reaches over the edge by half a point: less than can be seen
    file = make_pdf([[*TWO_COLUMNS, (1 - 18.5 / 432, 0.5, "mmmm")]])
    for units in ("pages", "lines"):
        stock = pdf.load(Options(source=file, units=units), np.random.default_rng(0))
        spec = pdf.decide(np.random.default_rng(0), 0, stock)
        [drawing] = draw_and_check(pdf, [spec])
        assert units == "lines" or max(region.box[2] for region in drawing.regions) == 864
        dark = np.asarray(drawing.pictures[0].convert("L")) < 128
        for region in drawing.regions:
            left, top, right, bottom = (round(value) for value in region.box)
            rows, columns = np.nonzero(dark[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2])
            found = columns.min() - 2, rows.min() - 2, columns.max() - 1, rows.max() - 1
            assert np.abs(np.subtract(found, (0, 0, right - left, bottom - top))).max() <= 2


def test_more_pages_than_there_are_is_an_error(
    make_pdf: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_pdf([[TITLE], [TITLE]])
    words = [
        "pdf",
        "--source",
        str(file),
        "--output",
        str(tmp_path / "out"),
        "--count",
        "3",
        "--workers",
        "1",
    ]
    assert main(words) == 2
    assert capsys.readouterr().err == (
        "got-data pdf: --count 3 is more than the 2 there are; ask for fewer, or add sources\n"
    )


def test_pages_that_cannot_be_trusted_are_rejected_by_cause(
    make_pdf: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_pdf([TWO_COLUMNS, []], "some/good.pdf").parent
    make_pdf([[(0.5, 0.5, "upwards")]], "some/rotated.pdf", rotation=90)
    make_pdf([[(0.1, 0.5, "private \uf6c5 glyph")]], "some/private.pdf")
    make_pdf([[(0.1, 0.5, "سلام")]], "some/arabic.pdf")
    Image.new("RGB", (300, 400), "white").save(folder / "scan.pdf")
    (folder / "corrupt.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    (folder / "locked.pdf").write_bytes(LOCKED)
    manifest = generate("pdf", Options(source=folder), count=6, output=tmp_path / "out", max_rejects=1)
    assert manifest["left_out"] == {"corrupt file": 1, "encrypted file": 1}
    assert manifest["rejects"] == {}
    assert manifest["samples_left_out"] == {
        "no text": 1,
        "rotated or mirrored text": 1,
        "scanned page": 1,
        "text from right to left": 1,
        "unmapped glyphs": 1,
    }
    [row] = [json.loads(line) for line in (tmp_path / "out/data.jsonl").read_text().splitlines()]
    assert row["response"].startswith(TITLE[2])
    assert manifest["sources"][0]["files"] == 7


def test_slices_avoid_the_lines_that_cannot_be_trusted(make_pdf: Callable[..., Path]) -> None:
    file = make_pdf([[(0.1, 0.5, "private \uf6c5 glyph"), (0.1, 0.4, "a sound line")]])
    assert draw(Options(source=file, units="lines"))[1] == "a sound line"
    with pytest.raises(Reject, match="^no other text that stands apart$"):
        draw(Options(source=file, units="lines"), 1)


def test_a_page_that_cuts_its_text_is_rejected(make_pdf: Callable[..., Path]) -> None:
    with pytest.raises(Reject, match="text over the edge of the page"):
        draw(Options(source=make_pdf([[TITLE, (0.895, 0.5, "wider than what is left of the page")]])))


def test_text_without_ink_is_rejected(make_pdf: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    stock = pdf.load(Options(source=make_pdf([TWO_COLUMNS])), np.random.default_rng(0))
    spec = pdf.decide(np.random.default_rng(0), 0, stock)
    white = Image.new("RGB", (864, 1152), "white")
    monkeypatch.setattr(pdf, "draw_page", lambda *place: (white, white))
    [reject] = draw_and_check(pdf, [spec])
    assert str(reject) == "text that can't be seen"


@pytest.mark.parametrize("matrix", ["-1 0 0 -1", "-1 0 0 1", "1 0 0 -1", "0 1 -1 0", "0.99 0.1 -0.1 0.99"])
def test_text_that_does_not_stand_upright_is_rejected(matrix: str, read: Callable[..., str]) -> None:
    assert read(line("turned", x=300, matrix=matrix)) == "rotated or mirrored text"


def test_what_is_flipped_twice_or_slanted_stands_upright(read: Callable[..., str]) -> None:
    flipped_twice = "q 1 0 0 -1 0 842 cm " + line("as browsers write", matrix="1 0 0 -1") + "Q "
    slanted = line("as without an italic", y=100, matrix="1 0 0.3 1")
    assert read(flipped_twice + slanted) == "as browsers write\nas without an italic"


@pytest.mark.parametrize(
    "content",
    [
        "q 60 590 83 30 re W n " + line("a cell that is clipped") + "Q",
        line("a name with a bar over it") + "72 596 40 16 re f",
        line("a name painted over") + "1 g 100 590 300 30 re f",
    ],
)
def test_a_line_with_one_letter_that_cannot_be_seen_is_rejected(
    content: str, read: Callable[..., str]
) -> None:
    assert read(content) == "text that can't be seen"


def test_strokes_that_fill_their_boxes_are_seen(read: Callable[..., str]) -> None:
    text = "- | . _ l --- black on white"
    assert read(line(text)) == text
    assert read("0 0 595 842 re f 1 g " + line("white on black")) == "white on black"


# `asn1` in Helvetica of 12 points ends at 98.0: a rule of 3.6 points and the next word, as TeX sets them
ASN1, RULE, FIND = line("asn1"), "98.7 600 3.6 0.4 re f ", line("find", x=103)


def test_a_short_rule_on_the_baseline_beside_letters_is_an_underscore(
    read: Callable[..., str],
) -> None:
    assert read(ASN1 + RULE + FIND) == "asn1_find"
    assert read(ASN1 + RULE) == "asn1_"
    assert read(ASN1 + RULE + "103 600 3.6 0.4 re f " + line("find", x=107.3)) == "asn1__find"
    assert read(ASN1 + RULE + line("and", x=106)) == "asn1_ and"
    assert read(line("call") + RULE + FIND) == "call _find"
    assert read("94.3 600 3.6 0.4 re f " + RULE + FIND) == "__find"
    assert read(RULE + FIND + line("next line", y=580)) == "_find\nnext line"
    stroked = "0.4 w 98.7 600.2 m 102.3 600.2 l S "
    assert read(ASN1 + stroked + FIND) == "asn1_find"


@pytest.mark.parametrize(
    "drawn",
    [
        "98.7 603 3.6 0.4 re f ",  # a dash
        "98.3 600 4.6 3 re f ",  # a box
        "72 598.5 50 0.4 re f ",  # an underline
        "0.5 w 100.5 603 m 104.5 603 l 104.5 607 l 100.5 607 l s ",  # a ring that runs into a letter
        "q 98.7 600 m 102.3 609 l 102.3 600 l f Q ",  # something like a letter
        "130 600 m 134 600 l 132 607 l f ",  # the same at the end of the line
        "130 600 40 0.4 re f ",  # a line to write on
    ],
)
def test_other_ink_among_the_letters_of_a_line_leaves_the_page_out(
    drawn: str, read: Callable[..., str]
) -> None:
    assert read(ASN1 + FIND) == "asn1 find"
    assert read(ASN1 + drawn + FIND) == "ink that is no letter"


def test_a_stroke_through_a_word_is_a_fault(read: Callable[..., str]) -> None:
    assert read(ASN1 + FIND + "103 603 17 0.4 re f ") == "struck-out text"


def test_rules_and_frames_that_are_no_letters_keep_a_page(read: Callable[..., str]) -> None:
    cells = ASN1 + line("find", x=120)
    between, frame, shade = "110 580 0.4 60 re f ", "68 594 80 22 re S ", "0.9 g 60 590 120 26 re f 0 g "
    foot = "72 560 80 0.4 re f " + line("a footnote", y=550, size=8)
    below = "98.7 592 3.6 0.4 re f "  # deeper than the font goes
    assert read(shade + cells + below + between + frame + foot) == "asn1 find\na footnote"


PAGES_OF_TEX = [
    r"\texttt{asn1\_find\_node} and \textit{a\_b}, \_\_init\_\_(x)\footnote{Of \textbf{foo\_}.}"
    r"\par\begin{tabular}{|l|r|}\hline one\_two & 3\\\hline\end{tabular}\par chapter\dotfill 5",
    r"an \underline{important} word",
    r"Copyright {\ooalign{\hfil\raise.07ex\hbox{c}\hfil\crcr\mathhexbox20D}} 2001",
    r"caf\'e",
    r"$\frac{1}{2}$ of it",
    r"name: \underline{\hspace{4em}}.",
    r"no\hskip-1em\rule[.4ex]{1em}{.4pt} yes",
]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs TeX")
def test_pages_of_tex_are_read_with_their_underscores_or_left_out(tmp_path: Path) -> None:
    pages = r"\newpage ".join(
        rf"\vbox{{{page}}}" if page != PAGES_OF_TEX[0] else page for page in PAGES_OF_TEX
    )
    source = r"\documentclass{article}\pagestyle{empty}\begin{document}" + pages + r"\end{document}"
    (tmp_path / "a.tex").write_text(source)
    command = ["pdflatex", "-interaction=batchmode", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    stock = pdf.load(Options(source=tmp_path / "a.pdf"), np.random.default_rng(0))
    said = {}
    for index in range(len(PAGES_OF_TEX)):
        spec = attempt(pdf.decide, np.random.default_rng(index), index, stock)
        [made] = [spec] if isinstance(spec, Reject) else draw_and_check(pdf, [spec])
        said[int(stock.order[index])] = str(made) if isinstance(made, Reject) else made.answers[0].text
    lines = said.pop(0).split("\n")
    assert lines[0].startswith("asn1_find_node and a_b, __init__(x)")
    assert lines[1] == "one_two 3" and lines[2] == "chapter ... 5" and lines[3] == "1Of foo_."
    assert list(dict(sorted(said.items())).values()) == [
        "an important word",
        "overlapping text",
        "overlapping text",
        "displayed formula",
        "ink that is no letter",
        "struck-out text",
    ]


def test_letters_that_are_spread_are_words(read: Callable[..., str]) -> None:
    spread = "2 Tc " + line("spread words") + "0 Tc "
    assert read(spread) == "spread words"
    leaning = line("the option", matrix="1 0 0.3 1") + line(", next", x=127.7)
    assert read(leaning) == "the option, next"


def test_a_line_of_spread_words_beside_others_is_left_out(read: Callable[..., str]) -> None:
    content = "3 Tc " + line("spread") + "0 Tc " + line("and not", x=127)
    assert read(content) == "words that can't be told apart"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs TeX")
def test_code_that_listings_spreads_is_read_as_it_was_typed(tmp_path: Path) -> None:
    code = ["int stripe = wide_table[i] + f(x, y); // one word", "for i in range(10): print(a, b)"]
    styles = ["", r"basicstyle=\ttfamily", "columns=flexible"]
    lines = [r"\documentclass{article}\usepackage{listings}\pagestyle{empty}\begin{document}"]
    for style in styles:
        lines += [rf"\begin{{lstlisting}}[{style}]", *code, r"\end{lstlisting}"]
    (tmp_path / "a.tex").write_text("\n".join([*lines, r"\end{document}"]))
    command = ["pdflatex", "-interaction=batchmode", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert draw(Options(source=tmp_path / "a.pdf"))[1].split("\n") == code * len(styles)


def test_rules_round_cells_tell_the_rows_of_a_table(read: Callable[..., str]) -> None:
    cells = [("a cell of", 200, 700), ("three lines", 200, 686), ("in all", 200, 672), ("one", 72, 686)]
    texts = "".join(line(text, y, x) for text, x, y in cells)
    assert read(texts) == "a cell of\none three lines\nin all"
    rules = "".join(f"70 {y} 120 0.8 re f 190 {y} 200 0.8 re f " for y in (714, 664))
    assert read(texts + rules) == "one\na cell of\nthree lines\nin all"


def test_text_too_small_for_the_model_is_rejected(read: Callable[..., str]) -> None:
    assert read(line("five points", size=5)) == "five points"
    assert read(line("three points", size=3)) == "text too small to read"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--source", "none.pdf"],
            "--source none.pdf does not exist; "
            "give a PDF file, or a folder whose PDF files are found at any depth",
        ),
        (["--source", "empty"], "--source empty has no .pdf file in it, at any depth"),
        (["--source", "corrupt.pdf"], "--source corrupt.pdf has no PDF that can be read (1 corrupt file)"),
        (["--source", "good.pdf", "--dpi", "7"], "--dpi 7: give 36 to 600"),
        (["--source", "good.pdf", "--longest", "10"], "--longest 10: give a whole number of at least 64"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    words: list[str],
    message: str,
    make_pdf: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_pdf([[TITLE]], "good.pdf")
    Path("empty").mkdir()
    Path("corrupt.pdf").write_bytes(b"%PDF-1.4 and nothing more")
    assert main(["pdf", "--count", "1", "--workers", "1", "--output", "out", *words]) == 2
    assert capsys.readouterr().err == f"got-data pdf: {message}\n"
