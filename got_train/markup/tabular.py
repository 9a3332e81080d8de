r"""LaTeX tables as cells with spans.

A model may stop anywhere, so nothing here is an error: a table that is not closed ends with the text, and
what TeX would refuse is read in the most likely way.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from got_train.markup.nesting import read_argument

MAX_SPAN = 200
"""Rows or columns; more are a slip of the model that would make the table endless."""
MAX_FILLED_CELLS = 100_000
"""Short rows are filled up with empty cells only in tables of at most this many cells."""

TABULAR = re.compile(r"\\begin\s*\{(?P<name>tabular[*x]?|tabulary|longtable|array)\}")
"""Where a table begins."""
LENGTH_OPTION = (
    r"[ \t]*\[[ \t]*[-+]?(?:(?=[.,]?\d)\d*(?:[.,]\d*)?[ \t]*(?:pt|pc|in|bp|cm|mm|dd|cc|sp|ex|em|mu)"
    r"|[\d.,]*\\[a-z]*(?:skip|skipamount|sep|width|height))[ \t]*\]"
)
"""The length that may follow a line break or a rule; any other text in brackets belongs to the cell."""
_WITH_WIDTH = {"tabular*", "tabularx", "tabulary"}
_PIECE = re.compile(
    r"(?P<begin>\\begin\s*\{[^{}]*\})|(?P<end>\\end\s*\{[^{}]*\})"
    rf"|(?P<row>(?:\\\\\*?|\\tabularnewline(?![A-Za-z]))(?:{LENGTH_OPTION})?)"
    rf"|(?P<line>\\(?:hline(?![A-Za-z])|hhline\s*\{{[^{{}}]*\}}"
    rf"|(?:top|mid|bottom)rule(?![A-Za-z])(?:{LENGTH_OPTION})?))"
    r"|\\(?:cmidrule|cline)(?![A-Za-z])\s*(?:\([^)\n]*\)|\[[^\]\n]*\])*\s*\{\s*(?P<span>\d{1,6}\s*-\s*\d{1,6})\s*\}"
    r"|(?P<escaped>\\.)|(?P<open>\{)|(?P<close>\})|(?P<column>&)|[^\\{}&]+|\\",
    re.DOTALL,
)
_SPANNING = re.compile(r"\s*\\multi(?P<kind>column|row)(?![A-Za-z])")
_OPTION = re.compile(r"\s*\[[^\]\n]*\]")


@dataclass(frozen=True)
class Cell:
    """A cell as far as it reaches."""

    text: str
    """Its content: LaTeX as it is written, or the plain text that `markup.tables` makes of any notation."""
    column: int
    """Its first column, counted from 0."""
    rows: int = 1
    columns: int = 1
    """How many rows and columns it spans."""
    alignment: str = ""
    """l, c or r; empty where the notation does not say."""
    is_heading: bool = False
    """Whether HTML or OTSL calls it a heading; the other notations do not say."""


@dataclass(frozen=True)
class Table:
    """A table of any notation."""

    rows: tuple[tuple[Cell, ...], ...]
    """The cells that start in each row; a place that a span covers has no cell of its own, as in HTML."""
    lines: tuple[frozenset[int], ...] = ()
    """The columns, counted from 0, that have a line over each row, and under the last one. Empty where the
    notation has no lines."""
    edges: frozenset[int] = frozenset()
    """The upright lines: 0 is left of the first column, 1 left of the second."""


def parse_tabular(latex: str) -> Table:
    r"""The table that begins in `latex`.

    Args:
        latex: from `\begin{tabular}` on, or its columns and body alone.

    >>> table = parse_tabular(r"\begin{tabular}{lr}\hline a & \multirow{2}{*}{b} \\ c & \\\end{tabular}")
    >>> [[(cell.text, cell.rows) for cell in row] for row in table.rows]
    [[('a', 1), ('b', 2)], [('c', 1)]]
    """
    begin = TABULAR.match(latex)
    position = _skip_option(latex, begin.end() if begin else 0)
    if begin and begin["name"] in _WITH_WIDTH:
        _, position = read_argument(latex, position)
    columns, position = read_argument(latex, position)
    alignments, edges = _read_columns(columns)
    written, lines = _read_rows(latex[position:])
    rows = [[_read_cell(text) for text in row] for row in written]
    width = min(MAX_SPAN, max([len(alignments), *(sum(cell.columns for cell in row) for row in rows)]))
    alignments += "c" * (width - len(alignments))
    filled = width * len(rows) <= MAX_FILLED_CELLS
    placed = [_place(row, alignments, filled) for row in rows]
    under = tuple(frozenset(columns.intersection(range(width))) for columns in lines)
    return Table(tuple(_join(placed)), under, frozenset(edges))


def _skip_option(text: str, position: int) -> int:
    option = _OPTION.match(text, position)
    return option.end() if option else position


def _read_columns(specification: str) -> tuple[str, set[int]]:
    """The alignment of each column, and where there are upright lines."""
    alignments = ""
    edges = set()
    position = 0
    while position < len(specification) and len(alignments) < MAX_SPAN:
        letter = specification[position]
        position += 1
        if letter == "|":
            edges.add(len(alignments))
        elif letter == "*":
            number, position = read_argument(specification, position)
            repeated, position = read_argument(specification, position)
            times = min(int(number), MAX_SPAN) if re.fullmatch(r"\s*[0-9]{1,6}\s*", number) else 1
            inner, inner_edges = _read_columns(repeated) if "*" not in repeated else ("", set())
            for _ in range(times):
                edges |= {len(alignments) + edge for edge in inner_edges}
                alignments += inner
        elif letter in "@!><":
            _, position = read_argument(specification, position)
        elif letter in "pmbwW":
            while specification.startswith(("{", "["), position):
                _, position = read_argument(specification, position)
            alignments += "l"
        elif letter.isalpha():
            alignments += {"S": "r"}.get(letter, letter if letter in "lcr" else "l")
    return alignments[:MAX_SPAN], edges


def _read_rows(body: str) -> tuple[list[list[str]], list[set[int]]]:
    """The LaTeX of each cell; the columns that have a line over each row, and under the last one."""
    rows: list[list[str]] = []
    lines: list[set[int]] = [set()]
    cells = [""]
    braces = environments = 0
    for match in _PIECE.finditer(body):
        kind = match.lastgroup
        outside = braces <= 0 and environments == 0
        if kind == "end" and environments == 0:
            break  # of this very table
        environments += (kind == "begin") - (kind == "end")
        braces += (kind == "open") - (kind == "close")
        if outside and kind == "column":
            cells.append("")
        elif outside and kind == "row":
            rows.append(cells)
            lines.append(set())
            cells = [""]
        elif outside and kind == "line":
            lines[-1].update(range(MAX_SPAN))
        elif outside and kind == "span":
            first, last = (int(number) for number in match["span"].split("-"))
            lines[-1].update(range(max(first, 1) - 1, min(last, MAX_SPAN)))
        else:
            cells[-1] += match[0]
    if any(cell.strip() for cell in cells) or len(cells) > 1:
        rows.append(cells)
        lines.append(set())
    return rows, lines


def _read_cell(text: str) -> Cell:
    """A cell as its source says it, in no column yet; `rows` may be below zero, for a span upwards."""
    cell = Cell(text.strip(), 0)
    for _ in range(2):  # one of each kind, whichever is outside
        match = _SPANNING.match(cell.text)
        if not match:
            break
        number, position = read_argument(cell.text, _skip_option(cell.text, match.end()))
        second, position = read_argument(cell.text, position)
        content, position = read_argument(cell.text, _skip_option(cell.text, position))
        span = int(number) if re.fullmatch(r"\s*-?[0-9]{1,6}\s*", number) else 1
        content = f"{content} {cell.text[position:]}".strip()
        if match["kind"] == "row":
            rows = max(-MAX_SPAN, min(span, MAX_SPAN)) or 1
            cell = replace(cell, text=content, rows=rows)
        else:
            alignment, _ = _read_columns(second)
            span = max(1, min(span, MAX_SPAN))
            cell = replace(cell, text=content, columns=span, alignment=alignment[:1])
    return cell


def _place(row: list[Cell], alignments: str, filled: bool) -> dict[int, Cell]:
    """A row's cells by their first column, with empty ones to its end if it shall be `filled`."""
    placed = {}
    column = 0
    for cell in [*row, *[Cell("", 0)] * len(alignments)] if filled else row:
        if column >= len(alignments):
            break
        columns = min(cell.columns, len(alignments) - column)
        alignment = cell.alignment or alignments[column]
        placed[column] = replace(cell, column=column, columns=columns, alignment=alignment)
        column += columns
    return placed


