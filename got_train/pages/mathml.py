r"""Formulas as MathML, which browsers draw by themselves.

math-core refuses commands that it doesn't know. (latex2mathml sets their names as if they were variables, and
hands on `\text{<script>}` and `\href{javascript:}` as they are.) Its output is still checked against the
elements and attributes below.
"""

import html
import re
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from markupsafe import Markup

if TYPE_CHECKING:
    from math_core import LatexToMathML

MAX_CHARACTERS = 20_000
"""Characters of a formula; each may become sixty characters of MathML."""
MAX_NESTING = 1000
"""Commands, braces and indices of a formula. math-core crashes where some 5000 are nested."""
MAX_DEPTH = 200
"""Elements within each other; browsers flatten more than 512."""

_MACROS = {
    "mbox": r"\text{#1}",
    "hbox": r"\text{#1}",
    "ensuremath": "{#1}",
    "pmb": r"\boldsymbol{#1}",
    "mathbbm": r"\mathbb{#1}",
    "substack": r"\begin{matrix}#1\end{matrix}",
    "hfill": r"\quad",
    "nonumber": "",
    "wideparen": r"\overset{\frown}{#1}",
    "bra": r"\langle{#1}|",
    "ket": r"|{#1}\rangle",
}
"""Commands that formulas of papers use and math-core lacks."""
_NESTING = re.compile(r"\\[A-Za-z]+|[{\[^_]")
_DEFINING = re.compile(
    r"\\(?:[egx]?def|let|(?:re)?newcommand|providecommand|DeclareMathOperator)(?![A-Za-z])"
)
_WITHOUT_LOOK = re.compile(r"\\label\s*\{[^{}]*\}|\\(?:no)?limits(?![A-Za-z])(?=\s*$)")
_SIGN_BEFORE_SPACE = re.compile(r"(?<!\\)((?:\\\\)*)(\\[%&#$_])(?=\s)")
"""math-core takes the space for part of the command, also within texts."""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos);)[A-Za-z]+;")
"""Entities that HTML defines and XML does not."""
_RENAMED = {"split": "aligned", "eqnarray": "align*", "eqnarray*": "align*"} | {
    name: f"{name}*" for name in ("align", "gather", "multline", "equation")
}
"""The old environments would add numbers that are not in the text."""
_ENVIRONMENT = re.compile(r"(\\(?:begin|end)\s*)\{\s*(" + "|".join(map(re.escape, _RENAMED)) + r")\s*\}")
_NUMBERED = re.compile(r"\\begin\s*\{(?:equation|align|gather|multline)\*?\}")
_EQUALS_COLUMN = re.compile(r"&\s*(=|\\[A-Za-z]+|[<>])\s*&")
_ELEMENTS = frozenset(
    "math menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms"
    " mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none".split()
)
_ATTRIBUTES = frozenset(
    "accent accentunder class columnalign columnlines columnspacing columnspan depth display displaystyle"
    " fence form height largeop linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize"
    " minsize movablelimits notation rowlines rowspacing rspace scriptlevel separator stretchy style"
    " symmetric voffset width".split()
)
_VALUE = re.compile(r"[A-Za-z0-9 .,:;%#+-]*")
"""Values in these characters hold no address and no function."""


class FormulaError(ValueError):
    """A formula that cannot become MathML."""


def mathml(formula: str, display: bool) -> Markup:
    r"""The `math` element of a formula without its delimiters.

    Args:
        formula: LaTeX, or an environment of formulas such as `align`.
        display: whether it stands on lines of its own.

    Raises:
        FormulaError: math-core doesn't take it.
        ModuleNotFoundError: math-core is not installed.

    >>> print(mathml("x<1", display=False))
    <math><mi>x</mi><mo>&lt;</mo><mn>1</mn></math>
    """
    if len(formula) > MAX_CHARACTERS or len(_NESTING.findall(formula)) > MAX_NESTING:
        raise FormulaError("too long")
    if _DEFINING.search(formula):
        raise FormulaError("it defines commands")
    from math_core import LatexError

    try:
        made = _converter().convert_with_local_state(_prepared(formula, display), displaystyle=display)
        root = ElementTree.fromstring(_ENTITY.sub(lambda name: html.escape(html.unescape(name[0])), made))
    except (LatexError, UnicodeError, ElementTree.ParseError) as error:
        raise FormulaError(str(error)) from None
    _check(root)
    made = ElementTree.tostring(root, encoding="unicode", short_empty_elements=False)
    return Markup(made)  # noqa: S704  # all of it was checked


@cache
def _converter() -> "LatexToMathML":
    from math_core import LatexToMathML

    return LatexToMathML(macros=_MACROS, fancy_error=False, allow_unreliable_rendering=True)


def _prepared(formula: str, display: bool) -> str:
    formula = _SIGN_BEFORE_SPACE.sub(r"\1{\2}", _WITHOUT_LOOK.sub("", formula))
    if r"\begin{eqnarray" in formula:
        formula = _EQUALS_COLUMN.sub(r"&\1", formula)
    formula = _ENVIRONMENT.sub(lambda match: f"{match[1]}{{{_RENAMED[match[2]]}}}", formula)
    if r"\tag" not in formula or _NUMBERED.search(formula):
        return formula
    if not display:
        return re.sub(r"\\tag\*?\s*\{([^{}]*)\}", r"\\quad\\text{(\1)}", formula)
    return rf"\begin{{equation}}{formula}\end{{equation}}"


def _check(root: ElementTree.Element) -> None:
    """Raises a FormulaError unless all elements and attributes are known, and not too deep."""
    waiting = [(root, 1)]
    while waiting:
        element, depth = waiting.pop()
        if element.tag not in _ELEMENTS or depth > MAX_DEPTH:
            raise FormulaError(f"<{element.tag}> at depth {depth} is not for this page")
        for name, value in element.items():
            if name not in _ATTRIBUTES or not _VALUE.fullmatch(value):
                raise FormulaError(f"{name} of <{element.tag}> is not for this page")
        waiting += [(child, depth + 1) for child in element]
