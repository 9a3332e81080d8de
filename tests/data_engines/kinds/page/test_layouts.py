"""The layouts of pages: which blocks they have, and how they look."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from data_engines.kinds.page.author import Room
from data_engines.kinds.page.document import Block
from data_engines.kinds.page.engine import Options, _choose_layout
from data_engines.kinds.page.layouts import choose_blocks
from data_engines.kinds.page.looks import SLIDES, choose_style
from data_engines.kinds.page.prose import Material, Prose
from data_engines.kinds.page.typography import LATIN, MONO, Columns, Layout

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
        choose_blocks(np.random.default_rng(seed), MATERIAL, "en", layout, False, ROOM)
        for seed in range(seeds)
    ]


def test_a_newspaper_has_a_headline_and_a_byline_first() -> None:
    for blocks in blocks_of("newspaper"):
        kinds = [block.kind for block in blocks]
        assert [kind for kind in kinds if kind not in ("figure", "caption")][:3] == [
            "title",
            "byline",
            "paragraph",
        ]
        assert "display" not in kinds and "footnote" not in kinds


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


def test_a_footnote_belongs_to_the_paragraph_with_its_mark() -> None:
    found = 0
    for blocks in blocks_of("article", 60):
        for note in [block for block in blocks if block.kind == "footnote"]:
            mark = note.markdown[: note.markdown.index(r"\)") + 2]
            assert mark in blocks[note.of - 1].markdown
            found += 1
    assert found > 10


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
