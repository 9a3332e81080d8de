r"""The notation of an answer: text with boxes, SMILES, **kern, a chart's dictionary, LaTeX or markdown."""

import re
from typing import Literal

from got_train.markup.boxes import is_boxed
from got_train.markup.delimiters import OPENING, only_formula

Form = Literal["text", "boxes", "molecule", "score", "chart", "formula", "document"]

SMILES_START, SMILES_END = "<smiles>", "</smiles>"
SMILES = re.compile(rf"\s*{SMILES_START}(.*?){SMILES_END}\s*", re.DOTALL)
_MARKUP = re.compile(r"[\\*#^_$|]|^- ", re.MULTILINE)
_TABLE = re.compile(r"<table\b|<otsl>", re.IGNORECASE)
_COMMAND = re.compile(r"\\[A-Za-z]")
_INDEX = re.compile(r"(?<!\\)[\^_]")
_PROSE = re.compile(
    r"\n|[^\W\d_]{4}|[^\W\d_]{2}[,.:;]?\s+[^\W\d_]{2}|[\u3040-\u9fff]|(?<!\\)[%#@]|\*\*|[\^_]\s*(?:[\^_]|$)"
)
"""A second line, words, Chinese or markdown: signs that a text without commands is no formula."""
_BRACED = re.compile(r"\{[^{}]*\}")
_TEXT_MARKUP = re.compile(
    r"\\(?:title|author|section|subsection|text(?:bf|it))\b|\n\s*\n"
    r"|\\begin\s*\{(?:tabular|table|tikzpicture|abstract|figure|equation|align|gather|itemize|enumerate)\*?\}"
)
"""Commands of text: signs that an answer is more than a formula without delimiters, as LaTeX-OCR has it."""


def form_of(answer: str) -> Form:
    r"""The notation of a formatted answer.

    >>> form_of("<smiles>CCO</smiles>"), form_of("\\frac { a } { b }"), form_of("a line")
    ('molecule', 'formula', 'text')
    """
    if is_boxed(answer):
        return "boxes"
    if SMILES.fullmatch(answer):
        return "molecule"
    if answer.startswith("**kern"):
        return "score"
    if answer.lstrip().startswith("{") and re.search(r"[\"']values[\"']\s*:", answer):
        return "chart"
    if _TABLE.search(answer):
        return "document"
    if only_formula(answer) is not None or _is_bare_formula(answer):
        return "formula"
    return "document" if _MARKUP.search(answer) else "text"


def _is_bare_formula(answer: str) -> bool:
    r"""Whether an answer is a formula without delimiters: with commands of LaTeX, or indices and no prose.

    >>> [_is_bare_formula(text) for text in ("x _ { 1 } + y ^ 2", "v_{start}", "john_doe")]
    [True, True, False]
    """
    if OPENING.search(answer) or _TEXT_MARKUP.search(answer):
        return False
    if _COMMAND.search(answer):
        return True
    return bool(_INDEX.search(answer)) and not _PROSE.search(_BRACED.sub("{}", answer.strip()))
