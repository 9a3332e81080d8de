"""Tables of LaTeX, HTML and markdown as one class."""

import pytest

from got_train.markup.tables import find_tables, placed_tables, plain_text
from tests.conftest import within_seconds

LATEX = r"""Before \begin{tabular}{|l|c|c|} \toprule
\multirow{2}{*}{\textbf{Name}} & \multicolumn{2}{c|}{Price \& cost} \\ \cmidrule(lr){2-3}
 & 2024 & 2025 \\[2pt] \midrule
% a comment
tea & 1.5\% & \(x\) \\ \bottomrule
\end{tabular} after"""
HTML = """<table><thead><tr><th rowspan="2"><b>Name</b></th><th colspan=2>Price &amp; cost</th></tr>
<tr><td>2024</td><td> 2025 </td></tr></thead><tbody><tr><td>tea</td><td>1.5%<td>$x$</tr></tbody></table>"""
GRID = [
    [("Name", 0, 2, 1), ("Price & cost", 1, 1, 2)],
    [("2024", 1, 1, 1), ("2025", 2, 1, 1)],
    [("tea", 0, 1, 1), ("1.5%", 1, 1, 1), ("$x$", 2, 1, 1)],
]
"""Text, first column, rows and columns of each cell."""


def texts(source: str) -> list[list[list[str]]]:
    return [[[cell.text for cell in row] for row in table.rows] for table in find_tables(source)]


@pytest.mark.parametrize("text", [LATEX, HTML], ids=["latex", "html"])
def test_one_table_in_two_notations(text: str) -> None:
    [table] = find_tables(text)
    assert [[(cell.text, cell.column, cell.rows, cell.columns) for cell in row] for row in table.rows] == GRID


def test_markdown_table() -> None:
    text = "Text | here\n\n| a | b |\n|:--|--:|\n| 1 | x \\| y |\n| 2 |\n\nend"
    assert texts(text) == [[["a", "b"], ["1", "x | y"], ["2"]]]


def test_brackets_after_rules_and_line_breaks_are_text() -> None:
    text = (
        "\\begin{tabular}{ll}\\hline\n[0.1, 0.5] & a \\\\ \\hline\n[12] Smith & b \\\\ "
        "\\addlinespace\n[20 ml] & c \\\\ \\addlinespace[2pt]\n[] & d\\end{tabular}"
    )
    assert [row[0] for row in texts(text)[0]] == ["[0.1, 0.5]", "[12] Smith", "[20 ml]", "[]"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a1 % c\n & a2 \\\\ b & d", [["a1", "a2"], ["b", "d"]]),
        ("a%\n b & c", [["ab", "c"]]),
        ("% once x & y \\\\\na & b", [["a", "b"]]),
        ("\\emph% x\n{a} & c % last\n", [["a", "c"]]),
        ("a & b \\\\ % once c & d \\\\\nc & d", [["a", "b"], ["c", "d"]]),
        (
            "\\hline % top & x\na & b \\\\[2pt]% y\n\\cmidrule(lr){1-2} % z & z\nc & d",
            [["a", "b"], ["c", "d"]],
        ),
        ("50\\% % percent\n& c \\\\ 5 \\% & \\% d", [["50%", "c"], ["5 %", "% d"]]),
        # slips, which would hide a cell
        ("50 % & 3 \\\\ c & 5% \\\\", [["50 %", "3"], ["c", "5%"]]),
    ],
)
def test_comments_are_no_text(body: str, expected: list[list[str]]) -> None:
    assert texts(f"\\begin{{tabular}}{{cc}}{body}\\end{{tabular}}") == [expected]


@pytest.mark.parametrize(
    "cell",
    [
        *(
            r"\strut x",
            r"\rule{0pt}{2ex}x",
            r"x\label{tab:x}",
            r"\hspace{1em} x",
            r"\hspace*{1em}x",
            r"\large x",
        ),
        *(r"\textcolor{red}{x}", r"\color{red}x", r"\raggedright\arraybackslash x", r"\vphantom{y}x"),
    ],
)
def test_what_shows_nothing_is_no_text(cell: str) -> None:
    assert plain_text(cell) == "x"


def test_tables_of_a_page_in_order() -> None:
    page = "\\begin{tabular}{c}1\\end{tabular} | <table><tr><td>2<table><tr><td>in</table></td></tr></table>"
    assert texts(page) == [[["1"]], [["2in"]]]


@pytest.mark.parametrize("text", [LATEX, HTML, "a|b\n-|-\n1|2\n"], ids=["latex", "html", "markdown"])
def test_the_places_of_tables(text: str) -> None:
    page = f"before\n{text}\n\nafter"
    [(_, start, end)] = placed_tables(page)
    table = r"\begin{tabular}" + text.partition(r"\begin{tabular}")[2].removesuffix(" after")
    assert page[start:end].strip("\n") == (table if text == LATEX else text.strip("\n"))


def test_headings_of_html() -> None:
    text = (
        "<table><thead><tr><td>a</td></tr></thead><tr><td>b</td><th>c</th></tr>"
        "<tbody><tr><td>d</td></tr></tbody></table>"
    )
    [table] = find_tables(text)
    headings = {cell.text: cell.is_heading for row in table.rows for cell in row}
    assert headings == {"a": True, "b": False, "c": True, "d": False}


def test_table_cut_off() -> None:
    assert texts(r"\begin{tabular}{cc}a & b \\ c &") == [[["a", "b"], ["c", ""]]]
    assert texts("<table><tr><td>a</td><td>b") == [[["a", "b"]]]


def test_spans_of_html_move_the_cells_below() -> None:
    source = "<table><tr><td rowspan=3 colspan=2>a<td>b<tr><td rowspan=2>c<td>d<tr><td>e<tr><td>f</table>"
    [table] = find_tables(source)
    assert [[(cell.text, cell.column) for cell in row] for row in table.rows] == [
        [("a", 0), ("b", 2)],
        [("c", 2), ("d", 3)],
        [("e", 3)],
        [("f", 0)],
    ]


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        (r"\textbf{a \emph{b}} {c}", "a b {c}"),
        (r"\makecell[l]{a \\\textbf{b}} \{\textit {c", r"a \\b {c"),
        (r"\textbf{a}} \textbf{{b}", "a} {b}"),
    ],
)
def test_typefaces_and_their_braces_are_left_out(latex: str, text: str) -> None:
    assert plain_text(latex) == text


@pytest.mark.parametrize(
    "text",
    [
        r"\begin{tabular}{c}" + r"\textbf{" * 12_000,
        "a|b\n" + " " * 99_000,
        "a|b\n-" + " " * 99_000 + "x",
        "|" * 99_000,
    ],
    ids=["typefaces", "no separator", "half a separator", "bars"],
)
def test_loops_end_soon(text: str) -> None:
    with within_seconds(2):
        find_tables(text)


def test_no_table() -> None:
    assert find_tables("a | b, and \\( \\begin{array}{c}1\\end{array} \\)") == []
