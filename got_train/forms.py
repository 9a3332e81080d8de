r"""What formatted answers are written in: SMILES, **kern, the dictionary of a chart, LaTeX or markdown."""

import ast
import json
import re
from typing import Any, Literal

Form = Literal["text", "molecule", "score", "chart", "formula", "document"]

SMILES = re.compile(r"\s*<smiles>(.*?)</smiles>\s*", re.DOTALL)
_MARKUP = re.compile(r"[\\*#^_$|]|^- ", re.MULTILINE)
_MATHS = re.compile(r"\\[A-Za-z]|(?<!\\)[\^_]")
DISPLAY = re.compile(r"\s*(?:\\\(|\\\[)((?:(?!\\\(|\\\[|\\tag).)+)(?:\\\)|\\\])\s*", re.DOTALL)
"""One formula between its bounds, without a number, which only a real display takes."""
_TEXT_MARKUP = re.compile(
    r"\\[(\[]|(?<!\\)\$|\\(?:title|author|section|subsection|text(?:bf|it))\b|\n\s*\n"
    r"|\\begin\s*\{(?:tabular|table|tikzpicture|abstract|figure|equation|align|gather|itemize|enumerate)\*?\}"
)
"""What isn't found in a formula that stands without its bounds, as in LaTeX-OCR's data."""


def form_of(answer: str) -> Form:
    r"""What a formatted answer is written in.

    >>> form_of("<smiles>CCO</smiles>"), form_of("\\frac { a } { b }"), form_of("a line")
    ('molecule', 'formula', 'text')
    """
    if SMILES.fullmatch(answer):
        return "molecule"
    if answer.startswith("**kern"):
        return "score"
    if answer.lstrip().startswith("{") and re.search(r"[\"']values[\"']\s*:", answer):
        return "chart"
    if DISPLAY.fullmatch(answer) or (_MATHS.search(answer) and not _TEXT_MARKUP.search(answer)):
        return "formula"
    return "document" if _MARKUP.search(answer) else "text"


def read_chart(answer: str) -> dict[str, Any] | None:
    """The dictionary of a chart, written as JSON or as Python would; None where it is neither.

    >>> read_chart('{"values": {"a": 1}}'), read_chart("{'values': {'a'")
    ({'values': {'a': 1}}, None)
    """
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(answer)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(found, dict) and "values" in found:
            return found
    return None
