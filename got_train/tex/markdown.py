r"""Mathpix markdown as LaTeX that prints it: GOT's formatted answers, whoever wrote them.

Formulas, environments and commands are LaTeX already and stay as they are; the rest is markdown, whose marks
become commands and whose other characters are escaped. Line breaks stay line breaks. Tables of HTML, OTSL and
markdown become tabulars.
"""

import re

from got_train.markup.delimiters import read_formula
from got_train.markup.nesting import environment_end
from got_train.markup.tables import placed_tables
from got_train.tex.escaping import escape_latex
from got_train.tex.macros import group_end
from got_train.tex.packages import CHEMISTRY, COLORED_TABLES, MATHS, MORE_TABLES, SIGNS, TABLES
from got_train.tex.tables import tabular_of, with_latex

PREAMBLE = (
    rf"""
\usepackage{{{MATHS},{SIGNS},pifont,siunitx,graphicx}}
\usepackage{{{TABLES},{MORE_TABLES}}}
{COLORED_TABLES}
{CHEMISTRY}
"""
    + r"""\usepackage{tikz}\usetikzlibrary{patterns,calc,arrows.meta}
\makeatletter
\setlength\parindent{0pt}
\newsavebox\fit@box
\newcommand\fit[1]{\sbox\fit@box{#1}\ifdim\wd\fit@box>\linewidth
  \resizebox{\linewidth}{!}{\usebox\fit@box}\else\usebox\fit@box\fi}
\renewcommand\title[1]{{\centering\Large\bfseries #1\par}}
\renewcommand\author[1]{{\centering #1\par}}
\renewcommand\caption{\@ifstar\plain@caption\plain@caption}
\newcommand\plain@caption[1]{{\centering #1\par}}
\providecommand\captionsetup[1]{}
\makeatother
"""
)
"""What the LaTeX below needs. `\fit` makes wide things as narrow as the line."""

_PART = re.compile(
    r"(?P<wrapper>\\(?:begin|end)\s*\{(?P<wraps>abstract|table|figure)\*?\})"
    r"|\\begin\s*\{(?P<environment>[A-Za-z]+\*?)\}"
    r"|(?P<command>\\[A-Za-z]+\*?)"
    r"|\\(?P<escaped>[^A-Za-z\s])"
    r"|\*\*(?P<bold>[^\s*](?:[^\n]*?[^\s*])??)\*\*"
    r"|\*(?P<italic>[^\s*](?:[^*\n]*[^\s*])?)\*"
    r"|^```[^\n`]*\n(?P<code>.*?)\n```$"
    r"|^(?P<heading>\#{1,6})[ ]+(?P<title>[^\n]+)"
    r"|^(?P<bullet>[ ]*[-+*][ ]+)"
    r"|(?P<lines>\n+)"
    r"|(?P<other>.)",
    re.DOTALL | re.MULTILINE,
)
_OPTION = re.compile(r"\[[^\]\n]*\]")
_HEADINGS = (r"\section*", r"\subsection*", r"\subsubsection*")


def to_latex(text: str) -> str:
    r"""The body of a document.

    Raises:
        TexError: braces of a command don't match.

    >>> to_latex("**R&D**: \\(x^2\\)\n- snow\\_ball")
    '\\textbf{R\\&D}: \\(x^2\\)\\par\n\\textbullet{} snow\\_ball'
    """
    parts = []
    position = 0
    tables = {start: (table, end) for table, start, end in placed_tables(text) if text[start] != "\\"}
    while position < len(text):
        formula = read_formula(text, position)
        if position in tables:
            table, position = tables[position]
            part = rf"\fit{{{tabular_of(with_latex(table))}}}" + "\\par\n" * (text[position - 1] == "\n")
        elif formula and formula.closed:
            part = _display(formula.latex.strip()) if formula.display else text[position : formula.end]
            position = formula.end
        else:
            match = _PART.match(text, position)
            assert match, "one character of any kind"
            part, position = _translate(match)
        parts.append(part)
    return "".join(parts)


def _translate(match: re.Match[str]) -> tuple[str, int]:
    """The LaTeX of a part that is no formula, and where the next one begins."""
    text, end = match.string, match.end()
    if match["wrapper"]:
        return (r"\par\textbf{Abstract} " if match[0].startswith(r"\begin{abstract") else "\\par\n"), end
    if match["environment"]:
        _, end = environment_end(text, match.start(), re.escape(match["environment"]))
        code = text[match.start() : end]
        return (rf"\fit{{{code}}}" if match["environment"] in ("tabular", "tikzpicture") else code), end
    if match["command"]:
        end = _arguments_end(text, end)
        return text[match.start() : end] + ("{}" if end == match.end() else ""), end
    if match["bold"] or match["italic"]:
        command, inner = (r"\textbf", match["bold"]) if match["bold"] else (r"\emph", match["italic"])
        return f"{command}{{{to_latex(inner)}}}", end
    if match["code"]:
        lines = (escape_latex(line).replace(" ", "~") or "~" for line in match["code"].split("\n"))
        return "".join(rf"\texttt{{{line}}}\par" + "\n" for line in lines), end
    if match["heading"]:
        command = _HEADINGS[min(len(match["heading"]), len(_HEADINGS)) - 1]
        return f"{command}{{{to_latex(match['title'])}}}", end
    if match["bullet"]:
        return r"\textbullet{} ", end
    if match["lines"]:
        return ("\\par\\medskip\n" if len(match["lines"]) > 1 else "\\par\n"), end
    return escape_latex(match["escaped"] or match["other"]), end


def _display(formula: str) -> str:
    if r"\tag" in formula or r"\begin{align" in formula:
        return rf"\[{formula}\]"  # numbers and aligned rows want a real display
    return rf"{{\par\medskip\centering\fit{{$\displaystyle {formula}$}}\par\medskip}}"


def _arguments_end(text: str, position: int) -> int:
    """Where the bracketed and braced arguments that begin at `position` end."""
    while True:
        if text.startswith("{", position):
            position = group_end(text, position)
        elif option := _OPTION.match(text, position):
            position = option.end()
        else:
            return position
