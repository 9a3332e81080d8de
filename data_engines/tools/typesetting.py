"""Drawings of what TeX typesets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data_engines.engine import AnyDrawing, Drawing, Reject, Spec, attempt
from got_train.tex.errors import TexError
from got_train.tex.latex import Sheet, Style, typeset


@dataclass(frozen=True, kw_only=True)
class TypesetDrawing(Drawing):
    """A drawing with the page of the PDF file it was made from, for checks to read."""

    sheet: Sheet


def draw_typeset(
    specs: Sequence[Spec],
    code: Callable[[Spec], tuple[str, Style]],
    draw: Callable[[Spec, Sheet], AnyDrawing],
) -> list[AnyDrawing | Reject]:
    """What `draw` makes of each spec and the sheet that its `code` gives: those of one style in one run."""
    codes = [code(spec) for spec in specs]
    sheets: dict[int, Sheet | TexError] = {}
    for style in dict.fromkeys(style for _, style in codes):
        chosen = [i for i, (_, other) in enumerate(codes) if other == style]
        sheets.update(zip(chosen, typeset([codes[i][0] for i in chosen], style), strict=True))
    pairs = [(spec, sheets[i]) for i, spec in enumerate(specs)]
    return [
        Reject(str(sheet)) if isinstance(sheet, TexError) else attempt(draw, spec, sheet)
        for spec, sheet in pairs
    ]
