"""Drawings of what TeX typesets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data_engines.engine import AnyDrawing, Drawing, Reject, Spec, attempt
from got_train.tex.errors import TexError
from got_train.tex.latex import Sheet, Style, typeset


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
