r"""The blocks of document pages, each with the LaTeX that draws it and the markdown that answers it.

The markdown is that of Mathpix, which GOT's labels were made with: `\title{}`, `\author{}`, an `abstract`
environment, `\section*{}` with the printed number inside, `\( \)` and `\[ \]`, tables as `tabular`; the rest
is plain markdown. Mathpix's converter still writes headings that way, not as `#`, and so do the released
weights. Text inside LaTeX is escaped for LaTeX. In running text all characters are as printed, except that
characters which markdown would take for markup have a backslash.

The macros in the LaTeX are those of `page_tex.PREAMBLE`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from data_engines.tools.tables.grid import Grid, write_tabular
from got_train.tex.escaping import escape_latex

_MARKDOWN = str.maketrans({character: "\\" + character for character in "\\`*_$"})
_LINE_START = re.compile(r"^(?=[#>+-])|^(\d+)(?=[.)]\s)")
"""Beginnings of a line that markdown would take for a heading, a quotation or a list."""
_STYLES = {"plain": ("", ""), "bold": (r"\textbf", "**"), "italic": (r"\textit", "*")}


def escape_markdown(text: str) -> str:
    r"""
    >>> escape_markdown("5 * 3 costs $4 & more")
    '5 \\* 3 costs \\$4 & more'
    """
    return text.translate(_MARKDOWN)


@dataclass(frozen=True)
class TextRun:
    """Part of a paragraph in one style, including the spaces at its ends."""

    text: str
    style: Literal["plain", "bold", "italic"] = "plain"

    def latex(self) -> str:
        command, _ = _STYLES[self.style]
        return f"{command}{{{escape_latex(self.text)}}}" if command else escape_latex(self.text)

    def markdown(self) -> str:
        _, mark = _STYLES[self.style]
        return mark + escape_markdown(self.text) + mark

    def printed(self) -> str:
        return self.text


@dataclass(frozen=True)
class InlineFormula:
    """A formula within a paragraph."""

    code: str

    def latex(self) -> str:
        return rf"\({self.code}\)"

    def markdown(self) -> str:
        return self.latex()

    def printed(self) -> str:
        return " "  # letters of a formula are no words


Pieces = tuple[TextRun | InlineFormula, ...]


def _latex(pieces: Pieces) -> str:
    return "".join(piece.latex() for piece in pieces)


def _markdown(pieces: Pieces) -> str:
    return "".join(piece.markdown() for piece in pieces)


def _printed(pieces: Pieces) -> str:
    return "".join(piece.printed() for piece in pieces)


@dataclass(frozen=True)
class Title:
    text: str

    def latex(self) -> str:
        return rf"\pagetitle{{{escape_latex(self.text)}}}"

    def markdown(self) -> str:
        return f"\\title{{\n{escape_latex(self.text)}\n}}"

    def printed(self) -> str:
        return self.text


@dataclass(frozen=True)
class Authors:
    names: tuple[str, ...]
    affiliation: str

    def latex(self) -> str:
        names = escape_latex(", ".join(self.names))
        return rf"\pageauthors{{{names}}}{{{escape_latex(self.affiliation)}}}"

    def markdown(self) -> str:
        names = escape_latex(", ".join(self.names))
        return f"\\author{{\n{names} \\\\ {escape_latex(self.affiliation)}\n}}"

    def printed(self) -> str:
        return " ".join([*self.names, self.affiliation])


@dataclass(frozen=True)
class Abstract:
    label: str
    """The printed label; in the markdown, the environment takes its place."""
    pieces: Pieces

    def latex(self) -> str:
        return rf"\pageabstract{{{self.label}}}{{{_latex(self.pieces)}}}"

    def markdown(self) -> str:
        return f"\\begin{{abstract}}\n{_markdown(self.pieces)}\n\\end{{abstract}}"

    def printed(self) -> str:
        return _printed(self.pieces)


@dataclass(frozen=True)
class Heading:
    level: Literal[1, 2]
    number: str
    """The number printed before the text, with the point or space after it; may be empty."""
    text: str

    def latex(self) -> str:
        return rf"\pageheading{{{self.level}}}{{{self.number}{escape_latex(self.text)}}}"

    def markdown(self) -> str:
        command = r"\section*" if self.level == 1 else r"\subsection*"
        return f"{command}{{{self.number}{escape_latex(self.text)}}}"

    def printed(self) -> str:
        return self.number + self.text


@dataclass(frozen=True)
class Paragraph:
    pieces: Pieces

    def latex(self) -> str:
        return rf"\pageparagraph{{{_latex(self.pieces)}}}"

    def markdown(self) -> str:
        return _LINE_START.sub(r"\1\\", _markdown(self.pieces))

    def printed(self) -> str:
        return _printed(self.pieces)


@dataclass(frozen=True)
class Items:
    """A list."""

    labels: tuple[str, ...]
    """The label printed before each item: a number, or a bullet, which markdown writes as `-`."""
    items: tuple[Pieces, ...]

    def _rows(self) -> Iterator[tuple[str, Pieces]]:
        return zip(self.labels, self.items, strict=True)

    def latex(self) -> str:
        return "".join(rf"\pageitem{{{label}}}{{{_latex(item)}}}" for label, item in self._rows())

    def markdown(self) -> str:
        return "\n".join(
            f"{label if label[-1] in '.)' else '-'} {_markdown(item)}" for label, item in self._rows()
        )

    def printed(self) -> str:
        return "\n".join(_printed(item) for item in self.items)


@dataclass(frozen=True)
class Display:
    """A formula on lines of its own."""

    code: str
    number: str = ""

    def latex(self) -> str:
        return rf"\pagedisplay{{{self.number}}}{{{self.code}}}"

    def markdown(self) -> str:
        tag = rf" \tag{{{self.number}}}" if self.number else ""
        return f"\\[\n{self.code}{tag}\n\\]"

    def printed(self) -> str:
        return ""


@dataclass(frozen=True)
class Table:
    grid: Grid
    caption: str = ""
    """The line above the table."""

    def latex(self) -> str:
        return rf"\pagetable{{{escape_latex(self.caption)}}}{{{write_tabular(self.grid)}}}"

    def markdown(self) -> str:
        tabular = write_tabular(self.grid)
        return f"{escape_markdown(self.caption)}\n\n{tabular}" if self.caption else tabular

    def printed(self) -> str:
        cells = (cell for row in self.grid.rows for cell in row)
        return "\n".join([self.caption, *(cell.shows for cell in cells if "$" not in cell.latex)])


Block = Title | Authors | Abstract | Heading | Paragraph | Items | Display | Table
