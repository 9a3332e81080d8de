r"""Tables of any of the usual notations as one grid of cells: LaTeX, HTML, OTSL and markdown."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

from got_train.markup.nesting import environment_end, find_closing
from got_train.markup.otsl import read_otsl
from got_train.markup.tabular import LENGTH_OPTION, Cell, Table, parse_tabular

_START = re.compile(
    r"(?P<latex>\\begin\s*\{(?:tabular[*xy]?|longtable)\})"
    r"|(?P<html><table\b)"
    r"|(?P<otsl><otsl>)"
    r"|(?P<markdown>^[^\n|]*\|[^\n]*\n[ \t]*(?:\|[ \t]*)?:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*"
    r"(?:\|[ \t]*)?$)",
    re.MULTILINE | re.IGNORECASE,
)
_OTSL_END = "</otsl>"
_HTML_TABLE = re.compile(r"(?P<open><table\b)|(?P<close></table\b)", re.IGNORECASE)


def find_tables(text: str) -> list[Table]:
    """The tables of a text, in order, without their lines; one that is cut off ends with the text.

    Cells hold plain text, which has single spaces, and of LaTeX no commands of typeface.
    """
    return [table for table, _, _ in placed_tables(text)]


def placed_tables(text: str) -> Iterator[tuple[Table, int, int]]:
    """The tables of `find_tables`, each with the places in the text where it begins and ends."""
    position = 0
    while start := _START.search(text, position):
        if start["latex"]:
            _, end = environment_end(text, start.start())
            table = _latex_table(text[start.start() : end])
        elif start["html"]:
            closing = find_closing(_HTML_TABLE, text, start.start())
            end = closing.start() if closing else len(text)
            table = _html_table(text[start.start() : end])
            end = text.find(">", end) + 1 or len(text)
        elif start["otsl"]:
            end = text.find(_OTSL_END, start.end())
            end = end + len(_OTSL_END) if end >= 0 else len(text)
            table = read_otsl(text[start.start() : end])
        else:
            lines = text[start.start() :].split("\n")
            size = next((i for i, line in enumerate(lines) if "|" not in line), len(lines))
            size = max(size, 2)  # a separator of one column has no bar
            table = _markdown_table(lines[:1] + lines[2:size])
            end = min(start.start() + sum(len(line) + 1 for line in lines[:size]), len(text))
        position = max(end, start.end())
        if table.rows:
            yield table, start.start(), position


# LaTeX

_BEHIND_ROW = re.compile(
    r"((?<!\\)(?:\\\\)+(?:\s*\[[^\][]*\])?"
    r"|\\(?:begin|hline|cline|[a-z]+rule)(?![A-Za-z])"
    r"(?:\([^()]*\)|\[[^\][]*\]|\{(?:[^{}]|\{[^{}]*\})*\})*)\s*%"
)
_CELL_END = re.compile(r".*(?:&|\\\\|\\end(?![A-Za-z]))")
_PERCENT = re.compile(r"(?<!\\)%")
_COMMAND_END = re.compile(r"\\[A-Za-z]+$")
_UNSEEN = re.compile(
    r"\\(?:endfirsthead|endhead|endfoot|endlastfoot|centering|bfseries|itshape|rmfamily|sffamily|ttfamily|small"
    r"|footnotesize|scriptsize|tiny|normalsize|large|Large|LARGE|huge|Huge|bf|it|rm|sf|tt|em|strut|noindent|hfill"
    r"|raggedright|raggedleft|arraybackslash)(?![a-zA-Z])"
    rf"|\\addlinespace(?![a-zA-Z])(?:{LENGTH_OPTION})?"
    r"|\\(?:rowcolor|cellcolor|color|noalign|label|[vh]space\*?|vphantom)(?![a-zA-Z])(?:\s*\[[^\][]*\])?\s*\{[^{}]*\}"
    r"|\\rule(?:\[[^\][]*\])?\{0[.0]*[a-z]*\}\{[^{}]*\}"
)
_FACE = re.compile(
    r"(?P<escaped>\\[{}\\])|(?P<close>\})|(?P<open>\{)"
    r"|\\(?:text(?:bf|it|rm|sf|tt|sl|sc|md|up|normal)?|math(?:bf|rm|it|sf)|emph|underline|mbox|makecell|shortstack"
    r"|textcolor\{[^{}]*\})(?:\[\w*\])?\s*\{"
)
_ESCAPED = re.compile(r"\\([%&$#_{}])")
_SIGN = re.compile(
    r"(?P<formula>\$(?:\\.|[^$\\])*\$)|\\(?P<escaped>[%&$#_{}])"
    r"|\\text(?P<name>backslash|asciitilde|asciicircum|quotedbl)(?![A-Za-z])(?:\{\}|[ ])?"
    r"|(?P<joined>---?|``|'')|\{(?P<lone>[\[*]?)\}|(?P<space>~)"
)
"""What stands for another sign in text, and formulas, in which it does not."""
_NAMED = {"backslash": "\\", "asciitilde": "~", "asciicircum": "^", "quotedbl": '"'}
_JOINED = {"--": "–", "---": "—", "``": "“", "''": "”"}
"""Signs that TeX joins."""
_INLINE = re.compile(r"\\[()]")


def _latex_table(source: str) -> Table:
    rows = [
        tuple(replace(cell, text=plain_text(cell.text)) for cell in row)
        for row in parse_tabular(_without_comments(source)).rows
    ]
    while rows and not any(cell.text for cell in rows[-1]):
        rows.pop()  # commands behind the last \\
    return Table(tuple(rows))


def _without_comments(latex: str) -> str:
    """LaTeX without comments of whole lines, behind rows and rules, and with no end of a cell or row in them.

    Any other % is a slip of the model, as in `50 % & 2`, and would hide the line.
    """
    kept = ""
    for line in latex.splitlines(keepends=True):
        line = line.lstrip() if kept and kept[-1] != "\n" else line  # as TeX does behind a comment
        start = len(line)
        if line.lstrip().startswith("%"):
            start = 0
        elif line.endswith("\n"):
            behind, cell_end = _BEHIND_ROW.search(line), _CELL_END.match(line)
            percent = _PERCENT.search(line, cell_end.end() if cell_end else 0)
            start = behind.end(1) if behind else percent.start() if percent else start
        kept += line[:start] + " " * bool(_COMMAND_END.search(line[:start]))
    return kept


def plain_text(latex: str) -> str:
    r"""The text of a LaTeX cell without commands of typeface, as HTML or markdown have it; formulas stay.

    >>> plain_text(r"\textbf{Cost}~in \$, \(x\): 3--5")
    'Cost in $, $x$: 3–5'
    """
    text = _INLINE.sub("$", _without_faces(_UNSEEN.sub(" ", latex)))
    return " ".join(_SIGN.sub(_plain_sign, text).split())


def _plain_sign(match: re.Match[str]) -> str:
    if match["formula"]:
        return _ESCAPED.sub(r"\1", match["formula"]).replace("~", " ")
    if match["joined"]:
        return _JOINED[match["joined"]]
    return match["escaped"] or match["lone"] or _NAMED.get(match["name"], "") or " " * bool(match["space"])


def _without_faces(latex: str) -> str:
    """The text without commands of typeface and the braces of their arguments, in one pass."""
    are_kept: list[bool] = []
    """Whether each brace that is open now stays in the text, in order."""

    def replace(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind == "escaped":
            return match[0]
        if kind == "close":
            return match[0] if not are_kept or are_kept.pop() else ""
        are_kept.append(kind == "open")
        return match[0] if kind == "open" else ""

    return _FACE.sub(replace, latex)


# HTML and markdown


_HtmlCell = tuple[list[str], int, int, bool]
"""The texts of a cell, how many rows and columns it spans, and whether it is a heading."""


class _TableParser(HTMLParser):
    """Rows of the outermost table; tables inside its cells add their text only."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[_HtmlCell]] = []
        self.depth = 0
        self.in_head = False
        self.texts: list[str] = []
        """Texts of the open cell, or of no cell where none is open."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "table"
        if self.depth != 1:
            return
        self.in_head = tag == "thead" or (self.in_head and tag != "tbody")
        if tag == "br":
            self.texts.append(" ")
        elif tag in ("tr", "td", "th"):
            self.texts = []
            if tag == "tr" or not self.rows:
                self.rows.append([])
            if tag != "tr":
                given = dict(attrs)
                spans = _span(given.get("rowspan")), _span(given.get("colspan"))
                self.rows[-1].append((self.texts, *spans, tag == "th" or self.in_head))

    def handle_endtag(self, tag: str) -> None:
        if self.depth == 1 and tag in ("td", "th", "tr", "table"):
            self.texts = []
        self.in_head = self.in_head and not (self.depth == 1 and tag == "thead")
        self.depth -= tag == "table"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _span(value: str | None) -> int:
    return max(int(value), 1) if value and re.fullmatch(r"\d{1,3}", value) else 1


def _html_table(source: str) -> Table:
    parser = _TableParser()
    parser.feed(source)
    parser.close()
    return Table(tuple(_placed(parser.rows)))


def _placed(rows: list[list[_HtmlCell]]) -> Iterator[tuple[Cell, ...]]:
    """The cells of each row at the columns that spans from the rows above leave free."""
    covered: dict[int, int] = {}
    """By column, the rows that a span still covers."""
    for row in rows:
        cells = []
        column = 0
        below = {column: left - 1 for column, left in covered.items() if left > 1}
        for texts, height, width, is_heading in row:
            while column in covered:
                column += 1
            text = " ".join("".join(texts).split())
            cells.append(Cell(text, column, height, width, is_heading=is_heading))
            if height > 1:
                below |= dict.fromkeys(range(column, column + width), height - 1)
            column += width
        covered = below
        yield tuple(cells)


def _markdown_table(lines: list[str]) -> Table:
    rows = []
    for line in lines:
        cells = re.split(r"(?<!\\)\|", line.strip().removeprefix("|").rstrip())
        if len(cells) > 1 and not cells[-1].strip() and line.rstrip().endswith("|"):
            cells.pop()
        texts = (" ".join(cell.replace(r"\|", "|").split()) for cell in cells)
        rows.append(tuple(Cell(text, column) for column, text in enumerate(texts)))
    return Table(tuple(rows))
