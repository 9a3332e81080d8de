"""The layouts of pages: which blocks they have, and how they look."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from data_engines.kinds.page.author import Author, Room
from data_engines.kinds.page.document import Block
from data_engines.kinds.page.engine import Options, _choose_layout
from data_engines.kinds.page.layouts import choose_blocks
from data_engines.kinds.page.looks import SLIDES, choose_style
from data_engines.kinds.page.prose import Material, Prose
from data_engines.kinds.page.typography import LATIN, MONO, Columns, Layout
from data_engines.options import Range
from data_engines.tools.corpora import language_of

LINES = tuple(f"The ship number {number} passes the harbour at night. It is late." for number in range(40))
LISTING = ("def f(x):", "    return x", "", "y = f(2)")
MATERIAL = Material(
    lines={"en": LINES},
    sentences={"en": ()},
    matter=0.0,
    inline=("x^2",),
    displayed=("a=b",),
    listings=(LISTING, (*LISTING, "z" * 70)),
    photos=("photo.png",),
    made_up=0.0,
)
ROOM = Room(letters=80, lines=50, leading=14, column_width=400, text_width=400, code_letters=60)


def blocks_of(layout: Layout, seeds: int = 30) -> list[tuple[Block, ...]]:
    return [
        choose_blocks(Author(np.random.default_rng(seed), MATERIAL, "en", layout, False, ROOM))
        for seed in range(seeds)
    ]


def test_a_newspaper_has_a_headline_and_a_byline_first() -> None:
    front_pages = 0
    for blocks in blocks_of("newspaper"):
        kinds = [block.kind for block in blocks]
        if kinds[:2] == ["masthead", "dateline"]:
            front_pages += 1
            kinds = kinds[2:]
        assert [kind for kind in kinds if kind not in ("figure", "caption")][:3] == [
            "title",
            "byline",
            "paragraph",
        ]
        assert not {"display", "footnote", "masthead", "dateline"} & {*kinds}
    assert 5 < front_pages < 25


def test_a_textbook_ends_with_numbered_exercises() -> None:
    for blocks in blocks_of("textbook"):
        entries = [block for block in blocks if block.kind == "entry"]
        numbers = [int(block.markdown.partition(".")[0]) for block in entries]
        assert all(after == before + 1 for before, after in pairwise(numbers))
        body = [block for block in blocks if block.kind != "footnote"]
        assert body[-len(entries) :] == entries
        assert body[-len(entries) - 1].kind == "section"


def test_a_slide_has_a_heading_and_a_list() -> None:
    for blocks in blocks_of("slide"):
        assert blocks[0].kind == "section"
        assert "items" in [block.kind for block in blocks]


def test_all_that_documents_have_occurs() -> None:
    kinds = {block.kind for blocks in blocks_of("article", 60) for block in blocks}
    missing = {"figure", "caption", "code", "entry", "footnote", "table", "display", "items"} - kinds
    assert missing == set()


def test_footnotes_stand_last_in_the_order_of_their_marks() -> None:
    found = 0
    for blocks in blocks_of("article", 60):
        notes = [block.markdown for block in blocks if block.kind == "footnote"]
        assert [block.markdown for block in blocks[len(blocks) - len(notes) :]] == notes
        marks = [note[: note.index(r"\)") + 2] for note in notes]
        text = "\n".join(block.markdown for block in blocks[: len(blocks) - len(notes)])
        assert sorted(marks, key=text.index) == marks
        found += len(notes)
    assert found > 10


CHINESE = tuple(f"第{number}条船夜里经过港口。天已经很晚了。" for number in "一二三四五六七八九")
MIXED = replace(MATERIAL, lines={"en": LINES, "zh": CHINESE}, sentences={"en": (), "zh": ()})


def test_a_mixed_page_has_one_language_in_a_section() -> None:
    seen = set()
    for seed in range(30):
        author = Author(np.random.default_rng(seed), MIXED, "mixed", "article", False, ROOM)
        for _ in range(4):
            kinds = ("section", "paragraph", "items", "caption")
            languages = {language_of(block.printed) for block in author.section() if block.kind in kinds}
            assert len(languages) == 1
            seen |= languages
    assert seen == {"en", "zh"}


def test_english_terms_stand_in_brackets_at_the_end_of_a_chinese_clause() -> None:
    found = 0
    for seed in range(20):
        prose = Prose(np.random.default_rng(seed), MIXED, "mixed", 80, 0.0, cites=False, links=False)
        terms = re.findall("[A-Za-z ]+", text := prose.text("zh", Range(2, 4)).printed)
        assert all(f"（{term}）。" in text for term in terms)
        assert prose.has_terms or not terms
        found += len(terms)
    assert found > 5


def test_points_of_a_slide_are_short_sentences_that_follow_each_other() -> None:
    prose = Author(np.random.default_rng(0), MATERIAL, "en", "slide", False, ROOM).prose
    lines = [line.partition(".")[0] for line in LINES]
    points = [prose.point("en").printed for _ in range(5)]
    first = lines.index(points[0])
    assert points == (lines + lines)[first : first + 5]


def test_code_is_no_wider_than_its_column() -> None:
    texts = {
        block.markdown for blocks in blocks_of("article", 60) for block in blocks if block.kind == "code"
    }
    assert texts
    assert all("z" * 70 not in text for text in texts)


def test_a_section_goes_on_where_its_source_does() -> None:
    prose = Prose(np.random.default_rng(0), MATERIAL, "en", 80, 0.0, cites=False, links=False)
    first = LINES.index(prose.line("en"))
    assert [prose.line("en") for _ in range(3)] == [LINES[(first + n) % 40] for n in (1, 2, 3)]
    prose.turn_over()
    assert LINES.index(prose.line("en")) != first + 4


def test_a_word_that_is_wider_than_a_narrow_column_is_not_taken() -> None:
    material = replace(MATERIAL, lines={"en": (*LINES, "Write to keeper@lighthouse.example.org soon.")})
    for letters, taken in ((26, False), (80, True)):
        prose = Prose(np.random.default_rng(0), material, "en", letters, 0.0, cites=False, links=False)
        assert any("keeper@" in prose.line("en") for _ in range(100)) == taken


@pytest.mark.parametrize("columns", ["1", "2", "3"])
def test_the_columns_asked_for_leave_the_layouts_that_have_them(columns: str) -> None:
    rng = np.random.default_rng(0)
    found = {_choose_layout(rng, Options(columns=columns)) for _ in range(200)}
    assert {number for _, number in found} == {int(columns)}
    layouts = {"1": {"article", "textbook", "slide"}, "2": {"article", "textbook", "newspaper"}}
    assert {layout for layout, _ in found} == layouts.get(columns, {"article", "newspaper"})


@pytest.mark.parametrize(
    ("layout", "columns"), [("article", 3), ("newspaper", 3), ("slide", 1), ("textbook", 2)]
)
def test_columns_are_within_the_paper(layout: Layout, columns: Columns) -> None:
    for seed in range(20):
        style = choose_style(np.random.default_rng(seed), layout, columns, LATIN, MONO, None, "Head")
        assert style.columns == columns == len(style.fill)
        assert style.column_width > 100
        assert (style.paper in SLIDES) == (layout == "slide")
        assert layout != "slide" or not any(style.heads)
