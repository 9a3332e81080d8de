"""The engine `pdf`: text that a page does not show is left out, and the rest of the page is kept."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data_engines.cli import main
from data_engines.drawing import draw_and_check
from data_engines.engine import Reject, attempt
from data_engines.kinds.pdf import engine as pdf
from data_engines.kinds.pdf.engine import Options
from tests.data_engines.kinds.pdf.conftest import form, line, stream

GREY = "q 300 0 0 30 60 395 cm BI /W 1 /H 1 /CS /G /BPC 8 /F /AHx ID 80> EI Q "
NOISE = "q 300 0 0 30 60 395 cm BI /W 4 /H 1 /CS /G /BPC 8 /F /AHx ID 00ff00ff> EI Q "


def named(name: str, encoding: str) -> str:
    """The font G of a page."""
    return f"/G << /Type /Font /Subtype /Type1 /BaseFont /{name} {encoding} >>"


BAD = line("what nobody sees", 400)
SOUND = [f"line {number} that a reader can see" for number in range(20)]
AROUND = "".join(line(text, 800 - 18 * place) for place, text in enumerate(SOUND))


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (BAD + GREY, "text that can't be seen"),
        (BAD + NOISE, "text that can't be seen"),
        (BAD + "0.9 g 60 395 300 30 re f 0 g ", "text that can't be seen"),
        (BAD + "1 g 60 395 60 30 re f 0 g ", "text that can't be seen"),
        (BAD + "1 g 60 404 300 20 re f ", "text that can't be seen"),
        (BAD + "1 g 60 390 300 13.5 re f ", "text that can't be seen"),
        (BAD + "1 G 1 w 60 403 m 300 403 l S ", "text that can't be seen"),
        # a stripe in the way, and letters on it
        (BAD + "1 g 60 395 300 30 re f 0 g " + line("and others over it", 400), "overlapping text"),
        ("/Clear gs " + BAD, "text that can't be seen"),
        ("3 Tr " + BAD + "0 Tr ", "invisible text"),
        ("7 Tr " + BAD + "0 Tr ", "text that can't be seen"),
        ("1 g " + BAD + "0 g ", "text that can't be seen"),
        (NOISE + "1 1 1 rg /Clear gs " + BAD, "text that can't be seen"),
        ("0.2 g 60 395 300 30 re f " + BAD, "text that can't be seen"),
        ("q 0 0 10 10 re W n " + BAD + "Q ", "text that can't be seen"),
        (line("first half of it", 400) + "3 Tr " + line("hidden", 400, x=148) + "0 Tr ", "invisible text"),
        ("2 0 0 -1 0 0 cm ", "no text"),
    ],
)
def test_text_that_nobody_sees_is_left_out_and_the_rest_kept(
    content: str, cause: str, read: Callable[..., str]
) -> None:
    assert read(content) == cause
    if "cm BI" not in content and "gs" not in content and "cm " not in content:
        assert read(AROUND.replace("line 3 ", "line three ") + content).split("\n")[0] == SOUND[0]


def test_text_outside_the_crop_box_is_not_read(read: Callable[..., str]) -> None:
    assert (
        read(line("on the page", 400) + line("above it", 700), page="/CropBox [0 0 595 600]") == "on the page"
    )


@pytest.mark.parametrize(
    ("name", "encoding", "cause"),
    [
        (
            "lcircle10",
            "/Encoding << /Type /Encoding /Differences [97 /a1 /a2 /a3] >>",
            "letters of a font that draws",
        ),
        ("ABCDEF+LINE10", "", "letters of a font that draws"),
        ("ABCDEF+xyatip10", "", "letters of a font that draws"),
        ("Wingdings-Regular", "/Encoding /WinAnsiEncoding", "symbols under the names of letters"),
        ("ABCDEF+Symbol", "/Encoding /WinAnsiEncoding", "symbols under the names of letters"),
        ("ABCDEF+FontAwesome5Free-Solid", "", "symbols under the names of letters"),
        ("CMEX10", "/Encoding /WinAnsiEncoding", "displayed formula"),
        ("CMMI10", "/Encoding /WinAnsiEncoding", "displayed formula"),
    ],
)
def test_letters_of_fonts_without_letters_are_left_out(
    name: str, encoding: str, cause: str, read: Callable[..., str]
) -> None:
    assert read(line("abc", 400, font="G"), fonts=named(name, encoding)) == cause
    # also where they stand among letters
    mixed = "BT 1 0 0 1 72 400 Tm /F 12 Tf (see ) Tj /G 12 Tf (abc) Tj /F 12 Tf ( it) Tj ET "
    if cause != "displayed formula":
        assert read(mixed, fonts=named(name, encoding)) == cause


def test_a_font_of_odd_signs_alone_is_not_trusted(read: Callable[..., str]) -> None:
    cross = "BT 1 0 0 1 72 400 Tm /F 12 Tf (A 3 ) Tj /G 12 Tf (\\243) Tj /F 12 Tf ( 2 design) Tj ET "
    encoding = "/Encoding /WinAnsiEncoding"
    assert read(cross, fonts=named("ABCDEF+AdvP4C4E74", encoding)) == "symbols under the names of letters"
    # prices are in the font of their digits
    price = "BT 1 0 0 1 72 400 Tm /G 12 Tf (\\2435 a piece) Tj ET "
    assert read(price, fonts=named("Times-Roman", encoding)) == "£5 a piece"


def test_a_font_whose_glyphs_have_numbers_is_not_trusted(read: Callable[..., str]) -> None:
    numbered = line('"7+%-', 400, font="G")
    assert read(numbered, fonts=named("01ebsit,Bold", "")) == "symbols under the names of letters"
    assert read(AROUND + numbered, fonts=named("01ebsit,Bold", "")).split("\n") == SOUND
    # fonts of TeX may be for brackets alone; and a font with letters, too, says what it has
    assert read(numbered, fonts=named("ABCDEF+LMMono10-Regular", "")) == '"7+%-'
    assert read(numbered + line("letters", 600, font="G"), fonts=named("Courier", "")) == 'letters\n"7+%-'


@pytest.mark.parametrize(
    ("sign", "widths"),
    [("-", ""), ("+", "/FirstChar 43 /LastChar 43 /Widths [833]")],  # too low for a digit, too wide for one
)
def test_a_font_that_draws_signs_for_digits_is_not_trusted(
    sign: str, widths: str, read: Callable[..., str]
) -> None:
    change = f"BT 1 0 0 1 72 400 Tm /F 12 Tf (Change ) Tj /G 12 Tf ({sign}) Tj /F 12 Tf (5.4 in %) Tj ET "
    encoding = "/Encoding /WinAnsiEncoding"
    assert read(change, fonts=named("AdvPS7DA6", encoding)) == f"Change {sign}5.4 in %"
    cmap = "1 begincodespacerange <00> <FF> endcodespacerange 2 beginbfchar <2B> <0031> <2D> <0032> endbfchar"
    signs = {
        "fonts": named("AdvPS7DA6", f"{encoding} {widths} /ToUnicode 5 0 R"),
        "objects": [stream(cmap)],
    }
    assert read(change, **signs) == "symbols under the names of letters"
    assert read(AROUND + change, **signs).split("\n") == SOUND


def test_cells_that_lose_their_second_line_are_no_row_to_read_across(read: Callable[..., str]) -> None:
    cells = "".join(
        line("share in the market", 424, x=left) + line("of that whole year", 408, x=left)
        for left in (222, 400)
    )
    head = line("Brands of coffee", 424) + cells
    rows = ["Brands of coffee"] + 2 * ["share in the market", "of that whole year"]
    assert read(AROUND + head).split("\n") == [*SOUND, *rows]
    hidden = "1 g 220 404 150 14 re f 0 g "
    assert read(AROUND + head + hidden).split("\n") == SOUND


def test_letters_with_strokes_over_them_are_left_out(read: Callable[..., str]) -> None:
    for stroke in ("80 398 2 8 re f ", "q 0.5 g 80 404 2 20 re f Q "):
        assert read(AROUND + line("M is drawn over", 400) + stroke).split("\n") == SOUND
    # paper and frames begin and end beyond the line
    for through in ("0.8 g 60 390 300 30 re f 0 g ", "60 390 300 30 re S "):
        assert read(AROUND + through + line("M is not", 400)).split("\n") == [*SOUND, "M is not"]


def test_fractions_are_left_out_with_what_stands_beside_them(read: Callable[..., str]) -> None:
    fraction = line("a + b", 408, x=100) + line("c", 392, x=110) + "98 403 32 0.5 re f "
    assert read(fraction) == "displayed formula"
    below = AROUND + fraction
    assert read(below).split("\n") == SOUND


def test_a_rule_under_a_heading_is_no_fraction(read: Callable[..., str]) -> None:
    heading = line("Heading", 410) + "72 405 300 0.5 re f " + line("and the text that follows it", 390)
    assert read(heading) == "Heading\nand the text that follows it"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Chapter ........................ 5", "Chapter ... 5"),
        ("Chapter . . . . . . . . . . 5", "Chapter ... 5"),
        ("Chapter................5", "Chapter ... 5"),
        ("and so on ...", "and so on ..."),
        ("Name: ____________", "Name: ___"),
        ("a __init__ and ___", "a __init__ and ___"),
        ("____________ ____", "lines to write on"),
        ("S E C O N D", "words that can't be told apart"),
        ("see S E C O N D here", "words that can't be told apart"),
        ("I saw a b", "I saw a b"),
    ],
)
def test_leaders_are_three_dots_and_single_letters_are_left_out(
    text: str, answer: str, read: Callable[..., str]
) -> None:
    assert read(line(text, 400)) == answer


def test_words_spread_widely_are_never_single_letters(read: Callable[..., str]) -> None:
    for spread in (4, 6, 9, 14):
        said = read(f"{spread} Tc " + line("SECOND PART", 400) + "0 Tc ")
        assert said in {"SECOND PART", "words that can't be told apart"}


def test_headings_beside_their_paragraphs_are_read_apart(read: Callable[..., str]) -> None:
    words = ["a paragraph that goes on for", "a few lines beside what", "stands at its left"]
    column = "".join(line(text, 400 - 14 * place, x=200) for place, text in enumerate(words))
    assert read(line("Side heading", 400) + column).split("\n") == ["Side heading", *words]
    two = line("Side", 400) + line("heading", 386)
    assert read(two + column).split("\n") == ["Side", "heading", *words]
    # but a number belongs to its line
    assert read(line("1.", 400, x=170) + column).split("\n") == ["1. " + words[0], *words[1:]]


def test_images_that_may_hold_text_are_cut_off(read: Callable[..., str]) -> None:
    image = "q 300 0 0 100 60 300 cm BI /W 4 /H 1 /CS /G /BPC 8 /F /AHx ID 00ff00ff> EI Q "
    below = line("below the picture", 200)
    assert read(AROUND + image + below).split("\n") == SOUND
    icon = "q 10 0 0 10 60 300 cm BI /W 4 /H 1 /CS /G /BPC 8 /F /AHx ID 00ff00ff> EI Q "
    assert read(AROUND + icon + below).split("\n") == [*SOUND, "below the picture"]
    assert read(image + below) == "images all over the page"


FORMS = "/XObject << /X 5 0 R >>"


def test_what_is_drawn_in_forms_is_seen_where_it_is(read: Callable[..., str]) -> None:
    def with_form(content: str, drawn: str, extra: str = "") -> list[str]:
        return read(AROUND + content, resources=FORMS, objects=[form(drawn, extra)]).split("\n")

    asked = line("in question", 400)
    assert with_form("q 1 0 0 1 0 -90 cm /X Do Q", asked) == [*SOUND, "in question"]
    assert with_form("/X Do", asked, "/Group << /S /Transparency >>") == [*SOUND, "in question"]
    assert with_form("/Clear gs /X Do", asked, "/Group << /S /Transparency >>") == SOUND
    assert with_form(asked + "/X Do", "1 g 60 395 300 30 re f ") == SOUND
    assert with_form("/X Do", asked + "0.9 g 60 395 300 30 re f ") == SOUND
    # an image, an underscore and a stroke that the form has elsewhere
    below = line("below the picture", 30)
    image = "q 1 0 0 1 0 0 cm BI /W 4 /H 1 /CS /G /BPC 8 /F /AHx ID 00ff00ff> EI Q "
    assert with_form("q 300 0 0 100 60 200 cm /X Do Q " + below, image) == SOUND
    down = "/Matrix [1 0 0 1 0 -200]"
    words = line("asn1", 400) + line("find", 400, x=103)
    assert with_form(words + "q 1 0 0 1 0 300 cm /X Do Q ", "98.7 300 3.6 0.4 re f ", down)[-1] == "asn1_find"
    assert with_form(words + "q 1 0 0 1 0 300 cm /X Do Q ", "0.4 w 70 304 m 140 304 l S ", down) == SOUND


def test_soft_hyphens_are_read_where_they_are_drawn(read: Callable[..., str]) -> None:
    shown = "/G << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding"
    assert read("BT /G 12 Tf 72 400 Td (Stra\\337en\\255bahn) Tj ET ", fonts=f"{shown} >>") == "Straßen-bahn"
    # a letter that stands for itself and for the place after it where its word may be parted
    mapped = "1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <6e> <006e00ad> endbfchar"
    unseen = stream(f"begincmap {mapped} endcmap")
    assert (
        read(line("Ebenhahn", font="G"), fonts=f"{shown} /ToUnicode 5 0 R >>", objects=[unseen]) == "Ebenhahn"
    )


def test_a_mirrored_letter_among_others_is_a_fault(read: Callable[..., str]) -> None:
    logo = line("X", 400) + line("E", 400, x=89, matrix="-1 0 0 1") + line("TEX", 400, x=89)
    assert read(logo) == "rotated or mirrored text"


def test_letters_drawn_twice_are_a_fault(read: Callable[..., str]) -> None:
    twice = "".join(
        line(letter, 400, x=72 + 8 * place + by) for place, letter in enumerate("guest") for by in (0, 3)
    )
    assert read(twice) == "overlapping text"


def test_a_folder_of_ordinary_files_does_not_stop_a_run(
    make_pdf: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_pdf([[(0.1, 0.5, "a sound line")], *[[]] * 30], "some/good.pdf").parent
    words = ["pdf", "--source", str(folder), "--output", str(tmp_path / "out"), "--count", "31"]
    assert main([*words, "--workers", "1"]) == 0
    assert capsys.readouterr().out == (
        f"{tmp_path / 'out'}: 1 rows from 31 samples\n  samples left out: 30 (no text)\n"
    )
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["rejects"] == {} and manifest["samples_left_out"] == {"no text": 30}
    only_blank = make_pdf([[]], "blank/blank.pdf").parent
    words = ["pdf", "--source", str(only_blank), "--output", str(tmp_path / "none"), "--count", "1"]
    assert main(words) == 2
    assert capsys.readouterr().err == "got-data pdf: not one sample could be drawn: 1 x no text\n"


PICTURE = r"""\documentclass{article}\pagestyle{empty}\begin{document}
A line before the picture.

\bigskip\begin{picture}(100,60)\put(30,30){\circle{20}}\put(10,10){\line(2,1){40}}\put(60,20){\oval(40,20)}\end{picture}

\bigskip A line after it.
\[ \sum_{i=1}^{n} \frac{a_i}{b_i} = \left( \int_0^1 f \right) \]
A third line.
\end{document}"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs TeX")
def test_pictures_and_displays_of_tex_say_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.tex").write_text(PICTURE)
    command = ["pdflatex", "-interaction=batchmode", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    stock = pdf.load(Options(source=tmp_path / "a.pdf", units="lines"), np.random.default_rng(0))
    said = set()
    for index in range(8):
        spec = attempt(pdf.decide, np.random.default_rng(0), index, stock)
        [made] = [spec] if isinstance(spec, Reject) else draw_and_check(pdf, [spec])
        said.add(str(made) if isinstance(made, Reject) else made.answers[0].text)
    assert said == {
        "A line before the picture.",
        "A line after it.",
        "A third line.",
        "no other text that stands apart",
    }
