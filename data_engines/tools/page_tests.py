"""Tests of a page in the form of olmOCR-bench, which are true by construction.

What a test says is taken from the page's answer, or from what is printed and not answered. It is kept only if
the answer itself passes it, and if every answer fails it that was damaged where the test looks: without the
sentence, with two paragraphs exchanged, with another character in a cell, beside it or in a formula, with the
running head in front or behind. So there is no test of a text that also stands elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np

from data_engines.engine import Drawing
from data_engines.tools.tables.grid import text_width
from got_train.markup.html_tables import with_html_tables
from got_train.markup.tables import placed_tables
from got_train.markup.tabular import Cell, Table
from got_train.markup.written_tables import html_of
from got_train.page_tests.runner import passes
from got_train.tex.macros import tokens_of

Thing = TypeVar("Thing")

TESTS_OF_TYPE = 3
"""Most tests of a type that a page gets."""
MIN_WIDTH, MAX_WIDTH = 24, 80
"""Length of a text that is looked for, in Latin letters; a Chinese character counts twice."""
ORDER_DIFFS = 2
"""Characters of a text that may be misread where the order is tested."""
SHORT_CHARACTERS = 8
"""Length of a text, such as a page number, that may stand in the page by chance; a Chinese character counts
twice."""
EDGE_CHARACTERS = 100
"""Beginning and end of an answer, where alone a short text is looked for."""
MIN_FORMULA_TOKENS = 5
"""Length of a formula without its braces; a shorter one may stand in many others."""

_PLAIN = re.compile(r"[^\\*_$`|<>{}\[\]#~^&\n]+")
"""Characters that no notation marks up."""
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|(?<=[。！？；])")
_MARKS = " ,.;:!?)，。、；：！？）"
_WORD_END, _WORD_START = re.compile(r"[!-~\u00a1-\u024f]+$"), re.compile(r"[!-~\u00a1-\u024f]")
"""Of Latin letters and digits, with what stands between them."""
_FORMULA = re.compile(r"\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_LIKE_A_TAG = re.compile(r"<[A-Za-z/!?]")
"""In a formula such as `a<b`: behind it the benchmark's own code finds no tables."""
_TAG = re.compile(r"\\tag ?\{[^{}]*\}")
_SIGN = re.compile(r"(?<![\\A-Za-z])[A-Za-z0-9](?![A-Za-z])")
"""A letter or digit of a formula that stands alone."""


class Trial(NamedTuple):
    """A test to be tried on the page."""

    test: dict[str, Any]
    damaged: list[str]
    """Answers that must fail it."""


class Stretch(NamedTuple):
    """A sentence of an answer, or as much of it as is looked for."""

    text: str
    start: int
    """Where it begins in the answer."""
    line: int
    """Of the answer."""
    rows: tuple[float, float] | None
    """Top and bottom of its region in pixels, if the drawing tells."""


def choose_tests(rng: np.random.Generator, drawing: Drawing, types: Sequence[str]) -> list[dict[str, Any]]:
    """Tests of the only answer of a drawing.

    Args:
        rng: the chance by which texts, cells and formulas are chosen.
        drawing: what was drawn, before it is made to look worse.
        types: the types of tests, of `TRIALS`.

    Returns:
        The tests in the benchmark's own keys, without those that name the page: `pdf`, `page` and `id`.
    """
    [answer] = drawing.answers
    page = with_html_tables(answer.text)
    chosen = []
    for name in types:
        tests = (
            test
            for trial in TRIALS[name](rng, page, drawing)
            if passes(test := {"type": name, "max_diffs": 0} | trial.test, page)
            and not any(passes(test, damaged) for damaged in trial.damaged)
        )
        chosen += list(islice(tests, TESTS_OF_TYPE))
    return chosen


def _present(rng: np.random.Generator, page: str, drawing: Drawing) -> Iterator[Trial]:
    for stretch in _shuffled(rng, find_stretches(page, drawing)):
        yield Trial(
            {"text": stretch.text},
            [page.replace(stretch.text, "", 1), page.replace(stretch.text, _altered(stretch.text), 1)],
        )


def _absent(rng: np.random.Generator, page: str, drawing: Drawing) -> Iterator[Trial]:
    for text in drawing.unanswered:
        is_short = text_width(text) < SHORT_CHARACTERS
        where = {"first_n": EDGE_CHARACTERS, "last_n": EDGE_CHARACTERS} if is_short else {}
        yield Trial({"text": text, **where}, [f"{text}\n\n{page}", f"{page}\n\n{text}"])


def _order(rng: np.random.Generator, page: str, drawing: Drawing) -> Iterator[Trial]:
    """Texts of different lines; first those where the reader has to go up again, as between columns."""
    stretches = find_stretches(page, drawing)
    pairs = [
        (before, after)
        for number, before in enumerate(stretches)
        for after in stretches[number + 1 :]
        if before.line < after.line
    ]
    for before, after in sorted(_shuffled(rng, pairs), key=lambda pair: not _goes_up(*pair)):
        between = page[before.start + len(before.text) : after.start]
        behind = page[after.start + len(after.text) :]
        exchanged = page[: before.start] + after.text + between + before.text + behind
        test = {"max_diffs": ORDER_DIFFS, "before": before.text, "after": after.text}
        yield Trial(test, [exchanged])


