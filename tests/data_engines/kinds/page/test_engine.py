"""The engine `page`: that its answers are what stands on its pages."""

import pickle
import shutil
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engines.drawing import draw_and_check, make_rng
from data_engines.engine import Drawing, Reject
from data_engines.kinds.page import engine as page
from data_engines.kinds.page.checks import INK, check_code, check_columns, check_text, photo_box
from data_engines.kinds.page.document import (
    answered,
    caption,
    code,
    dateline,
    display,
    figure,
    footnote,
    footnote_mark,
    join_pieces,
    masthead,
    paragraph,
    text_run,
)
from data_engines.kinds.page.engine import Options, PageStock, decide, load
from data_engines.kinds.page.figures import Figure
from data_engines.kinds.page.page_tex import KEPT_WITH_NEXT, count_across
from data_engines.kinds.page.prose import _PHRASE, Prose
from data_engines.kinds.page.spec import Spec
from data_engines.options import Parser, Range, add_flags, read_flags
from data_engines.tools.page_tests import choose_tests
from data_engines.tools.photos import Background
from got_train.prompts import Task
from got_train.tex.latex import Note

pytestmark = pytest.mark.skipif(shutil.which("xelatex") is None, reason="needs xelatex")

LINES = """\
The quick brown fox jumps over the lazy dog, who sleeps on the porch.
A well-known result about finite groups is due to Lagrange: 50% of it is easy.
Every evening the lighthouse keeper climbs the stairs & lights the lamp for R_1.
敏捷的棕色狐狸跳过懒惰的狗，然后在门廊上睡觉。
关于有限群的一个著名结果归功于拉格朗日，它的一半很容易证明。
每天晚上灯塔看守人爬上楼梯，为远处的船只点亮灯火！
"""
FORMULAS = "x^2\n\\alpha+\\beta\n\\frac{a}{b}=\\sqrt{c}\n\\sum_{i=1}^n i=\\frac{n(n+1)}{2}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    (folder / "lines.txt").write_text(LINES, encoding="utf-8")
    (folder / "formulas.txt").write_text(FORMULAS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def stock(files: Path) -> PageStock:
    options = Options(source=files / "lines.txt", formulas=files / "formulas.txt", dpi=Range(60, 60))
    return load(options, make_rng(3, "page"))


@pytest.fixture(scope="module")
def specs(stock: PageStock) -> list[Spec]:
    return [decide(make_rng(3, "page", i), i, stock) for i in range(10)]


@pytest.fixture(scope="module")
def drawings(specs: list[Spec]) -> list[Drawing]:
    drawn = [drawing for drawing in draw_and_check(page, specs) if isinstance(drawing, Drawing)]
    assert len(drawn) == len(specs)
    return drawn


def english(stock: PageStock, columns: int = 1) -> Spec:
    """An article in that many columns."""
    decided = (decide(make_rng(3, "page", i), i, replace(stock, language="en")) for i in count())
    return next(spec for spec in decided if (spec.style.layout, spec.style.columns) == ("article", columns))


def test_the_answer_is_the_blocks_that_end_on_the_page(specs: list[Spec], drawings: list[Drawing]) -> None:
    for spec, drawing in zip(specs, drawings, strict=True):
        [answer] = drawing.answers
        assert answer.task == Task(format=True)
        parts = answer.text
        printed = []
        for block in spec.blocks:
            if block.markdown and parts.startswith(block.markdown):
                parts = parts.removeprefix(block.markdown).removeprefix("\n\n")
                printed.append(block)
        assert parts == ""
        assert len(printed) < len(spec.blocks) or spec.style.layout == "slide"
        assert printed[-1].kind not in KEPT_WITH_NEXT


def test_pages_are_of_their_paper_s_size_in_colour(specs: list[Spec], drawings: list[Drawing]) -> None:
    for spec, drawing in zip(specs, drawings, strict=True):
        [picture] = drawing.pictures
        assert picture.mode == "RGB"
        for pixels, points in zip(picture.size, spec.style.paper, strict=True):
            assert abs(pixels - points * 60 / 72.27) <= 1


def test_regions_hold_all_ink_of_their_blocks_and_no_other(drawings: list[Drawing]) -> None:
    assert sum(len(drawing.regions) for drawing in drawings) > 30
    for drawing in drawings:
        ink = np.asarray(drawing.pictures[0].convert("L")) < INK
        text = drawing.answers[0].text
        for region in drawing.regions:
            assert region.format
            assert region.text in text
            assert all(type(value) is int for value in region.box)  # numpy's can't be written as JSON
            left, top, right, bottom = map(int, region.box)
            inside = ink[top:bottom, left:right]
            assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
        tops = [region.box[1] for region in drawing.regions]
        assert tops == sorted(tops)


def test_a_page_is_the_same_alone_and_among_others(specs: list[Spec], drawings: list[Drawing]) -> None:
    again = draw_and_check(page, specs[8:5:-1])[::-1]
    for first, second in zip(drawings[6:9], again, strict=True):
        assert first.answers == second.answers
        assert first.regions == second.regions
        assert first.pictures[0].tobytes() == second.pictures[0].tobytes()


def test_samples_depend_on_their_index_only(stock: PageStock, specs: list[Spec]) -> None:
    sent = pickle.loads(pickle.dumps(stock))
    assert [decide(make_rng(3, "page", i), i, sent) for i in (5, 1)] == [specs[5], specs[1]]
    assert pickle.loads(pickle.dumps(specs[1])) == specs[1]


def test_what_is_too_wide_for_the_column_is_neither_printed_nor_answered(stock: PageStock) -> None:
    spec = english(stock)
    long = display("+".join(f"a_{{{i}}}" for i in range(60)))
    text = paragraph(text_run("Some text that stands before and after it, " * 3 + "as it should."))
    with_it, without = draw_and_check(
        page, [replace(spec, blocks=(text, long, text)), replace(spec, blocks=(text, text))]
    )
    assert isinstance(with_it, Drawing) and isinstance(without, Drawing)
    assert with_it.answers == without.answers
    assert with_it.pictures[0].tobytes() == without.pictures[0].tobytes()


def test_running_heads_and_page_numbers_are_printed_but_not_answered(stock: PageStock) -> None:
    spec = english(stock)
    style = replace(spec.style, heads=("Zebra", "", "77"), foot="88", fill=(1.0,))
    plain = replace(style, heads=("", "", ""), foot="", rule=False)
    headed, bare = draw_and_check(page, [replace(spec, style=style), replace(spec, style=plain)])
    assert isinstance(headed, Drawing) and isinstance(bare, Drawing)
    assert headed.answers == bare.answers
    assert (headed.unanswered, bare.unanswered) == (("Zebra", "77", "88"), ())
    ink, bare_ink = (np.asarray(drawing.pictures[0].convert("L")) < 128 for drawing in (headed, bare))
    top, foot = (round(y * 60 / 72.27) for y in (style.margins[1], style.paper[1] - style.margins[3]))
    assert ink[:top].any() and not bare_ink[:top].any()
    assert ink[foot:].any() and not bare_ink[foot:].any()


PARAGRAPH = paragraph(text_run("The keeper of the lighthouse climbs the stairs every evening. " * 4))
DRAWN = Figure(120, 60, r"\put(60,30){\makebox(0,0){Ships per year}}", ("Ships per year",))


def test_a_footnote_is_answered_last_if_its_mark_is_on_the_page(stock: PageStock) -> None:
    spec = english(stock)
    marked = paragraph(join_pieces([text_run("It is as bright as a star."), footnote_mark("7")]))
    notes = [footnote("7", text_run("As stars are.")), footnote("7", text_run("Nobody reads this."))]
    blocks = (marked, *[PARAGRAPH] * 58, marked, *notes)
    [drawing] = draw_and_check(page, [replace(spec, blocks=blocks)])
    assert isinstance(drawing, Drawing)
    first, *others, last = drawing.answers[0].text.split("\n\n")
    assert first == r"It is as bright as a star.\({ }^{7}\)"
    assert set(others) == {PARAGRAPH.markdown}
    assert last == r"\({ }^{7}\) As stars are."
    [note] = [region for region in drawing.regions if region.text == last]
    assert note.box[1] > max(region.box[3] for region in drawing.regions if region is not note)


def test_a_footnote_stands_at_the_foot_of_the_column_with_its_mark(stock: PageStock) -> None:
    spec = english(stock)
    style = replace(spec.style, columns=2, fill=(1.0, 1.0))
    marked = [paragraph(join_pieces([text_run("It shines."), footnote_mark(mark)])) for mark in "123"]
    notes = [footnote(mark, text_run(f"Star number {mark}.")) for mark in "123"]
    blocks = (marked[0], marked[1], *[PARAGRAPH] * 13, marked[2], *[PARAGRAPH] * 40, *notes)
    [drawing] = draw_and_check(page, [replace(spec, style=style, blocks=blocks)])
    assert isinstance(drawing, Drawing)
    assert drawing.answers[0].text.split("\n\n")[-3:] == [note.markdown for note in notes]
    boxes = {region.text: region.box for region in drawing.regions}
    middle = drawing.pictures[0].width / 2
    columns = [
        (boxes[mark.markdown][0] < middle, boxes[note.markdown][0] < middle)
        for mark, note in zip(marked, notes, strict=True)
    ]
    assert columns == [(True, True), (True, True), (False, False)]
    assert boxes[notes[0].markdown][1] < boxes[notes[1].markdown][1]


def test_a_front_page_has_the_name_of_the_paper(stock: PageStock) -> None:
    spec = english(stock)
    blocks = (masthead("The Valley Post"), dateline("Vol. 3, No. 7", "Friday", "$1.20"), PARAGRAPH)
    [drawing] = draw_and_check(page, [replace(spec, blocks=blocks)])
    assert isinstance(drawing, Drawing)
    assert drawing.answers[0].text == (
        "\\title{\nThe Valley Post\n}\n\nVol. 3, No. 7 Friday \\$1.20\n\n" + PARAGRAPH.markdown
    )


def test_texts_in_figures_are_answered_only_on_demand(stock: PageStock) -> None:
    spec = english(stock)
    spec = replace(spec, style=replace(spec.style, heads=("Zebra", "", "77"), foot="88", fill=(1.0,)))
    blocks = (PARAGRAPH, figure(DRAWN), caption(text_run("Figure 3: What passes.")), PARAGRAPH)
    whole = replace(spec, blocks=tuple(map(answered, blocks)), answer_all=True)
    usual, all_of_it = draw_and_check(page, [replace(spec, blocks=blocks), whole])
    assert isinstance(usual, Drawing) and isinstance(all_of_it, Drawing)
    text = PARAGRAPH.markdown
    assert usual.answers[0].text == f"{text}\n\nFigure 3: What passes.\n\n{text}"
    assert usual.unanswered == ("Ships per year", "Zebra", "77", "88")
    assert all_of_it.answers[0].text.split("\n\n") == [
        "Zebra 77", text, "Ships per year", "Figure 3: What passes.", text, "88"
    ]  # fmt: skip
    assert all_of_it.unanswered == ()
    assert usual.pictures[0].tobytes() == all_of_it.pictures[0].tobytes()
    tests = choose_tests(make_rng(0, "page"), usual, ["absent"])
    assert [test["text"] for test in tests] == ["Ships per year", "Zebra", "77"]


def test_a_photograph_stands_between_what_is_around_it(stock: PageStock, tmp_path: Path) -> None:
    spec = english(stock)
    Image.new("RGB", (400, 300), "red").save(tmp_path / "red.png")
    photo = Background(str(tmp_path / "red.png"), 0, 1.0, (0.0, 0.0), False, (1.0,) * 3, (0.0,) * 3, ())
    blocks = (PARAGRAPH, figure(Figure(100, 80, photo=photo)), caption(text_run("Fig. 1. Red.")), PARAGRAPH)
    [drawing] = draw_and_check(page, [replace(spec, blocks=blocks)])
    assert isinstance(drawing, Drawing)
    red = (np.asarray(drawing.pictures[0]) == (255, 0, 0)).all(axis=2)
    rows, columns = (np.flatnonzero(red.any(axis=axis)) for axis in (1, 0))
    assert red.sum() == len(rows) * len(columns)
    assert abs(len(columns) - 100 * 60 / 72.27) <= 1 and abs(len(rows) - 80 * 60 / 72.27) <= 1
    left = spec.style.margins[0] + (spec.style.text_width - 100) / 2
    assert abs(columns[0] - left * 60 / 72.27) <= 1
    above, below, _ = drawing.regions
    assert (above.text, below.text) == (PARAGRAPH.markdown, "Fig. 1. Red.")
    assert above.box[3] <= rows[0] and rows[-1] < below.box[1]


def test_the_room_for_a_photograph_is_checked(stock: PageStock) -> None:
    photo = Background(None, 0, 1.0, (0.0, 0.0), False, (), (), ())
    spec = replace(english(stock), blocks=(figure(Figure(100, 80, photo=photo)),))
    begin, end = Note("", 72, 100), Note("", 72, 100 + 80 * 72 / 72.27)
    left, top, right, bottom = photo_box(spec, 1, begin, end)
    assert (top, bottom) == (round(100 * 60 / 72), round((100 + 80 * 72 / 72.27) * 60 / 72))
    assert right - left in (83, 84)
    with pytest.raises(Reject, match="a photograph is not where its room is"):
        photo_box(spec, 1, begin, Note("", 72, 140))


def test_code_stands_in_a_fence_as_it_is_printed(stock: PageStock) -> None:
    lines = ("def f(x):", "    y = {'a': \"b\"}  # -- ~x^2", "", "    return y[x] % 3 & 1")
    blocks = (PARAGRAPH, code(lines, "Listing 2: Sums"), PARAGRAPH)
    drawn = draw_and_check(
        page,
        [
            replace(spec, blocks=blocks, style=replace(spec.style, code_frame=frame))
            for spec in [english(stock)]
            for frame in ("plain", "ruled", "shaded")
        ],
    )
    for drawing in drawn:
        assert isinstance(drawing, Drawing)
        fenced = "\n".join(["Listing 2: Sums", "", "```", *lines, "```"])
        assert [region.text for region in drawing.regions] == [PARAGRAPH.markdown, fenced, PARAGRAPH.markdown]


def test_code_that_is_printed_otherwise_is_rejected() -> None:
    check_code(["Listing 1: no code\n\n```\ny = 'a'\n\n  z\n```", "```"], "z y = 'a'")
    with pytest.raises(Reject, match="code is not on the page as it is answered"):
        check_code(["```\ny = 'a'\n```"], "y = \u2019a\u2019")


def test_one_bad_page_spoils_no_other(specs: list[Spec], drawings: list[Drawing]) -> None:
    bad = replace(specs[0], blocks=(display(r"\nonsense"), *specs[0].blocks))
    reject, drawing = draw_and_check(page, [bad, specs[1]])
    assert isinstance(reject, Reject)
    assert str(reject) == "LaTeX error: Undefined control sequence"
    assert isinstance(drawing, Drawing)
    assert drawing.answers == drawings[1].answers


def test_a_page_of_hardly_anything_is_rejected(specs: list[Spec]) -> None:
    [reject] = draw_and_check(page, [replace(specs[0], blocks=(paragraph(text_run("Short.")),))])
    assert isinstance(reject, Reject)
    assert str(reject) == "hardly anything fits the page"


def test_words_may_stand_anywhere_and_hyphenated() -> None:
    check_text(["A well-known effect, first", "中文"], "文 中 \ufb01rst A well-\r\nknown e\ufb00ect")
    check_text(["hyphenation of pre- and"], "hyphen\x02\r\nation of pre-\r\nand")


@pytest.mark.parametrize("read", ["two words words", "two two", "two word two s", ""])
def test_a_page_without_a_word_of_its_answer_is_rejected(read: str) -> None:
    with pytest.raises(Reject, match="words of the answer are not on the page"):
        check_text(["two words", "two"], read)


def test_ink_outside_the_columns_is_rejected(stock: PageStock) -> None:
    spec = english(stock, columns=2)
    across = count_across(spec.blocks, spec.style)
    left, top, _, _ = spec.style.margins
    places = {across + 1: (Note("", left, top), Note("", left, top + 20))}
    blank = np.zeros([round(side * 60 / 72.27) for side in spec.style.paper[::-1]], dtype=bool)
    check_columns(blank, spec, places)
    gutter = left + spec.style.column_width + spec.style.gutter / 2
    for x in (left / 2, gutter, spec.style.paper[0] - 20):
        ink = blank.copy()
        ink[round((top + 50) * 60 / 72.27), round(x * 60 / 72.27)] = True
        with pytest.raises(Reject, match="text runs out of its column"):
            check_columns(ink, spec, places)


def test_a_line_may_stand_between_columns(stock: PageStock) -> None:
    spec = english(stock, columns=2)
    style = replace(spec.style, column_rule=True)
    left, top, _, _ = style.margins
    across = count_across(spec.blocks, style)
    places = {across + 1: (Note("", left, top), Note("", left, top + 20))}
    ink = np.zeros([round(side * 60 / 72.27) for side in style.paper[::-1]], dtype=bool)
    middle = left + style.column_width + style.gutter / 2
    ink[round((top + 50) * 60 / 72.27), round(middle * 60 / 72.27)] = True
    check_columns(ink, replace(spec, style=style), places)
    with pytest.raises(Reject, match="text runs out of its column"):
        check_columns(ink, spec, places)


@pytest.mark.parametrize(("lines", "language"), [(slice(3), "en"), (slice(3, 6), "zh"), (slice(6), "mixed")])
def test_the_source_says_which_language_pages_have(
    lines: slice, language: str, files: Path, tmp_path: Path
) -> None:
    source = tmp_path / "lines.txt"
    source.write_text("\n".join(LINES.splitlines()[lines]), encoding="utf-8")
    options = Options(source=source, formulas=files / "formulas.txt", dpi=Range(60, 60))
    found = load(options, make_rng(3, "page"))
    assert found.language == language
    drawn = [decide(make_rng(3, "page", index), index, found) for index in range(4)]
    if language != "mixed":
        assert all((spec.style.chinese is not None) == (language == "zh") for spec in drawn)


def test_the_options_choose_language_and_columns(files: Path, stock: PageStock) -> None:
    for language in ("en", "zh"):
        changed = replace(stock, language=language, options=replace(stock.options, columns="2"))
        drawn = [decide(make_rng(1, "page", i), i, changed) for i in range(5)]
        assert all(spec.style.columns == 2 for spec in drawn)
        assert all((spec.style.chinese is not None) == (language == "zh") for spec in drawn)
        texts = "".join(block.printed for spec in drawn for block in spec.blocks)
        assert ("灯" in texts) == (language == "zh")
        assert ("lighthouse" in texts) == (language == "en")


def test_chinese_pages_need_no_english_words(files: Path) -> None:
    (files / "dates.txt").write_text("1 + 1 = 2\n今天天气很好。\n", encoding="utf-8")
    options = Options(source=files / "dates.txt", formulas=files / "formulas.txt", language="zh")
    assert {line for _, lines, _ in load(options, make_rng(0, "page")).chinese for line in lines} == {
        "今天天气很好。"
    }


def test_lines_that_are_not_printed_are_counted(files: Path) -> None:
    lines = [f"This is line number {number} of many." for number in range(19)]
    text = "\n".join([*lines, "今天天气很好。", "Это дом"])
    (files / "many.txt").write_text(text, encoding="utf-8")
    given = {"source": files / "many.txt", "formulas": files / "formulas.txt"}
    stock = load(Options(**given), make_rng(0, "page"))
    assert (stock.language, len(stock.material.lines["en"])) == ("en", 19)
    unprinted = {"line that the fonts of pages can't print": 1}
    assert stock.left_out == unprinted | {"line not in the language en": 1}
    asked = load(Options(**given, language="mixed"), make_rng(0, "page"))
    assert asked.left_out == unprinted and asked.chinese


def test_words_are_not_cut_at_their_accents(files: Path) -> None:
    (files / "french.txt").write_text("Voilà l'élève peut-être fatigué aujourd\u2019hui.\n", encoding="utf-8")
    stock = load(Options(source=files / "french.txt", formulas=files / "formulas.txt"), make_rng(0, "page"))
    writer = Prose(make_rng(0, "page"), stock.material, "en", 80, 0.0, cites=False, links=False)
    assert writer.phrase("en", Range(5, 5)) == "Voilà l'élève peut-être fatigué aujourd\u2019hui"
    assert _PHRASE["en"].findall("Été où l'on va") == ["Été où l'on va"]


@pytest.mark.parametrize(
    ("source", "formulas", "language", "message"),
    [
        ("missing.txt", None, "en", "--source .*missing.txt does not exist; give a UTF-8 text file with"),
        ("english.txt", None, "zh", "--source .*english.txt: no line with Chinese$"),
        ("chinese.txt", None, "en", "--source .*chinese.txt: no line without Chinese$"),
        (
            "hebrew.txt",
            None,
            None,
            r"hebrew.txt: no line without Chinese that the fonts of pages can print; they lack \u05dc "
            r"\(HEBREW LETTER LAMED\), and have Latin and Chinese letters only$",
        ),
        ("russian.txt", None, "en", r"they lack \u043e \(CYRILLIC SMALL LETTER O\), and have Latin"),
        ("korean.txt", None, "mixed", r"they lack \uac00 \(HANGUL SYLLABLE GA\), and have Latin"),
        ("short.txt", None, "en", "--source .*short.txt: no word of four letters, which tables are made of"),
        ("lines.txt", "missing.txt", "en", "--formulas .*missing.txt does not exist"),
        ("lines.txt", "tall.txt", "en", "--formulas .*tall.txt: no formulas for within text"),
        (
            "lines.txt",
            "bad.txt",
            "en",
            "--formulas .*bad.txt: no formulas for within text that TeX can typeset; add some",
        ),
    ],
)
def test_bad_sources_end_in_one_clear_line(
    files: Path, source: str, formulas: str | None, language: str | None, message: str
) -> None:
    (files / "english.txt").write_text("Only letters.\n", encoding="utf-8")
    (files / "short.txt").write_text("A to B, 2025!\n", encoding="utf-8")
    (files / "chinese.txt").write_text("今天天气很好。\n", encoding="utf-8")
    (files / "hebrew.txt").write_text("ללל\n", encoding="utf-8")
    (files / "russian.txt").write_text("Около окон и дом\n", encoding="utf-8")
    (files / "korean.txt").write_text("가가\n", encoding="utf-8")
    (files / "tall.txt").write_text("\\frac{a}{b}\n", encoding="utf-8")
    (files / "bad.txt").write_text("\\nonsense\n", encoding="utf-8")
    given = {"source": files / source, "formulas": formulas and files / formulas}
    with pytest.raises(ValueError, match=message) as caught:
        load(Options(**given, language=language, dpi=Range(60, 60)), make_rng(0, "page"))
    assert "\n" not in str(caught.value)


def test_dpi_is_checked() -> None:
    with pytest.raises(ValueError, match="--dpi 10-500: give LOW-HIGH, both from 60 to 300"):
        Options(dpi=Range(10, 500))


def test_the_language_is_one_of_three_or_left_out() -> None:
    parser = Parser()
    add_flags(parser, Options)
    assert read_flags(parser.parse_args(["--language", "en"]), Options).language == "en"
    assert read_flags(parser.parse_args([]), Options).language is None

    with pytest.raises(SystemExit):
        parser.parse_args(["--language", "fr"])
