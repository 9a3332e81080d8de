"""Plain text as it is written in LaTeX."""

import re

_ESCAPES = str.maketrans(
    {character: "\\" + character for character in "#$%&_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
)
_LIGATURE = re.compile(
    r"(?<=-)(?=-)|(?<=')(?=')|(?<=`)(?=`)|(?<=,)(?=,)|(?<=<)(?=<)|(?<=>)(?=>)|(?<=[?!])(?=`)"
)
"""Between characters that TeX would join."""


def escape(text: str) -> str:
    r"""`text` as it is written in LaTeX.

    >>> escape("50% of x_1 -- [sic]")
    '50\\% of x\\_1 -{}- [sic]'
    """
    return "{}".join(part.translate(_ESCAPES) for part in _LIGATURE.split(text))


def escape_latex(text: str) -> str:
    r"""
    >>> escape_latex("R&D_1 -- yes")
    'R\\&D\\_1 -{}- yes'
    """
    return escape(text).replace('"', r"\textquotedbl{}")
