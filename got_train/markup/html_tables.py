r"""Answers as the scorers of markdown take them: tables as HTML instead of LaTeX."""

import html
import re

from got_train.markup.tables import placed_tables
from got_train.markup.tabular import Cell, Table

_WRAPPER = re.compile(
    r"\\begin\s*\{table\*?\}(?:[ \t]*\[[^\]\n]*\])?(?:\s*\\centering(?![A-Za-z]))?|\\end\s*\{table\*?\}"
)
"""What stands round a table; scorers would take all of it for a table in LaTeX."""


def with_html_tables(answer: str) -> str:
    r"""An answer with its LaTeX tables as HTML.

    >>> with_html_tables(r"A \begin{tabular}{ll} a & \textbf{b} \\ \multicolumn{2}{c}{$<$} \\ \end{tabular}")
    'A <table><tr><td>a</td><td>b</td></tr><tr><td colspan="2">$&lt;$</td></tr></table>'
    """
    pieces, end = [], 0
    for table, start, behind in placed_tables(answer):
        if answer.startswith("\\", start):
            pieces += [answer[end:start], html_of(table)]
            end = behind
    return _WRAPPER.sub("", "".join([*pieces, answer[end:]])) if pieces else answer


def html_of(table: Table) -> str:
    """A table as HTML in one line."""
    rows = ("".join(map(_cell, row)) for row in table.rows)
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _cell(cell: Cell) -> str:
    spans = f' rowspan="{cell.rows}"' * (cell.rows > 1) + f' colspan="{cell.columns}"' * (cell.columns > 1)
    return f"<td{spans}>{html.escape(cell.text, quote=False)}</td>"
