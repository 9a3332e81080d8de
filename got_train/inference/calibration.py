"""Corrects what a model says of its own probabilities by what came true on validation rows.

A corrected probability is `sigmoid(slope * logit(p) + intercept)` (Platt, 1999): two numbers for answers and
two for lines, so that a few hundred rows are enough, and their order stays as it was.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from got_train.files import write_text
from got_train.foreign_files import read_json
from got_train.report import UserError, counted

CALIBRATION_FILE = "confidence.json"
"""Beside the weights of a model."""

MIN_OF_EACH = 10
"""Right and wrong texts that a correction needs."""

SUREST = 1 - 1e-6
"""What float32 does not tell from 1."""

Pairs = Sequence[tuple[float, bool]]
"""Probabilities of texts, and whether they are right."""


@dataclass(frozen=True)
class Correction:
    """Of one probability."""

    slope: float
    intercept: float
    number: int
    """Texts that it was made from."""

    def __call__(self, probability: float) -> float:
        return 1 / (1 + math.exp(-min(max(self.slope * logit(probability) + self.intercept, -700), 700)))


@dataclass(frozen=True)
class Calibration:
    """The corrections of a model."""

    answer: Correction
    line: Correction


def logit(probability: float) -> float:
    """The logarithm of its odds; that of 0 is the one of the smallest number."""
    probability = min(max(probability, 1e-300), SUREST)
    return math.log(probability) - math.log1p(-probability)


def checked_correction(pairs: Pairs, noun: str) -> Correction:
    """The likeliest correction, of texts that are enough for one.

    Raises:
        UserError: if too few texts are right or wrong, or the surer ones are not more often right.
    """
    right = sum(is_right for _, is_right in pairs)
    wrong = len(pairs) - right
    if min(right, wrong) < MIN_OF_EACH:
        raise UserError(
            f"{counted(right, f'right {noun}')} and {wrong} wrong: a correction of confidences needs "
            f"{MIN_OF_EACH} of each, so other or more validation rows"
        )
    found = correction(pairs)
    if found.slope <= 0:
        raise UserError(f"{noun}s of a higher confidence are not more often right: no correction helps")
    return found


def correction(pairs: Pairs) -> Correction:
    """The likeliest correction.

    Targets are Platt's: not 0 and 1, but what as many texts leave likely.
    """
    x = np.array([logit(probability) for probability, _ in pairs])
    right = np.array([is_right for _, is_right in pairs])
    good, bad = int(right.sum()), int((~right).sum())
    target = np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))
    inputs = np.stack([x, np.ones_like(x)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(100):  # Newton's steps, each halved until the loss falls
        odds = inputs @ weights
        predicted = 1 / (1 + np.exp(-odds))
        gradient = inputs.T @ (predicted - target)
        curvature = (inputs * (predicted * (1 - predicted))[:, None]).T @ inputs + 1e-9 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while _loss(inputs @ (weights - step), target) > _loss(odds, target) and np.abs(step).max() > 1e-9:
            step /= 2
        weights = weights - step
        if np.abs(step).max() < 1e-9:
            break
    return Correction(float(weights[0]), float(weights[1]), len(x))


def _loss(odds: np.ndarray, target: np.ndarray) -> float:
    """The cross-entropy of targets."""
    return float((np.logaddexp(0, odds) - target * odds).sum())


def read_calibration(folder: Path) -> Calibration | None:
    """The corrections that lie beside a model, if there are any.

    Raises:
        UserError: if the file is damaged.
    """
    file = folder / CALIBRATION_FILE
    if not file.is_file():
        return None
    content = read_json(file)
    try:
        answer, line = (_read_correction(content[noun]) for noun in ("answer", "line"))
    except (LookupError, TypeError, ValueError, OverflowError):
        raise UserError(f"{file} is damaged: remove it, confidences are then those of the model") from None
    return Calibration(answer, line)


def _read_correction(content: dict[str, float]) -> Correction:
    slope, intercept, number = (content[name] for name in ("slope", "intercept", "number"))
    if not (math.isfinite(slope) and slope > 0 and math.isfinite(intercept)):
        raise ValueError(slope)
    return Correction(slope, intercept, int(number))


def write_calibration(calibration: Calibration, folder: Path) -> Path:
    """Writes the corrections beside a model."""
    file = folder / CALIBRATION_FILE
    write_text(file, json.dumps(asdict(calibration), indent=1) + "\n")
    return file
