r"""Accents and letters that LaTeX has commands for: `\'e`, `\c{c}`, `\o`."""

import re
import unicodedata

from got_train.markup.delimiters import read_formula

LETTERS = dict(zip("ss ae AE oe OE o O aa AA l L i j".split(), "ßæÆœŒøØåÅłŁıȷ", strict=True))
"""The letter of each command."""
MAX_ACCENTS = 2
"""On one letter."""
_MARKS = dict(
    zip(
        "'`^\"~=.cvuHrdbk",
        "\u0301\u0300\u0302\u0308\u0303\u0304\u0307\u0327\u030c\u0306\u030b\u030a\u0323\u0331\u0328",
        strict=True,
    )
)
"""The combining character of each command of an accent."""
_SIGN = r"['`^\"~=.]"
_NAME = r"[cvuHrdbk](?![A-Za-z])"
_LETTER = r"\s*(?P<brace>\{\s*)?(?:\\(?P<dotless>[ij])\b[ \t]*|(?P<letter>[^\W\d_]))(?(brace)\s*\})"
ACCENT = re.compile(rf"\\(?P<accent>{_SIGN}|{_NAME}){_LETTER}")
"""A command of an accent with its letter."""
_SIGN_ACCENT = re.compile(rf"\\(?P<accent>{_SIGN}){_LETTER}")
_COMMAND = re.compile(rf"\\(?P<name>{'|'.join(LETTERS)})(?![A-Za-z])(?:\s*\{{\}}|[ \t]+|)")
_BRACED = re.compile(r"(?P<before>\\[A-Za-z]+\*?\s*|[\]}_^]\s*|)\{(?P<letter>[^\W\d_a-zA-Z])\}")
_OPENING = re.compile(r"\\\\|\\[(\[]|(?<!\\)\$")


def accented(match: re.Match[str]) -> str:
    """The letter with the accent of a match of `ACCENT`, as one character where there is one."""
    return unicodedata.normalize("NFC", (match["dotless"] or match["letter"]) + _MARKS[match["accent"]])


def compose_accents(text: str) -> str:
    r"""A text in LaTeX or markdown with the letters that its commands stand for.

    Between the delimiters of formulas, where `\d x` may be a macro of the author, only signs such as `\'` are
    accents.

    >>> compose_accents(r"Caf\'e, {\"u}ber, gar\c con, na\"{\i}ve, stra\ss e: \(\text{\'e}\d x\)")
    'Café, über, garçon, naïve, straße: \\(\\text{é}\\d x\\)'
    """
    if "\\" not in text:
        return text
    parts, position = [], 0
    for opening in _OPENING.finditer(text):
        formula = read_formula(text, opening.start()) if opening.start() >= position else None
        if formula:
            parts.append(_compose(text[position : opening.start()]))
            parts.append(_repeat(_SIGN_ACCENT, text[opening.start() : formula.end]))
            position = formula.end
    return "".join([*parts, _compose(text[position:])])


def _compose(text: str) -> str:
    text = _COMMAND.sub(lambda match: LETTERS[match["name"]], _repeat(ACCENT, text))
    return _BRACED.sub(lambda match: match[0] if match["before"] else match["letter"], text)


def _repeat(pattern: re.Pattern[str], text: str) -> str:
    """Accents within each other, as of Vietnamese, are composed from the inside."""
    for _ in range(MAX_ACCENTS):
        text = pattern.sub(accented, text)
    return text
