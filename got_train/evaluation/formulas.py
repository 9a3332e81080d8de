r"""A score of formulas by how they look, in the spirit of CDM (Wang et al. 2024, arXiv 2409.03643).

As in CDM, a prediction and its reference are typeset, their signs are matched, matches that disagree about
the places of signs are dropped, and the score is the F1 of the rest. Unlike in CDM, signs are the glyphs of
the page instead of coloured pixels. They are aligned in the order in which TeX draws them, so that an
additional sign does not shift the others. A match is judged by its relations to other signs instead of by one
shift of the whole image.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from got_train.evaluation.formula_tokens import Token, draw_tokens

APART = 0.12
"""Largest distance of the lines of two signs that stand on one line, in sizes of the smaller font. The
smallest drop of an index is 0.15."""
NEAR = 0.2
"""Largest gap between neighbours, in sizes of the smaller font."""
BAR_GAP = 0.5
"""Largest gap between a bar and a small letter under it, in sizes of the smaller font."""
OFF_LEVEL = 0.5
"""Weight in the alignment of equal signs at different heights; at the same height the weight is 1."""


@dataclass(frozen=True)
class FormulaScore:
    f1: float
    """2 * matched / (signs of the prediction + signs of the reference), from 0 to 1; NaN if the reference
    cannot be drawn, so that no mean hides it."""
    fault: str = ""
    """TeX's error message: for the reference if `f1` is NaN, otherwise for the prediction, which scores 0."""

    @property
    def exact(self) -> bool:
        """Whether all signs match; only sizes and spaces may differ."""
        return self.f1 == 1


def formula_scores(pairs: Sequence[tuple[str, str]]) -> list[FormulaScore]:
    r"""Scores each (prediction, reference) of LaTeX, with or without `\( \)`, `\[ \]`, `$` or `$$`.

    Signs are characters, rules and whole brackets. Letters of another typeface are other signs; sizes and
    spaces do not count. Formulas with words between or around them are compared as one line.

    Raises:
        UserError: if TeX is not installed.
    """
    drawn = draw_tokens([text for pair in pairs for text in pair])
    return [_score(drawn[position], drawn[position + 1]) for position in range(0, len(drawn), 2)]


def _score(prediction: tuple[Token, ...] | str, reference: tuple[Token, ...] | str) -> FormulaScore:
    if isinstance(reference, str):
        return FormulaScore(math.nan, reference)
    if isinstance(prediction, str):
        return FormulaScore(0.0, prediction)
    matched = len(match_tokens(prediction, reference))
    return FormulaScore(2 * matched / (len(prediction) + len(reference)))


def match_tokens(prediction: Sequence[Token], reference: Sequence[Token]) -> list[tuple[int, int]]:
    """Pairs of positions of equal signs whose relations to each other are the same in both formulas."""
    pairs = _align(prediction, reference)
    predicted, wanted = [prediction[i] for i, _ in pairs], [reference[j] for _, j in pairs]
    conflicts = _conflicts(predicted, wanted)
    shifts = [round(abs(one.low - other.low), 2) for one, other in zip(predicted, wanted, strict=True)]
    kept = np.full(len(pairs), True)
    while (counts := conflicts.sum(axis=1)).any():
        # The pair with the most conflicts goes; of several, that with the largest shift, then the last one.
        worst = max(np.flatnonzero(counts == counts.max()).tolist(), key=lambda pair: (shifts[pair], pair))
        kept[worst] = False
        conflicts[worst, :] = conflicts[:, worst] = False
    return [pair for pair, keep in zip(pairs, kept, strict=True) if keep]


def _align(prediction: Sequence[Token], reference: Sequence[Token]) -> list[tuple[int, int]]:
    """The pairing of equal signs with the largest weight that keeps both orders: a common subsequence."""
    names = np.array([[one.name == other.name for other in reference] for one in prediction])
    sizes = np.minimum.outer([token.size for token in prediction], [token.size for token in reference])
    offsets = np.subtract.outer([token.low for token in prediction], [token.low for token in reference])
    weights = names * np.where(abs(offsets) <= APART * sizes, 1.0, OFF_LEVEL)
    # best[i, j] is the largest weight of a pairing of the first i and the first j signs.
    best = np.zeros((len(prediction) + 1, len(reference) + 1))
    for i, row in enumerate(weights):
        with_pair = np.maximum(best[i, 1:], best[i, :-1] + row)
        best[i + 1, 1:] = np.maximum.accumulate(with_pair)
    pairs = []
    i, j = len(prediction), len(reference)
    while i and j:
        if best[i, j] == best[i - 1, j]:
            i -= 1
        elif best[i, j] == best[i, j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _conflicts(prediction: Sequence[Token], reference: Sequence[Token]) -> np.ndarray:
    """A symmetric table of which pairs of equal signs contradict each other."""
    one, other = _Relations(prediction), _Relations(reference)
    tolerance = np.minimum(one.tolerance, other.tolerance)
    higher = (one.side(one.higher, tolerance) != other.side(other.higher, tolerance)) & (
        abs(one.higher - other.higher) > tolerance
    )
    # In fractions side by side, the height of a sign also depends on the other signs of its fraction.
    on_line = one.on_line & other.on_line
    related = (one.near & other.near) | on_line[:, None] | on_line
    spanned = (one.spanned != other.spanned) & one.by_bar & other.by_bar
    return higher & related | spanned | spanned.T


class _Relations:
    """The relations between the signs of a formula, as tables with a row and a column for each sign."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        boxes = [(token.left, token.right, token.bottom, token.top) for token in tokens]
        left, right, bottom, top = np.array(boxes).reshape(-1, 4).T
        lines = [(token.low, token.high, token.size, token.is_bar) for token in tokens]
        low, high, size, bars = np.array(lines).reshape(-1, 4).T
        middle = (left + right) / 2
        above, size = np.subtract.outer(low, high), np.minimum.outer(size, size)
        self.tolerance = APART * size
        self.higher = np.maximum(above, 0) - np.maximum(above.T, 0)
        self.near = _gaps(left, right) <= NEAR * size
        self.on_line = (abs(low) <= np.diag(self.tolerance)) & (low == high)
        """Whether a sign stands on the main line."""
        self.spanned = (left[:, None] < middle) & (middle < right[:, None])
        self.by_bar = (bars[:, None] > 0) & (_gaps(bottom, top) <= BAR_GAP * size)
        """Whether the first sign is a bar or a root at the height of the second."""

    @staticmethod
    def side(difference: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
        """1 for above, 0 for level, -1 for below."""
        return np.sign(difference) * (abs(difference) > tolerance)


def _gaps(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The distance between each two intervals; negative if they overlap."""
    apart = np.subtract.outer(start, end)
    return np.maximum(apart, apart.T)
