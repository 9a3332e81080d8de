"""The tests of olmOCR-bench: whether a text is there, absent, or in order, and what stands beside a cell.

Source: `olmocr/bench/tests.py` and `table_parsing.py` of allenai/olmocr, Apache-2.0, whose rules are written
here anew. Where that code draws a formula with KaTeX, spellings are compared here: see `has_formula`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import groupby
from typing import Any

from rapidfuzz import fuzz

from got_train.characters import composed
from got_train.markup.tables import placed_tables
from got_train.markup.tabular import Cell, Table
from got_train.tex.errors import TexError
from got_train.tex.macros import expand, tokens_of
from got_train.tex.spelling import SYNONYMS, spell

Test = Mapping[str, Any]
"""A test as its file has it."""

KEPT = 4096
"""Texts and formulas whose plain form is remembered: many tests are of one page."""

_EQUAL = str.maketrans(
    {"‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "＿": "_", "µ": "μ"}
    | dict.fromkeys("–—‑‒−", "-")
)
"""Characters that the benchmark does not tell apart."""

_MARKS = [
    (re.compile(r"<br/?>"), " "),
    (re.compile(r"\*\*(.*?)\*\*"), r"\1"),
    (re.compile(r"__(.*?)__"), r"\1"),
    (re.compile(r"</?[bi]>"), ""),
    (re.compile(r"(\*\*|__)(.*?)\1"), r"\2"),
    (re.compile(r"(\*|_)(.*?)\1"), r"\2"),
    (re.compile(r"\s+"), " "),
]
"""Markdown's marks of typeface and white space, which count for nothing."""

MAX_REPEATS = 30
"""Most repeats of up to five characters at the end of a page."""
LONGEST_REPEATED = 5

_FOREIGN = re.compile(
    "[\u4e00-\u9fff\u3040-\u309f\u30a0-\u30ff\U0001f600-\U0001f64f\U0001f300-\U0001f5ff"
    "\U0001f680-\U0001f6ff\U0001f1e0-\U0001f1ff]"
)
"""Chinese, Japanese and pictograms, which no page of the benchmark has."""

_FORMULAS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (r"\\\((.+?)\\\)", r"\\\[(.+?)\\\]", r"\$\$(.+?)\$\$", r"\$(.+?)\$")
]
_SPACING = re.compile(
    r"\\[,;:!> ]|\\q?quad(?![A-Za-z])|\\(?:left|right|displaystyle|limits|nolimits)(?![A-Za-z])|~"
)
_TYPEFACE = re.compile(
    r"\\(?:operatorname\*?|text(?:rm|bf|it|sf|tt|normal)?|math(?:rm|bf|bb|cal|frak|sf|it|tt|scr|normal)"
    r"|boldsymbol|bm|pmb)\s*\{([^{}]*)\}"
)
"""Commands of typeface, which KaTeX's comparison does not see either."""
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_NEAR_MARKER = 200
"""Characters before and after a footnote's mark that are looked at."""


@lru_cache(maxsize=KEPT)
def normalized(text: str) -> str:
    """A text as the benchmark compares it.

    >>> normalized("**A**  “b”—c")
    'A "b"-c'
    """
    for pattern, kept in _MARKS:
        text = pattern.sub(kept, text)
    return composed(text).translate(_EQUAL)


def passes(test: Test, page: str) -> bool:
    """Whether a page passes a test.

    Args:
        test: a row of the benchmark, of one of the types of `TESTS`.
        page: the markdown of its page.
    """
    return TESTS[test["type"]](test, page)


def _is_present(test: Test, page: str) -> bool:
    wanted, content = normalized(test["text"]), normalized(page)
    if not test.get("case_sensitive", True):
        wanted, content = wanted.lower(), content.lower()
    first, last = test.get("first_n"), test.get("last_n")
    if first or last:
        content = (content[:first] if first else "") + (content[-last:] if last else "")
    return _is_near(fuzz.partial_ratio(wanted, content), test, wanted)


def _is_near(ratio: float, test: Test, wanted: str) -> bool:
    """Whether rapidfuzz's ratio allows no more than the test's number of differences."""
    return ratio / 100 >= 1 - _differences(test) / max(len(wanted), 1)


def _differences(test: Test) -> int:
    """How many characters may differ."""
    return int(test.get("max_diffs") or 0)


def _is_absent(test: Test, page: str) -> bool:
    return not _is_present(test, page)


def _is_in_order(test: Test, page: str) -> bool:
    from fuzzysearch import find_near_matches

    content = normalized(page)
    most = _differences(test)
    before, after = (
        [match.start for match in find_near_matches(normalized(test[key]), content, max_l_dist=most)]
        for key in ("before", "after")
    )
    return bool(before and after) and min(before) < max(after)


