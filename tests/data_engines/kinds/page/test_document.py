"""Blocks of document pages: what each is read as, and what TeX is given."""

import pytest

from data_engines.kinds.page.document import (
    Abstract,
    Authors,
    Display,
    Heading,
    InlineFormula,
    Items,
    Paragraph,
    Table,
    TextRun,
    Title,
)
from data_engines.tools.tables.grid import Grid, text_cell, whole_line

PIECES = (TextRun("Let "), InlineFormula("x_1"), TextRun(" be "), TextRun("very small", "bold"), TextRun("."))
LINES = (whole_line(2), whole_line(2), whole_line(2))
GRID = Grid(
    "lr", ((text_cell("A & B"), text_cell("%")), (text_cell("x"), text_cell("1.5"))), LINES, "ruled", True
)


@pytest.mark.parametrize(
    ("block", "markdown"),
    [
        (Title("R&D in 2020"), "\\title{\nR\\&D in 2020\n}"),
        (Authors(("Ada Lee", "Bo Li"), "Uni"), "\\author{\nAda Lee, Bo Li \\\\ Uni\n}"),
        (
            Abstract("Abstract", PIECES),
            "\\begin{abstract}\nLet \\(x_1\\) be **very small**.\n\\end{abstract}",
        ),
        (Heading(1, "1. ", "Methods"), r"\section*{1. Methods}"),
        (Heading(2, "2.1 ", "50% more"), r"\subsection*{2.1 50\% more}"),
        (Paragraph(PIECES), r"Let \(x_1\) be **very small**."),
        (Items(("•", "•"), (PIECES, (TextRun("b", "italic"),))), "- Let \\(x_1\\) be **very small**.\n- *b*"),
        (Items(("(1)", "(2)"), ((TextRun("a"),), (TextRun("b"),))), "(1) a\n(2) b"),
        (Items(("1.", "2."), ((TextRun("a"),), (TextRun("b"),))), "1. a\n2. b"),
        (Display("a = b"), "\\[\na = b\n\\]"),
        (Display("a = b", "7"), "\\[\na = b \\tag{7}\n\\]"),
        (
            Table(GRID, "Table 1: Sums"),
            "Table 1: Sums\n\n\\begin{tabular}{|l|r|}\n\\hline\nA \\& B & \\% \\\\\n\\hline\nx & 1.5 \\\\\n"
            "\\hline\n\\end{tabular}",
        ),
    ],
)
def test_blocks_are_read_as_mathpix_markdown(block, markdown: str) -> None:
    assert block.markdown() == markdown


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
    assert Paragraph((TextRun(text),)).markdown() == markdown


def test_text_is_escaped_for_tex() -> None:
    paragraph = Paragraph((TextRun('50% & $3 #1 a_b {c} "q" -- \\n'), InlineFormula("x_1")))
    assert paragraph.latex() == (
        r"\pageparagraph{50\% \& \$3 \#1 a\_b \{c\} \textquotedbl{}q\textquotedbl{} -{}- "
        r"\textbackslash{}n\(x_1\)}"
    )


def test_letters_of_formulas_are_no_printed_words() -> None:
    assert Paragraph(PIECES).printed() == "Let   be very small."
    assert Display("x").printed() == ""
    assert Table(GRID).printed().split() == ["A", "&", "B", "%", "x", "1.5"]
