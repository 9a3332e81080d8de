"""SCRM, the score of numbers read from charts.

Source: Xia et al., StructChart, arXiv:2309.11268, as OneChart's `ChartSE_eval/SCRM.py` computes it. The
entries (two names and a number) of an answer are matched with those of the reference within a tolerance. An
answer counts at a threshold if the intersection over union of the entries reaches it. As in the script, two
names also match if one contains the other. Unlike in it, an entry of the reference is found by one of the
answer's, and a number by a number.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from got_train.characters import composed
from got_train.evaluation.words import needed
from got_train.markup.chart_dictionary import MINUS, Several


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


MAX_NUMBER_CHARACTERS = 100
"""The part of a text in which its number is looked for."""
_GROUPING = r"[,' \u00a0\u2009\u202f]"
"""Signs between the digits of a large number."""
_WRITTEN_NUMBER = re.compile(
    rf"(?:[^\d.-]|\.(?!\d))*(?P<sign>-)?(?:[^\d.-]|\.(?!\d))*"
    rf"(?P<digits>\d(?:\d|{_GROUPING}(?=\d\d))*(?:\.\d*)?|\.\d+)(?P<power>e[+-]?\d+)?\D*"
)


def average_precision(
    prediction: dict[str, Any], reference: dict[str, Any], tolerance: Tolerance, as_published: bool = False
) -> float:
    """The share of the ten thresholds at which an answer counts; its mean over charts is SCRM's mPrecision.

    Args:
        prediction: the answer's values by name, or by two names.
        reference: the values that were drawn.
        tolerance: how far names and numbers may differ.
        as_published: compute as the script does. It reads only the digits of numbers, so that 1e22 becomes
            122, compares what is no number as text, counts an entry of the reference as often as it is found,
            and rounding errors raise its thresholds a little: an overlap of exactly 0.65 misses 0.65.
    """
    predicted, wanted = _entries(prediction, as_published), _entries(reference, as_published)
    if as_published:
        return _published_precision(predicted, wanted, tolerance)
    has_series = any(entry[1] != "value" for entry in wanted)
    predicted = [_ordered(entry, has_series) for entry in predicted]
    wanted = [_ordered(entry, True) for entry in wanted]
    matched = _count_matches(predicted, wanted, tolerance)
    union = len(predicted) + len(wanted) - matched
    return sum(20 * matched >= threshold * union for threshold in THRESHOLDS) / len(THRESHOLDS)


def _count_matches(predicted: list[Entry], wanted: list[Entry], tolerance: Tolerance) -> int:
    """The most pairs of entries that match, each entry in one pair."""
    if not predicted or not wanted:
        return 0
    with needed("scipy"):
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import maximum_bipartite_matching
    fits = [
        [_are_alike(entry, other) and _match(entry, other, tolerance) for other in wanted]
        for entry in predicted
    ]
    return int((maximum_bipartite_matching(csr_array(fits)) >= 0).sum())


def _are_alike(entry: Entry, other: Entry) -> bool:
    """Whether both have a number, or neither, and so for their names: an empty one is part of any other."""
    return isinstance(entry[2], str) == isinstance(other[2], str) and ("" in entry[:2]) == ("" in other[:2])


def _published_precision(predicted: list[Entry], wanted: list[Entry], tolerance: Tolerance) -> float:
    _align_published(predicted, wanted)
    matched = {entry for entry in predicted if any(_match(entry, other, tolerance) for other in wanted)}
    exact = set(predicted) & set(wanted)
    union = len(set(predicted) | set(wanted)) - len(matched - exact)
    if union == 0:
        return 1.0  # neither has an entry
    return float(np.mean(len(matched) / union >= np.arange(0.5, 1, 0.05)))


def _entries(values: dict[str, Any], as_published: bool) -> list[Entry]:
    def text_of(name: Any) -> str:
        # Python's notation has numbers as names, too, and escapes in strings may stand for any character
        return (name if as_published else composed(str(name)).replace(MINUS, "-")).lower()

    number_of = _published_number if as_published else _number
    return [
        (text_of(name), text_of(inner), number_of(number))
        for name, given in values.items()
        for value in _each(given)
        for inner, numbers in (value if isinstance(value, dict) else {"value": value}).items()
        for number in _each(numbers)
    ]


def _each(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Several) else [value]


def _number(value: Any) -> float | str:
    """The number of a value, of a text the one number in it, without its unit; otherwise its text."""
    text = composed(str(value)).replace(MINUS, "-").lower()
    written = _WRITTEN_NUMBER.fullmatch(text[:MAX_NUMBER_CHARACTERS]) if isinstance(value, str) else None
    if written:
        text = f"{written['sign'] or ''}{re.sub(_GROUPING, '', written['digits'])}{written['power'] or ''}"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return text
    return float(text) if math.isfinite(float(text)) else text


def _published_number(value: Any) -> float | str:
    """The digits of a value as a number; if there is no finite number, the rest of the text."""
    digits = re.sub(r"[^\d.-]", "", str(value))
    try:
        number = float(digits)
    except ValueError:
        return digits
    return number if math.isfinite(number) else digits


def _align_published(prediction: list[Entry], reference: list[Entry]) -> None:
    """Sorts the names of entries, paired by place; those beyond the end of the shorter list do not change."""
    for place, (entry, wanted) in enumerate(zip(prediction, reference, strict=False)):
        prediction[place] = _ordered(entry, wanted[1] != "value")
        reference[place] = _ordered(wanted, True)


def _ordered(entry: Entry, has_series: bool) -> Entry:
    """An entry with its two names sorted, since either order is right.

    The second name is dropped where the reference has only one.
    """
    names = entry[:2] if has_series or "value" in entry[:2] else (entry[0], "value")
    first, second = sorted(names)
    return first, second, entry[2]


def _match(prediction: Entry, reference: Entry, tolerance: Tolerance) -> bool:
    if isinstance(prediction[2], str) or isinstance(reference[2], str):
        texts = ("".join(map(str, prediction)), "".join(map(str, reference)))
        return Levenshtein.distance(*texts) <= tolerance.edits
    if abs(prediction[2] - reference[2]) / (abs(reference[2]) + 1e-6) > tolerance.share:
        return False
    names, wanted = prediction[0] + prediction[1], reference[0] + reference[1]
    return names in wanted or wanted in names or Levenshtein.distance(names, wanted) <= tolerance.edits
