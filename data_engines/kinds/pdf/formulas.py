"""Fractions, and what belongs to formulas that a line of text can't say: limits, indices, numerators."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from data_engines.kinds.pdf.texts import Text
from data_engines.kinds.pdf.typefaces import FORMULA
from data_engines.tools.boxes import Box, around

MAX_GAP = 0.6
"""Between the bar of a fraction and what stands over and under it, in line heights."""
MAX_OVERHANG = 0.6
"""By which the bar may be longer than the wider of both, in line heights."""
REACH = 0.5
"""Line heights round a part of a formula in which small print belongs to it."""
SMALL = 0.9
"""Height of small print, in usual line heights."""


def with_formulas(pieces: Sequence[Text], rules: Sequence[Box]) -> list[Text]:
    """The pieces; those in fractions, and small print beside formulas, get a fault.

    Args:
        pieces: of a page.
        rules: level lines that are drawn on the page.
    """
    if not pieces:
        return []
    height = median(piece.body.height for piece in pieces)
    parts = [piece.ink for piece in pieces if piece.fault == FORMULA]
    parts += [fraction for rule in rules for fraction in _fractions(pieces, rule, height)]
    return [
        replace(piece, fault=piece.fault or FORMULA)
        if any(_belongs(piece, part, height) for part in parts)
        else piece
        for piece in pieces
    ]


def _fractions(pieces: Sequence[Text], rule: Box, height: float) -> list[Box]:
    """The extent of the fraction that a rule is the bar of, if it is one."""
    margin = MAX_GAP * height
    within = Box(rule.left - margin / 2, rule.top - margin, rule.right + margin / 2, rule.bottom + margin)
    beside = [
        piece
        for piece in pieces
        if within.left <= piece.ink.left and piece.ink.right <= within.right and piece.ink.meets(within)
    ]
    over = [piece.ink for piece in beside if piece.ink.bottom <= rule.top + 1]
    under = [piece.ink for piece in beside if piece.ink.top >= rule.bottom - 1]
    if not over or not under:
        return []
    widest = max(around(over).width, around(under).width)
    return [around([*over, *under])] if rule.width <= widest + MAX_OVERHANG * height else []


def _belongs(piece: Text, part: Box, height: float) -> bool:
    if piece.ink.inside(part):
        return True
    small = piece.body.height < SMALL * height or len(piece.text) <= 2
    return small and piece.ink.meets(part.grown(REACH * height))
