"""Grids of tables, random or filled with records, with headers, groups of rows and rules."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from data_engines.tools.corpora import HAN_WORD
from data_engines.tools.tables.columns import Column, Pen, choose_column, name_column
from data_engines.tools.tables.grid import Cell, Face, Grid, Rules, Span, joined, text_cell, whole_line

ROWS_FOR_GROUPS = 5
"""Number of rows from which a table may have groups of rows."""
COLUMNS_FOR_SPANS = 4
"""Number of columns from which headers may span columns."""

RuledRows = Literal["all", "groups", "head", "none"]
"""The rows that rules part: all, the header and groups, the header alone, or none."""


@dataclass(frozen=True)
class Block:
    """The rows of a header, or those under it, and the rules above some rows, by the number of the row."""

    rows: list[list[Cell]]
    breaks: dict[int, tuple[Span, ...]]


@dataclass(frozen=True)
class Layout:
    """Where a table has rules, and how its columns are aligned."""

    rules: Rules
    rows: RuledRows
    upright: bool
    numbers_right: bool = False
    """Whether texts stand on the left and numbers on the right, as in spreadsheets."""

    @property
    def shows_merged(self) -> bool:
        """Whether rules tell the rows that a cell spans."""
        return self.rows in ("all", "groups")


def choose_layout(pen: Pen, rules: Rules) -> Layout:
    """Rules between all rows, or only where they are needed."""
    every_row = rules == "ruled" and pen.chance(0.6)
    upright = rules == "ruled" and pen.chance(0.8 if every_row else 0.3)
    return Layout(rules, "all" if every_row else "groups", upright)


def choose_grid(pen: Pen, num_rows: int, num_columns: int, layout: Layout | Rules) -> Grid:
    """A random table, with `num_rows` rows below its header, or one or two more.

    Args:
        pen: what chooses its contents.
        num_rows: rows below the header.
        num_columns: columns.
        layout: where it has rules; of a mere kind of rules, the layout is chosen by chance.
    """
    columns = [name_column(pen) if pen.chance(0.8) else choose_column(pen)]
    columns += [choose_column(pen) for _ in range(num_columns - 1)]
    shows_merged = isinstance(layout, str) or layout.shows_merged
    head = _choose_head(pen, columns, shows_merged)
    body = _choose_body(pen, columns, num_rows, shows_merged)
    alignments = _choose_alignments(pen, [column.numeric for column in columns], layout)
    return _rule(pen, layout, alignments, head, body)


def fill_grid(
    pen: Pen, header: Sequence[str], records: Sequence[Sequence[str]], layout: Layout | Rules
) -> Grid:
    """A table that is filled with records."""
    face: Face = "textbf" if pen.chance(0.3) else ""
    head = Block([[text_cell(name, face) for name in header]], {})
    rows = [[text_cell(value) for value in record] for record in records]
    numeric = [all(_is_number(row[i]) for row in records) for i in range(len(header))]
    return _rule(pen, layout, _choose_alignments(pen, numeric, layout), head, Block(rows, {}))


def _is_number(text: str) -> bool:
    return not text.strip("0123456789.,+-%eE$ NA")


def _choose_alignments(pen: Pen, numeric: Sequence[bool], layout: Layout | Rules) -> str:
    if isinstance(layout, Layout) and layout.numbers_right:
        return "".join("r" if each else "l" for each in numeric)
    if pen.chance(0.3):
        return "c" * len(numeric)
    text, number = pen.choose(("l", "l", "c")), pen.choose(("r", "r", "c"))
    first = "l" if pen.chance(0.8) else text
    return first + "".join(number if each else text for each in numeric[1:])


def _choose_head(pen: Pen, columns: Sequence[Column], shows_merged: bool) -> Block:
    """One row of headers, or two whose upper one spans columns; and the rules between them."""
    face: Face = "textbf" if pen.chance(0.3) else ""
    lower = [text_cell(column.header, face) for column in columns]
    if pen.chance(0.1):
        lower[0] = Cell()
    if not shows_merged or len(columns) < COLUMNS_FOR_SPANS or pen.chance(0.65):
        return Block([lower], {})
    upper: list[Cell] = []
    spans: list[Span] = []
    column = 0
    while column < len(columns):
        number = 1 if column == 0 else min(pen.choose((1, 2, 2, 3)), len(columns) - column)
        if number == 1:
            upper.append(replace(lower[column], rows=2) if lower[column].latex else Cell())
            lower[column] = Cell()
        else:
            title = text_cell(pen.name(2), face)
            upper.append(replace(title, columns=number))
            spans.append((column, column + number - 1))
        column += number
    if not spans:
        return Block([[replace(cell, rows=1) for cell in upper]], {})
    return Block([upper, lower], {1: tuple(spans)})


def _choose_body(pen: Pen, columns: Sequence[Column], num_rows: int, shows_merged: bool) -> Block:
    rows = [[_choose_cell(pen, column, i) for i, column in enumerate(columns)] for _ in range(num_rows)]
    grouping = pen.choose(("none", "none", "first", "first", "titles"))
    if num_rows < ROWS_FOR_GROUPS or grouping == "none" or not shows_merged:
        return (
            _with_total(pen, columns[0].header, rows)
            if num_rows > 2 and pen.chance(0.15)
            else Block(rows, {})
        )
    return _group_by_first_column(pen, rows) if grouping == "first" else _group_under_titles(pen, rows)


def _with_total(pen: Pen, header: str, rows: list[list[Cell]]) -> Block:
    names = ("合计", "总计", "平均") if HAN_WORD.search(header) else ("Total", "Average", "Mean", "Sum")
    rows[-1][0] = text_cell(pen.choose(names), "textbf" if pen.chance(0.3) else "")
    return Block(rows, {len(rows) - 1: whole_line(len(rows[0]))})


def _group_by_first_column(pen: Pen, rows: list[list[Cell]]) -> Block:
    """Groups of rows; the first cells of a group are merged."""
    starts = _choose_starts(pen, len(rows))
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        rows[start][0] = replace(rows[start][0], rows=end - start)
        for row in rows[start + 1 : end]:
            row[0] = Cell()
    return Block(rows, dict.fromkeys(starts[1:], whole_line(len(rows[0]))))


def _group_under_titles(pen: Pen, rows: list[list[Cell]]) -> Block:
    """Groups of rows, each under a title that spans the table."""
    starts, width = _choose_starts(pen, len(rows)), len(rows[0])
    side = pen.choose(("l", "l", "c"))
    faces: tuple[Face, ...] = ("textit", "textbf")
    face = pen.choose(faces)
    titled: list[list[Cell]] = []
    breaks: dict[int, tuple[Span, ...]] = {}
    for number, row in enumerate(rows):
        if number in starts:
            if number:
                breaks[len(titled)] = whole_line(width)
            title = text_cell(pen.name(3), face)
            titled.append([replace(title, columns=width, alignment=side)])
        titled.append(row)
    return Block(titled, breaks)


def _choose_cell(pen: Pen, column: Column, number: int) -> Cell:
    if number and pen.chance(pen.empty_share):
        return pen.empty
    cell = column.choose()
    if column.numeric and "$" not in cell.latex and pen.chance(0.04):
        return text_cell(cell.shows, "textbf")
    return cell


def _choose_starts(pen: Pen, num_rows: int) -> list[int]:
    """The first rows of groups of two to four rows."""
    starts = [0]
    while num_rows - starts[-1] > 4:
        starts.append(starts[-1] + pen.integer(2, min(4, num_rows - starts[-1] - 2)))
    return starts


def _rule(pen: Pen, layout: Layout | Rules, alignments: str, head: Block, body: Block) -> Grid:
    """The grid of a header and a body, with rules where the layout has them."""
    if isinstance(layout, str):
        layout = choose_layout(pen, layout)
    rows = [*head.rows, *body.rows]
    width, first = len(alignments), len(head.rows)
    breaks: dict[int, tuple[Span, ...]] = {}
    if layout.rows == "all":
        covered = _covered(rows, width)
        breaks = {
            number: joined(column for column in range(width) if (number, column) not in covered)
            for number in range(1, len(rows))
        }
    elif layout.rows == "groups":
        breaks = {first: whole_line(width)} | head.breaks
        breaks |= {first + number: spans for number, spans in body.breaks.items()}
    elif layout.rows == "head":
        breaks = {first: whole_line(width)}
    if layout.shows_merged:
        breaks |= {0: whole_line(width), len(rows): whole_line(width)}
    lines = tuple(breaks.get(number, ()) for number in range(len(rows) + 1))
    return Grid(alignments, tuple(map(tuple, rows)), lines, layout.rules, layout.upright, first)


def _covered(rows: Sequence[Sequence[Cell]], width: int) -> set[tuple[int, int]]:
    """Row and column of each place that is covered by a cell above it."""
    covered = set()
    for number, row in enumerate(rows):
        column = 0
        for cell in row:
            covered |= {(number + below, column) for below in range(1, cell.rows)}
            column += cell.columns
    return covered
