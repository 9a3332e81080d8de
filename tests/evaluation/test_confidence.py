"""Confidences beside what came true; the figures are reckoned by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from got_train.evaluation.confidence import Bin, calibrate, reliabilities
from got_train.evaluation.evaluate import evaluate, score_text, write_scores
from got_train.evaluation.predictions import read_predictions
from got_train.evaluation.worst import write_page
from got_train.inference.calibration import read_calibration
from got_train.report import UserError
from tests.conftest import write_rows


def row(answer: str, reference: str, confidence: Any, lines: Any = None) -> dict[str, Any]:
    return {"response": answer, "labels": reference, "confidence": confidence, "line_confidences": lines}


ROWS = [
    row("a\nb", "a\nb", 0.9, [0.9, 1.0]),
    row("a \nb\n", "a\nb", 0.85, [0.95, 0.9, 1]),
    row("a\n\nx", "a\n\nb", 0.05, [0.5, 1, 0.1]),
    row("cafe\u0301", "caf\u00e9", 0.95, [0.95]),
    row("x", "y", 0.97, [0.97]),
]


def test_confidences_are_compared_with_what_is_right(tmp_path: Path) -> None:
    answers, lines = reliabilities(read_predictions(write_rows(tmp_path / "rows.jsonl", ROWS)))
    assert (answers.noun, answers.number, answers.right) == ("answer", 5, pytest.approx(0.6))
    assert answers.bins == [
        Bin(0, 0.1, 1, 0.05, 0),
        Bin(0.8, 0.9, 1, 0.85, 1),
        Bin(0.9, 1, 3, pytest.approx(0.94), pytest.approx(2 / 3)),
    ]
    expected = (1 * 0.05 + 1 * 0.15 + 3 * (0.94 - 2 / 3)) / 5
    assert answers.calibration_error == pytest.approx(expected)
    assert answers.wrong_found == {0.1: 0.5, 0.2: 0.5}
    # blank lines do not count; the last line of the third answer and the fifth answer are wrong
    assert (lines.noun, lines.number, lines.right) == ("line", 8, pytest.approx(0.75))
    assert [(each.low, each.number, each.right) for each in lines.bins] == [
        (0.1, 1, 0),
        (0.5, 1, 1),
        (0.9, 6, pytest.approx(5 / 6)),
    ]


@pytest.mark.parametrize(
    ("confidence", "lines"),
    [
        ("high", None),
        (None, None),
        (97, [97]),
        (True, [True]),
        (-0.1, ["a"]),
        ([1], {"a": 1}),
        (None, [0.5, 0.5]),
    ],
)
def test_what_others_call_confidence_is_passed_over(confidence: Any, lines: Any, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [row("a", "a", confidence, lines)])
    assert reliabilities(read_predictions(path)) == []
    assert "confidence" not in score_text(evaluate(path))


def test_the_report_has_them(tmp_path: Path) -> None:
    evaluation = evaluate(write_rows(tmp_path / "rows.jsonl", ROWS))
    text = score_text(evaluation)
    assert "confidence of 5 answers: calibration error 0.2040\n" in text
    assert "\n0.9 to 1.0  3        0.940  0.667\n" in text
    assert "of the wrong ones the least confident 10% hold 50%, 20% hold 50%" in text
    write_scores(evaluation, tmp_path / "scores.json")
    answers, lines = json.loads((tmp_path / "scores.json").read_text())["reliability"]
    assert answers["number"] == 5 and lines["noun"] == "line"
    write_page(evaluation, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 2 and page.count("<circle") == 6
    assert "confidence of 8 lines" in page


def test_of_nothing_wrong_nothing_is_held(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", [row("a", "a", 1, [1])])
    [answers, _] = reliabilities(read_predictions(path))
    assert answers.wrong_found == {} and answers.calibration_error == 0
    assert "100.0% of the answers are exactly right\n" in score_text(evaluate(path)) + "\n"


def sure_rows(calibrated: bool = False) -> list[dict[str, Any]]:
    """Of 80 rows that say 0.9, half are right; of 20 that say 0.2, a quarter."""
    rows = [row("a", "a" if place % 2 else "b", 0.9, [0.9]) for place in range(80)]
    rows += [row("a", "b" if place % 4 else "a", 0.2, [0.2]) for place in range(20)]
    return [made | ({"calibrated": True} if calibrated else {}) for made in rows]


def test_a_correction_is_written_beside_the_model(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", sure_rows())
    said = calibrate(path, tmp_path).splitlines()
    assert said[0] == f"{tmp_path}/confidence.json written: `infer --confidence` corrects by it from now on"
    assert said[1].startswith("calibration error of 100 answers: 0.3300, corrected 0.1340")
    made = read_calibration(tmp_path)
    assert made is not None
    assert made.answer(0.9) == pytest.approx(0.5, abs=0.02) and made.answer(0.2) == pytest.approx(
        0.25, abs=0.05
    )
    with pytest.raises(UserError, match="confidence.json exists: give --overwrite"):
        calibrate(path, tmp_path)
    calibrate(path, tmp_path, overwrite=True)


def test_a_correction_that_would_not_help_is_not_written(tmp_path: Path) -> None:
    sure = [(0.5, True), (0.5, False), (0.4, True), (0.4, False), (0.4, False)] * 20
    rows = [row("a" if right else "b", "a", confidence, [confidence]) for confidence, right in sure]
    with pytest.raises(UserError, match="^a correction would not help, so none is written: calibration "):
        calibrate(write_rows(tmp_path / "rows.jsonl", rows), tmp_path)
    assert not (tmp_path / "confidence.json").exists()


def test_what_cannot_be_corrected_is_told(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "rows.jsonl", sure_rows(calibrated=True))
    with pytest.raises(UserError, match="rows.jsonl has confidences that are corrected already: remove "):
        calibrate(path, tmp_path)
    write_rows(path, [row("a", "a", None)])
    with pytest.raises(
        UserError, match="rows.jsonl has no confidences: `got-train infer --confidence` writes"
    ):
        calibrate(path, tmp_path)
    assert not (tmp_path / "confidence.json").exists()
