"""LaTeX tables as cells, also those that no TeX would take."""

import pytest

from got_train.markup.tabular import MAX_SPAN, Cell, parse_tabular
from tests.conftest import within_seconds

BOOKTABS = r"""\begin{tabular}{lcc}
\toprule
& \multicolumn{2}{c}{Both} \\
\cmidrule(lr){2-3}
\multirow{2}{*}{A} & $\frac{1}{2}$ & 50\% \\
& x & \\
\bottomrule
\end{tabular}"""


def written(latex: str) -> list[list[tuple[str, int, int, int]]]:
    return [
        [(cell.text, cell.column, cell.rows, cell.columns) for cell in row]
        for row in parse_tabular(latex).rows
    ]


def test_spans_cover_the_empty_cells_below_and_beside() -> None:
    table = parse_tabular(BOOKTABS)
    assert table.rows == (
        (Cell("", 0, 1, 1, "l"), Cell("Both", 1, 1, 2, "c")),
        (Cell("A", 0, 2, 1, "l"), Cell(r"$\frac{1}{2}$", 1, 1, 1, "c"), Cell(r"50\%", 2, 1, 1, "c")),
        (Cell("x", 1, 1, 1, "c"), Cell("", 2, 1, 1, "c")),
    )
    assert table.lines == (frozenset({0, 1, 2}), frozenset({1, 2}), frozenset(), frozenset({0, 1, 2}))
    assert table.edges == frozenset()


def test_column_specifications_of_all_kinds() -> None:
    table = parse_tabular(r"\begin{tabular}[t]{|*{2}{c|}@{~}p{3cm}>{\bfseries}r S}a&b&c&d&e\end{tabular}")
    assert [cell.alignment for cell in table.rows[0]] == ["c", "c", "l", "r", "r"]
    assert table.edges == {0, 1, 2}
    wide = parse_tabular(r"\begin{tabularx}{\textwidth}{lX}a&b\end{tabularx}")
    assert [cell.text for cell in wide.rows[0]] == ["a", "b"]


@pytest.mark.parametrize(
    "latex, rows",
    [
        (r"\begin{tabular}{cc}a&b\\c", [[("a", 0, 1, 1), ("b", 1, 1, 1)], [("c", 0, 1, 1), ("", 1, 1, 1)]]),
        (r"\begin{tabular}{c}{a&b\\c", [[(r"{a&b\\c", 0, 1, 1)]]),
        (r"\begin{tabular}{c}a\\[2pt] b\\ [1] c\end{tabular} d", [[("a", 0, 1, 1)], [("b", 0, 1, 1)],
                                                                [("[1] c", 0, 1, 1)]]),
        (r"\begin{tabular}{c}\begin{tabular}{c}a\\b\end{tabular}&\{\&\}\end{tabular}",
         [[(r"\begin{tabular}{c}a\\b\end{tabular}", 0, 1, 1), (r"\{\&\}", 1, 1, 1)]]),
        # a span that would hide a text ends above it
        (r"\begin{tabular}{c}\multirow{3}{*}{a}\\\\b\end{tabular}", [[("a", 0, 2, 1)], [], [("b", 0, 1, 1)]]),
        (r"\begin{tabular}{c}\\\multirow{-2}{*}{a}\end{tabular}", [[("a", 0, 2, 1)], []]),
        (r"\begin{tabular}{c}b\\\multirow{-2}{*}{a}\end{tabular}", [[("b", 0, 1, 1)], [("a", 0, 1, 1)]]),
        (r"\begin{tabular}{cc}\multicolumn{2}{c}{\multirow{2}{*}{a}}\\&\end{tabular}",
         [[("a", 0, 2, 2)], []]),
        (r"\begin{tabular}", []),
        (r"\begin{tabular}{c}\multirow", [[("", 0, 1, 1)]]),
    ],
)  # fmt: skip
def test_tables_of_models(latex: str, rows: list[list[tuple[str, int, int, int]]]) -> None:
    assert written(latex) == rows


def test_numbers_that_python_refuses_to_read() -> None:
    digits = "9" * 5000
    assert written(rf"\begin{{tabular}}{{*{{{digits}}}{{c}}}}a&b") == [[("a", 0, 1, 1), ("b", 1, 1, 1)]]
    line = rf"\cline{{1-{digits}}}"
    assert written(rf"\begin{{tabular}}{{c}}{line}") == [[(line, 0, 1, 1)]]


@pytest.mark.parametrize(
    "command, rest",
    [
        ("\\hline\n[0.1, 0.5]", "[0.1, 0.5]"),
        (r"\hline [12] Smith", "[12] Smith"),
        (r"\toprule[1.5pt] a", "a"),
        (r"\midrule[\heavyrulewidth] a", "a"),
        ("\\bottomrule\n[2pt] a", "[2pt] a"),
        (r"\toprule[t] a", "[t] a"),
        (r"\hhline{|-|=|} a", "a"),
        (r"\\[-.5 ex] a", "a"),
        (r"\\*[0.5\baselineskip] a", "a"),
        (r"\tabularnewline [+2,5mm] a", "a"),
        (r"\\[20 ml] a", "[20 ml] a"),
        (r"\\[in] a", "[in] a"),
        ("\\\\\n[2pt] a", "[2pt] a"),
    ],
)
def test_only_a_length_on_the_same_line_belongs_to_a_rule_or_a_line_break(command: str, rest: str) -> None:
    rows = written(rf"\begin{{tabular}}{{l}}x\\{command}\end{{tabular}}")
    assert rows[-1] == [(rest, 0, 1, 1)]


@pytest.mark.parametrize(
    "latex",
    [
        r"\begin{tabular}{*{99999}{c}}" + r"\\" * 20_000,
        r"\begin{tabular}{c}\multicolumn{999999}{c}{x}\\\multirow{999999}{*}{y}" + r"\hline" * 20_000,
        r"\begin{tabular}{c}" + "{" * 100_000,
        r"\begin{tabular}{" * 10_000,
        "&" * 100_000,
        r"\begin{tabular}{c}\\[" + "1" * 100_000,
        r"\begin{tabular}{c}\\[" + " " * 100_000,
    ],
)
def test_tables_without_bounds_end_soon(latex: str) -> None:
    with within_seconds(10):
        table = parse_tabular(latex)
        assert all(cell.columns <= MAX_SPAN and cell.rows <= MAX_SPAN for row in table.rows for cell in row)