def _join(rows: list[dict[int, Cell]]) -> Iterator[tuple[Cell, ...]]:
    """The rows without the empty cells that a span from above or below covers."""
    for number, row in enumerate(rows):
        for column, cell in row.items():
            if cell.rows < 0:
                _turn(rows, number, column)
    for number, row in enumerate(rows):
        cells = []
        for column, cell in sorted(row.items()):
            height = 1
            while height < cell.rows and number + height < len(rows):
                below = rows[number + height]
                covered = _covered(below, column, cell.columns)
                if covered is None:
                    break
                for place in covered:
                    del below[place]
                height += 1
            cells.append(replace(cell, rows=height))
        yield tuple(cells)


def _turn(rows: list[dict[int, Cell]], number: int, column: int) -> None:
    """Makes a span upwards, over empty cells as wide as it is, one downwards."""
    cell = rows[number][column]
    top = number
    while top > max(0, number + cell.rows + 1):
        above = rows[top - 1].get(column)
        if above is None or above.text or above.columns != cell.columns:
            break
        top -= 1
    rows[number][column] = replace(cell, text="", rows=1)
    rows[top][column] = replace(cell, rows=number - top + 1)


def _covered(row: dict[int, Cell], first: int, columns: int) -> list[int] | None:
    """The empty cells that fill these columns of a row exactly; None where there is text or another span."""
    places = []
    column = first
    while column < first + columns:
        cell = row.get(column)
        if cell is None or cell.text:
            return None
        places.append(column)
        column += cell.columns
    return places if column == first + columns else None
