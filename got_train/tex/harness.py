r"""What TeX is told before the items, and what it says of each on its terminal.

Lines that begin with `@got` tell where an item begins and ends, at which level of groups and after how many
pages; the errors between belong to it.
"""

import re
from dataclasses import dataclass, field

MAX_POINTS = 4000
"""Longest side of a tight item in points."""

BEGIN = b"@got begin "
"""How the line begins that tells of an item's beginning."""

HARNESS = r"""
\makeatletter
\nofiles
\hbadness=10000 \vbadness=10000 \hfuzz=\maxdimen \vfuzz=\maxdimen
\tracinglostchars=3 % a character that the font has not got is an error
\newbox\got@box \newdimen\got@margin \newdimen\got@largest
\def\got@item{0}
\def\got@say#1{\message{^^J@got #1 \got@item\space\the\currentgrouplevel\space
  \the\ReadonlyShipoutCounter^^J}}
\newcommand\gotnote[1]{\pdfsavepos\write\@unused{@got note \got@item\space
  \the\pdflastxpos\space\the\pdflastypos\space\detokenize{#1}}}
\AtBeginDocument{\begingroup
  \def\@elt#1{\global\csname c@#1\endcsname=\the\csname c@#1\endcsname\relax}%
  \xdef\got@counters{\cl@@ckpt}%
  \endgroup}
\def\got@begin#1{\got@counters \gdef\got@item{#1}%
  \global\let\if@nobreak\iffalse \global\let\if@afterindent\iftrue
  \global\let\if@newlist\iffalse \global\let\if@inlabel\iffalse \global\let\if@specialpage\iffalse
  \got@say{begin}}
\def\gottight#1{\got@begin{#1}%
  \setbox\got@box\hbox{\begingroup\ignorespaces\@@input item#1.tex \unskip\endgroup}%
  \got@measure
  \got@say{end}}
\def\got@measure{%
  \dimen@=\dimexpr\ht\got@box+\dp\got@box\relax
  \ifnum\ifdim\wd\got@box>\z@\ifdim\dimen@>\z@ 1\else0\fi\else0\fi=\z@ \got@say{empty}%
  \else\ifdim\wd\got@box>\got@largest \got@say{large}%
  \else\ifdim\dimen@>\got@largest \got@say{large}%
  \else
    \pdfpagewidth=\dimexpr\wd\got@box+2\got@margin\relax
    \pdfpageheight=\dimexpr\dimen@+2\got@margin\relax
    \hoffset=\dimexpr\got@margin-1in\relax \voffset=\hoffset
    \shipout\box\got@box
  \fi\fi\fi}
"""


@dataclass
class Transcript:
    """What a run said on its terminal."""

    faults: dict[int, str] = field(default_factory=dict)
    pages: dict[int, range] = field(default_factory=dict)
    notes: dict[int, list[tuple[str, int, int]]] = field(default_factory=dict)
    """Text, x and y in sp from the lower left corner of the page."""
    begun: int | None = None
    """The item that was not ended, or not as it was begun."""
    bad_start: str | None = None
    """The first error before all items."""


_SAID = re.compile(r"@got (\w+) (\d+) (-?\d+) (-?\d+)(?: (.*))?$")
"""Word, item, level of groups, pages so far; or note, item, x, y, text."""


def read_transcript(said: str) -> Transcript:
    transcript = Transcript()
    level, first_page = None, 0
    for line in said.splitlines():
        if line.startswith("!"):
            if transcript.begun is not None:
                transcript.faults.setdefault(transcript.begun, _cause(line))
            elif level is None:
                transcript.bad_start = transcript.bad_start or line.strip("! ")
        elif match := _SAID.match(line):
            word, item, number, other = match[1], int(match[2]), int(match[3]), int(match[4])
            if word == "note":
                transcript.notes.setdefault(item, []).append((match[5], number, other))
            elif word == "begin":
                level = number if level is None else level
                transcript.begun, first_page = item, other
            elif word == "end" and number == level:
                transcript.begun = None
                transcript.pages[item] = range(first_page, other)
            elif word == "end":
                transcript.faults.setdefault(item, "LaTeX error: unbalanced groups")
                break
            else:
                size = "nothing" if word == "empty" else f"more than {MAX_POINTS} points"
                transcript.faults.setdefault(item, f"LaTeX draws {size}")
    return transcript


def _cause(line: str) -> str:
    """The cause that a line of TeX's terminal names, without what differs from item to item.

    >>> _cause("! LaTeX Error: Environment foo undefined.")
    'LaTeX error: Environment ... undefined'
    """
    text = re.sub(r"^!\s*((LaTeX|Package \w+|Class \w+) Error:)?\s*", "", line)
    text = re.sub(r"^Missing character: .*", "a character that the font has not got", text)
    text = re.sub(r"\\begin\{.*ended by.*", "one environment ended as another", text)
    text = re.sub(r"^(Environment|Unicode character) \S+", r"\1 ...", text)
    text = re.sub(r"`[^']*'|'[^']*'|\\[A-Za-z@]+[\s\d]*|\\.|\[.*\]|\(.*\)|\{.*\}", "... ", text)
    return "LaTeX error: " + " ".join(text.split())[:80].rstrip(". ").replace(" ... .", " ...")
