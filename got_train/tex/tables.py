"""Tables of HTML, OTSL and markdown as LaTeX, with a line round every cell, to be looked at."""

import re
from dataclasses import replace

from got_train.markup.tabular import Cell, Table
from got_train.tex.escaping import escape_latex

_FORMULA = re.compile(r"(\$(?:\\.|[^$\\])+\$)")


def with_latex(table: Table) -> Table:
    """A table of plain text as one of LaTeX, with all lines; formulas between dollar signs stay."""
    rows = tuple(
        tuple(replace(cell, text=_latex(cell.text), alignment="l") for cell in row) for row in table.rows
    )
    columns = range(_width(table))
    lines = (frozenset(columns),) * (len(rows) + 1)
    return Table(rows, lines, frozenset({*columns, len(columns)}))


def tabular_of(table: Table) -> str:
    r"""The tabular of a table whose cells are LaTeX.

    >>> print(tabular_of(Table(((Cell("a", 0, rows=2), Cell("b", 1)), (Cell("c", 1),)))))
    \begin{tabular}{|l|l|}
    \hline
    \multirow{2}{*}{a} & b \\
    \cline{2-2}
     & c \\
    \hline
    \end{tabular}
    """
    width = _width(table)
    lines = [rf"\begin{{tabular}}{{|{'l|' * width}}}", r"\hline"]
    above: dict[int, Cell] = {}
    """By its first column, each cell that reaches down into the row, with the rows that are left of it."""
    for row in table.rows:
        own = {cell.column: cell for cell in row}
        lines.append(_row(own, above, width))
        above = {
            column: replace(cell, text="", rows=cell.rows - 1)
            for column, cell in (above | own).items()
            if cell.rows > 1
        }
        lines.append(_rule(above, width))
    lines[-1] = r"\hline"
    return "\n".join([*lines, r"\end{tabular}"])


def _width(table: Table) -> int:
    return max((cell.column + cell.columns for row in table.rows for cell in row), default=1)


def _latex(text: str) -> str:
    parts = _FORMULA.split(text)
    return "".join(part if number % 2 else escape_latex(part) for number, part in enumerate(parts))


def _row(own: dict[int, Cell], above: dict[int, Cell], width: int) -> str:
    """The LaTeX of a row; places without a cell are empty."""
    cells, column = [], 0
    while column < width:
        cell = own.get(column) or above.get(column) or Cell("", column)
        text = rf"\multirow{{{cell.rows}}}{{*}}{{{cell.text}}}" if cell.rows > 1 and cell.text else cell.text
        if cell.columns > 1:
            edge = "|" * (column == 0)
            text = rf"\multicolumn{{{cell.columns}}}{{{edge}c|}}{{{text}}}"
        cells.append(text)
        column += cell.columns
    return " & ".join(cells) + r" \\"


def _rule(above: dict[int, Cell], width: int) -> str:
    """The line over a row, but for the cells that reach down into it."""
    covered = {column + more for column, cell in above.items() for more in range(cell.columns)}
    if not covered:
        return r"\hline"
    return " ".join(
        rf"\cline{{{column + 1}-{column + 1}}}" for column in range(width) if column not in covered
    )
