r"""LaTeX inside text, tables and headings as HTML: formulas, environments and commands.

LaTeX that is not understood is shown as it was written. Drawings, and formulas that only TeX can set, are
drawn later in one run of TeX: a mark holds their place in the HTML, and `Notes` their source.
"""

import re
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from got_train.markup.accents import ACCENT, LETTERS, accented
from got_train.markup.delimiters import CLOSING, DISPLAYS, read_formula
from got_train.markup.nesting import environment_end, read_argument
from got_train.markup.tabular import LENGTH_OPTION, TABULAR, Cell, Table, parse_tabular
from got_train.packages import install_line
from got_train.pages.mathml import FormulaError, mathml
from got_train.pages.template import render

MAX_DEPTH = 8
"""Commands or tables within each other; deeper ones are shown as their source."""

_MATHS = re.compile(
    r"\\begin\s*\{(?:(?:equation|align|alignat|gather|multline|eqnarray|displaymath|math|split|aligned|gathered"
    r"|cases|smallmatrix|[bBpvV]?matrix)\*?)\}"
)
_DRAWING = re.compile(r"\\begin\s*\{tikzpicture\}")
_WITH_OPTION = "table|figure|itemize|enumerate|description|minipage|threeparttable"
"""Environments whose option says how they are set. The option of others, such as theorems, is text."""
_WRAPPER = re.compile(
    rf"\\begin\s*\{{(?:{_WITH_OPTION})\*?\}}(?:[ \t]*\[[^\]\n]*\])?"
    rf"|\\(?:begin|end)\s*\{{(?:{_WITH_OPTION}|abstract|center|quote|document|theorem|lemma|proof|definition"
    r"|proposition|corollary|remark|example)\*?\}"
)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%")
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?")
_OPTION = re.compile(r"\[[^\]\n]*\]")
_LENGTH = re.compile(LENGTH_OPTION)
_WRAPPED = {
    command: element
    for element, commands in {
        "strong": "textbf",
        "em": "textit emph textsl",
        "u": "underline",
        "code": "texttt",
        "sup": "textsuperscript",
        "sub": "textsubscript",
        "h2": "title chapter",
        "h3": "section",
        "h4": "subsection",
        "h5": "subsubsection",
        "h6": "paragraph",
        "span": "text textrm textsf textsc mbox makecell shortstack textcolor href",
        "div": "author date caption",
        "small": "footnote footnotetext",
    }.items()
    for command in commands.split()
}
"""The element of a command's argument."""
_SECOND_SHOWN = {"textcolor", "href"}
"""Commands that show their second argument; the first one, a colour or an address, is left out."""
_BLOCKS = {command for command, element in _WRAPPED.items() if element[0] == "h" or element == "div"}
_DROPPED = dict.fromkeys(
    "centering small footnotesize scriptsize tiny large Large normalsize noindent hline toprule midrule"
    " bottomrule bfseries itshape maketitle raggedright raggedleft newpage par".split(),
    0,
) | dict.fromkeys("label captionsetup vspace hspace cellcolor rowcolor includegraphics setlength".split(), 1)
"""Commands that show nothing, and how many arguments each has."""
_SIGNS = (
    {
        command: sign
        for commands, signs in (
            ("textbackslash textasciitilde textasciicircum textquotedbl textbar", '\\~^"|'),
            ("textless textgreater textemdash textendash textdegree copyright ldots dots", "<>—–°©……"),
            ("S P quad", "§¶\u2003"),
        )
        for command, sign in zip(commands.split(), signs, strict=True)
    }
    | LETTERS
    | {"qquad": "\u2003\u2003", "item": "• ", "newline": "\n", "LaTeX": "LaTeX", "TeX": "TeX"}
)
_TEXT = re.compile(
    rf"(?P<break>\\\\\*?(?:{LENGTH_OPTION})?)|\\(?P<sign>[^A-Za-z])|---?|``|''|[^\\{{}}~$'`-]+|.", re.DOTALL
)
_TYPED = {
    **dict.fromkeys(("{", "}", r"\!", r"\/"), ""),
    **dict.fromkeys((r"\ ", r"\,", r"\;", r"\:"), " "),
    **{"~": "\u00a0", "--": "–", "---": "—", "``": "“", "''": "”"},
}
"""What TeX makes of characters in running text."""


@dataclass
class Notes:
    """What the page still needs: drawings by TeX, scores, and tools that are not installed."""

    tex: list[str] = field(default_factory=list)
    """The LaTeX of drawings, in order."""
    scores: list[str] = field(default_factory=list)
    """The **kern of scores, in order."""
    missing: dict[str, None] = field(default_factory=dict)
    """A line for each missing tool."""

    def engrave_later(self, kern: str) -> Markup:
        """Notes a score; returns a mark for its place, as `draw_later`."""
        self.scores.append(kern)
        return Markup("\0s{}\0").format(len(self.scores) - 1)

    def draw_later(self, latex: str) -> Markup:
        """Notes a drawing by TeX; returns a mark for its place, in characters that no cleaned answer has."""
        self.tex.append(latex)
        return Markup("\0{}\0").format(len(self.tex) - 1)


Piece = tuple[Markup, int]
"""HTML, and where in the text the LaTeX that it stands for has ended."""


def formula_html(formula: str, display: bool, notes: Notes) -> Markup:
    """A formula without its delimiters as MathML, or drawn by TeX where that fails.

    A percent sign is shown although TeX would take it for a comment: a printed page has no comments.
    """
    formula = formula.strip()
    shown = _COMMENT.sub(r"\1\%", formula)
    try:
        return mathml(shown, display)
    except ModuleNotFoundError:
        notes.missing[f"formulas stand as LaTeX: {install_line('render')}"] = None
        return source_html(formula)
    except FormulaError:
        return notes.draw_later(rf"\[{shown}\]" if display else rf"\({shown}\)")