def _is_healthy(test: Test, page: str) -> bool:
    """Whether a page has a text, does not end in a loop, and has no characters that it cannot have.

    A test with `max_length` is of a blank page, which may have no more letters and digits than that.
    """
    skips_images = test.get("max_length") is not None and test.get("max_length_skips_image_alt_tags", False)
    counted = re.sub(r"!\[.*?\]\(.*?\)", "", page) if skips_images else page
    size = sum(map(str.isalnum, counted))
    if test.get("max_length") is not None:
        return bool(size <= test["max_length"])
    most = test.get("max_repeats") or MAX_REPEATS
    if size == 0 or any(_repeats(page, length) > most for length in range(1, LONGEST_REPEATED + 1)):
        return False
    return not (test.get("check_disallowed_characters", True) and _FOREIGN.search(page))


def _repeats(page: str, length: int) -> int:
    """How often the last `length` characters stand at the end one after the other."""
    text = re.sub(r"\s+", " ", page)
    end, count = len(text), 0
    while end >= length and text[end - length : end] == text[-length:]:
        count, end = count + 1, end - length
    return count


# Tables


def _has_cell(test: Test, page: str) -> bool:
    """Whether a table has a cell with the test's text and the neighbours that the test names."""
    tables = [] if test.get("ignore_markdown_tables") else _markdown_tables(page)
    tables += [table for table, start, _ in placed_tables(page) if page.startswith("<", start)]
    wanted = {side: normalized(test[side]) for side in _SIDES if test.get(side)}
    cell = normalized(test["cell"])
    return any(
        _is_alike(found, cell, test)
        and all(
            any(_is_alike(other, text, test) for other in _SIDES[side](grid, found))
            for side, text in wanted.items()
        )
        for grid in (_Grid(table) for table in tables if any(table.rows))
        for found in grid.cells
    )


def _is_alike(cell: Cell, wanted: str, test: Test) -> bool:
    ratio = fuzz.ratio(wanted, normalized(cell.text)) / 100
    return bool(ratio >= max(0.5, 1 - _differences(test) / max(len(wanted), 1)))


class _Grid:
    """A table as a grid in which a cell stands at each place that it covers."""

    def __init__(self, table: Table) -> None:
        self.cells = [cell for row in table.rows for cell in row]
        self.top = {id(cell): number for number, row in enumerate(table.rows) for cell in row}
        self.places: dict[tuple[int, int], Cell] = {}
        for cell in self.cells:
            for row in range(self.top[id(cell)], self.top[id(cell)] + cell.rows):
                for column in range(cell.column, cell.column + cell.columns):
                    self.places[row, column] = cell
        self.height = 1 + max(row for row, _ in self.places)
        self.width = 1 + max(column for _, column in self.places)

    def beside(self, cell: Cell, down: int, right: int) -> list[Cell]:
        """The nearest cells in one direction, one for each row or column of the cell."""
        top, left = self.top[id(cell)], cell.column
        starts = (
            [
                (top if down < 0 else top + cell.rows - 1, column)
                for column in range(left, left + cell.columns)
            ]
            if down
            else [
                (row, left if right < 0 else left + cell.columns - 1) for row in range(top, top + cell.rows)
            ]
        )
        found = {}
        for row, column in starts:
            row, column = row + down, column + right
            while 0 <= row < self.height and 0 <= column < self.width:
                if (other := self.places.get((row, column))) is not None and other is not cell:
                    found[id(other)] = other
                    break
                row, column = row + down, column + right
        return list(found.values())

    def headings(self, cell: Cell, down: int, right: int) -> list[Cell]:
        """The headings on the way to the edge; without any, the cells at the edge."""
        seen, waiting = {id(cell)}, [cell]
        headings, ends = [], []
        while waiting:
            current = waiting.pop()
            others = self.beside(current, down, right)
            if current is not cell:
                headings += [current] if current.is_heading else []
                ends += [] if others else [current]
            for other in others:
                if id(other) not in seen:
                    seen.add(id(other))
                    waiting.append(other)
        return headings or ends


_SIDES: dict[str, Callable[[_Grid, Cell], Iterable[Cell]]] = {
    "up": lambda grid, cell: grid.beside(cell, -1, 0),
    "down": lambda grid, cell: grid.beside(cell, 1, 0),
    "left": lambda grid, cell: grid.beside(cell, 0, -1),
    "right": lambda grid, cell: grid.beside(cell, 0, 1),
    "top_heading": lambda grid, cell: grid.headings(cell, -1, 0),
    "left_heading": lambda grid, cell: grid.headings(cell, 0, -1),
}


def _markdown_tables(page: str) -> list[Table]:
    """Two or more lines with bars are a table; its first row and first column are headings."""
    tables = []
    for has_bars, block in groupby(page.strip().split("\n"), lambda line: "|" in line):
        lines = list(block)
        if not has_bars or len(lines) < 2:
            continue
        rows = [_markdown_cells(line) for line in lines if set(line.strip()) - set("- :|")]
        cells = [
            tuple(
                Cell(text, column, is_heading=number == 0 or column == 0) for column, text in enumerate(row)
            )
            for number, row in enumerate(row for row in rows if row)
        ]
        tables.append(Table(tuple(cells)))
    return tables


def _markdown_cells(line: str) -> list[str]:
    cells = [cell.strip() for cell in line.split("|")]
    cells = cells[1:] if cells and not cells[0] else cells
    return cells[:-1] if cells and not cells[-1] else cells


