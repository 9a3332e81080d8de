r"""The blocks of document pages, each with the LaTeX that draws it and the markdown that answers it.

The markdown is that of Mathpix, which GOT's labels were made with: `\title{}`, `\author{}`, an `abstract`
environment, `\section*{}` with the printed number inside, `\( \)` and `\[ \]`, tables as `tabular`; the rest
is plain markdown. Mathpix's converter still writes headings that way, not as `#`, and so do the released
weights. Text inside LaTeX is escaped for LaTeX. In running text all characters are as printed, except that
characters which markdown would take for markup have a backslash.

The macros in the LaTeX are those of `page_tex.PREAMBLE`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from data_engines.tools.tables.grid import Grid, write_tabular
from got_train.tex.escaping import escape_latex

Style = Literal["plain", "bold", "italic"]
BlockKind = Literal[
    "title", "authors", "abstract", "section", "subsection", "paragraph", "items", "display", "table"
]

_MARKDOWN = str.maketrans({character: "\\" + character for character in "\\`*_$"})
_LINE_START = re.compile(r"^(?=[#>+-])|^(\d+)(?=[.)]\s)")
"""Beginnings of a line that markdown would take for a heading, a quotation or a list."""
_STYLES: dict[Style, tuple[str, str]] = {
    "plain": ("{}", "{}"), "bold": (r"\textbf{{{}}}", "**{}**"), "italic": (r"\textit{{{}}}", "*{}*")
}  # fmt: skip
"""How a text is written in LaTeX and in markdown."""


class Text(NamedTuple):
    """Running text, or a piece of it, in its three forms."""

    latex: str
    markdown: str
    printed: str
    """The words that a reader sees."""


class Block(NamedTuple):
    """A block of a page in its three forms."""

    kind: BlockKind
    latex: str
    markdown: str
    printed: str
    """The words that a reader sees, without those of formulas."""


def escape_markdown(text: str) -> str:
    r"""
    >>> escape_markdown("5 * 3 costs $4 & more")
    '5 \\* 3 costs \\$4 & more'
    """
    return text.translate(_MARKDOWN)


def text_run(text: str, style: Style = "plain") -> Text:
    """A piece in one style, including the spaces at its ends."""
    latex, markdown = _STYLES[style]
    return Text(latex.format(escape_latex(text)), markdown.format(escape_markdown(text)), text)


def inline_formula(code: str) -> Text:
    latex = rf"\({code}\)"
    return Text(latex, latex, " ")  # letters of a formula are no words


def join_pieces(pieces: Iterable[Text]) -> Text:
    return Text(*map("".join, zip(*pieces, strict=True)))


def title(text: str) -> Block:
    latex = escape_latex(text)
    return Block("title", rf"\pagetitle{{{latex}}}", f"\\title{{\n{latex}\n}}", text)


def authors(names: Sequence[str], affiliation: str) -> Block:
    latex, place = escape_latex(", ".join(names)), escape_latex(affiliation)
    markdown = f"\\author{{\n{latex} \\\\ {place}\n}}"
    return Block("authors", rf"\pageauthors{{{latex}}}{{{place}}}", markdown, " ".join([*names, affiliation]))


def abstract(label: str, text: Text) -> Block:
    """An abstract with its printed `label`, whose place the environment takes in the markdown."""
    markdown = f"\\begin{{abstract}}\n{text.markdown}\n\\end{{abstract}}"
    return Block("abstract", rf"\pageabstract{{{label}}}{{{text.latex}}}", markdown, text.printed)


def heading(level: Literal[1, 2], number: str, text: str) -> Block:
    """A heading; `number`, which may be empty, ends with the point or space that is printed after it."""
    kind: BlockKind = "section" if level == 1 else "subsection"
    latex = number + escape_latex(text)
    return Block(kind, rf"\pageheading{{{level}}}{{{latex}}}", rf"\{kind}*{{{latex}}}", number + text)


def paragraph(text: Text) -> Block:
    markdown = _LINE_START.sub(r"\1\\", text.markdown)
    return Block("paragraph", rf"\pageparagraph{{{text.latex}}}", markdown, text.printed)


def items(labels: Sequence[str], texts: Sequence[Text]) -> Block:
    """A list with the label of each item: a printed number, or a bullet, which markdown writes as `-`."""
    rows = list(zip(labels, texts, strict=True))
    latex = "".join(rf"\pageitem{{{label}}}{{{text.latex}}}" for label, text in rows)
    markdown = "\n".join(f"{label if label[-1] in '.)' else '-'} {text.markdown}" for label, text in rows)
    return Block("items", latex, markdown, "\n".join(text.printed for text in texts))


def display(code: str, number: str = "") -> Block:
    """A formula on lines of its own."""
    tag = rf" \tag{{{number}}}" if number else ""
    return Block("display", rf"\pagedisplay{{{number}}}{{{code}}}", rf"\[{code}{tag}\]", "")


def table(grid: Grid, caption: str = "") -> Block:
    """A table with the line above it."""
    tabular = write_tabular(grid)
    latex = rf"\pagetable{{{escape_latex(caption)}}}{{{tabular}}}"
    markdown = f"{escape_markdown(caption)}\n\n{tabular}" if caption else tabular
    words = [cell.shows for row in grid.rows for cell in row if "$" not in cell.latex]
    return Block("table", latex, markdown, "\n".join([caption, *words]))
