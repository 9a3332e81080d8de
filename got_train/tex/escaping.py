"""Plain text as it is written in LaTeX."""

import re

_ESCAPES = {character: "\\" + character for character in "#$%&_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
_LIGATURES = re.compile(r"(?<=-)-|(?<=')'|(?<=`)`|(?<=,),|(?<=<)<|(?<=>)>|(?<=[?!])`")
"""Second characters that TeX would join with the one before."""


def escape(text: str) -> str:
    r"""`text` as it is written in LaTeX.

    >>> escape("50% of x_1 -- [sic]")
    '50\\% of x\\_1 -{}- [sic]'
    """
    parts = []
    last = 0
    for match in _LIGATURES.finditer(text):
        parts.append(text[last : match.start()])
        last = match.start()
    parts.append(text[last:])
    return "{}".join("".join(_ESCAPES.get(character, character) for character in part) for part in parts)


def escape_latex(text: str) -> str:
    r"""
    >>> escape_latex("R&D_1 -- yes")
    'R\\&D\\_1 -{}- yes'
    """
    return escape(text).replace('"', r"\textquotedbl{}")
