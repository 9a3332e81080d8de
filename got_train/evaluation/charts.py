"""SCRM, the score of numbers read from charts.

Source: Xia et al., StructChart, arXiv:2309.11268, as OneChart's `ChartSE_eval/SCRM.py` computes it. Entries
(two names and a number) of an answer are matched with those of the reference within a tolerance. An answer
counts at a threshold if the intersection over union of their entries reaches it.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

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

Entry = tuple[str, str, float | str]
"""Two names and a number, or what stands in its place."""


def parse_chart(text: str, with_texts: bool = False) -> dict[str, Any] | None:
    """The `values` (or `data`) of an answer in JSON, with closing braces added where they are missing.

    Args:
        text: the answer.
        with_texts: whether titles and source must be there too, as OneChart's script has it.

    Returns:
        None if it cannot be read.
    """
    text = text.strip()
    try:
        answer = json.loads(text + "}" * max(text.count("{") - text.count("}"), 0))
    except (json.JSONDecodeError, RecursionError):
        return None
    if not isinstance(answer, dict) or (with_texts and not all(name in answer for name in TEXTS)):
        return None
    values = answer.get("values", answer.get("data"))
    return values if isinstance(values, dict) else None


def average_precision(
    prediction: dict[str, Any], reference: dict[str, Any], tolerance: Tolerance, as_published: bool = False
) -> float:
    """The share of the ten thresholds at which an answer counts; its mean over charts is SCRM's mPrecision.

    Args:
        prediction: values by name, or by two names.
        reference: values that were drawn.
        tolerance: of names and numbers.
        as_published: with the script's thresholds, which floating point has moved up by a hair: an overlap of
            exactly 0.65 misses 0.65.
    """
    said, meant = _entries(prediction), _entries(reference)
    _align(said, meant)
    matched = {entry for entry in said if any(_match(entry, other, tolerance) for other in meant)}
    exact = set(said) & set(meant)
    union = len(set(said) | set(meant)) - len(matched - exact)
    if union == 0:
        return 1.0  # neither has an entry
    if as_published:
        import numpy as np

        return float(np.mean(len(matched) / union >= np.arange(0.5, 1, 0.05)))
    return sum(20 * len(matched) >= threshold * union for threshold in THRESHOLDS) / len(THRESHOLDS)


def _entries(values: dict[str, Any]) -> list[Entry]:
    entries: list[Entry] = []
    for name, value in values.items():
        if isinstance(value, dict):
            entries += [(name.lower(), inner.lower(), _number(number)) for inner, number in value.items()]
        else:
            entries.append((name.lower(), "value", _number(value)))
    return entries


def _number(value: Any) -> float | str:
    """The number that is left of a value without its unit."""
    digits = re.sub(r"[^\d.-]", "", str(value))
    try:
        return float(digits)
    except ValueError:
        return digits


def _align(said: list[Entry], meant: list[Entry]) -> None:
    """Puts the names of entries in one order, place by place: either way round of two names is right.

    As in the script, an answer's second name is dropped where the reference has one name only, and what is
    beyond the end of the shorter list stays as it is.
    """
    for place, (mine, other) in enumerate(zip(said, meant, strict=False)):
        if other[1] == "value" and "value" not in mine[:2]:
            mine = (mine[0], "value", mine[2])
        said[place] = (*_ordered(mine), mine[2])
        meant[place] = (*_ordered(other), other[2])


def _ordered(entry: Entry) -> tuple[str, str]:
    first, second = sorted(entry[:2])
    return str(first), str(second)


def _match(mine: Entry, other: Entry, tolerance: Tolerance) -> bool:
    if isinstance(mine[2], str) or isinstance(other[2], str):
        texts = ("".join(map(str, mine)), "".join(map(str, other)))
        return Levenshtein.distance(*texts) <= tolerance.edits
    if abs(mine[2] - other[2]) / (abs(other[2]) + 1e-6) > tolerance.share:
        return False
    names, wanted = mine[0] + mine[1], other[0] + other[1]
    return names in wanted or wanted in names or Levenshtein.distance(names, wanted) <= tolerance.edits
