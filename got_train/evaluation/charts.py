"""SCRM, the score of numbers read from charts.

Source: Xia et al., StructChart, arXiv:2309.11268, as OneChart's `ChartSE_eval/SCRM.py` computes it. Entries
(two names and a number) of an answer are matched with those of the reference within a tolerance. An answer
counts at a threshold if the intersection over union of their entries reaches it. As in the script, names
match too where one is part of the other.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein


@dataclass(frozen=True)
class Tolerance:
    """How far an entry may be off and still match."""

    edits: int
    """Characters of its names."""
    share: float
    """Difference of its number over the reference's."""


TOLERANCES = {"strict": Tolerance(0, 0.0), "slight": Tolerance(2, 0.05), "high": Tolerance(5, 0.1)}

THRESHOLDS = range(10, 20)
"""Twentieths: 0.5, 0.55, ... 0.95."""

TEXTS = ("title", "source", "x_title", "y_title")
"""What OneChart's script wants beside the numbers."""

Entry = tuple[str, str, float | str]
"""Two names and a number, or what stands in its place."""


def average_precision(
    prediction: dict[str, Any], reference: dict[str, Any], tolerance: Tolerance, as_published: bool = False
) -> float:
    """The share of the ten thresholds at which an answer counts; its mean over charts is SCRM's mPrecision.

    Args:
        prediction: values by name, or by two names.
        reference: values that were drawn.
        tolerance: of names and numbers.
        as_published: with the script's numbers, which are made of digits alone, so that 1e22 is 122, and its
            thresholds, which floating point has moved up by a hair: an overlap of exactly 0.65 misses 0.65.
    """
    predicted, wanted = _entries(prediction, as_published), _entries(reference, as_published)
    _align(predicted, wanted)
    matched = {entry for entry in predicted if any(_match(entry, other, tolerance) for other in wanted)}
    exact = set(predicted) & set(wanted)
    union = len(set(predicted) | set(wanted)) - len(matched - exact)
    if union == 0:
        return 1.0  # neither has an entry
    if as_published:
        return float(np.mean(len(matched) / union >= np.arange(0.5, 1, 0.05)))
    return sum(20 * len(matched) >= threshold * union for threshold in THRESHOLDS) / len(THRESHOLDS)


def _entries(values: dict[str, Any], as_published: bool) -> list[Entry]:
    entries: list[Entry] = []
    for name, value in values.items():
        of_name = value if isinstance(value, dict) else {"value": value}
        entries += [
            (name.lower(), inner.lower(), _number(number, as_published)) for inner, number in of_name.items()
        ]
    return entries


def _number(value: Any, as_published: bool) -> float | str:
    """A number, or what is left of a text without its unit; a text if that is none, as for true and nan."""
    is_number = isinstance(value, int | float) and not as_published
    digits = str(value) if is_number else re.sub(r"[^\d.-]", "", str(value))
    try:
        number = float(digits)
    except ValueError:
        return digits
    return number if math.isfinite(number) else digits


def _align(prediction: list[Entry], reference: list[Entry]) -> None:
    """Puts the names of entries in one order, place by place: either way round of two names is right.

    As in the script, an answer's second name is dropped where the reference has one name only, and what is
    beyond the end of the shorter list stays as it is.
    """
    for place, (entry, wanted) in enumerate(zip(prediction, reference, strict=False)):
        if wanted[1] == "value" and "value" not in entry[:2]:
            entry = (entry[0], "value", entry[2])
        prediction[place] = (*_ordered(entry), entry[2])
        reference[place] = (*_ordered(wanted), wanted[2])


def _ordered(entry: Entry) -> tuple[str, str]:
    first, second = sorted(entry[:2])
    return str(first), str(second)


def _match(prediction: Entry, reference: Entry, tolerance: Tolerance) -> bool:
    if isinstance(prediction[2], str) or isinstance(reference[2], str):
        texts = ("".join(map(str, prediction)), "".join(map(str, reference)))
        return Levenshtein.distance(*texts) <= tolerance.edits
    if abs(prediction[2] - reference[2]) / (abs(reference[2]) + 1e-6) > tolerance.share:
        return False
    names, wanted = prediction[0] + prediction[1], reference[0] + reference[1]
    return names in wanted or wanted in names or Levenshtein.distance(names, wanted) <= tolerance.edits
