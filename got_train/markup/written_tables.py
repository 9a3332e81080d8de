"""A table as HTML, markdown or OTSL; `markup.tables` reads each of them back."""

import html
from collections.abc import Callable
from typing import Literal

from got_train.markup.otsl import otsl_of
from got_train.markup.tabular import Cell, Table

Notation = Literal["html", "markdown", "otsl"]


def html_of(table: Table) -> str:
    """A table as HTML in one line."""
    rows = ("".join(map(_html_cell, row)) for row in table.rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _html_cell(cell: Cell) -> str:
    spans = f' rowspan="{cell.rows}"' * (cell.rows > 1) + f' colspan="{cell.columns}"' * (cell.columns > 1)
    return f"<td{spans}>{html.escape(cell.text, quote=False)}</td>"


def markdown_of(table: Table) -> str:
    r"""A table as markdown, headed by its first row; as HTML if it has merged cells, which markdown lacks.

    >>> markdown_of(Table(((Cell("a", 0), Cell("b|c", 1)), (Cell("1", 0), Cell("", 1)))))
    '| a | b\\|c |\n| --- | --- |\n| 1 |  |'
    """
    if any(cell.rows > 1 or cell.columns > 1 for row in table.rows for cell in row):
        return html_of(table)
    head, *body = (
        f"| {' | '.join(cell.text.replace('|', chr(92) + '|') for cell in row)} |" for row in table.rows
    )
    return "\n".join([head, f"| {' | '.join(['---'] * len(table.rows[0]))} |", *body])


WRITERS: dict[Notation, Callable[[Table], str]] = {
    "html": html_of,
    "markdown": markdown_of,
    "otsl": otsl_of,
}
