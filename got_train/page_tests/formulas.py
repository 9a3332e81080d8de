"""Tests of a page's formulas.

Source: `olmocr/bench/tests.py` of allenai/olmocr, Apache-2.0, whose rules are written here anew. Where that
code draws a formula with KaTeX, spellings are compared here: see `has_formula`.
"""

import re
from functools import lru_cache

from got_train.page_tests.texts import KEPT, Test
from got_train.tex.errors import TexError
from got_train.tex.macros import expand, tokens_of
from got_train.tex.spelling import SYNONYMS, spell

_FORMULAS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (r"\\\((.+?)\\\)", r"\\\[(.+?)\\\]", r"\$\$(.+?)\$\$", r"\$(.+?)\$")
]
_SPACING = re.compile(
    r"\\[,;:!> ]|\\q?quad(?![A-Za-z])|\\(?:left|right|displaystyle|limits|nolimits)(?![A-Za-z])|~"
)
_TYPEFACE = re.compile(
    r"\\(?:operatorname\*?|text(?:rm|bf|it|sf|tt|normal)?|math(?:rm|bf|bb|cal|frak|sf|it|tt|scr|normal)"
    r"|boldsymbol|bm|pmb)\s*\{([^{}]*)\}"
)
"""Commands of typeface, which KaTeX's comparison does not see either."""


def has_formula(test: Test, page: str) -> bool:
    r"""Whether a formula of the page holds the test's formula, both in one spelling.

    KaTeX would also find formulas that are spelt in other ways and look the same.

    >>> has_formula({"math": r"x^2 \le 1"}, r"\[ y = x^{2} \leq 1 + z \]")
    True
    """
    kept = _FORMULAS[:2] if test.get("ignore_dollar_delimited") else _FORMULAS
    found = []
    for pattern in kept:
        found += [formula.strip() for formula in pattern.findall(page)]
        page = pattern.sub("", page)
    if test["math"] in found:
        return True
    wanted = _spelt(test["math"])
    return bool(wanted) and any(_holds(_spelt(formula), wanted) for formula in found)


@lru_cache(maxsize=KEPT)
def _spelt(formula: str) -> tuple[str, ...]:
    """The tokens of a formula in the one spelling, without those that set spaces, sizes and typefaces."""
    try:
        formula = spell(expand(_SPACING.sub(" ", formula), SYNONYMS))
    except TexError:
        pass  # its braces do not match: it is compared as it stands
    before = None
    while before != formula:
        before, formula = formula, _TYPEFACE.sub(r"\1", formula)
    return tuple(token for token in tokens_of(formula) if not token.isspace())


def _holds(tokens: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    size = len(wanted)
    return any(tokens[at : at + size] == wanted for at in range(len(tokens) - size + 1))
