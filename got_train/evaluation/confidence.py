"""How far the probabilities that a model gives its own answers come true."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from got_train.characters import composed
from got_train.evaluation.predictions import Prediction, read_predictions
from got_train.inference.calibration import (
    CALIBRATION_FILE,
    Calibration,
    checked_correction,
    correction,
    write_calibration,
)
from got_train.report import UserError, counted, printable, table

BINS = 10
"""Of equal width, from 0 to 1."""

FOLDS = 5

SHARES = (0.1, 0.2)
"""Of the answers, the least confident first, of which is told how many of the wrong ones they hold."""


@dataclass(frozen=True)
class Bin:
    """Texts whose confidence lies between two limits."""

    low: float
    high: float
    number: int
    confidence: float
    """Mean of their confidences."""
    right: float
    """Share of them that is exactly right."""


@dataclass(frozen=True)
class Reliability:
    """The confidences of all answers, or of all their lines, beside how many are right."""

    noun: str
    """`answer` or `line`."""
    number: int
    right: float
    """Share that is exactly right."""
    calibration_error: float
    """Expected calibration error: the mean distance of confidence and right over the bins, weighted by their
    numbers (Guo et al., 2017)."""
    bins: list[Bin]
    """Those with any text."""
    wrong_found: dict[float, float]
    """Share of the wrong ones that the least confident share holds; empty if none is wrong."""


def reliabilities(predictions: Sequence[Prediction]) -> list[Reliability]:
    """Those of answers and of lines, as far as the rows have confidences.

    A text is right if it equals its reference but for white space at the ends of lines and Unicode's ways of
    composing characters. A line is right if it stands in the reference in its turn; blank lines do not count.
    """
    return [_reliability(noun, pairs) for noun, pairs in _pairs(predictions).items() if pairs]


def _pairs(predictions: Sequence[Prediction]) -> dict[str, list[tuple[float, bool]]]:
    """The confidences of answers and of lines, and whether each is right."""
    answers = [
        (row.confidence, _lines(row.answer) == _lines(row.reference))
        for row in predictions
        if row.confidence is not None
    ]
    lines = [pair for row in predictions if row.line_confidences for pair in _line_pairs(row)]
    return {"answer": answers, "line": lines}


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in composed(text).rstrip().split("\n")]


def _line_pairs(row: Prediction) -> list[tuple[float, bool]]:
    """The confidence of each line of an answer, and whether the line is right."""
    lines = [line.rstrip() for line in composed(row.answer).split("\n")]
    steps = Levenshtein.opcodes(lines, _lines(row.reference))
    right = {place for step in steps if step.tag == "equal" for place in range(step.src_start, step.src_end)}
    return [
        (confidence, place in right)
        for place, (line, confidence) in enumerate(zip(lines, row.line_confidences, strict=True))
        if line
    ]


def _reliability(noun: str, pairs: Sequence[tuple[float, bool]]) -> Reliability:
    members: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for confidence, right in pairs:
        members[min(int(confidence * BINS), BINS - 1)].append((confidence, right))
    bins = [_bin(place, some) for place, some in enumerate(members) if some]
    wrong = [not right for _, right in sorted(pairs, key=lambda pair: pair[0])]
    return Reliability(
        noun,
        len(pairs),
        1 - sum(wrong) / len(pairs),
        sum(each.number * abs(each.confidence - each.right) for each in bins) / len(pairs),
        bins,
        {share: sum(wrong[: math.ceil(share * len(wrong))]) / sum(wrong) for share in SHARES if any(wrong)},
    )


def _bin(place: int, members: Sequence[tuple[float, bool]]) -> Bin:
    number = len(members)
    confidence, right = (sum(values) / number for values in zip(*members, strict=True))
    return Bin(place / BINS, (place + 1) / BINS, number, confidence, right)


def confidence_table(found: Reliability) -> tuple[str, list[str], list[list[str]], str]:
    """Title, header and rows of a table for a person, and what stands below it."""
    title = (
        f"confidence of {counted(found.number, found.noun)}: calibration error {found.calibration_error:.4f}"
    )
    header = ["confidence", f"{found.noun}s", "mean", "right"]
    lines = [
        [
            f"{each.low:.1f} to {each.high:.1f}",
            f"{each.number:,}",
            f"{each.confidence:.3f}",
            f"{each.right:.3f}",
        ]
        for each in found.bins
    ]
    below = f"{found.right:.1%} of the {found.noun}s are exactly right"
    if found.wrong_found:
        held = [f"{share:.0%} hold {wrong:.0%}" for share, wrong in found.wrong_found.items()]
        below += f"; of the wrong ones the least confident {', '.join(held)}"
    return title, header, lines, below


def confidence_text(found: Reliability) -> str:
    """What is printed."""
    title, header, lines, below = confidence_table(found)
    return f"{title}\n{table(header, lines)}\n{below}"


def calibrate(path: Path, folder: Path, overwrite: bool = False) -> str:
    """Writes beside a model what corrects its confidences; returns what that changes, for a person.

    How well it corrects is told of texts that it was not made from: each fifth of them is corrected by what
    the other four tell.

    Args:
        path: validation rows that the model has answered with its confidences.
        folder: the model.
        overwrite: whether an earlier correction may be replaced.

    Raises:
        UserError: if rows have no confidences, or corrected ones, or are too few, or no correction helps.
    """
    predictions = read_predictions(path)
    if any(row.calibrated for row in predictions):
        raise UserError(
            f"{path} has confidences that are corrected already: remove {folder / CALIBRATION_FILE}, and "
            "answer the rows again"
        )
    if (folder / CALIBRATION_FILE).exists() and not overwrite:
        raise UserError(f"{folder / CALIBRATION_FILE} exists: give --overwrite")
    pairs = _pairs(predictions)
    if not all(pairs.values()):
        raise UserError(f"{path} has no confidences: `got-train infer --confidence` writes them")
    found = Calibration(**{noun: checked_correction(some, noun) for noun, some in pairs.items()})
    errors = {
        noun: [_reliability(noun, part).calibration_error for part in (some, _by_others(some))]
        for noun, some in pairs.items()
    }
    lines = [
        f"calibration error of {counted(len(pairs[noun]), noun)}: {before:.4f}, corrected {after:.4f}"
        for noun, (before, after) in errors.items()
    ]
    if all(after >= before for before, after in errors.values()):
        raise UserError(f"a correction would not help, so none is written: {'; '.join(lines)}")
    without = sum(row.confidence is None for row in predictions)
    if without:
        lines.append(f"{counted(without, 'row')} without a confidence from 0 to 1 left out")
    file = printable(str(write_calibration(found, folder)))
    return "\n".join([f"{file} written: `infer --confidence` corrects by it from now on", *lines])


def _by_others(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, bool]]:
    """Each fifth of the pairs, drawn by chance, corrected by what the other four tell."""
    pairs = [pairs[place] for place in np.random.default_rng(0).permutation(len(pairs))]
    ends = [place * len(pairs) // FOLDS for place in range(FOLDS + 1)]
    corrected = []
    for begin, end in pairwise(ends):
        correct = correction([*pairs[:begin], *pairs[end:]])
        corrected += [(correct(confidence), right) for confidence, right in pairs[begin:end]]
    return corrected
