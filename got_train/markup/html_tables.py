r"""Answers as the scorers of markdown take them: tables as HTML instead of LaTeX and OTSL."""

import re

from got_train.markup.tables import placed_tables
from got_train.markup.written_tables import html_of

_WRAPPER = re.compile(
    r"\\begin\s*\{table\*?\}(?:[ \t]*\[[^\]\n]*\])?(?:\s*\\centering(?![A-Za-z]))?|\\end\s*\{table\*?\}"
)
"""What stands round a table; scorers would take all of it for a table in LaTeX."""


def with_html_tables(answer: str) -> str:
    r"""An answer with its LaTeX and OTSL tables as HTML.

    >>> with_html_tables(r"A \begin{tabular}{ll} a & \textbf{b} \\ \multicolumn{2}{c}{$<$} \\ \end{tabular}")
    'A <table><tr><td>a</td><td>b</td></tr><tr><td colspan="2">$&lt;$</td></tr></table>'
    """
    pieces, end = [], 0
    for table, start, behind in placed_tables(answer):
        if answer.startswith(("\\", "<otsl"), start):
            pieces += [answer[end:start], html_of(table)]
            end = behind
    return _WRAPPER.sub("", "".join([*pieces, answer[end:]])) if pieces else answer
