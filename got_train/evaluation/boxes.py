"""Scores of text with boxes: which texts were found, and how well their boxes fit.

Boxes of the answer and of the reference are paired one to one so that the sum of their overlaps is largest.
An overlap is the area that both cover over the area that either covers (intersection over union, IoU).
"""

from collections.abc import Sequence

import numpy as np

from got_train.evaluation.metrics import Part
from got_train.evaluation.words import needed
from got_train.markup.boxes import BoxedText, read_boxed

FOUND = 0.5
"""Least overlap of a box that counts as found, as in ICDAR's competitions (Karatzas et al., ICDAR 2015)."""


def box_parts(answer: str, reference: str) -> dict[str, Part]:
    """What an answer adds to the scores of text with boxes.

    Returns:
        `iou`: the mean overlap of the boxes of the references with those of the answers; one that was not
        found has 0. `box_f1`: of boxes that overlap by `FOUND` or more. `text_f1`: of those of them whose
        texts are equal, too. Both over all boxes of all answers and references together. `broken`: the share
        of the answers' pieces that are no text with its box.
    """
    read = read_boxed(answer)
    predicted, wanted = read.found, read_boxed(reference).found
    pairs = match_boxes(predicted, wanted)
    found = [(one, other) for one, other, overlap in pairs if overlap >= FOUND]
    equal = [one for one, other in found if one.text == other.text]
    both = float(len(predicted) + len(wanted))
    return {
        "iou": (sum(overlap for *_, overlap in pairs), float(len(wanted))),
        "box_f1": (2.0 * len(found), both),
        "text_f1": (2.0 * len(equal), both),
        "broken": (float(read.num_broken), float(read.num_broken + len(predicted))),
    }


def match_boxes(
    predicted: Sequence[BoxedText], wanted: Sequence[BoxedText]
) -> list[tuple[BoxedText, BoxedText, float]]:
    """Pairs with the largest sum of overlaps, each with its overlap; what meets no other has no partner."""
    if not predicted or not wanted:
        return []
    with needed("scipy"):
        from scipy.optimize import linear_sum_assignment
    overlaps = _overlaps(predicted, wanted)
    pairs = zip(*linear_sum_assignment(overlaps, maximize=True), strict=True)
    return [(predicted[i], wanted[j], float(overlaps[i, j])) for i, j in pairs if overlaps[i, j] > 0]


def _overlaps(predicted: Sequence[BoxedText], wanted: Sequence[BoxedText]) -> np.ndarray:
    """The overlap of each box of `predicted` with each of `wanted`: `(predicted, wanted)`."""
    one, other = (np.array([text.box for text in texts], dtype=float) for texts in (predicted, wanted))
    first, last = (
        np.maximum(one[:, None, :2], other[None, :, :2]),
        np.minimum(one[:, None, 2:], other[None, :, 2:]),
    )
    shared = np.clip(last - first, 0, None).prod(axis=2)  # (predicted, wanted)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (one, other)]
    return shared / (areas[0][:, None] + areas[1][None, :] - shared)