def _goes_up(before: Stretch, after: Stretch) -> bool:
    return before.rows is not None and after.rows is not None and after.rows[1] <= before.rows[0]


def _table(rng: np.random.Generator, page: str, drawing: Drawing) -> Iterator[Trial]:
    """Cells with one or two of their neighbours and headings, none of which spans rows or columns."""
    found = []
    outside = _masked(page, _tables(page))
    for table, start, end in placed_tables(page):
        if _LIKE_A_TAG.search(outside, 0, start):
            break
        places = {
            (row, cell.column): cell
            for row, cells in enumerate(table.rows)
            for cell in cells
            if cell.rows == cell.columns == 1 and _PLAIN.fullmatch(cell.text) and cell.text.strip()
        }
        found += [(table, start, end, places, place) for place in places]
    for table, start, end, places, (row, column) in _shuffled(rng, found):
        neighbours = {
            "up": (row - 1, column),
            "down": (row + 1, column),
            "left": (row, column - 1),
            "right": (row, column + 1),
        }
        # what stands beside the cell is a neighbour and no heading, and headings have none
        neighbours |= {"top_heading": (0, column)} if row > 1 else {}
        neighbours |= {"left_heading": (row, 0)} if column > 1 and row > 0 else {}
        sides = [side for side, place in neighbours.items() if place in places]
        sides = sides and [sides[i] for i in sorted(rng.permutation(len(sides))[: rng.integers(1, 3)])]
        cells = [places[row, column], *(places[neighbours[side]] for side in sides)]
        damaged = [page[:start] + html_of(_with_altered(table, cell)) + page[end:] for cell in cells]
        if sides:
            texts = {side: cell.text for side, cell in zip(sides, cells[1:], strict=True)}
            yield Trial({"cell": cells[0].text, **texts}, damaged)


def _with_altered(table: Table, cell: Cell) -> Table:
    rows = (
        tuple(replace(other, text=_altered(other.text)) if other is cell else other for other in row)
        for row in table.rows
    )
    return Table(tuple(rows))


def _math(rng: np.random.Generator, page: str, drawing: Drawing) -> Iterator[Trial]:
    for formula in _shuffled(rng, list(_FORMULA.finditer(_masked(page, _tables(page))))):
        code = _TAG.sub("", formula[1] or formula[2]).strip()
        if sum(bool(token.strip("{} \n")) for token in tokens_of(code)) < MIN_FORMULA_TOKENS:
            continue
        start, end = formula.span()
        damaged = [page[:start] + page[end:]]
        if signs := list(_SIGN.finditer(code)):
            sign = signs[int(rng.integers(len(signs)))]
            misread = code[: sign.start()] + _altered(sign[0]) + code[sign.end() :]
            damaged.append(page[:start] + page[start:end].replace(code, misread) + page[end:])
        yield Trial({"math": code}, damaged)


def find_stretches(page: str, drawing: Drawing) -> list[Stretch]:
    """The sentences without formulas and markup that a page has once, cut to the length of tests' texts."""
    hidden = _tables(page)
    hidden += [formula.span() for formula in _FORMULA.finditer(_masked(page, hidden))]
    found = []
    for run in _PLAIN.finditer(_masked(page, hidden)):
        for sentence in _SENTENCE_END.split(run[0]):
            text = _beginning(sentence)
            if text_width(text) >= MIN_WIDTH and page.count(text) == 1:
                start = page.index(text)
                found.append(Stretch(text, start, page.count("\n", 0, start), _rows_of(text, drawing)))
    return found


def _beginning(sentence: str) -> str:
    """As much of a sentence as is looked for, without a part of a word or a mark at its beginning."""
    sentence = sentence.lstrip(_MARKS)
    size = next((n for n in range(len(sentence)) if text_width(sentence[: n + 1]) > MAX_WIDTH), len(sentence))
    text, rest = sentence[:size], sentence[size:]
    return (_WORD_END.sub("", text) if _WORD_START.match(rest) else text).strip()


def _rows_of(text: str, drawing: Drawing) -> tuple[float, float] | None:
    return next((region.box[1::2] for region in drawing.regions if text in region.text), None)


def _tables(page: str) -> list[tuple[int, int]]:
    return [(start, end) for _, start, end in placed_tables(page)]


def _masked(page: str, spans: Sequence[tuple[int, int]]) -> str:
    """The page with bars, which no text of a test has, in place of some parts."""
    for start, end in spans:
        page = page[:start] + "|" * (end - start) + page[end:]
    return page


def _altered(text: str) -> str:
    """The text with another last character."""
    return text[:-1] + ("7" if text[-1] != "7" else "1")


def _shuffled(rng: np.random.Generator, things: Sequence[Thing]) -> list[Thing]:
    return [things[i] for i in rng.permutation(len(things))]


TRIALS: dict[str, Callable[[np.random.Generator, str, Drawing], Iterator[Trial]]] = {
    "present": _present,
    "absent": _absent,
    "order": _order,
    "table": _table,
    "math": _math,
}
"""What may be tested of a page, by the type of the test, in random order."""