# Formulas and footnotes


def has_formula(test: Test, page: str) -> bool:
    r"""Whether a formula of the page holds the test's formula, both in one spelling.

    KaTeX would also find formulas that are spelt in other ways and look the same.

    >>> has_formula({"math": r"x^2 \le 1"}, r"\[ y = x^{2} \leq 1 + z \]")
    True
    """
    kept = _FORMULAS[:2] if test.get("ignore_dollar_delimited") else _FORMULAS
    found = []
    for pattern in kept:
        found += [formula.strip() for formula in pattern.findall(page)]
        page = pattern.sub("", page)
    if test["math"] in found:
        return True
    wanted = _spelt(test["math"])
    return bool(wanted) and any(_holds(_spelt(formula), wanted) for formula in found)


@lru_cache(maxsize=KEPT)
def _spelt(formula: str) -> tuple[str, ...]:
    """The tokens of a formula in the one spelling, without those that set spaces, sizes and typefaces."""
    try:
        formula = spell(expand(_SPACING.sub(" ", formula), SYNONYMS))
    except TexError:
        pass  # its braces do not match: it is compared as it stands
    before = None
    while before != formula:
        before, formula = formula, _TYPEFACE.sub(r"\1", formula)
    return tuple(token for token in tokens_of(formula) if not token.isspace())


def _holds(tokens: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    return any(tokens[at : at + size] == wanted for at in range(len(tokens) - size + 1))


def _has_format(test: Test, page: str) -> bool:
    """Whether a text stands in a heading, in bold or in italics."""
    wanted = normalized(test["text"])
    texts = [normalized(text) for pattern in TYPEFACES[test["format"]] for text in pattern.findall(page)]
    if not test.get("case_sensitive", True):
        wanted, texts = wanted.lower(), [text.lower() for text in texts]
    return any(_is_near(fuzz.partial_ratio(wanted, text), test, wanted) for text in texts)


TYPEFACES = {
    name: [re.compile(pattern, re.IGNORECASE | re.DOTALL | re.MULTILINE) for pattern in patterns]
    for name, patterns in {
        "heading": (r"^#{1,6}\s+([^\n]+?)$", r"<h[1-6][^>]*>(.*?)</h[1-6]>"),
        "bold": (r"\*\*(.*?)\*\*", r"__(.*?)__", r"<b[^>]*>(.*?)</b>", r"<strong[^>]*>(.*?)</strong>"),
        "italic": (
            r"(?<!\*)\*(?!\*)(.*?)(?<!\*)\*(?!\*)",
            r"(?<!_)_(?!_)(.*?)(?<!_)_(?!_)",
            r"<i[^>]*>(.*?)</i>",
            r"<em[^>]*>(.*?)</em>",
        ),
    }.items()
}
"""What finds the texts of a format."""


def _has_footnote(test: Test, page: str) -> bool:
    """Whether a footnote's mark is there as a superscript or `[^1]`, and near it the texts of the test."""
    marker = re.escape(test["marker"])
    patterns = [rf"\[\^{marker}\](?!:)", rf"(?i:<sup[^>]*>{marker}</sup>)"]
    if test["marker"].isascii() and test["marker"].isdigit():
        patterns.append(re.escape(test["marker"].translate(_SUPERSCRIPTS)))
    spans = [match.span() for pattern in patterns for match in re.finditer(pattern, page)]
    sides = {
        "appears_before_marker": [page[max(0, start - _NEAR_MARKER) : start] for start, _ in spans],
        "appears_after_marker": [page[end : end + _NEAR_MARKER] for _, end in spans],
    }
    return bool(spans) and all(
        _stands_near(test, side, texts) for side, texts in sides.items() if test.get(side)
    )


def _stands_near(test: Test, side: str, texts: list[str]) -> bool:
    wanted = _letters(test[side])
    for text in texts:
        letters = _letters(text)
        letters = (
            letters[-2 * len(wanted) :] if side == "appears_before_marker" else letters[: 2 * len(wanted)]
        )
        if letters and _is_near(fuzz.partial_ratio(wanted, letters), test, normalized(test[side])):
            return True
    return False


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, normalized(text))).lower()


TESTS: dict[str, Callable[[Test, str], bool]] = {
    "present": _is_present,
    "absent": _is_absent,
    "order": _is_in_order,
    "table": _has_cell,
    "math": has_formula,
    "baseline": _is_healthy,
    "format": _has_format,
    "footnote": _has_footnote,
}
"""By the `type` of a test."""

TEXT_KEYS: dict[str, tuple[str, ...]] = {
    "present": ("text",),
    "absent": ("text",),
    "order": ("before", "after"),
    "table": ("cell",),
    "math": ("math",),
    "format": ("text", "format"),
    "footnote": ("marker",),
}
"""The texts that a test of each type must have."""

OPTIONAL_KEYS = (*_SIDES, "appears_before_marker", "appears_after_marker")
"""Texts that a test may have."""
NUMBER_KEYS = ("max_diffs", "first_n", "last_n", "max_length", "max_repeats")
"""Whole numbers that a test may have."""
