r"""Formulas in the text of an answer: which delimiter opens one, and where it ends.

`\( \)` and `$ $` hold formulas within a line, `\[ \]` and `$$ $$` displays.
"""

import re
from dataclasses import dataclass

CLOSING = {r"\(": r"\)", r"\[": r"\]", "$$": "$$", "$": "$"}
"""The closing delimiter of each opening one."""
DISPLAYS = (r"\[", "$$")
"""Those that open a display."""
OPENING = re.compile(r"\\[(\[]|(?<!\\)\$")
"""Finds what may open a formula."""

_WHOLE = re.compile(r"\s*(?:\\\(|\\\[)((?:(?!\\\(|\\\[|\\tag).)+)(?:\\\)|\\\])\s*", re.DOTALL)
_DOLLARS = re.compile(r"\$(?=[^\s$])((?:\\.|[^\\$\n])*)(?<=\S)\$(?!\d)")
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_TOKEN = re.compile(r"\\[A-Za-z@]+|\\.|\$\$?|[{}]|[^\\${}]+|\\", re.DOTALL)


@dataclass(frozen=True)
class Formula:
    """A formula in a text."""

    latex: str
    """What stands between its delimiters."""
    display: bool
    """Whether it stands on lines of its own."""
    end: int
    """Where in the text it has ended, its closing delimiter included."""
    closed: bool = True
    """False where no closing delimiter follows; the formula then ends with its paragraph."""


def read_formula(text: str, start: int) -> Formula | None:
    r"""The formula whose opening delimiter stands at `start`; None where that is just characters.

    A single dollar may be a sum of money. As in pandoc, it opens a formula only if no space follows it, and
    the closing dollar is in the same line, without a space before it or a digit after it.

    >>> read_formula(r"so \(x\).", 3)
    Formula(latex='x', display=False, end=8, closed=True)
    >>> read_formula("$5 and $6", 0)
    """
    opening = next((opening for opening in CLOSING if text.startswith(opening, start)), None)
    if opening is None:
        return None
    if opening == "$":
        match = _DOLLARS.match(text, start)
        return Formula(match[1], False, match.end()) if match else None
    position = start + len(opening)
    display = opening in DISPLAYS
    end = text.find(CLOSING[opening], position)
    if end >= 0:
        latex = text[position:end]
        return Formula(latex, display, end + len(opening)) if latex.strip() else None
    if opening == "$$":
        return None
    paragraph = _BLANK_LINE.search(text, position)
    end = paragraph.start() if paragraph else len(text)
    return Formula(text[position:end], display, end, closed=False)


def only_formula(answer: str) -> str | None:
    r"""The formula between the delimiters of an answer that is nothing else; None for any other answer.

    A formula with a number (`\tag`) is left to real displays, and `$` to the readers of running text.

    >>> only_formula(r" \( x \) "), only_formula(r"\(x\) \(y\)")
    (' x ', None)
    """
    match = _WHOLE.fullmatch(answer)
    return match[1] if match else None


def split_formulas(text: str) -> list[tuple[str, bool]]:
    r"""The pieces of an answer to a picture of a formula, and whether each is a formula.

    Every dollar delimits here, since no sums of money are expected, and a delimiter inside braces, as in
    `\text{if $b$}`, is part of the formula around it. Without any delimiter all of the text is a formula.

    >>> split_formulas(r"If \(x>0\), $a \text{ if $b$}$")
    [('If ', False), ('x>0', True), (', ', False), ('a \\text{ if $b$}', True)]
    >>> split_formulas("x")
    [('x', True)]
    """
    pieces = [("", False)]
    end, depth = "", 0
    for token in _TOKEN.findall(text):
        if depth == 0 and end and token.startswith(end):
            # a formula in single dollars may begin where another ends
            end = CLOSING.get(token[len(end) :], "")
            pieces.append(("", bool(end)))
        elif depth == 0 and not end and token in CLOSING:
            end = CLOSING[token]
            pieces.append(("", True))
        else:
            depth = max(depth + (token == "{") - (token == "}"), 0)
            pieces[-1] = (pieces[-1][0] + token, pieces[-1][1])
    if len(pieces) == 1:
        return [(text, True)]
    return [(piece, is_formula) for piece, is_formula in pieces if piece]
