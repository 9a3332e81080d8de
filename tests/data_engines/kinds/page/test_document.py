"""Blocks of document pages: what each is read as, and what TeX is given."""

import pytest

from data_engines.kinds.page.document import (
    abstract,
    authors,
    display,
    heading,
    inline_formula,
    items,
    join_pieces,
    paragraph,
    table,
    text_run,
    title,
)
from data_engines.tools.tables.grid import Grid, text_cell, whole_line

TEXT = join_pieces(
    [text_run("Let "), inline_formula("x_1"), text_run(" be "), text_run("very small", "bold"), text_run(".")]
)
LINES = (whole_line(2), whole_line(2), whole_line(2))
GRID = Grid(
    "lr", ((text_cell("A & B"), text_cell("%")), (text_cell("x"), text_cell("1.5"))), LINES, "ruled", True
)


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        (title("R&D in 2020"), "\\title{\nR\\&D in 2020\n}"),
        (authors(("Ada Lee", "Bo Li"), "Uni"), "\\author{\nAda Lee, Bo Li \\\\ Uni\n}"),
        (
            abstract("Abstract", TEXT),
            "\\begin{abstract}\nLet \\(x_1\\) be **very small**.\n\\end{abstract}",
        ),
        (heading(1, "1. ", "Methods"), r"\section*{1. Methods}"),
        (heading(2, "2.1 ", "50% more"), r"\subsection*{2.1 50\% more}"),
        (paragraph(TEXT), r"Let \(x_1\) be **very small**."),
        (items(("•", "•"), (TEXT, text_run("b", "italic"))), "- Let \\(x_1\\) be **very small**.\n- *b*"),
        (items(("(1)", "(2)"), (text_run("a"), text_run("b"))), "(1) a\n(2) b"),
        (items(("1.", "2."), (text_run("a"), text_run("b"))), "1. a\n2. b"),
        (display("a = b"), r"\[a = b\]"),
        (display("a = b", "7"), r"\[a = b \tag{7}\]"),
        (
            table(GRID, "Table 1: Sums"),
            "Table 1: Sums\n\n\\begin{tabular}{|l|r|}\n\\hline\nA \\& B & \\% \\\\\n\\hline\nx & 1.5 \\\\\n"
            "\\hline\n\\end{tabular}",
        ),
    ],
)
def test_blocks_are_read_as_mathpix_markdown(block, markdown: str) -> None:
    assert block.markdown == markdown


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("R&D, 50% of #3 {x} ~ y^2", "R&D, 50% of #3 {x} ~ y^2"),
        ("2 * 3 = a_b for $4 `x` \\n", r"2 \* 3 = a\_b for \$4 \`x\` \\n"),
        ("# no heading", r"\# no heading"),
        ("- no item", r"\- no item"),
        ("1. no number", r"1\. no number"),
        ("1.5 is a number", "1.5 is a number"),
    ],
)
def test_only_what_markdown_would_take_for_markup_is_escaped(text: str, markdown: str) -> None:
    assert paragraph(text_run(text)).markdown == markdown


def test_text_is_escaped_for_tex() -> None:
    text = join_pieces([text_run('50% & $3 #1 a_b {c} "q" -- \\n'), inline_formula("x_1")])
    assert paragraph(text).latex == (
        r"\pageparagraph{50\% \& \$3 \#1 a\_b \{c\} \textquotedbl{}q\textquotedbl{} -{}- "
        r"\textbackslash{}n\(x_1\)}"
    )


def test_letters_of_formulas_are_no_printed_words() -> None:
    assert paragraph(TEXT).printed == "Let   be very small."
    assert display("x").printed == ""
    assert table(GRID).printed.split() == ["A", "&", "B", "%", "x", "1.5"]
