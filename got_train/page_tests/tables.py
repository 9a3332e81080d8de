"""Tests of a page's tables: what stands beside a cell, and at the head of its row and column.

Source: `olmocr/bench/tests.py` and `table_parsing.py` of allenai/olmocr, Apache-2.0, whose rules are written
here anew.
"""

from collections.abc import Callable, Iterable
from itertools import groupby

from rapidfuzz import fuzz

from got_train.markup.tables import placed_tables
from got_train.markup.tabular import Cell, Table
from got_train.page_tests.texts import Test, differences, normalized


def has_cell(test: Test, page: str) -> bool:
    """Whether a table has a cell with the test's text and the neighbours that the test names."""
    tables = [] if test.get("ignore_markdown_tables") else _markdown_tables(page)
    tables += [table for table, start, _ in placed_tables(page) if page.startswith("<", start)]
    wanted = {side: normalized(test[side]) for side in SIDES if test.get(side)}
    cell = normalized(test["cell"])
    return any(
        _is_alike(found, cell, test)
        and all(
            any(_is_alike(other, text, test) for other in SIDES[side](grid, found))
            for side, text in wanted.items()
        )
        for grid in (_Grid(table) for table in tables if any(table.rows))
        for found in grid.cells
    )


def _is_alike(cell: Cell, wanted: str, test: Test) -> bool:
    ratio = fuzz.ratio(wanted, normalized(cell.text)) / 100
    return bool(ratio >= max(0.5, 1 - differences(test) / max(len(wanted), 1)))


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


SIDES: dict[str, Callable[[_Grid, Cell], Iterable[Cell]]] = {
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
