"""Tables of other notations as tabulars: read again, the cells are the same."""

import pytest

from got_train.markup.tables import find_tables
from got_train.markup.written_tables import WRITERS
from got_train.tex.markdown import to_latex
from got_train.tex.tables import tabular_of, with_latex

TABULAR = r"""\begin{tabular}{|l|c|c|c|}
\hline
\multirow{2}{*}{Name} & \multicolumn{2}{c|}{R\&D in \$} & $x_1^2$ \\
 & 2019 & 2020 & \\
\multicolumn{2}{|c|}{\multirow{2}{*}{both}} & 4\% & 5 \\
\multicolumn{2}{|c|}{} & 6 & 7 \\
\hline
\end{tabular}"""


@pytest.mark.parametrize("notation", ["html", "markdown", "otsl"])
def test_the_tabular_of_a_table_has_its_cells(notation: str) -> None:
    [table] = find_tables(TABULAR)
    written = WRITERS[notation](table)  # type: ignore[index]
    [read] = find_tables(written)
    [again] = find_tables(tabular_of(with_latex(read)))
    spans = [
        [[(cell.text, cell.column, cell.rows, cell.columns) for cell in row] for row in some.rows]
        for some in (table, again)
    ]
    assert spans[0] == spans[1]


def test_tables_among_text_become_tabulars_and_code_stays_code() -> None:
    latex = to_latex("# A\n| a | b_c |\n| --- | --- |\n| 1 | 2 |\nend")
    rows = ["\\hline", "a & b\\_c \\\\", "\\hline", "1 & 2 \\\\", "\\hline"]
    tabular = "\n".join(["\\begin{tabular}{|l|l|}", *rows, "\\end{tabular}"])
    assert latex == f"\\section*{{A}}\\par\n\\fit{{{tabular}}}\\par\nend"
    assert "tabular" not in to_latex("```\n<table><tr><td>a</td></tr></table>\n```")
