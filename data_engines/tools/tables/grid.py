r"""Tables as grids of cells, and the one way in which a grid is written as a LaTeX tabular.

Every row stands on a line of its own, with single spaces round its `&`, and so does every rule:

    \begin{tabular}{lc}
    \toprule
    Name & $n$ \\
    \midrule
    A & 1 \\
    \bottomrule
    \end{tabular}
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from data_engines.tools.corpora import HAN_WORD
from got_train.tex.errors import TexError
from got_train.tex.escaping import escape
from got_train.tex.macros import group_end
from got_train.tex.source import WIDTHLESS_RULE

Rules = Literal["booktabs", "ruled", "double"]
"""Lines as in journals, as in forms, or as in forms with two above and below the table."""
Face = Literal["", "textbf", "textit"]
"""LaTeX's command for a bold or italic face; empty for the usual face."""
Span = tuple[int, int]
"""First and last of a run of columns, counted from 0."""

_PIECE = re.compile(
    r"\\(?:begin|end) ?\{[^}]*\}"
    r"|(?P<sign>&|\\\\|\\hline(?![A-Za-z])|\\(?:top|mid|bottom)rule(?: ?\[[^]]*\])?"
    r"|\\(?:cmidrule|cline|hhline)(?![A-Za-z])(?: ?(?:\([^)]*\)|\[[^]]*\]))* ?\{[^}]*\})"
    r"|\\.|[{}]|[^\\{}&]+",
    re.DOTALL,
)
_TABULAR = re.compile(r"\\begin ?\{tabular\} ?\{.*\\end ?\{tabular\}")
_NUDGE = re.compile(
    r"(?<=^\\begin\{tabular\})\[[a-z]\] ?"  # the vertical alignment of the tabular in a line of text
    r"|(?<=[^\\]\\\\) ?\[[^]]*\]"  # white space below a row
    rf"|{WIDTHLESS_RULE}"
)
_PART_RULES = re.compile(r"^(\\(?:cmidrule|cline).*)\n(?=\\(?:cmidrule|cline))", re.MULTILINE)
_ALIKE = str.maketrans(
    "\u2018\u2019\u201c\u201d\u2212\u2010\u2217\u25e6\u2032\ufffe\u0002", "`'\"\"--*\u00b0'--"
)
"""Characters that TeX prints instead of others, and those of pdfium for a hyphen at a line's end."""


@dataclass(frozen=True)
class Cell:
    latex: str = ""
    """LaTeX of its content."""
    shows: str = ""
    """The text that a reader sees, in one line."""
    columns: int = 1
    """Number of columns that it spans; the row has no cells for the others."""
    rows: int = 1
    """Number of rows that it spans; the cells below it exist, and are empty. Below zero in what is drawn: it
    spans the rows above, whose fills would hide it."""
    alignment: str = "c"
    """Alignment of a cell that spans columns: l, c or r."""
    fill: str = ""
    """The colour behind it in what is drawn, as six hexadecimal digits; empty for none."""
    width: float = 0.0
    """Its width in digits where it is drawn in several lines or turned; 0 if it is that of its text."""


@dataclass(frozen=True)
class Grid:
    alignments: Sequence[str]
    """l, c or r for each column, or any column specification in what is drawn."""
    rows: tuple[tuple[Cell, ...], ...]
    lines: tuple[tuple[Span, ...], ...]
    """The spans of columns that have a rule, over each row and under the last row."""
    rules: Rules
    upright: bool
    """Whether all columns have vertical rules; only in ruled tables."""
    num_heads: int = 1
    """Number of rows that are the header."""


def text_cell(text: str, face: Face = "") -> Cell:
    """A cell of plain text; `face` is ignored for Chinese, as few of its fonts are bold or italic."""
    latex = escape(text)
    return Cell(rf"\{face}{{{latex}}}" if face and text and not HAN_WORD.search(text) else latex, text)


def write_tabular(grid: Grid) -> str:
    edge = "|" if grid.upright else ""
    lines = [rf"\begin{{tabular}}{{{edge}{edge.join(grid.alignments)}{edge}}}"]
    for number, row in enumerate(grid.rows):
        lines += _write_rules(grid, number)
        lines.append(_write_row(row, edge))
    lines += _write_rules(grid, len(grid.rows))
    return "\n".join([*lines, r"\end{tabular}"])


