"""Grids of tables: how they are written, how contents are drawn, and how anybody's tabular is tidied."""

import re

import numpy as np
import pytest

from data_engines.options import Range
from data_engines.tools.tables.choices import choose_grid, fill_grid
from data_engines.tools.tables.columns import KINDS, Pen
from data_engines.tools.tables.grid import (
    Cell,
    Grid,
    escape,
    legible,
    text_cell,
    tidy,
    width_of,
    write_tabular,
)
from data_engines.tools.tables.headers import HEADERS
from got_train.tex.errors import TexError

WORDS = ("the quick brown foxes jumped over lazy dogs, again and again", "many words are needed for names")
HAN = ("今天天气很好我们一起去公园散步", "这里有许多不同的汉字可以使用")


def make_pen(seed: int, *corpora: tuple[str, ...]) -> Pen:
    return Pen(np.random.default_rng(seed), corpora or (WORDS,))


SPANNED = (
    (Cell("Name", "Name", rows=2), Cell("Size", "Size", columns=2)),
    (Cell(), text_cell("mm"), text_cell("%")),
    (text_cell("A & B"), Cell("$x^{2}$", "x2"), Cell()),
)


def test_a_booktabs_table() -> None:
    grid = Grid("lrc", SPANNED, (((0, 2),), ((1, 2),), ((0, 2),), ((0, 2),)), "booktabs", upright=False)
    assert write_tabular(grid).splitlines() == [
        r"\begin{tabular}{lrc}",
        r"\toprule",
        r"\multirow{2}{*}{Name} & \multicolumn{2}{c}{Size} \\",
        r"\cmidrule(lr){2-3}",
        r"& mm & \% \\",
        r"\midrule",
        r"A \& B & $x^{2}$ & \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_a_ruled_table() -> None:
    grid = Grid("lrc", SPANNED, (((0, 2),), ((1, 1), (2, 2)), ((0, 2),), ((0, 2),)), "ruled", upright=True)
    assert write_tabular(grid).splitlines() == [
        r"\begin{tabular}{|l|r|c|}",
        r"\hline",
        r"\multirow{2}{*}{Name} & \multicolumn{2}{c|}{Size} \\",
        r"\cline{2-2} \cline{3-3}",
        r"& mm & \% \\",
        r"\hline",
        r"A \& B & $x^{2}$ & \\",
        r"\hline",
        r"\end{tabular}",
    ]


def test_two_lines_above_and_below() -> None:
    rows = ((text_cell("a"),), (text_cell("b"),))
    grid = Grid("l", rows, (((0, 0),),) * 3, "double", upright=False)
    assert write_tabular(grid).splitlines()[1:-1] == [
        *[r"\hline", r"\hline", r"a \\"],
        *[r"\hline", r"b \\", r"\hline", r"\hline"],
    ]


def test_signs_that_tex_would_read_otherwise() -> None:
    assert escape(r"a_b^c~{\d}") == r"a\_b\textasciicircum{}c\textasciitilde{}\{\textbackslash{}d\}"
    assert escape("$5 #1 50% & -- ''") == r"\$5 \#1 50\% \& -{}- '{}'"
    row = Grid("l", ((text_cell("[x]"),), (text_cell("* y"),)), ((), (), ()), "ruled", upright=False)
    assert write_tabular(row).splitlines()[1:-1] == [r"{[}x] \\", r"{*} y \\"]


def test_chinese_has_no_other_face() -> None:
    assert text_cell("a_1", "textbf") == Cell(r"\textbf{a\_1}", "a_1")
    assert text_cell("长度 (mm)", "textit") == Cell("长度 (mm)", "长度 (mm)")


def test_what_can_be_compared_with_a_page() -> None:
    assert legible("\ufb01ve \u2212 \u201cx\u201d \u2217 1\u00b2") == 'five-"x"*12'
    assert legible("\u4e2d \u6587\ufffe") == "中文-"


def test_the_width_of_a_table() -> None:
    rows = ((text_cell("abcd"), text_cell("中")), (Cell("title", "a very long title", columns=2),))
    assert width_of(Grid("lc", rows, ((),) * 3, "ruled", upright=False)) == 2.5 + 17
    assert width_of(Grid("lc", rows[:1], ((),) * 2, "ruled", upright=False)) == 4 + 2 + 2 * 2.5


@pytest.mark.parametrize("seed", range(40))
def test_every_row_fills_the_table_and_rules_keep_off_spanning_cells(seed: int) -> None:
    pen = make_pen(seed, WORDS, HAN)
    grid = choose_grid(pen, pen.integer(1, 12), pen.integer(2, 8), pen.choose(("booktabs", "ruled")))
    width = len(grid.alignments)
    assert len(grid.lines) == len(grid.rows) + 1
    assert grid.lines[0] == grid.lines[-1] == ((0, width - 1),)
    reach = [0] * width  # rows down to which a cell above reaches
    for number, row in enumerate(grid.rows):
        assert sum(cell.columns for cell in row) == width
        crossed = {i for first, last in grid.lines[number] for i in range(first, last + 1)}
        column = 0
        for cell in row:
            if reach[column] > number:
                assert cell == Cell(), "text under a spanning cell"
                assert column not in crossed, "a rule through a spanning cell"
            reach[column] = max(reach[column], number + cell.rows)
            column += cell.columns
    assert max(reach) == len(grid.rows)


def test_contents_of_all_kinds_say_what_they_show() -> None:
    for kind in dict.fromkeys(KINDS):
        for seed in range(20):
            column = kind(make_pen(seed))
            cell = column.choose()
            assert column.header and cell.shows and cell.rows == cell.columns == 1
            if "$" not in cell.latex.replace(r"\$", "") and "--" not in cell.latex:
                assert cell.latex == escape(cell.shows)


def test_headers_say_what_their_columns_hold() -> None:
    shown: dict[str, list[str]] = {}
    for kind in dict.fromkeys(KINDS):
        for seed in range(60):
            column = kind(Pen(np.random.default_rng(seed), (WORDS, HAN), ("en", "zh")))
            header = re.sub(r" \([^()]*\)$", "", column.header).lower()
            names = [name.lower() for some in HEADERS.values() for both in some.values() for name in both]
            assert any(header.endswith(name) for name in names), column.header
            shown.setdefault(column.header, []).append(column.choose().shows)
    dates = [text for header, texts in shown.items() if "日期" in header for text in texts]
    assert any(re.fullmatch(r"\d{4}年\d+月\d+日", text) for text in dates)
    assert not any(re.search("[A-Za-z]", text) for text in dates), "an English month below a Chinese header"
    assert {text for header, texts in shown.items() if "性别" in header for text in texts} == {"男", "女"}
    prices = [text for header, texts in shown.items() if "单价" in header for text in texts]
    assert prices and all(re.fullmatch(r"¥?[\d,.]+元?", text) for text in prices)


def test_no_two_columns_have_one_header() -> None:
    pen = Pen(np.random.default_rng(0), (WORDS,), ("en",))
    headers = [pen.header("dates") for _ in HEADERS["dates"]["en"]]
    assert len(set(headers)) == len(headers) == 7


def test_small_figures_are_shown_as_such() -> None:
    shown = {kind(make_pen(seed)).choose().shows for kind in dict.fromkeys(KINDS) for seed in range(40)}
    assert any("×10⁻" in text for text in shown)
    assert any("₂" in text for text in shown)
    assert not any(re.search("×10[-0-9]|[α-ω][0-9]", text) for text in shown)
    assert legible("3.1×10⁻⁵ x₂") == "3.1×10-5x2"


def test_words_are_of_the_corpus() -> None:
    words = {word.strip(",").lower() for line in WORDS for word in line.split()}
    for seed in range(30):
        assert set(make_pen(seed).words(Range(1, 3)).lower().split()) <= words
        text = make_pen(seed, HAN).words(Range(1, 3))
        assert 1 <= len(text) <= 6
        assert set(text) <= set("".join(HAN))


def test_records_become_rows() -> None:
    grid = fill_grid(make_pen(1), ("a", "b_1"), (("x", "1.5"), ("y", "-2")), "booktabs")
    assert [[cell.shows for cell in row] for row in grid.rows] == [["a", "b_1"], ["x", "1.5"], ["y", "-2"]]
    assert write_tabular(grid).count(r"\midrule") == 1


def test_tidying() -> None:
    source = r"""\begin{tabular}[t]{|c | c|}\hline
      a& \multicolumn{1}{c}{b & \\ c}\\[2pt]  \cline{1-1}
      \cline{2-2} \rule{0pt}{3ex}\& d   & \begin{tabular}{c}e \\ f\end{tabular} \\ \hline \end{tabular}"""
    tidied = tidy(source)
    assert tidied.splitlines() == [
        r"\begin{tabular}{|c | c|}",
        r"\hline",
        r"a & \multicolumn{1}{c}{b & \\ c} \\",
        r"\cline{1-1} \cline{2-2}",
        r"\& d & \begin{tabular}{c}e \\ f\end{tabular} \\",
        r"\hline",
        r"\end{tabular}",
    ]
    assert tidy(tidied) == tidied
    with pytest.raises(TexError, match="unbalanced braces"):
        tidy(r"\begin{tabular}{c a \end{tabular}")
