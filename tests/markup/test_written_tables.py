"""Tables that are written in each notation, and read back."""

import numpy as np
import pytest

from got_train.evaluation.teds import teds
from got_train.markup.html_tables import with_html_tables
from got_train.markup.otsl import otsl_of, read_otsl
from got_train.markup.tables import find_tables, plain_text
from got_train.markup.tabular import Cell, Table
from got_train.markup.written_tables import WRITERS, html_of, markdown_of
from got_train.tex.escaping import escape
from tests.conftest import within_seconds

MERGED = Table(
    (
        (Cell("Name", 0, rows=2), Cell("Size & cost", 1, columns=2)),
        (Cell("mm", 1), Cell("", 2)),
        (Cell("both", 0, rows=2, columns=2), Cell("a|b", 2)),
        (Cell("$x<y$", 2),),
    )
)
OTSL = (
    "<otsl><fcel>Name<fcel>Size & cost<lcel><nl><ucel><fcel>mm<ecel><nl>"
    "<fcel>both<lcel><fcel>a|b<nl><ucel><xcel><fcel>$x<y$<nl></otsl>"
)
HTML = (
    '<table><tr><td rowspan="2">Name</td><td colspan="2">Size &amp; cost</td></tr>'
    '<tr><td>mm</td><td></td></tr><tr><td rowspan="2" colspan="2">both</td><td>a|b</td></tr>'
    "<tr><td>$x&lt;y$</td></tr></table>"
)


def test_a_table_with_merged_cells() -> None:
    assert otsl_of(MERGED) == OTSL
    assert html_of(MERGED) == markdown_of(MERGED) == HTML
    assert find_tables(f"Above\n{OTSL}\nbelow {HTML}") == [MERGED, MERGED]
    assert with_html_tables(f"Above {OTSL} below") == f"Above {HTML} below"


def test_markdown_has_a_line_below_the_first_row() -> None:
    table = Table(((Cell("a", 0), Cell("", 1)), (Cell("x|y", 0), Cell("-", 1))))
    assert markdown_of(table) == "| a |  |\n| --- | --- |\n| x\\|y | - |"
    assert find_tables(markdown_of(table)) == [table]


@pytest.mark.parametrize("seed", range(20))
def test_every_notation_is_read_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    width = int(rng.integers(1, 5))
    texts = ("", "a", "1,5 %", "x | y", "<b> & $a<b$", "中文", "a* _b_", "\\d")
    rows = [
        [Cell(texts[rng.integers(len(texts))], k) for k in range(width)] for _ in range(rng.integers(2, 6))
    ]
    if width > 1 and seed % 2:
        rows[0][:2] = [Cell("wide", 0, columns=2)]
    table = Table(tuple(map(tuple, rows)))
    for notation, write in WRITERS.items():
        assert find_tables(write(table)) == [table], notation
        assert teds(find_tables(write(table))[0], table) == 1.0


def test_words_of_models_that_write_otsl() -> None:
    table = read_otsl("<otsl><loc_1><loc_20><ched>A <lcel><nl><rhed>b\n c<ucel><nl><xcel><fcel>d")
    assert table == Table(
        (
            (Cell("A", 0, columns=2, is_heading=True),),
            (Cell("b c", 0, is_heading=True), Cell("", 1)),
            (Cell("", 0), Cell("d", 1)),
        )
    )


def test_loops_of_a_model_end_soon() -> None:
    with within_seconds(5):
        read_otsl("<otsl>" + "<fcel>a<lcel>" * 30_000)
        read_otsl("<otsl><fcel>a" + "<lcel>" * 30_000 + "<nl>" + "<ucel><nl>" * 30_000)


@pytest.mark.parametrize(
    ("latex", "text"),
    [
        ("1--2 --- x", "1–2 — x"),
        ("``a'' -{}- '{}'", "“a” -- ''"),
        (r"\textasciitilde{}\textbackslash{}d\textasciicircum{}", r"~\d^"),
        (r"\$5~-- $a--{}b~\%$ \& \{\}", r"$5 – $a--{}b %$ & {}"),
        (r"{[}x] {*}", "[x] *"),
        ("$5 -- 6", "$5 – 6"),
    ],
)
def test_signs_of_latex_as_text(latex: str, text: str) -> None:
    assert plain_text(latex) == text


def test_what_is_escaped_is_read_as_it_was() -> None:
    rng = np.random.default_rng(0)
    signs = np.array(list("a1 #$%&_{}\\~^-'`,<>?![*|/\"中"))
    for _ in range(300):
        text = "".join(rng.choice(signs, size=int(rng.integers(1, 12))))
        if "$" not in text:
            assert plain_text(escape(text)) == " ".join(text.split())
