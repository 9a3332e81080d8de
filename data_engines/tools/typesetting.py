"""Drawings of what TeX typesets."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from data_engines.engine import AnyDrawing, Drawing, Reject, Spec, attempt
from got_train.tex.errors import TexError
from got_train.tex.latex import Sheet, Style, known_names, typeset
from got_train.tex.macros import tokens_of


@dataclass(frozen=True, kw_only=True)
class TypesetDrawing(Drawing):
    """A drawing with the page of the PDF file that it was made from, which checks read."""

    sheet: Sheet


def draw_typeset(
    specs: Sequence[Spec],
    code: Callable[[Spec], tuple[str, Style]],
    draw: Callable[[Spec, Sheet], AnyDrawing],
) -> list[AnyDrawing | Reject]:
    """The results of `draw` for each spec and its typeset `code`; a run of TeX typesets all of one style."""
    codes = [code(spec) for spec in specs]
    sheets: dict[int, Sheet | TexError] = {}
    for style in dict.fromkeys(style for _, style in codes):
        chosen = [i for i, (_, other) in enumerate(codes) if other == style]
        sheets.update(zip(chosen, typeset([codes[i][0] for i in chosen], style), strict=True))
    return [
        Reject(str(sheet)) if isinstance(sheet := sheets[i], TexError) else attempt(draw, spec, sheet)
        for i, spec in enumerate(specs)
    ]


def with_unknown_names(codes: Sequence[str], style: Style) -> set[str]:
    """Those of `codes` that hold a macro or environment which TeX doesn't know in a style."""
    names = {code: frozenset(names_in(code)) for code in codes}
    known = known_names(set().union(*names.values()), style)
    return {code for code, used in names.items() if not used <= known}


def names_in(latex: str) -> Iterator[str]:
    """The macros of a code, without their backslash, and its environments."""
    yield from (token[1:] for token in tokens_of(latex) if token[0] == "\\" and token[1:].isalpha())
    yield from re.findall(r"\\begin\{([A-Za-z]+\*?)\}", latex)
