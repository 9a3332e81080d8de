r"""The blocks of document pages, each with the LaTeX that draws it and the markdown that answers it.

The markdown is that of Mathpix, which GOT's labels were made with: `\title{}`, `\author{}`, an `abstract`
environment, `\section*{}` with the printed number inside, `\( \)` and `\[ \]`, tables as `tabular`; the rest
is plain markdown. Mathpix's converter still writes headings that way, not as `#`, and so do the released
weights. Text inside LaTeX is escaped for LaTeX. In running text all characters are as printed, except that
characters which markdown would take for markup have a backslash. Captions, footnotes and references are
paragraphs; the mark of a footnote is a raised `\({ }^{1}\)`, as Mathpix writes it, in the text and before the
note; code stands in a fence, as it is printed. What is printed in a figure is no answer.

The macros in the LaTeX are those of `page_tex.PREAMBLE`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from data_engines.kinds.page.figures import Figure
from data_engines.tools.tables.grid import Grid, write_tabular
from got_train.tex.escaping import escape_latex

Style = Literal["plain", "bold", "italic", "link"]
BlockKind = Literal[
    "masthead",
    "dateline",
    "title",
    "authors",
    "abstract",
    "byline",
    "section",
    "subsection",
    "paragraph",
    "items",
    "display",
    "table",
    "figure",
    "caption",
    "code",
    "entry",
    "footnote",
]

_MARKDOWN = str.maketrans({character: "\\" + character for character in "\\`*_$"})
_LINE_START = re.compile(r"^(?=[#>+-])|^(\d+)(?=[.)]\s)")
"""Beginnings of a line that markdown would take for a heading, a quotation or a list."""
_STYLES: dict[Style, tuple[str, str]] = {
    "plain": ("{}", "{}"), "bold": (r"\textbf{{{}}}", "**{}**"), "italic": (r"\textit{{{}}}", "*{}*"),
    "link": (r"\pagelink{{{}}}", "{}"),
}  # fmt: skip
"""How a text is written in LaTeX and in markdown; where a link leads is not printed."""
_MARKS = {"*": r"*", "†": r"\dagger", "‡": r"\ddagger"}
"""Marks of footnotes that are no numbers, as LaTeX."""


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
    figure: Figure | None = None
    """What is drawn in place of text."""


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


def footnote_mark(mark: str) -> Text:
    """The raised mark of a footnote, which is a number, or a sign of `_MARKS`."""
    latex = rf"{{ }}^{{{_MARKS.get(mark, mark)}}}"
    return Text(rf"\pagemark{{\({latex}\)}}", rf"\({latex}\)", mark if mark.isdigit() else " ")


def join_pieces(pieces: Iterable[Text]) -> Text:
    return Text(*map("".join, zip(*pieces, strict=True)))


def title(text: str) -> Block:
    latex = escape_latex(text)
    return Block("title", rf"\pagetitle{{{latex}}}", _title(latex), text)


def masthead(name: str) -> Block:
    """The name of a newspaper at the head of its front page."""
    latex = escape_latex(name)
    return Block("masthead", rf"\pagemasthead{{{latex}}}", _title(latex), name)


def dateline(left: str, middle: str, right: str) -> Block:
    """The line below the name of a newspaper: its volume, date and price."""
    latex = "".join(f"{{{escape_latex(text)}}}" for text in (left, middle, right))
    text = f"{left} {middle} {right}"
    return Block("dateline", rf"\pagedateline{latex}", escape_markdown(text), text)


def _title(latex: str) -> str:
    return f"\\title{{\n{latex}\n}}"


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


def byline(text: str) -> Block:
    """Who wrote what follows, where and when."""
    return Block("byline", rf"\pagebyline{{{escape_latex(text)}}}", escape_markdown(text), text)


def figure(drawn: Figure) -> Block:
    """What is drawn; the texts in it are not answered."""
    latex = rf"\pagefigure{{{drawn.width:.2f}pt}}{{{drawn.height:.2f}pt}}{{{drawn.latex}}}"
    return Block("figure", latex, "", "\n".join(drawn.texts), drawn)


def answered(block: Block) -> Block:
    """The block with the texts of its figure, if it is one, as the answer."""
    if not block.figure:
        return block
    return block._replace(markdown="\n".join(map(escape_markdown, block.figure.texts)))


def caption(text: Text) -> Block:
    """The text below a figure or above a listing."""
    return Block("caption", rf"\pagecaption{{{text.latex}}}", text.markdown, text.printed)


def code(lines: Sequence[str], caption: str = "") -> Block:
    """A listing, whose spaces count, with the line above it."""
    latex = "".join(rf"\pagecodeline{{{escape_latex(line).replace(' ', '~')}}}" for line in lines)
    text = "\n".join(lines)
    markdown = f"```\n{text}\n```"
    if caption:
        markdown = f"{escape_markdown(caption)}\n\n{markdown}"
    latex = rf"\pagecode{{{escape_latex(caption)}}}{{{latex}}}"
    return Block("code", latex, markdown, f"{caption}\n{text}")


def entry(label: str, text: Text) -> Block:
    """A reference or exercise with its printed label; its other lines are indented."""
    latex = rf"\pageentry{{{escape_latex(label)}}}{{{text.latex}}}"
    return Block("entry", latex, f"{label} {text.markdown}".lstrip(), f"{label} {text.printed}")


def footnote(mark: str, text: Text) -> Block:
    """A note at the foot of the column with its mark; notes are the last blocks, in the order of marks."""
    sign = footnote_mark(mark)
    # without the macro of the marks in the text, by which TeX finds the note
    latex = rf"\pagefootnote{{{sign.markdown}}}{{{text.latex}}}"
    return Block("footnote", latex, f"{sign.markdown} {text.markdown}", f"{sign.printed} {text.printed}")
