"""Scores of text with boxes, by hand."""

from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="needs the extra eval")

from got_train.evaluation.boxes import box_parts, match_boxes  # noqa: E402
from got_train.evaluation.evaluate import evaluate  # noqa: E402
from got_train.markup.boxes import BoxedText, write_boxed  # noqa: E402
from got_train.report import UserError  # noqa: E402
from tests.conftest import write_rows  # noqa: E402


def boxed(*texts: tuple[str, tuple[int, int, int, int]]) -> str:
    return write_boxed(BoxedText(text, box) for text, box in texts)


REFERENCE = boxed(("12", (0, 0, 100, 100)), ("34", (0, 200, 100, 300)))


def test_an_answer_like_its_reference_in_any_order() -> None:
    answer = boxed(("34", (0, 200, 100, 300)), ("12", (0, 0, 100, 100)))
    expected = {"iou": (2.0, 2.0), "box_f1": (4.0, 4.0), "text_f1": (4.0, 4.0), "broken": (0.0, 2.0)}
    assert box_parts(answer, REFERENCE) == expected


def test_overlaps_by_hand() -> None:
    # 50 of 150 in common; the same box with another text; a box that meets none; a broken piece
    answer = (
        boxed(("12", (50, 0, 150, 100)), ("3", (0, 200, 100, 300)), ("5", (500, 500, 600, 600))) + "<ref>"
    )
    parts = box_parts(answer, REFERENCE)
    assert parts["iou"] == (pytest.approx(1 / 3 + 1), 2.0)
    assert parts["box_f1"] == (2.0, 5.0)  # one of three and of two
    assert parts["text_f1"] == (0.0, 5.0)
    assert parts["broken"] == (1.0, 4.0)


def test_a_box_is_found_from_half_an_overlap_on() -> None:
    # 100 of 200, and 99 of 201
    assert box_parts(boxed(("12", (0, 0, 200, 100))), boxed(("12", (0, 0, 100, 100))))["text_f1"] == (
        2.0,
        2.0,
    )
    assert box_parts(boxed(("12", (0, 0, 201, 100))), boxed(("12", (0, 0, 100, 100))))["text_f1"] == (
        0.0,
        2.0,
    )


def test_pairs_have_the_largest_sum_of_overlaps() -> None:
    """The first box meets the second reference best, and would leave the second box without a partner."""
    wide, narrow = BoxedText("wide", (0, 0, 100, 10)), BoxedText("narrow", (0, 0, 60, 10))
    left, whole = BoxedText("left", (0, 0, 10, 10)), BoxedText("whole", (0, 0, 100, 10))
    pairs = match_boxes([narrow, wide], [whole, left])
    assert [(one.text, other.text) for one, other, _ in pairs] == [("narrow", "left"), ("wide", "whole")]
    assert [overlap for *_, overlap in pairs] == pytest.approx([1 / 6, 1.0])
    assert match_boxes([], [whole]) == match_boxes([whole], []) == []


def test_nothing_found_and_nothing_said() -> None:
    expected = {"iou": (0.0, 2.0), "box_f1": (0.0, 2.0), "text_f1": (0.0, 2.0), "broken": (0.0, 0.0)}
    assert box_parts("", REFERENCE) == expected


def row(answer: str, reference: str = REFERENCE) -> dict[str, str]:
    return {"response": answer, "labels": reference, "kind": "text-with-boxes", "query": "OCR with boxes: "}


def test_the_suite_of_the_kind(tmp_path: Path) -> None:
    half = boxed(("12", (0, 0, 100, 50)))
    [group] = evaluate(write_rows(tmp_path / "p.jsonl", [row(REFERENCE), row(half)])).groups
    scores = {name: score.value for name, score in group.scores.items()}
    assert group.suite == "text-with-boxes"
    assert scores["iou"] == 2.5 / 4
    assert scores["box_f1"] == scores["text_f1"] == 6 / 7
    assert scores["broken"] == 0
    assert scores["cer"] == 3 / 10  # the second number and the line end before it
    assert (scores["exact_match"], scores["repetition"]) == (0.5, 0)


def test_a_reference_is_text_with_boxes(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"p\.jsonl:1: the reference is not <ref>text</ref><box>\(x1,y1\)"):
        evaluate(write_rows(tmp_path / "p.jsonl", [row("12", "12")]))
