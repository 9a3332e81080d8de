"""SCRM, the score of numbers read from charts.

Source: Xia et al., StructChart, arXiv:2309.11268, as OneChart's `ChartSE_eval/SCRM.py` computes it. The
entries (two names and a number) of an answer are matched with those of the reference within a tolerance. An
answer counts at a threshold if the intersection over union of the entries reaches it. As in the script, two
names also match if one contains the other.
"""

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from got_train.characters import composed
from got_train.markup.chart_dictionary import MINUS


@dataclass(frozen=True)
class Tolerance:
    """Largest differences with which two entries still match."""

    edits: int
    """Edit distance of the names, in characters."""
    share: float
    """Difference of the numbers, divided by the reference's number."""


TOLERANCES = {"strict": Tolerance(0, 0.0), "slight": Tolerance(2, 0.05), "high": Tolerance(5, 0.1)}

THRESHOLDS = range(10, 20)
"""Thresholds in twentieths: 0.5, 0.55, ... 0.95."""

TEXTS = ("title", "source", "x_title", "y_title")
"""Keys that OneChart's script needs in addition to the numbers."""

Entry = tuple[str, str, float | str]
"""Two names and a number, or the text that stands in place of the number."""


def average_precision(
    prediction: dict[str, Any], reference: dict[str, Any], tolerance: Tolerance, as_published: bool = False
) -> float:
    """The share of the ten thresholds at which an answer counts; its mean over charts is SCRM's mPrecision.

    Args:
        prediction: the answer's values by name, or by two names.
        reference: the values that were drawn.
        tolerance: how far names and numbers may differ.
        as_published: compute as the script does. It reads only the digits of numbers, so that 1e22 becomes
            122, and rounding errors raise its thresholds a little: an overlap of exactly 0.65 misses 0.65.
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
    def text_of(name: Any) -> str:
        # Python's notation has numbers as names, too, and escapes in strings may stand for any character
        return (name if as_published else composed(str(name)).replace(MINUS, "-")).lower()

    return [
        (text_of(name), text_of(inner), _number(number, as_published))
        for name, value in values.items()
        for inner, number in (value if isinstance(value, dict) else {"value": value}).items()
    ]


def _number(value: Any, as_published: bool) -> float | str:
    """The number of a value, without its unit; if there is no finite number, the rest of the text."""
    is_number = isinstance(value, int | float) and not as_published
    written = str(value) if as_published else str(value).replace(MINUS, "-")
    digits = written if is_number else re.sub(r"[^\d.-]", "", written)
    try:
        number = float(digits)
    except ValueError:
        return digits
    return number if math.isfinite(number) else digits


def _align(prediction: list[Entry], reference: list[Entry]) -> None:
    """Sorts the two names of each entry, since either order is right.

    As in the script, entries are paired by place, an answer's second name is dropped where the reference has
    only one name, and entries beyond the end of the shorter list do not change.
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