def tidy(tabular: str) -> str:
    r"""A tabular with lines and spaces like those of `write_tabular`, without commands that only move it.

    Raises:
        TexError: the braces of the tabular don't match, or it has no columns.

    >>> tidy(r"\begin{tabular}{c c}\hline a&b\\  \hline\end{tabular}").splitlines()
    ['\\begin{tabular}{c c}', '\\hline', 'a & b \\\\', '\\hline', '\\end{tabular}']
    """
    text = _NUDGE.sub("", " ".join(tabular.split()))
    if not _TABULAR.fullmatch(text):
        raise TexError("no columns")
    head = group_end(text, text.index("{", text.index("}")))
    pieces = []
    depth = 0
    for match in _PIECE.finditer(text, head, text.rindex(r"\end")):
        piece = match[0]
        depth += (piece == "{" or piece.startswith(r"\begin")) - (piece == "}" or piece.startswith(r"\end"))
        if depth == 0 and match["sign"]:
            piece = {"&": " & "}.get(piece) or (f" {piece}\n" if piece[1] == "\\" else f"\n{piece}\n")
        pieces.append(piece)
    lines = (" ".join(line.split()) for line in "".join(pieces).splitlines())
    body = "\n".join(line for line in lines if line)
    body = _PART_RULES.sub(r"\1 ", body)
    return f"{text[:head]}\n{body}\n\\end{{tabular}}"


def width_of(grid: Grid) -> float:
    """Approximate width of the table in digits of its font, with the white between columns."""
    widths = [0.0] * len(grid.alignments)
    spanning = []
    for row in grid.rows:
        column = 0
        for cell in row:
            width = 2.5 + (cell.width or text_width(cell.shows))
            if cell.columns == 1:
                widths[column] = max(widths[column], width)
            else:
                spanning.append((column, cell.columns, width))
            column += cell.columns
    for first, number, width in spanning:
        widths[first + number - 1] += max(0.0, width - sum(widths[first : first + number]))
    return sum(widths)


def text_width(text: str) -> float:
    """
    >>> text_width("ab 12"), text_width("中文")
    (5.0, 4.0)
    """
    if text.isascii():  # as most are: a table asks for the widths of a hundred texts, several times over
        return float(len(text))
    return sum(2.0 if unicodedata.east_asian_width(character) in "WF" else 1.0 for character in text)


@lru_cache(maxsize=1 << 14)  # of a page it is asked for each character
def legible(text: str) -> str:
    """`text` in a form that can be compared with a PDF file: without white space, ligatures and variants.

    >>> legible("\ufb01ne \u2212 it\u2019s")
    "fine-it's"
    """
    text = unicodedata.normalize("NFKC", text.translate(_ALIKE)).translate(_ALIKE)
    return "".join(character for character in text if not character.isspace() and character != "\u200b")


def whole_line(grid_width: int) -> tuple[Span, ...]:
    return ((0, grid_width - 1),)


def joined(columns: Iterable[int]) -> tuple[Span, ...]:
    """The runs of neighbours in a sorted list of columns.

    >>> joined([0, 1, 3])
    ((0, 1), (3, 3))
    """
    spans: list[Span] = []
    for column in columns:
        if spans and spans[-1][1] == column - 1:
            spans[-1] = (spans[-1][0], column)
        else:
            spans.append((column, column))
    return tuple(spans)


def _write_rules(grid: Grid, number: int) -> list[str]:
    """The rules over row `number`, or under the last row."""
    spans = grid.lines[number]
    if not spans:
        return []
    booktabs = grid.rules == "booktabs"
    if spans == whole_line(len(grid.alignments)):
        at_end = {0: r"\toprule", len(grid.rows): r"\bottomrule"}
        if grid.rules == "double" and number in at_end:
            return [r"\hline", r"\hline"]
        return [at_end.get(number, r"\midrule") if booktabs else r"\hline"]
    if any(cell.fill for cell in grid.rows[number]):
        return [_write_hhline(grid, spans)]
    command = r"\cmidrule(lr)" if booktabs else r"\cline"
    return [" ".join(f"{command}{{{first + 1}-{last + 1}}}" for first, last in spans)]


def _write_hhline(grid: Grid, spans: Sequence[Span]) -> str:
    r"""A rule under some columns that fills do not hide, as they do `\cline`."""
    edge = "|" if grid.upright else ""
    ruled = {column for first, last in spans for column in range(first, last + 1)}
    signs = ("-" if column in ruled else "~" for column in range(len(grid.alignments)))
    return rf"\hhline{{{edge}{edge.join(signs)}{edge}}}"


def _write_row(row: tuple[Cell, ...], edge: str) -> str:
    written = []
    column = 0
    for cell in row:
        latex = rf"\multirow{{{cell.rows}}}{{*}}{{{cell.latex}}}" if cell.rows != 1 else cell.latex
        if cell.fill:
            latex = rf"\cellcolor[HTML]{{{cell.fill}}}{latex}"
        if cell.columns > 1:
            sides = f"{edge if column == 0 else ''}{cell.alignment}{edge}"
            latex = rf"\multicolumn{{{cell.columns}}}{{{sides}}}{{{latex}}}"
        written.append(latex)
        column += cell.columns
    line = re.sub(" +", " ", " & ".join(written)).strip()
    # a bracket or star after the end of a row would be read as its argument
    return re.sub(r"^[\[*]", r"{\g<0>}", line) + r" \\"