def source_html(text: str) -> Markup:
    return Markup("<code>{}</code>").format(text)


def read_piece(text: str, start: int, notes: Notes, depth: int = 0) -> Piece | None:
    r"""The HTML of the LaTeX that begins with the `\` or `$` at `start`; None where that is just a character.

    A formula that is not closed ends with its paragraph, an environment with the text.
    """
    if text.startswith(tuple(CLOSING), start):
        formula = read_formula(text, start)
        if formula is None:
            return None
        if formula.closed:
            return formula_html(formula.latex, formula.display, notes), formula.end
        return source_html(text[start : formula.end]), formula.end
    if text.startswith(r"\begin", start) or text.startswith(r"\end", start):
        return _read_environment(text, start, notes, depth)
    if accent := ACCENT.match(text, start):
        return escape(accented(accent)), accent.end()
    return _read_command(text, start, notes, depth)


def is_block(text: str, start: int) -> bool:
    r"""Whether a display, an environment or a heading, which stand on their own lines, begins at `start`."""
    if text.startswith(DISPLAYS, start):
        return True
    if any(pattern.match(text, start) for pattern in (TABULAR, _DRAWING, _MATHS, _WRAPPER)):
        return True
    command = _COMMAND.match(text, start)
    return command is not None and command[1] in _BLOCKS


def text_html(latex: str, notes: Notes, depth: int = 0) -> Markup:
    r"""Running text of LaTeX: the inside of a heading or of a table's cell.

    >>> print(text_html(r"\textbf{R\&D} -- 5\,\%", Notes()))
    <strong>R&amp;D</strong> – 5 %
    """
    parts: list[str] = []
    position = 0
    while position < len(latex):
        piece = read_piece(latex, position, notes, depth) if latex[position] in "\\$" else None
        if piece:
            parts.append(piece[0])
            position = piece[1]
            continue
        if unknown := _COMMAND.match(latex, position):
            end = unknown.end()
            while latex.startswith("{", end):
                _, end = read_argument(latex, end)
            parts.append(latex[position:end])
            position = end
            continue
        match = _TEXT.match(latex, position)
        assert match, "one character of any kind"
        shown = _TYPED.get(match[0], match["sign"] or match[0])
        parts.append(Markup("<br>") if match["break"] else shown)
        position = match.end()
    return Markup("").join(parts).strip()


def _read_environment(text: str, start: int, notes: Notes, depth: int) -> Piece | None:
    if wrapper := _WRAPPER.match(text, start):
        is_abstract = text.startswith(r"\begin{abstract", start)
        label = Markup("<strong>Abstract</strong> ") if is_abstract else Markup("")
        return label, wrapper.end()
    kind = next((pattern for pattern in (TABULAR, _DRAWING, _MATHS) if pattern.match(text, start)), None)
    if kind is None:
        return None
    _, end = environment_end(text, start)
    latex = text[start:end]
    if depth >= MAX_DEPTH:
        return source_html(latex), end
    if kind is TABULAR:
        return table_html(parse_tabular(latex), notes, depth + 1), end
    return (notes.draw_later(latex) if kind is _DRAWING else formula_html(latex, True, notes)), end


def _read_command(text: str, start: int, notes: Notes, depth: int) -> Piece | None:
    match = _COMMAND.match(text, start)
    if match is None:
        return None
    name, end = match[1], match.end()
    if name in _SIGNS:
        end += text.startswith("{}", end) * 2 or text.startswith(" ", end)
        return escape(_SIGNS[name]), end
    if name in _DROPPED or name in _WRAPPED:
        takes_length = _DROPPED.get(name) == 0
        if option := (_LENGTH if takes_length else _OPTION).match(text, end):
            end = option.end()
    if name in _DROPPED:
        for _ in range(_DROPPED[name]):
            if text.startswith("{", end):
                _, end = read_argument(text, end)
        return Markup(""), end
    if name in _WRAPPED and text.startswith("{", end):
        if name in _SECOND_SHOWN:
            _, end = read_argument(text, end)
        inner, end = read_argument(text, end)
        if depth >= MAX_DEPTH:
            return source_html(text[start:end]), end
        element = _WRAPPED[name]
        named = Markup(' class="{}"').format(name) if element == "div" else ""
        shown = text_html(inner, notes, depth + 1)
        return Markup("<{0}{1}>{2}</{0}>").format(element, named, shown), end
    return None


def table_html(table: Table, notes: Notes, depth: int = 0) -> Markup:
    """A table with the lines that LaTeX would draw."""
    rows = [
        [(_attributes(table, number, cell), text_html(cell.text, notes, depth)) for cell in row]
        for number, row in enumerate(table.rows)
    ]
    return render("latex_table.html", rows=rows)


def _attributes(table: Table, number: int, cell: Cell) -> dict[str, str | int]:
    """Classes for the alignment of a cell and for the lines at its top, bottom, start and end; its spans."""
    below = number + cell.rows
    classes = {
        cell.alignment: cell.alignment != "c",
        "top": cell.column in table.lines[number],
        "bottom": below == len(table.rows) and cell.column in table.lines[below],
        "start": cell.column == 0 and 0 in table.edges,
        "end": cell.column + cell.columns in table.edges,
    }
    named = " ".join(name for name, wanted in classes.items() if wanted)
    spans = {"rowspan": cell.rows, "colspan": cell.columns}
    return ({"class": named} if named else {}) | {name: span for name, span in spans.items() if span > 1}
