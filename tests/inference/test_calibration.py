"""Corrections of probabilities by what came true."""

import math
from pathlib import Path

import numpy as np
import pytest

from got_train.inference.answer import Answer, Token
from got_train.inference.calibration import (
    Calibration,
    Correction,
    checked_correction,
    correction,
    logit,
    read_calibration,
    write_calibration,
)
from got_train.report import UserError


def drawn(slope: float, intercept: float, number: int = 20_000) -> list[tuple[float, bool]]:
    """Probabilities that a known correction makes true."""
    rng = np.random.default_rng(0)
    odds = rng.normal(2, 3, number)
    right = rng.random(number) < 1 / (1 + np.exp(-(slope * odds + intercept)))
    return [(1 / (1 + math.exp(-x)), bool(is_right)) for x, is_right in zip(odds, right, strict=True)]


@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (0.4, -1), (2.5, 1.5)])
def test_the_correction_that_makes_them_true_is_found(slope: float, intercept: float) -> None:
    found = correction(drawn(slope, intercept))
    assert found.slope == pytest.approx(slope, rel=0.06)
    assert found.intercept == pytest.approx(intercept, abs=0.06)
    assert found.number == 20_000


def test_a_correction_is_a_point_where_the_loss_is_least() -> None:
    pairs = drawn(0.7, 0.3, 400)
    found = checked_correction(pairs, "line")
    good = sum(right for _, right in pairs)
    targets = {True: (good + 1) / (good + 2), False: 1 / (len(pairs) - good + 2)}

    def loss(slope: float, intercept: float) -> float:
        made = Correction(slope, intercept, 0)
        given = [(made(probability), targets[right]) for probability, right in pairs]
        return -sum(t * math.log(p) + (1 - t) * math.log(1 - p) for p, t in given)

    least = loss(found.slope, found.intercept)
    for move in (-0.01, 0.01):
        assert loss(found.slope + move, found.intercept) > least
        assert loss(found.slope, found.intercept + move) > least


def test_the_order_stays_and_nothing_leaves_0_to_1() -> None:
    made = Correction(0.5, -1, 0)
    given = [0.0, 1e-300, 1e-30, 1e-5, 0.3, 0.99, 1.0]
    corrected = [made(probability) for probability in given]
    assert corrected == sorted(corrected) and len(set(corrected)) == len(given) - 1
    assert all(0 <= probability <= 1 for probability in corrected)
    assert Correction(1e6, 0, 0)(0.0) == pytest.approx(0) and Correction(1e6, 0, 0)(1.0) == pytest.approx(1)
    assert Correction(1, 0, 0)(0.25) == pytest.approx(0.25)
    assert logit(0.5) == 0


def test_too_little_to_go_by_is_refused() -> None:
    few = [(0.9, True)] * 200 + [(0.2, False)] * 9
    with pytest.raises(
        UserError, match="^200 right answers and 9 wrong: a correction of confidences needs 10 of"
    ):
        checked_correction(few, "answer")
    upside_down = [(0.2, True), (0.25, True), (0.9, False), (0.95, False)] * 20
    with pytest.raises(UserError, match="^lines of a higher confidence are not more often right"):
        checked_correction(upside_down, "line")


def test_texts_that_probabilities_tell_apart_wholly_are_corrected_too() -> None:
    """Without Platt's targets the slope would grow without end."""
    found = checked_correction([(0.9, True), (0.1, False)] * 50, "line")
    assert 0.9 < found(0.9) < 1 and 1 < found.slope < 10


def test_it_lies_beside_a_model_and_corrects_its_answers(tmp_path: Path) -> None:
    assert read_calibration(tmp_path) is None
    made = Calibration(Correction(1, 1, 20), Correction(1, -1, 30))
    write_calibration(made, tmp_path)
    assert read_calibration(tmp_path) == made
    tokens = (Token("a\n", math.log(0.5)), Token("b", 0.0), Token("", math.log(0.5)))
    answer = Answer("a\nb", tokens, made)
    assert answer.confidence == pytest.approx(1 / (1 + math.exp(-(math.log(0.25 / 0.75) + 1))))
    assert answer.line_confidences == pytest.approx([1 / (1 + math.e)] * 2)


@pytest.mark.parametrize(
    "content",
    ["{}", '{"answer": 1, "line": 2}', '{"answer": {"slope": 1}, "line": {}}', "[]", "x"]
    + [
        f'{{"answer": {one}, "line": {one}}}'
        for one in (
            '{"slope": -1, "intercept": 0, "number": 1}',
            '{"slope": "1", "intercept": 0, "number": 1}',
            '{"slope": 1, "intercept": NaN, "number": 1}',
        )
    ],
)
def test_a_damaged_file_is_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "confidence.json").write_text(content)
    with pytest.raises(UserError, match="confidence.json"):
        read_calibration(tmp_path)
